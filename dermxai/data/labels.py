"""Labels of other taxonomies and a user's own, mapped to class codes."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.data.delimited import read_delimited
from dermxai.data.table import folded

_FOREIGN: Mapping[str, str] = {
    **{disease.code.casefold(): disease.code for disease in taxonomy.OTHERS},
    **{disease.name.casefold(): disease.code for disease in taxonomy.OTHERS},
    **{label.casefold(): code for label, code in {**taxonomy.ISIC, **taxonomy.HAM10000}.items()},
}


def standard(label: str) -> str:
    """The class code of a label written as code or name, ours, HAM10000's or ISIC's, in any case;
    a label of no known taxonomy stays itself."""
    code = taxonomy.canonical(label)
    return code if code in taxonomy.BY_CODE else _FOREIGN.get(code.casefold(), code)


def is_known(label: str) -> bool:
    """Whether a label is of a known taxonomy, in whatever writing."""
    code = standard(label)
    return code in taxonomy.BY_CODE or code.casefold() in _FOREIGN


def mapped(labels: pd.Series, own: Mapping[str, str]) -> pd.Series:
    """Class codes: by the user's own map where it knows the label, in any case, else by
    ``standard``; the map may write diseases as code or name. Labels that differ only in how their
    accented letters are put together are one class.

    Raises:
        InputError: the user's map knows none of the labels.
    """
    present = labels.dropna().unique()
    to = {label: taxonomy.canonical(code) for label, code in own.items()}
    known = {folded(label): code for label, code in to.items()} | to
    if own and len(present) and not any(folded(label) in known for label in present):
        raise InputError(
            f"The label map knows none of this dataset's labels ({', '.join(present[:20])}); "
            f"it maps {', '.join(list(own)[:20])}."
        )
    codes = {
        label: known.get(label, known.get(folded(label), standard(label))) for label in present
    }
    mapped_labels = labels.map(codes).astype("str")
    return mapped_labels.where(mapped_labels != "")


def read_label_map(path: Path) -> dict[str, str]:
    """A table of two columns, ``from`` and ``to``; an empty ``to`` leaves those images unlabelled.

    Raises:
        InputError: the file cannot be read or has other columns.
    """
    rows, _ = read_delimited(path)
    if not {"from", "to"} <= set(rows.columns):
        raise InputError(
            f"{path.name}: a label map has two columns, from and to; "
            f"it has {', '.join(rows.columns)}."
        )
    pairs = rows.dropna(subset="from").fillna("")
    return {row["from"].strip(): row["to"].strip() for _, row in pairs.iterrows()}
