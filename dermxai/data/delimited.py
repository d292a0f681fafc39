"""Delimited text as it comes: any of the usual encodings and separators, ragged lines."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.table import Problem

MOST_BYTES = 1_000_000_000
SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".txt"})
if TYPE_CHECKING:
    from _csv import Reader as _Lines

_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_BYTES = 1 << 16
# Words of GB 2312 and ASCII letters as Latin 1 shows them, and those that Latin 1 may well mean: of
# one case or with a capital first, some letters of them ASCII, never four others in a row.
_WORD = re.compile(r"[A-Za-z¡-ÿ]+")
_PAIRED = re.compile(r"(?:[A-Za-z]|[¡-þ]{2})+")
_SPELT = re.compile(
    r"(?=.*[A-Za-z])(?!.*[¡-ÿ]{4})"
    r"(?:[A-ZÀ-ÏÑ-ÖØ-Ý]?[a-zß-ïñ-öø-ýÿ]+|[A-Z][A-ZÀ-ÏÑ-ÖØ-Ýß]+[A-Z])"
)
# Words of Cyrillic or Greek encodings as Latin 1 shows them: letters with accents alone, an odd
# number of them, which Chinese writing in pairs of bytes never has.
_OTHER_ALPHABET = re.compile(r"(?:[À-ÿ]{2})+[À-ÿ]")
# Excel's own first line, which names the separator.
_EXCEL = re.compile(r"\s*\"?sep=(?P<delimiter>[^\r\n])\"?[ ,;\t|]*(?=[\r\n])", re.IGNORECASE)


def read_delimited(path: Path, headed: bool = True) -> tuple[pd.DataFrame, list[Problem]]:
    """All cells as text, stripped of nothing, empty ones missing; lines that do not fit.

    Args:
        headed: whether the first line holds the names of the columns, else they are "column 1" …

    Raises:
        InputError: the file cannot be read or is not delimited text.
    """
    return parse_delimited(path, _bytes(path), headed)


def parse_delimited(
    path: Path, content: bytes, headed: bool = True
) -> tuple[pd.DataFrame, list[Problem]]:
    """`read_delimited` of what was sent rather than read; ``path`` gives its name alone.

    Raises:
        InputError: it is not delimited text.
    """
    line = 1
    numbered: list[tuple[int, list[str]]] = []
    try:
        for cells in (lines := _lines(path, content)):
            line = lines.line_num
            if any(cells):
                numbered.append((line, cells))
    except csv.Error as error:
        raise InputError(f"{path.name}, line {line}: {error}.") from error
    if not numbered:
        raise InputError(f"{path.name} is empty; expected a header line and one line an image.")
    if not headed:
        numbered.insert(0, (0, [""] * len(numbered[0][1])))
    return framed(path.name, numbered, "line")


def framed(
    name: str, numbered: Sequence[tuple[int, list[str]]], unit: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """Numbered rows of cells as a table, the first of them its header; those that do not fit.

    Args:
        unit: what the numbers count, "line" or "row".
    """
    names = distinct(numbered[0][1])
    rows: list[list[str]] = []
    problems: list[Problem] = []
    for number, cells in numbered[1:]:
        if any(cells[len(names) :]):
            reason = f"has {len(cells)} cells, the header {len(names)}"
            problems.append(Problem(f"{name}, {unit} {number}", reason))
        else:
            rows.append([*cells, *[""] * (len(names) - len(cells))][: len(names)])
    table = pd.DataFrame(rows, columns=names, dtype="str")
    return table.where(table != "", np.nan), problems


def header(path: Path) -> list[str]:
    """Column names of a delimited text, empty where the file is no such text."""
    return next(_start(path), [])


def beginning(path: Path, most: int) -> pd.DataFrame:
    """The first rows of a delimited text, those that fit its header; without columns where the file
    is no such text."""
    lines = _start(path)
    names = next(lines, None)
    if names is None:
        return pd.DataFrame()
    try:
        rows = [cells for cells in islice(lines, most) if len(cells) == len(names)]
    except csv.Error:
        return pd.DataFrame()
    return pd.DataFrame(rows, columns=names, dtype="str")


def _start(path: Path) -> Iterator[list[str]]:
    """The names of the columns of a delimited text, and its first rows; nothing of other files.

    Raises:
        csv.Error: a row cannot be read.
    """
    try:
        with entries.opened(path) as file:
            start = file.read(_SNIFFED_BYTES)
        lines = filter(any, _lines(path, start[: start.rfind(b"\n") + 1] or start))
        names = distinct(next(lines, []))
    except (OSError, UnusableError, csv.Error, InputError):
        return
    yield names
    yield from lines


def decode(content: bytes) -> str | None:
    """Text in UTF-8 or UTF-16 (by its mark), in GB 18030, or else in Windows' Latin 1; None where
    the content is not text, or in another encoding, such as Shift JIS or Cyrillic ones.

    Almost every byte sequence is Latin 1 and most are GB 18030, so the words of the whole file are
    asked.
    Chinese writing is in pairs of bytes above 0x7F, and so are two accented letters side by side;
    but those stand within a word that Latin 1 spells as Western languages do.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return codecs.utf_16_decode(content, "strict", False)[0]  # its end may be cut off
        except UnicodeDecodeError:
            return None
    if b"\0" in content:
        return None
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _encodings(content: bytes) -> Iterator[str]:
    """To be tried in this order; looked at only where it is no UTF-8."""
    yield "utf-8-sig"
    words = [word for word in _WORD.findall(content.decode("latin-1")) if not word.isascii()]
    if sum(bool(_OTHER_ALPHABET.fullmatch(word)) for word in words) > len(words) / 4:
        return
    if sum(map(_of_pairs, words)) > len(words) / 2:  # Chinese, with or without Latin letters
        yield "gb18030"
    yield "cp1252"


def _of_pairs(word: str) -> bool:
    return bool(_PAIRED.fullmatch(word)) and not _SPELT.fullmatch(word)


def _bytes(path: Path) -> bytes:
    try:
        return entries.read_bytes(path, MOST_BYTES)
    except UnusableError as error:
        raise InputError(f"{path.name} {error}; expected a table as text.") from error


def _lines(path: Path, content: bytes) -> "_Lines":
    text = decode(content)
    if text is None:
        raise InputError(
            f"{path.name} is not text, or of an encoding that is not read; expected a CSV or TSV "
            "file in UTF-8."
        )
    text = _without_comments(text)
    if said := _EXCEL.match(text):
        text = text[said.end() :]
        delimiter = said["delimiter"]
    else:
        first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
        delimiter = max(
            _DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark)))
        )
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _without_comments(text: str) -> str:
    """Without lines above the header that begin with ``#`` and hold fewer cells than it does."""
    at = 0
    while text.startswith("#", at):
        end = _END_OF_LINE.search(text, at)
        if end is None:
            return text
        at = end.end()
    header = text[at:].partition("\n")[0]
    mark = max(_DELIMITERS, key=header.count)
    most = max((line.count(mark) for line in text[:at].splitlines()), default=0)
    return text[at:] if most < header.count(mark) else text


_END_OF_LINE = re.compile(r"(?:\r\n|\r|\n)+")


def distinct(names: list[str]) -> list[str]:
    """Column names, numbered where they are empty or repeated."""
    distinct: list[str] = []
    for position, given in enumerate(names, start=1):
        name = given.strip() or f"column {position}"
        distinct.append(name if name not in distinct else f"{name} ({position})")
    return distinct
