"""Tables as CSV files that a spreadsheet program may open, and that are read back as they were.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is a formula to such
programs, and class names, sample ids and columns come from outside. An apostrophe before it makes
it text (OWASP, "CSV Injection"). Numbers stay numbers, those in a column of texts, too.
"""

import csv
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from dermxai.disk import replacing

# blanks, marks without width and apostrophes before do not save it; the last four are the wide
# forms of the first
_FORMULA = re.compile(r"[\s\0\u200b-\u200f\u2060\ufeff']*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ESCAPED = re.compile(r"'" + _FORMULA.pattern)


def harmless(cell: object) -> object:
    """A cell, or a column's name, that no spreadsheet program takes for a formula."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def original(cell: object) -> object:
    """The inverse of `harmless`."""
    return cell[1:] if isinstance(cell, str) and _ESCAPED.match(cell) else cell


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


def write_csv(table: pd.DataFrame, path: Path, digits: int = 6) -> None:
    """Writes a CSV file that is complete the moment it is visible; `read_csv` reads it."""
    with replacing(path) as temporary:
        temporary.write_text(to_csv(table, digits=digits), "utf-8", newline="")


def read_csv(path: Path) -> pd.DataFrame:
    """A table that was written here."""
    return _mapped(pd.read_csv(path, keep_default_na=False, na_values=[""]), original)


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
