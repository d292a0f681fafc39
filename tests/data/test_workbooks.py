from pathlib import Path

import pytest
from openpyxl import Workbook

from dermxai.data import workbooks


def book(path: Path, rows: list[list[object]], *merged: str) -> Path:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cells in merged:
        sheet.merge_cells(cells)
    made.save(path)
    return path


def test_merged_cells_hold_their_value_in_each_row(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Clinic of Basel", None, None],
        ["Patient", "Image", "Diagnosis"],
        ["P1", "1.png", "nevus"],
        [None, "2.png", None],
        [None, "3.png", "melanoma"],
        ["P2", "4.png", None],
    ]
    path = book(tmp_path / "a.xlsx", rows, "A1:C1", "A3:A5", "C3:C4", "C5:C6")
    ((table, problems),) = workbooks.read_workbook(path)
    assert table["Patient"].tolist() == ["P1", "P1", "P1", "P2"]
    assert table["Diagnosis"].tolist() == ["nevus", "nevus", "melanoma", "melanoma"]
    assert not problems


def test_empty_cells_that_are_not_merged_stay_empty(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [["Image", "Diagnosis"], ["1.png", "nevus"], ["2.png", None]])
    ((table, _),) = workbooks.read_workbook(path)
    assert table["Diagnosis"].isna().tolist() == [False, True]


def test_many_merged_cells_take_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_CELLS", 30)
    rows: list[list[object]] = [["Image", "Diagnosis"], ["1.png", "nevus"], ["2.png", None]]
    path = book(tmp_path / "a.xlsx", rows, "B2:B1000000")
    ((table, _),) = workbooks.read_workbook(path)
    assert table["Diagnosis"].isna().tolist() == [False, True]
