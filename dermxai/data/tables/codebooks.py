"""Tables that say what the codes of another table mean, such as a workbook's sheet ``Codebook``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import pandas as pd

from dermxai.data.label_columns import speaks_of_diagnoses
from dermxai.data.labels import is_known
from dermxai.data.synonyms import is_disease, is_no_class
from dermxai.data.table import COLUMNS, as_text, normal, recognised

_MOST_ROWS = 500
_MOST_COLUMNS = 6
_LONGEST_CODE = 12  # characters
_HALF = 0.5


@dataclass(frozen=True)
class Codebook:
    """
    Attributes:
        names: column, `normal` → its codes and what they mean; of a codebook that names no column
            one entry under the name of the column of its codes.
        of_diagnoses: whether it names no column, and what it lists are diagnoses.
    """

    names: Mapping[str, Mapping[str, str]]
    of_diagnoses: bool


def codebooks_in(rows: pd.DataFrame, columns: frozenset[str]) -> Iterator[Codebook]:
    """What a table may say of codes, by each reading of its columns: those that name the column
    first.

    Args:
        columns: those of other tables, `normal`.
    """
    if not (2 <= len(rows) <= _MOST_ROWS and 2 <= len(rows.columns) <= _MOST_COLUMNS):
        return
    texts = {str(column): as_text(rows[column]) for column in rows}
    if len(texts) < len(rows.columns):
        return
    for column, code, name in permutations(texts, 3):
        variables = texts[column].ffill().dropna().map(normal)
        groups = {
            str(variable): names
            for variable, part in variables[variables.isin(columns)].groupby(variables)
            if (names := _names(texts[code][part.index], texts[name][part.index]))
        }
        if groups:
            yield Codebook(groups, of_diagnoses=False)
    for code, name in permutations(texts, 2):
        if (names := _names(texts[code], texts[name])) and _are_diagnoses(list(names.values())):
            yield Codebook({normal(code): names}, of_diagnoses=True)


def decoded(
    rows: pd.DataFrame, naming: Sequence[str], book: Codebook
) -> tuple[pd.DataFrame, list[str]]:
    """A table with names in place of codes, and in which columns; these are kept as they were
    written, too, as ``dx (code)``.

    Args:
        naming: columns that name images.
    """
    free = [str(column) for column in rows if column not in naming]
    if book.of_diagnoses:
        meant = _column_of_diagnoses(rows, free, book)
    else:
        meant = {column: found for column in free if (found := book.names.get(normal(column)))}
    fitting = {column: names for column, names in meant.items() if _fits(rows[column], names)}
    for column, names in fitting.items():
        written = as_text(rows[column])
        told = {column: written.map(names).astype("str"), f"{column} (code)": rows[column]}
        rows = rows.assign(**told)
    return rows, list(fitting)


def _names(codes: "pd.Series[str]", names: "pd.Series[str]") -> dict[str, str] | None:
    """Code → name, where each stands once and the names are words; None else."""
    both = codes.notna() & names.notna()
    codes, names = codes[both].str.strip(), names[both].str.strip()
    if len(codes) < 2 or codes.duplicated().any() or names.duplicated().any():
        return None
    if codes.str.len().max() > _LONGEST_CODE or pd.to_numeric(names, errors="coerce").notna().any():
        return None
    return dict(zip(codes, names, strict=True))


def _are_diagnoses(names: Sequence[str]) -> bool:
    return sum(is_disease(name) or is_no_class(name) for name in names) >= _HALF * len(names)


def _column_of_diagnoses(
    rows: pd.DataFrame, free: Sequence[str], book: Codebook
) -> dict[str, Mapping[str, str]]:
    """The column whose codes a list of diagnoses names: one that is called as a diagnosis or as the
    list's own, else the only one that fits."""
    ((called, names),) = book.names.items()
    other_roles = {theirs for ours, theirs in recognised(free).items() if ours != "label"}
    fitting = [each for each in free if each not in other_roles and _fits(rows[each], names)]
    usual = set(COLUMNS["label"])
    by_name = [
        each
        for each in fitting
        if normal(each) in usual or speaks_of_diagnoses(each) or normal(each) == called
    ]
    chosen = by_name or fitting
    return {chosen[0]: names} if len(chosen) == 1 else {}


def _fits(cells: pd.Series, names: Mapping[str, str]) -> bool:
    """Whether all cells are codes, which say nothing by themselves, and some stand twice."""
    texts = as_text(cells).dropna()
    texts = texts[texts != ""]
    values = set(texts)
    if not values or not values <= set(names) or len(values) == len(texts):
        return False
    return not all(map(is_known, values))
