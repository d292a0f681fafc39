"""What every dataset format must hold to."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.data.format_contract import DATASETS, format_faults
from dermxai.data.formats import FORMATS, LAST, Format, by_priority
from dermxai.data.table import Options, Table
from tests import odd


@pytest.fixture(params=by_priority(), ids=lambda each: each.name)
def data_format(request: pytest.FixtureRequest) -> Format:
    made: Format = request.param
    return made


def test_all_are_used_and_the_last_one_takes_what_is_left() -> None:
    assert FORMATS.left_out() == ()
    assert [each.name for each in by_priority() if each.priority == LAST] == ["class_folders"]
    assert set(DATASETS) <= set(FORMATS.all())


def test_it_keeps_the_contract_that_authors_can_check(data_format: Format) -> None:
    assert list(format_faults(data_format)) == []


def test_an_empty_folder_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "more" / "and more").mkdir(parents=True)
    with pytest.raises(InputError, match=r"not a dataset of a known format\. Known formats: "):
        load_dataset(tmp_path)


@pytest.mark.parametrize("suffix", ["", ".csv", ".npz", ".jpg", ".parquet", "_metadata.csv"])
def test_whatever_lies_in_a_folder_it_raises_nothing_and_ends_in_a_sentence(
    data_format: Format, tmp_path: Path, suffix: str
) -> None:
    for number, make in enumerate(odd.KINDS.values()):
        make(tmp_path / f"{number}{suffix}")
    for name in odd.NAMES[:-1]:
        (tmp_path / name[: 250 - len(suffix)]).with_name(f"{name[:240]}{suffix}").touch()
    deep = tmp_path / "/".join(["d"] * 60)
    deep.mkdir(parents=True)
    (deep / f"x{suffix}").touch()
    with odd.ordinary():
        if data_format.recognises(tmp_path):
            try:
                assert isinstance(data_format.read(tmp_path, Options()), Table)
            except InputError as error:
                assert "\n" not in str(error)
        for place in filter(Path.is_file, tmp_path.iterdir()):
            assert data_format.recognises(place) in (True, False)


@dataclass(frozen=True, kw_only=True)
class Greedy(Format):
    """A format that claims folders which are others'."""

    asks_for_images: bool = False

    def recognises(self, path: Path) -> bool:
        if self.asks_for_images:
            return path.is_dir() and any(path.rglob("*.jpg"))
        return path.is_dir()

    def read(self, path: Path, options: Options) -> Table:
        return Table(pd.DataFrame({"path": [], "sample_id": []}), path, ())


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Greedy(name="greedy", expects="mine: all", priority=5), "It recognises any folder, even"),
        (Greedy(name="greedy", expects="mine: all", priority=LAST), "that of class_folders"),
        (Greedy(name="greedy", expects="all", priority=5), "expects is 'all': string should"),
        (Greedy(name="greedy", expects="a: b\nc", priority=5), "string should match pattern"),
        (Greedy(name="greedy", expects="mine: all", priority=500), "less than or equal to 90"),
        (Greedy(name="isic", expects="mine: all", priority=5), "another dataset format 'isic'"),
    ],
)
def test_a_wrong_one_is_found_as_it_is_loaded(made: Greedy, fault: str) -> None:
    assert any(fault in each for each in FORMATS.faults_of(made, FORMATS.all()))


def test_one_that_claims_the_folders_of_others_does_not_keep_the_contract() -> None:
    made = Greedy(name="greedy", expects="mine: all", priority=5, asks_for_images=True)
    assert list(FORMATS.faults_of(made, FORMATS.all())) == []
    found = list(format_faults(made))
    assert "It recognises a dataset of ham10000; expected its own alone." in found
    assert "It recognises a dataset of class_folders; expected its own alone." in found
