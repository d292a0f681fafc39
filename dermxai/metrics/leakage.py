"""The leakage premium: what the images that a network has seen in training add to its measures.

Each overall measure on all images less the same on those that were not seen, with the interval of
their paired difference over patients (`intervals`). The difference rests on seen and unseen images
alike: of either, there must be `intervals.FEWEST` patients.

Kapoor & Narayanan 2023 (doi:10.1016/j.patter.2023.100804) on leakage in published work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.summary import overall
from dermxai.numbers import count, jsonable

Floats = NDArray[np.float64]
_OF_CLASSES = ("balanced_accuracy", "mean_")
"""Beginnings of measures that are means over classes."""


@dataclass(frozen=True, eq=False)
class Premium:
    """
    Attributes:
        table: a row an overall measure: ``measure``, ``name``, then on all images ``value``,
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
    notes: tuple[str, ...]

    def as_json(self) -> Any:
        """Plain numbers; NaN becomes None."""
        rows = self.table.drop(columns="measure").to_dict("records")
        return jsonable(
            {
                "seen": self.seen,
                "unseen": self.unseen,
                "units": self.units,
                "level": self.level,
                "overall": dict(zip(self.table["measure"], rows, strict=True)),
                "notes": list(self.notes),
            }
        )


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
    every = overall(column, predicted, probabilities, whole.classes)
    unseen = overall(column[kept], predicted[kept], probabilities[kept], whole.classes)
    lost = [code for code in whole.common if code not in without.common]

    table = whole.overall[["measure", "name", "value", "low", "high"]].merge(
        without.overall[["measure", "value", "low", "high"]].rename(
            columns={"value": "without", "low": "without_low", "high": "without_high"}
        ),
        on="measure",
        how="left",
    )
    added = pd.DataFrame(
        [
            (np.nan,) * 3
            if lost and name.startswith(_OF_CLASSES)
            else _premium(difference(every[name], kept, unseen[name]), clusters, whole.level)
            for name in table["measure"]
        ],
        columns=["difference", "difference_low", "difference_high"],
    )
    table = pd.concat([table, added], axis=1)
    # what is too rare for an interval of a measure is for one of its difference
    bare = table[["low", "without_low"]].isna().any(axis=1)
    of_classes = table["measure"].str.startswith(_OF_CLASSES)
    rare = bool((bare & of_classes & table["difference_low"].notna()).any())
    table.loc[bare, ["difference_low", "difference_high"]] = np.nan
    return Premium(
        table=table,
        seen=int((~kept).sum()),
        unseen=int(kept.sum()),
        units=units,
        level=whole.level,
        notes=tuple(_notes(whole.clusters, units, int(kept.sum()), lost, rare)),
    )


def difference(every: Estimates, kept: NDArray[np.bool_], unseen: Estimates) -> Estimates:
    """A measure on all images less the same on those that were not seen; its sides are the seen and
    the unseen images.

    Args:
        every: of all n images.
        kept: (n,) which were not seen.
        unseen: of these.
    """
    seen = 1 - kept.mean()
    return replace(
        every.minus(unseen.among(kept)),
        sides=np.repeat(np.stack([~kept, kept], axis=1)[:, :, None], every.value.size, axis=2),
        scale=every.scale.sum(axis=0) * np.array([[seen], [ratio(seen**2, 1 - seen)]]),
    )


def _premium(
    added: Estimates, clusters: NDArray[np.intp], level: float
) -> tuple[float, float, float]:
    low, high = intervals.student_interval(added, clusters, level)
    return float(added.value[0]), float(low[0]), float(high[0])


def _notes(
    clusters: str, units: int, unseen: int, lost: Sequence[str], rare: bool
) -> Iterator[str]:
    if not unseen:
        yield "Every image was seen in training: without them nothing is left to measure."
    elif units < intervals.FEWEST:
        yield (
            f"Seen or unseen images are of fewer than {intervals.FEWEST} {clusters}: "
            "no interval of the difference."
        )
    if lost and unseen:
        yield (
            f"No image of {', '.join(lost)} is left without those that were seen: means over the "
            "classes are then of others, and their difference is undefined."
        )
    if rare:
        yield (
            "Means over the classes have no interval, with or without the images that were seen, "
            "since classes are too rare: nor has their difference."
        )
    if unseen and units >= intervals.FEWEST:
        yield f"Differences are of the same {clusters}: of {count(units, clusters[:-1])} or more."
