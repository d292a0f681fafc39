"""Excel workbooks as tables of text, bounded before anything is unpacked."""

import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from statistics import median_low
from typing import IO, TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import pandas as pd

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.delimited import framed
from dermxai.data.table import Problem

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

SUFFIXES = frozenset({".xlsx", ".xlsm"})
OLD = frozenset({".xls", ".ods", ".numbers"})
"""Spreadsheets that are named and not read."""
MOST_BYTES = 200_000_000
MOST_UNPACKED = 500_000_000
MOST_CELLS = 20_000_000
MOST_SHEETS = 50
_HEAD = 50  # rows among which the header is looked for


def read_workbook(path: Path) -> list[tuple[pd.DataFrame, list[Problem]]]:
    """Each sheet that holds cells, as `delimited.read_delimited`; rows of titles above the header
    are left out.

    Raises:
        InputError: it is no workbook, or a larger one than is read.
    """
    try:
        with entries.opened(path) as file:
            _check(path, file)
            sheets = list(_sheets(path, file, _merged(file)))
    except UnusableError as error:
        raise InputError(f"{path.name} {error}; expected an Excel workbook (.xlsx).") from error
    except InputError:
        raise
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(f"{path.name} is not an Excel workbook that can be read.") from error
    if not sheets:
        raise InputError(f"{path.name} is empty; expected a header row and one row an image.")
    return sheets


def _check(path: Path, file: IO[bytes]) -> None:
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
    except BadZipFile as error:
        raise InputError(f"{path.name} is not an Excel workbook that can be read.") from error
    packed, unpacked = (sum(getattr(part, size) for part in parts) for size in _SIZES)
    if packed > MOST_BYTES or unpacked > MOST_UNPACKED:
        raise InputError(
            f"{path.name} unpacks to {unpacked / 1e6:,.0f} MB; expected at most "
            f"{MOST_UNPACKED / 1e6:,.0f} MB. Save it as CSV."
        )
    file.seek(0)


_SIZES = ("compress_size", "file_size")


_MERGED = re.compile(rb'<mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_MOST_MERGED = 100_000
_BLOCK = 1 << 20
_LONGEST_REFERENCE = 100  # bytes, which two blocks may share
Merged = Mapping[str, list[tuple[int, int, int]]]
"""By part of a workbook: column, first and last row of cells that were merged into one, from 1."""


def _merged(file: IO[bytes]) -> Merged:
    """Which cells of one column are merged; openpyxl does not tell as it streams."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    with ZipFile(file) as archive:
        for name in filter(_SHEET.fullmatch, archive.namelist()):
            with archive.open(name) as part:
                found[name] = list(islice(_ranges(part), _MOST_MERGED))
    file.seek(0)
    return found


def _ranges(part: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    from openpyxl.utils import column_index_from_string

    end = b""
    while block := part.read(_BLOCK):
        whole = end + block
        last = 0
        for each in _MERGED.finditer(whole):
            last = each.end()
            first, top, other, bottom = (value.decode() for value in each.groups())
            if first == other and int(bottom) > int(top):
                yield column_index_from_string(first), int(top), int(bottom)
        end = whole[max(last, len(whole) - _LONGEST_REFERENCE) :]


def _filled(rows: list[tuple[int, list[str]]], merged: list[tuple[int, int, int]]) -> None:
    """Writes what merged cells hold into each of the rows that they span."""
    of_row, left = dict(rows), MOST_CELLS
    for column, top, bottom in merged:
        left -= bottom - top
        if left < 0:
            return
        above = of_row.get(top, [])
        value = above[column - 1] if len(above) >= column else ""
        for number in range(top + 1, min(bottom, max(of_row, default=0)) + 1) if value else ():
            cells = of_row.get(number)
            if cells is not None:
                cells.extend([""] * (column - len(cells)))
                cells[column - 1] = cells[column - 1] or value


def _sheets(
    path: Path, file: IO[bytes], merged: Merged
) -> Iterator[tuple[pd.DataFrame, list[Problem]]]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and drawings that are not looked at
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            left = MOST_CELLS
            for sheet in book.worksheets[:MOST_SHEETS]:
                rows = list(_rows(path, sheet, left))
                left -= sum(len(cells) for _, cells in rows)
                _filled(rows, merged.get(getattr(sheet, "_worksheet_path", ""), []))
                if rows := _from_header(rows):
                    yield framed(path.name, rows, f"{sheet.title} row")
        finally:
            book.close()


def _rows(path: Path, sheet: "ReadOnlyWorksheet", most: int) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # what the file claims of its size
    held = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        held += len(cells)
        if held > most:
            raise InputError(
                f"{path.name} holds more than {MOST_CELLS:,} cells; save the table as CSV."
            )
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            yield number, texts


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return str(cell)


def _from_header(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Rows from the first that is about as wide as the others, lines of one cell aside."""
    if not rows:
        return rows
    filled = [sum(map(bool, cells)) for _, cells in rows]
    usual = median_low([width for width in filled[:_HEAD] if width > 1] or [1])
    start = next(index for index, width in enumerate(filled) if width * 2 > usual)
    return rows[start:]
