from pathlib import Path

import pytest

from dermxai import doctor
from dermxai.core.errors import InputError
from dermxai.data import kept_options, load_dataset
from dermxai.jobs import withdrawal


@pytest.fixture
def folder(draw, workspace: Path) -> Path:
    return draw("a/x/1.jpg", "b/x/2.jpg", "b/y/3.jpg", folder=workspace / "datasets" / "mine")


def test_what_is_kept_is_how_a_dataset_opens(folder: Path) -> None:
    assert load_dataset(folder).samples["label"].tolist() == ["a", "b", "b"]
    kept_options.keep(folder, {"levels": {"1": "patient", "2": "class"}, "label_map": {"x": "mel"}})
    dataset = load_dataset(folder)
    assert dataset.samples["label"].tolist() == ["mel", "mel", "y"]
    assert dataset.samples["patient_id"].tolist() == ["a", "b", "b"]
    again = load_dataset(dataset.source, **dataset.options)
    assert again.fingerprint == dataset.fingerprint
    assert load_dataset(folder, label_map={}).samples["label"].tolist() == ["x", "x", "y"]
    assert load_dataset(folder, levels={}, label_map={"a": ""}).samples["label"].isna().sum() == 1
    kept_options.keep(folder, {})
    assert kept_options.is_said(folder) and kept_options.kept(folder) == {}
    kept_options.forget(folder)
    assert not kept_options.is_said(folder)


def test_it_is_kept_by_where_a_link_leads(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    kept_options.keep(link, {"levels": {"1": "nothing"}})
    assert kept_options.kept(folder) == {"levels": {"1": "nothing"}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": {"shoe": "x"}}, "no 'shoe' in columns"),
        ({"levels": {"1": "ward"}}, "no 'ward' in levels"),
        ({"confine": {}}, "'confine' is not kept"),
    ],
)
def test_what_cannot_be_meant_is_not_kept(
    folder: Path, options: dict[str, dict[str, str]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        kept_options.keep(folder, options)
    assert not kept_options.is_said(folder)


@pytest.mark.parametrize("content", ["", "[]", '{"path": "x", "columns": {"label": 5}}', "\0"])
def test_a_damaged_file_is_said_and_stops_no_other(folder: Path, draw, content: str) -> None:
    file = kept_options.file_of(folder)
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(InputError, match=r"mapping that is kept for this dataset .* remove"):
        load_dataset(folder)
    assert file in [each.path for each in doctor._small_files()]
    other = draw("LP/1.jpg", folder=folder.parent / "other")
    assert len(load_dataset(other)) == 1


def test_a_withdrawal_takes_it_along(folder: Path) -> None:
    kept_options.keep(folder, {"levels": {"1": "nothing"}})
    found = withdrawal.find(folder)
    assert "mapping of its columns and labels" in found.counts
    withdrawal.remove(found)
    assert not kept_options.is_said(folder)
