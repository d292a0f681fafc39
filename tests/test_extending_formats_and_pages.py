"""What docs/extending.md shows of dataset formats and pages works as it stands there."""

import re
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from dermxai import pages
from dermxai.core import components, paths
from dermxai.core.errors import InputError
from dermxai.data import formats, labels, load_dataset
from dermxai.data.format_contract import format_faults
from dermxai.data.formats import FORMATS
from dermxai.pages import _trial
from tests.installed import installing

TEXT = (paths.PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")


def shown(name: str) -> str:
    """The code of a file, which its first line names."""
    (found,) = re.findall(rf"```python\n# {re.escape(name)}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def package() -> dict[str, dict[str, str]]:
    """Entry points of the package that is shown, by group."""
    found, *_ = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    points: dict[str, dict[str, str]] = tomllib.loads(found)["project"]["entry-points"]
    return points


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (40, 30)).save(folder / name)
    said = {"a.jpg": "melanoma", "b.jpg": "nevus", "gone.jpg": "nevus"}
    (folder / "labels.toml").write_text(
        "".join(f'"{name}" = "{label}"\n' for name, label in said.items())
    )
    return folder


def reads(dataset: Path) -> None:
    opened = load_dataset(dataset)
    codes = labels.mapped(pd.Series(["melanoma", "nevus"]), {})
    assert list(opened.samples["label"]) == list(codes)
    assert list(opened.samples["sample_id"]) == ["a.jpg", "b.jpg"]
    told = [problem.item for problem in opened.problems]
    assert len(told) == 2 and set(told) == {"gone.jpg", "c.jpg"}
    for wrong in ("[]", "{", "5", 'a = "\\ud800"'):
        (dataset / "labels.toml").write_text(wrong)
        with pytest.raises(
            InputError, match=r"labels\.toml of .*; labels\.toml: a folder of images"
        ):
            load_dataset(dataset)


def test_the_format_as_another_package_offers_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dataset: Path
) -> None:
    ((name, value),) = package()["dermxai.data.formats"].items()
    with installing(monkeypatch, tmp_path / "site") as install:
        install("dermxai.data.formats", f"{name} = {value}", labels_toml=shown("labels_toml.py"))
        assert FORMATS.left_out() == ()
        assert FORMATS.origins()["labels_toml"] == "theirs"
        (block,) = re.findall(r"## Contracts\n.*?```python\n(.*?)```", TEXT, re.DOTALL)
        held = {"LABELS_TOML": FORMATS.find("labels_toml")}
        exec(block, held)
        shutil.copytree(dataset, tmp_path / "a-small-dataset")
        monkeypatch.chdir(tmp_path)
        held["test_it_keeps_the_contract"]()
        assert list(format_faults(FORMATS.find("labels_toml"), dataset)) == []
        reads(dataset)


def test_the_format_as_a_file_of_a_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dataset: Path
) -> None:
    with installing(monkeypatch, tmp_path / "more"):
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "labels_toml.py").write_text(shown("labels_toml.py"))
        monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path / "more")])
        components.forget()
        assert FORMATS.left_out() == ()
        reads(dataset)


def test_the_page_as_a_file_of_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "1_explore" / "9_patients.py"
    file.parent.mkdir()
    file.write_text(shown("9_patients.py"))
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    (page,), left_out = pages.pages()
    assert left_out == [] and _trial.failures([page]) == []
    assert (page.name, page.title, page.section, page.order) == (
        "patients",
        "Patients",
        "Explore",
        9,
    )
    assert page.help == "How many images there are of each patient."


def test_the_page_as_another_package_offers_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ((name, value),) = package()["dermxai.pages"].items()
    with installing(monkeypatch, tmp_path / "site") as install:
        files = {each: shown(f"{each}.py") for each in ("my_pages", "my_patients")}
        install("dermxai.pages", f"{name} = {value}", **files)
        found, left_out = pages.pages()
        assert left_out == []
        (mine,) = (page for page in found if page.name == "patients")
        section = [page.name for page in found if page.section == "Explore"]
        assert section[-1] == "patients"
        assert _trial.failures([mine]) == []


def test_both_bodies_that_are_shown_draw_the_same() -> None:
    def lines(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if line.strip()]

    drawn = lines(shown("my_patients.py").partition("def draw() -> None:")[2])
    script = lines(shown("9_patients.py"))
    assert set(drawn) <= set(script) and len(drawn) > 5
