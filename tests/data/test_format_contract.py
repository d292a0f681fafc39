"""A format that is wrong in one way is told so; the one that it is made from is right in all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.data.format_contract import CONTENTS, DATASETS, format_faults
from dermxai.data.formats import LAST, Format
from dermxai.data.table import Options, Table

WRONG: list[tuple[str, Format]] = []


def says(sentence: str) -> Callable[[type[Format]], type[Format]]:
    def kept(made: type[Format]) -> type[Format]:
        WRONG.append((sentence, made(name="lines", expects="lines: a list", priority=50)))
        return made

    return kept


@dataclass(frozen=True, kw_only=True)
class Lines(Format):
    """A folder with list.txt, an image a line."""

    @override
    def recognises(self, path: Path) -> bool:
        return path.is_dir() and (path / "list.txt").is_file()

    @override
    def read(self, path: Path, options: Options) -> Table:
        try:
            names = (path / "list.txt").read_text(encoding="utf-8").split()
        except UnicodeDecodeError:
            raise InputError("list.txt is not UTF-8; expected names.") from None
        return Table(pd.DataFrame({"sample_id": names, "path": names}, dtype=str), path, ())


@says("It recognises a dataset of ham10000; expected its own alone.")
class Greedy(Lines):
    @override
    def recognises(self, path: Path) -> bool:
        return super().recognises(path) or any(path.rglob("*.jpg"))


@says("Of a file a.docx: recognises raises NotADirectoryError: ")
class AsksFiles(Lines):
    @override
    def recognises(self, path: Path) -> bool:
        return "list.txt" in [each.name for each in path.iterdir()]


@says("It recognises a file a.rar; expected its own alone.")
class Rars(Lines):
    @override
    def recognises(self, path: Path) -> bool:
        return path.suffix == ".rar" or super().recognises(path)


@says("Of a dataset of table: recognises gives a list; expected True or False.")
class GivesAList(Lines):
    @override
    def recognises(self, path: Path) -> Any:
        return [] if path.is_dir() and not (path / "list.txt").exists() else True


@says('Of a folder of odd files that end in ".csv": recognises raises UnicodeDecodeError: ')
class ReadsAll(Lines):
    @override
    def recognises(self, path: Path) -> bool:
        for file in path.glob("*.csv"):
            file.read_text(encoding="utf-8")
        return super().recognises(path)


@says("It does not recognise its own example.")
class Shy(Lines):
    @override
    def recognises(self, path: Path) -> bool:
        return False


@says("read refuses its own example: no.")
class Refuses(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        raise InputError("no.")


@says("read gives a DataFrame; expected a Table.")
class Frame(Lines):
    @override
    def read(self, path: Path, options: Options) -> Any:
        return super().read(path, options).rows


@says("read gives 2 rows of sample_id; expected a row an image, sample_id and path")
class Pathless(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        return Table(super().read(path, options).rows[["sample_id"]], path, ())


@says("read gives other rows the second time.")
class Moves(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        seen.append(path)
        rows = super().read(path, options).rows
        return Table(rows[:: (-1) ** len(seen)].reset_index(drop=True), path, ())


@says("It changes the files of a dataset, which are not its own.")
class Writes(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        (path / "index.cache").touch()
        return super().read(path, options)


@says("Of list.txt that holds bytes: read raises UnicodeDecodeError: ")
class Trusting(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        _ = (path / "list.txt").read_text(encoding="utf-8")
        return super().read(path, options)


@says("Of list.txt that holds bytes: the InputError has several lines; expected a sentence.")
class Talkative(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        try:
            return super().read(path, options)
        except InputError as error:
            raise InputError(f"{error}\nAnd more.") from None


@says("It raises SystemExit: 3")
class Leaves(Lines):
    @override
    def read(self, path: Path, options: Options) -> Table:
        raise SystemExit(3)


seen: list[Path] = []


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "mine" / name).touch()
    (tmp_path / "mine" / "list.txt").write_text("a.jpg\nb.jpg\n")
    return tmp_path / "mine"


@pytest.mark.parametrize(("sentence", "made"), WRONG)
def test_what_is_wrong_is_said(sentence: str, made: Format, example: Path) -> None:
    before = sorted(example.iterdir())
    found = list(format_faults(made, example))
    assert any(fault.startswith(sentence) for fault in found), found
    assert all(fault.endswith(".") and "\n" not in fault for fault in found)
    assert len(found) == len(set(found))
    assert sorted(example.iterdir()) == before


def test_what_is_right_is_not(example: Path) -> None:
    made = Lines(name="lines", expects="lines: a list", priority=50)
    assert list(format_faults(made, example)) == [] == list(format_faults(made))


def test_a_wrong_description_is_said_before_anything_is_tried() -> None:
    made = Lines(name="lines", expects="lines: a list", priority=LAST)
    (fault,) = format_faults(made)
    assert "that of class_folders" in fault


def test_there_is_a_dataset_of_each_format_of_the_project_and_much_that_is_none() -> None:
    assert len(DATASETS) == 6 and len(CONTENTS) > 10
