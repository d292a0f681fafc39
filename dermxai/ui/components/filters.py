"""Filters of a sample table: one for each column with few values, and a search in its texts."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import streamlit as st

from dermxai import taxonomy
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

NOT_STATED = "not stated"
_MOST_VALUES = 30
_FIRST = ("label", "split", "sex", "site", "presentation", "other_class")
_TITLES = {"label": "Class", "skin_type": "Skin type"}
_SEARCHED = ("sample_id", "patient_id", "lesion_id", "label", "source_label")


def title(column: str) -> str:
    """A column's name for people."""
    return _TITLES.get(column, column.replace("_", " ").capitalize())


def columns(samples: pd.DataFrame) -> list[str]:
    """Columns worth a filter: texts with two or more values, but not many; the usual ones first."""
    found = [
        str(name)
        for name in samples
        if not str(name).endswith(("_id", "path"))
        and not pd.api.types.is_numeric_dtype(samples[name])
        and 1 < samples[name].nunique(dropna=False) <= _MOST_VALUES
    ]
    if "label" in samples and "label" not in found and samples["label"].nunique() > _MOST_VALUES:
        found.append("label")
    return sorted(found, key=lambda name: (*(name != first for first in _FIRST), name))


def choices(samples: pd.DataFrame) -> dict[str, list[str]]:
    """The columns worth a filter, and the values to choose from: classes in the usual order, what
    is not stated last."""
    found = {}
    for column in columns(samples):
        present = set(_texts(samples[column]))
        stated = present - {NOT_STATED}
        ordered = taxonomy.ordered(stated) if column == "label" else sorted(stated)
        found[column] = [*ordered, *(present & {NOT_STATED})]
    return found


def filtered(
    samples: pd.DataFrame, chosen: Mapping[str, Sequence[str]], search: str
) -> pd.DataFrame:
    """Rows that have one of the chosen values in each column and every searched word somewhere."""
    kept = pd.Series(True, index=samples.index)
    for column, values in chosen.items():
        if values:
            kept &= _texts(samples[column]).isin(values)
    for word in search.split():
        hits = [
            samples[column].astype("str").str.contains(word, case=False, regex=False).fillna(False)
            for column in _SEARCHED
            if column in samples
        ]
        named = [
            code
            for code in samples["label"].dropna().unique()
            if word.casefold() in taxonomy.name(code).casefold()
        ]
        kept &= pd.concat([*hits, samples["label"].isin(named)], axis=1).any(axis=1)
    return samples[kept]


def ask(choices: Mapping[str, Sequence[str]], name: str) -> tuple[dict[str, list[str]], str]:
    """Draws the filters; returns the chosen values and the words to search for."""
    with st.grid("auto", min_column_width=150, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            key=Key.FILTER.of(name),
            placeholder="id, patient, class",
            bind="query-params",
            persist_state="session",
        )
        chosen = {
            column: _choice(column, options, Key.FILTER.of(name, column))
            for column, options in choices.items()
        }
    return chosen, search or ""


def describe(chosen: Mapping[str, Sequence[str]], search: str) -> str:
    """What the filters leave, as the title of a selection; "" where they leave everything."""
    return ", ".join(_described(chosen, search))


def _described(chosen: Mapping[str, Sequence[str]], search: str) -> Iterator[str]:
    for column, values in chosen.items():
        if values:
            yield f"{title(column)}: {' or '.join(values)}"
    if search:
        yield f"“{search}”"


def _choice(column: str, options: Sequence[str], key: str) -> list[str]:
    state.put(key, [value for value in state.texts(key) if value in options])
    return st.multiselect(
        plain(title(column)),
        options,
        key=key,
        format_func=lambda value: shortened(value, 30),
        placeholder="any",
        bind="query-params",
        persist_state="session",
    )


def _texts(values: pd.Series) -> pd.Series:
    return values.astype("str").where(values.notna(), NOT_STATED)
