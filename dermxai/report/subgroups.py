"""A run's measures in subgroups of its images, for people and programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.formatting import count, fixed, interval, jsonable, percent, points, signed
from dermxai.data.splits import owners
from dermxai.metrics.basis import basis
from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.differences import FEW
from dermxai.metrics.groups import CUTS, PARTS, QUANTILES, Groups
from dermxai.metrics.regrouping import Per, Regrouping, unit_names
from dermxai.metrics.subgroups import BALANCED, OF_ALL, TOP1, Subgroups, subgroups
from dermxai.metrics.undefined import Undefined
from dermxai.report.evaluated import AS_IT_IS, Evaluated, evaluated
from dermxai.report.measures import CHOSEN_ON, NAMES, REASONS, rule_at, rule_in_words
from dermxai.report.origin import origin
from dermxai.report.tables import probability
from dermxai.runs import Run
from dermxai.subgroups import CLUSTER, asked_groups, columns
from dermxai.subgroups.clusters import COUNT

TITLES: Mapping[str, str] = {**NAMES, TOP1: "Top-1 accuracy", BALANCED: "Balanced accuracy"}
SEVERAL = "several values"
"""Group of lesions or patients whose images differ in a column of texts."""


@dataclass(frozen=True, eq=False)
class Grouped:
    """
    Attributes:
        evaluation: of the images of ``split``.
        found: the measures.
        asked: the groups.
        sample_ids: (n,) images of the split, in the order of ``rows``.
        unit: (n,) number of the row of the evaluation that each image is part of.
        rule: the decision rule, in words.
        notes: what is to be known of groups and images.
    """

    run: Run
    split: str | None
    evaluation: Evaluated
    found: Subgroups
    asked: tuple[Groups, ...]
    sample_ids: NDArray[np.object_]
    unit: NDArray[np.intp]
    regrouping: Regrouping
    rule: str
    notes: tuple[str, ...]

    def images(self, row: int) -> list[str]:
        """Sample ids of a row of the table."""
        return [str(name) for name in self.sample_ids[self.found.members[self.unit, row]]]

    def as_json(self) -> dict[str, object]:
        """Plain numbers, texts and lists; NaN becomes None."""
        found = self.found
        value, low, high = found.whole
        told: dict[str, object] = jsonable(
            {
                "origin": origin(self.run, self.split),
                "measure": found.measure,
                "class": found.code or None,
                "rule": self.rule,
                "regrouping": asdict(self.regrouping),
                "whole": {"value": value, "low": low, "high": high},
                "groups": found.table.to_dict("records"),
                "cuts": {
                    each.column: dict(zip(each.names, each.ends.tolist(), strict=True))
                    for each in self.asked
                    if each.how == QUANTILES
                },
                "tests": found.tests,
                "correction": "Holm",
                "intervals": basis(found.clusters, found.level),
                "notes": list(self.notes),
            }
        )
        return told


def grouped(
    run: Run,
    split: str | None = None,
    names: Sequence[str] = (),
    *,
    measure: str = TOP1,
    code: str = "",
    point: OperatingPoint | None = None,
    cuts: int = CUTS,
    clusters: int = COUNT,
    space: str | None = None,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> Grouped:
    """Measures a run in groups of the images of a split.

    Args:
        names: columns; all that have few texts where none is named.
        measure, code: of `dermxai.metrics.subgroups.subgroups`; the code is one after merging.
        point: operating point of measures of a class; None for argmax.
        cuts: groups that numbers are cut into.
        clusters, space: of `dermxai.subgroups.feature_clusters`.
        leaks: with the images that leak from training.
        regrouping: classes that are taken as one, and what is measured.

    Raises:
        InputError: no such split, column, measure, class or feature space; nothing can be measured
            or no operating point chosen.
    """
    evaluation = evaluated(run, split, leaks=leaks, regrouping=regrouping)
    rows = rows_of(run, split, leaks)
    table = columns(run, rows, clusters, space)
    unit = np.arange(rows.size)
    if regrouping.per != Per.IMAGE:
        unit = _units(run, rows, regrouping.per)
        table = _of_units(table, unit)
    asked, left_out = asked_groups(table, names, cuts)
    chosen_on = (
        evaluation
        if point is None
        else evaluated(run, CHOSEN_ON, leaks=leaks, regrouping=regrouping)
    )
    rule = rule_at(point if measure not in OF_ALL else None, chosen_on, evaluation)
    found = subgroups(evaluation, asked, measure, code, rule)
    return Grouped(
        run,
        split,
        evaluation,
        found,
        tuple(asked),
        run.samples["sample_id"].to_numpy(dtype=object)[rows],
        unit,
        regrouping,
        rule_in_words(rule, evaluation.clusters),
        (*evaluation.image_notes, *_notes(found, asked, left_out, regrouping)),
    )


def rows_of(run: Run, split: str | None, leaks: bool = True) -> NDArray[np.intp]:
    """Positions of the images of a split, with those that leak from training or without.

    Raises:
        InputError: the run has no such split.
    """
    rows = run.in_split(split)
    return rows if leaks or run.leaks is None else rows[~run.leaks.any[rows]]


def _units(run: Run, rows: NDArray[np.intp], per: Per) -> NDArray[np.intp]:
    """(n,) number of the lesion or patient of each image, as the evaluation orders them."""
    known = owners(run.samples)
    nobody = pd.Series("", index=run.samples.index)
    ids, patients, lesions = (
        known.get(column, nobody).iloc[rows].fillna("").astype(str).to_numpy(dtype=object)
        for column in ("sample_id", "patient_id", "lesion_id")
    )
    return pd.factorize(unit_names(ids, patients, lesions, per))[0]


def _of_units(table: pd.DataFrame, unit: NDArray[np.intp]) -> pd.DataFrame:
    """A row a unit: the mean of numbers, and the text that all its images have."""
    made = {}
    for name, column in table.items():
        by_unit = column.reset_index(drop=True).groupby(unit)
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            made[name] = by_unit.mean()
        else:
            # what is not stated is a value, too
            texts = by_unit.agg(
                lambda cells: cells.iloc[0] if len(pd.unique(cells)) == 1 else SEVERAL
            )
            made[name] = texts
    return pd.DataFrame(made)


def _notes(
    found: Subgroups, asked: Sequence[Groups], left_out: Sequence[str], regrouping: Regrouping
) -> Iterator[str]:
    yield (
        f"p-values are corrected for {count(found.tests, 'test')} (Holm): each group against its "
        "rest."
    )
    cut = [each.column for each in asked if each.how == QUANTILES]
    if cut:
        yield f"Cut at quantiles of these images: {', '.join(cut)}."
    if any(each.column == CLUSTER for each in asked):
        yield "Clusters hold images of similar features; each is named by its most frequent label."
    if several := [each.column for each in asked if each.how == PARTS]:
        yield f"Groups overlap: {', '.join(several)}."
    if regrouping.per != Per.IMAGE:
        yield (
            f"A {regrouping.per} is in a group by the mean of its images' numbers, and by the text "
            f"that all of them have, else in {SEVERAL!r}."
        )
    if small := int(found.table["small"].sum()):
        yield (
            f"{count(small, 'group')} with fewer than {FEW} {found.clusters} that count on a side, "
            "marked: only large differences can show."
        )
    if left_out:
        yield f"Not grouped by, for their many values: {', '.join(left_out)}."
    reasons = found.table["reason"]
    for reason in dict.fromkeys(reasons[reasons != ""]):
        these = found.table[reasons == reason]
        named = [f"{a} {b}" for a, b in these[["column", "group"]].head(6).to_numpy()]
        more = f" and {len(these) - 6:,} more" if len(these) > 6 else ""
        yield f"{', '.join(named)}{more}: {REASONS[Undefined(reason)]}."


def shown(found: Subgroups) -> pd.DataFrame:
    """The groups for people, a row each, texts throughout."""
    percents = found.measure != "auc"

    def number(value: float) -> str:
        return percent(value) if percents else fixed(value, 3)

    def ends(low: float, high: float) -> str:
        if percents:
            return interval(low, high)
        return "–" if np.isnan(low) else f"{fixed(low, 3)}–{fixed(high, 3)}"

    def apart(value: float, low: float, high: float) -> str:
        if percents:
            return points(value, low, high)
        return (
            _signed(value)
            if np.isnan(low)
            else f"{_signed(value)} ({_signed(low)} to {_signed(high)})"
        )

    rows = []
    for row in found.table.to_dict("records"):
        told = {
            "Column": row["column"],
            "Group": row["group"] + (" (small)" if row["small"] else ""),
            "Images": f"{row['counted']:,}",
            TITLES[found.measure]: number(row["value"]),
            f"{100 * found.level:.0f} % CI": ends(row["low"], row["high"]),
            "Rest": number(row["rest"]),
            "Difference": apart(row["difference"], row["difference_low"], row["difference_high"]),
            "p": probability(row["p"]),
            "p, Holm": probability(row["p_holm"]),
        }
        if found.clusters != "images":
            told = {
                **dict(list(told.items())[:3]),
                found.clusters.capitalize(): f"{row['units']:,}",
                **told,
            }
        rows.append(told)
    return pd.DataFrame(rows)


def _signed(value: float) -> str:
    return signed(value, 3)
