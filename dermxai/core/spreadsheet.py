"""Tables as CSV files that a spreadsheet program may open, and that are read back as they were.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is a formula to such
programs, and class names, sample ids and columns come from outside. An apostrophe before it makes
it text (OWASP, "CSV Injection"). Within a cell, too, one stands before what would begin a cell of a
program that separates them by ``;`` or tabs: our quotes, in the middle of what is a cell to it,
keep neither these nor line breaks together. Numbers stay numbers, those in a column of texts, too.
"""

import csv
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from dermxai.core.disk import replacing
from dermxai.core.paths import readable

# blanks, marks without width and apostrophes before do not save it; the last four are the wide
# forms of the first
_SKIPPED = r"\s\0\u200b-\u200f\u2060\ufeff'"
_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"[{_SKIPPED}]*[{_SIGNS}\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ESCAPED = re.compile(r"'" + _FORMULA.pattern)
# what ends a cell to a program of another separator, and what may stand before the formula after it
_ENDS = r";\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029"
_END = re.compile(rf"[{_ENDS}]")
_ESCAPED_END = re.compile(rf"([{_ENDS}])'")
_WITHIN = re.compile(rf"""[{_ENDS}][{_ENDS}{_SKIPPED}"]*+[{_SIGNS}]?""")
_SIGN = re.compile(rf"[{_SIGNS}]")


def harmless(cell: object) -> object:
    """A cell, or a column's name, in which no spreadsheet program finds a formula."""
    if not isinstance(cell, str):
        return cell
    within = _WITHIN.sub(lambda found: _changed(found, _END, r"\g<0>'"), cell)
    return f"'{within}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else within


def original(cell: object) -> object:
    """The inverse of `harmless`."""
    if not isinstance(cell, str):
        return cell
    whole = cell[1:] if _ESCAPED.match(cell) else cell
    return _WITHIN.sub(lambda found: _changed(found, _ESCAPED_END, r"\1"), whole)


def _changed(found: re.Match[str], what: re.Pattern[str], by: str) -> str:
    """Every end of a cell before a formula's sign, changed."""
    return what.sub(by, found[0]) if _SIGN.match(found[0][-1]) else found[0]


def to_csv(table: pd.DataFrame, *, digits: int | None = None) -> str:
    """The text of a CSV file, without the index.

    Args:
        digits: significant ones of numbers with a fraction; None: all.
    """
    form = None if digits is None else f"%.{digits}g"
    written = _mapped(table, harmless)
    write = partial(written.to_csv, index=False, float_format=form, lineterminator="\n")
    if _breaks(written):
        # Python's writer leaves a bare return in a cell unquoted: a new row, whose first cell may
        # be a formula, to programs that read it.
        return str(write(quoting=csv.QUOTE_NONNUMERIC))
    return str(write())


def write_csv(table: pd.DataFrame, path: Path, digits: int | None = 6) -> None:
    """Writes a CSV file atomically; `read_csv` reads it."""
    with replacing(path) as temporary:
        temporary.write_text(to_csv(table, digits=digits), "utf-8", newline="")


def read_csv(path: Path) -> pd.DataFrame:
    """A table that was written here."""
    return _mapped(pd.read_csv(readable(path), keep_default_na=False, na_values=[""]), original)


def _breaks(table: pd.DataFrame) -> bool:
    """Whether a text or a name holds a return."""
    texts = table.select_dtypes(exclude="number")
    return any("\r" in str(name) for name in table.columns) or any(
        isinstance(cell, str) and "\r" in cell
        for row in texts.itertuples(index=False)
        for cell in row
    )


def _mapped(table: pd.DataFrame, change: Callable[[object], object]) -> pd.DataFrame:
    """The table with its texts and the names of its columns changed."""
    made = table.copy()
    for position in range(table.shape[1]):
        column = table.iloc[:, position]
        if not pd.api.types.is_numeric_dtype(column):
            made.isetitem(position, [change(cell) for cell in column.astype(object)])
    made.columns = pd.Index([change(name) for name in table.columns])
    return made
