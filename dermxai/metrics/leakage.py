"""The leakage premium: what the images that a network has seen in training add to its measures.

Each overall measure on all images less the same on those that were not seen, with the interval of
their paired difference over patients (`intervals`). To first order it is the share of the images
that were seen, times the measure on these less that on the others: a class counts in both by the
share of it that was seen. Of either there must be `intervals.FEWEST` patients, of each class in
means over classes. The interval takes the number of images that were seen as it is.

Kapoor & Narayanan 2023 (doi:10.1016/j.patter.2023.100804) on leakage in published work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import Estimates, Interval
from dermxai.metrics.notes import Note, Reason
from dermxai.metrics.summary import overall

Floats = NDArray[np.float64]
_OF_CLASSES = ("balanced_accuracy", "mean_")
"""Beginnings of measures that are means over classes."""
_WEIGHTED = ("balanced_accuracy", "mean_sensitivity", "mean_auc")
"""Measures in which a class weighs alike however many images it has."""


@dataclass(frozen=True, eq=False)
class Premium:
    """
    Attributes:
        table: a row an overall measure: ``measure``, then on all images ``value``,
            ``low``, ``high``, on those that were not seen ``without``, ``without_low``,
            ``without_high``, and their paired ``difference``, ``difference_low``,
            ``difference_high``.
        seen, unseen: evaluated images of either kind.
        units: patients (or lesions, or images) that the difference rests on.
        notes: what is undefined, and why.
    """

    table: pd.DataFrame
    seen: int
    unseen: int
    units: int
    level: float
    notes: tuple[Note, ...]


def leakage_premium(whole: Evaluation, without: Evaluation) -> Premium:
    """What the images of ``whole`` that are not in ``without`` add to its measures.

    Args:
        whole: of all images.
        without: of those among them that were not seen in training, by the same classifier.

    Raises:
        InputError: ``without`` holds other images, or is of other classes.
    """
    kept = np.isin(whole.sample_ids, without.sample_ids)
    if kept.sum() != without.sample_ids.size or whole.classes != without.classes:
        raise InputError(
            "The evaluation without seen images must be of images and classes of the whole one; "
            f"{without.sample_ids.size - int(kept.sum())} of its images are others."
        )
    classes = np.array(whole.classes, dtype=object)
    column = pd.Index(classes).get_indexer(pd.Index(whole.true))
    known = column >= 0
    column, kept = column[known], kept[known]
    predicted = pd.Index(classes).get_indexer(pd.Index(whole.predicted))[known]
    probabilities = whole.probabilities[known]
    clusters = intervals.cluster_index(whole.unit_of[known])
    units = int(intervals.patients_with(np.stack([~kept, kept], axis=1), clusters).min())
    member = column[:, None] == np.arange(classes.size)
    weights = np.nan_to_num(ratio(member[~kept].sum(axis=0), member.sum(axis=0)))
    seen, unseen = (
        overall(column[rows], predicted[rows], probabilities[rows], whole.classes, weights)
        for rows in (~kept, kept)
    )
    lost = [code for code in whole.common if code not in without.common]

    table = whole.overall[["measure", "value", "low", "high"]].merge(
        without.overall[["measure", "value", "low", "high"]].rename(
            columns={"value": "without", "low": "without_low", "high": "without_high"}
        ),
        on="measure",
        how="left",
    )
    of_classes = table["measure"].str.startswith(_OF_CLASSES)
    table["difference"] = table["value"] - table["without"]
    table.loc[bool(lost) & of_classes, "difference"] = np.nan
    found = [
        interval(
            np.array([value]),
            seen[measure],
            unseen[measure],
            kept=kept,
            share=weights[member.any(axis=0)].mean() if measure in _WEIGHTED else (~kept).mean(),
            clusters=clusters,
            level=whole.level,
        )
        for measure, value in zip(table["measure"], table["difference"], strict=True)
    ]
    table[["difference_low", "difference_high"]] = [(each.low[0], each.high[0]) for each in found]
    # what is too rare for an interval of a measure is for one of its difference
    bare = table[["low", "without_low"]].isna().any(axis=1)
    table.loc[bare, ["difference_low", "difference_high"]] = np.nan
    rare = bool((of_classes & table["difference"].notna() & table["difference_low"].isna()).any())
    return Premium(
        table=table,
        seen=int((~kept).sum()),
        unseen=int(kept.sum()),
        units=units,
        level=whole.level,
        notes=tuple(_notes(whole.clusters, units, int(kept.sum()), lost, rare)),
    )


def interval(
    premium: Floats,
    seen: Estimates,
    unseen: Estimates,
    *,
    kept: NDArray[np.bool_],
    share: float,
    clusters: NDArray[np.intp],
    level: float,
) -> Interval:
    """Of premiums; NaN where either kind has too few patients.

    Args:
        premium: (k,) measures on all n images less the same on those that were not seen.
        seen, unseen: the measure on either kind of images.
        kept: (n,) which were not seen.
        share: what seen images weigh in the measure on all.
        clusters: (n,) of `intervals.cluster_index`.
        level: of the interval.
    """
    first, second = (
        replace(part, fewest=intervals.FEWEST).among(rows)
        for part, rows in ((seen, ~kept), (unseen, kept))
    )
    apart = intervals.difference_interval(first, second, clusters, level)
    around = first.value - second.value
    low, high = (premium + share * (end - around) for end in (apart.low, apart.high))
    return Interval(low, high, apart.method)


def _notes(
    clusters: str, units: int, unseen: int, lost: Sequence[str], rare: bool
) -> Iterator[Note]:
    if not unseen:
        yield Note(Reason.ALL_SEEN)
    elif units < intervals.FEWEST:
        yield Note(Reason.FEW_SEEN_OR_UNSEEN, unit=clusters)
    if lost and unseen:
        yield Note(Reason.CLASSES_LOST, tuple(lost))
    if rare and units >= intervals.FEWEST:
        yield Note(Reason.RARE_DIFFERENCES, unit=clusters)
    if unseen and units >= intervals.FEWEST:
        yield Note(Reason.SAME_UNITS, units=units, unit=clusters)
