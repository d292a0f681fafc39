"""A shortcut: errors are associated with a column of the table, given the class (`association`)."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.confusion.evidence import Evidence, Flags, Floats, Rows
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.metrics import association, intervals
from dermxai.metrics.differences import LISTS, NOT_STATED, differences

IMAGES_OF_PATIENT = "images_of_patient"
"""Beside the table's columns: how many images the patient has."""
_LEVEL = 0.05 / len(Cause)
_DRAWS, _MORE_DRAWS = 2000, 40_000


def test(evidence: Evidence) -> Finding:
    """The column and class of the lowest p-value, times the number of columns tested."""
    rows = evidence.images.samples.iloc[evidence.rows].reset_index(drop=True)
    counts = np.bincount(evidence.clusters)[evidence.clusters]
    rows = rows.assign(**{IMAGES_OF_PATIENT: counts})
    ways = [
        _tested(rows[of_class], wrong, clusters).assign(first_class=first)
        for first, of_class in ((True, evidence.positive), (False, ~evidence.positive))
        for wrong, clusters in [_within(evidence, of_class)]
        if wrong.any() and not wrong.all()
    ]
    table = pd.concat(ways, ignore_index=True) if ways else pd.DataFrame({"p": []})
    tested = int(table["p"].notna().sum())
    if not tested:
        told = any(len(set(column.dropna())) > 1 for _, column in rows.items())
        return Finding(Cause.SHORTCUT, Skipped.FEW_ERRORS if told else Skipped.NO_COLUMNS)
    row = table.sort_values("p", kind="stable").iloc[0]
    values = _values(rows[str(row["column"])], str(row["column"]), str(row["value"]))
    p = float(min(1, tested * row["p"]))
    if p <= _LEVEL and row["column"] != IMAGES_OF_PATIENT:
        evidence.column = values
    found = _found(evidence, row, values)
    return replace(found, p=p, facts={**found.facts, "tested": float(tested)})


def association_of(column: Floats, chosen: Flags, clusters: NDArray[np.intp]) -> float:
    """p-value of the association of a column's scores (n,) with images that are ``chosen`` (n,),
    fine enough to be corrected."""
    of = intervals.cluster_index(clusters)
    return float(association.p_values(column[:, None], chosen, of, _MORE_DRAWS)[0])


def _within(evidence: Evidence, of_class: Flags) -> tuple[Flags, Rows]:
    clusters = intervals.cluster_index(evidence.clusters[of_class])
    return evidence.wrong[of_class], clusters


def _tested(rows: pd.DataFrame, wrong: Flags, clusters: Rows) -> pd.DataFrame:
    """What distinguishes errors, with p-values fine enough for their number."""
    table = differences(rows, wrong, clusters, draws=_DRAWS).table
    if not len(table) or not table["p"].notna().any():
        return table
    for at in table.index[table["p"] <= 5 / _DRAWS]:
        row = table.loc[at]
        values = _values(rows[str(row["column"])], str(row["column"]), str(row["value"]))
        column = association.scores(values, ranked=not row["value"])
        table.loc[at, "p"] = association_of(column, wrong, clusters)
    return table


def _found(evidence: Evidence, row: pd.Series, values: Floats) -> Finding:
    """Of a row of `differences`: errors that have what errors have more often come first."""
    numbers = {name: float(row[name]) for name in ("difference", "low", "high", "first", "second")}
    first = bool(row["first_class"])
    more = -1.0 if numbers["difference"] < 0 else 1.0
    of_class = evidence.positive if first else ~evidence.positive
    errors = np.flatnonzero(of_class & evidence.wrong & np.isfinite(values))
    order = errors[np.argsort(-more * values[errors], kind="stable")]
    if row["value"]:
        order = order[values[order] == (1 if more > 0 else 0)]
    low, high = sorted((more * numbers["low"], more * numbers["high"]))
    true = evidence.images.first if first else evidence.images.second
    return Finding(
        Cause.SHORTCUT,
        effect=abs(numbers["difference"]),
        low=low,
        high=high,
        support=evidence.ids(order),
        names=(str(row["column"]), str(row["value"]), true),
        facts={"errors": numbers["first"], "right": numbers["second"]},
    )


def _values(column: pd.Series, name: str, value: str) -> Floats:
    """(n,) numbers of a row of `differences`: of a column itself, or whether it has a value."""
    if not value:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    texts = column.astype("str").where(column.notna(), NOT_STATED)
    if name in LISTS:
        texts = texts.where(column.notna(), "")
        return np.array([value in each.split(LISTS[name]) for each in texts], dtype=np.float64)
    return np.asarray(texts == value, dtype=np.float64)
