"""The leakage premium: what the images that a network has seen in training add to its measures.

Each overall measure on all images less the same on those that were not seen. Both rest on the same
patients, so that the difference is resampled as one: in each replicate of the patients both are
computed anew. Student's interval counts the patients on the side that has fewer, since the
difference rests on seen and unseen images alike.

Kapoor & Narayanan 2023 (doi:10.1016/j.patter.2023.100804) on leakage in published work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.errors import InputError
from dermxai.metrics import bootstrap
from dermxai.metrics.confusion import mean_defined
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.summary import overall
from dermxai.numbers import count, jsonable

Floats = NDArray[np.float64]
_AREA = "mean_auc"
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


def leakage_premium(whole: Evaluation, without: Evaluation, seed: int = 0) -> Premium:
    """What the images of ``whole`` that are not in ``without`` add to its measures.

    Args:
        whole: of all images.
        without: of those among them that were not seen in training, by the same classifier.
        seed: of the bootstrap.

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
    plan = bootstrap.resampling(whole.unit_of[known], whole.replicates, seed, whole.level)
    held = plan.clusters_with(np.stack([~kept, kept], axis=1))
    units = int(held.min())

    member = column[:, None] == np.arange(len(classes))
    drawn = []
    for rows in (np.ones_like(kept), kept):
        part = replace(plan, clusters=plan.clusters[rows])
        matrices = bootstrap.confusion_replicates(column[rows], predicted[rows], len(classes), part)
        measures = overall(matrices, whole.classes, member[rows].any(axis=0))
        areas = [
            area_replicates(member[rows, k], probabilities[rows, k], part)
            for k in range(len(classes))
        ]
        measures[_AREA] = _mean_of_defined(np.stack(areas, axis=1), member[rows])
        drawn.append(measures)

    table = whole.overall[["measure", "name", "value", "low", "high"]].merge(
        without.overall[["measure", "value", "low", "high"]].rename(
            columns={"value": "without", "low": "without_low", "high": "without_high"}
        ),
        on="measure",
        how="left",
    )
    lost = [code for code in whole.common if code not in without.common]
    estimate = np.array(table["value"] - table["without"], dtype=np.float64)
    if lost:
        estimate[table["measure"].str.startswith(_OF_CLASSES)] = np.nan
    replicates = np.stack([drawn[0][name] - drawn[1][name] for name in table["measure"]], axis=1)
    low, high = bootstrap.student_interval(estimate, replicates, units, whole.level)
    table["difference"] = estimate
    table["difference_low"], table["difference_high"] = low, high
    return Premium(
        table=table,
        seen=int((~kept).sum()),
        unseen=int(kept.sum()),
        units=units,
        level=whole.level,
        notes=tuple(_notes(whole.clusters, units, int(kept.sum()), lost)),
    )


def area_replicates(
    positive: NDArray[np.bool_], scores: Floats, plan: bootstrap.Resampling
) -> Floats:
    """Areas under the ROC curve of the replicates, drawn as `bootstrap.Resampling.weights` says:
    each image counts as often as its cluster is drawn, ties half.

    Args:
        positive: (n,) whether each image belongs to the class.
        scores: (n,) higher for members.
        plan: resampling of the n images' clusters.

    Returns:
        (replicates,) NaN where a replicate has no image on either side.
    """
    order = np.argsort(scores, kind="stable")
    first = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)  # of images that tie
    members = positive[order, None]
    found = [np.empty(0)]
    for weights in plan.weights():
        drawn = weights[plan.clusters[order]]  # (n, replicate)
        if not first.size:
            found.append(np.full(drawn.shape[1], np.nan))
            continue
        above = np.add.reduceat(drawn * members, first, axis=0)
        below = np.add.reduceat(drawn * ~members, first, axis=0)
        beaten = np.cumsum(below, axis=0) - below / 2
        total = above.sum(axis=0) * below.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append((above * beaten).sum(axis=0) / total)
    return np.concatenate(found)


def _mean_of_defined(areas: Floats, member: NDArray[np.bool_]) -> Floats:
    """(replicate,) the mean over classes that have images on both sides."""
    defined = member.any(axis=0) & ~member.all(axis=0)
    return np.asarray(mean_defined(areas[:, defined]), dtype=np.float64)


def _notes(clusters: str, units: int, unseen: int, lost: Sequence[str]) -> Iterator[str]:
    if not unseen:
        yield "Every image was seen in training: without them nothing is left to measure."
    elif units < 2:
        yield f"Seen or unseen images are of one of the {clusters}: no interval of the difference."
    if lost and unseen:
        yield (
            f"No image of {', '.join(lost)} is left without those that were seen: means over the "
            "classes are then of others, and their difference is undefined."
        )
    if unseen and units >= 2:
        yield (
            "Differences are of the same "
            f"{clusters}: Student's interval of the bootstrap, over {count(units, clusters[:-1])}."
        )
