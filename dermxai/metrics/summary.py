"""Tables of measures with intervals: a row a class, and the dataset as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.metrics import bootstrap, delong
from dermxai.metrics.confusion import (
    balanced_accuracy,
    confusion_matrix,
    mean_defined,
    merged,
    one_vs_rest,
    top1_accuracy,
)

Floats = NDArray[np.float64]

_MEASURES = ("accuracy", "sensitivity", "specificity")
_OVERALL = {
    "top1_accuracy": "Top-1 accuracy",
    "top1_accuracy_merged": f"Top-1 accuracy, {' and '.join(taxonomy.OVERLAPPING)} as one class",
    "balanced_accuracy": "Balanced accuracy (mean sensitivity)",
    "mean_accuracy": "Accuracy, mean of the classes one against rest",
    "mean_sensitivity": "Sensitivity, mean of the classes one against rest",
    "mean_specificity": "Specificity, mean of the classes one against rest",
    "mean_auc": "AUC, mean of the classes one against rest",
}


def overall(
    matrices: NDArray[np.number], classes: Sequence[str], common: NDArray[np.bool_]
) -> dict[str, Floats]:
    """Measures (r,) of r whole confusion matrices (r, k, k): means are over the classes in
    ``common`` (k,)."""
    values = {"top1_accuracy": top1_accuracy(matrices)}
    first, second = taxonomy.OVERLAPPING
    if first in classes and second in classes:
        both = merged(matrices, classes.index(first), classes.index(second))
        values["top1_accuracy_merged"] = top1_accuracy(both)
    values["balanced_accuracy"] = balanced_accuracy(matrices)
    by_class = one_vs_rest(matrices)
    for measure in _MEASURES:
        values[f"mean_{measure}"] = mean_defined(getattr(by_class, measure)[..., common])
    return values


@dataclass(frozen=True, eq=False)
class Summary:
    by_class: pd.DataFrame
    """One row a class: class, name, images, units, and each measure with _low and _high."""
    overall: pd.DataFrame
    """One row a measure: measure, name, value, low, high."""
    notes: tuple[str, ...]
    """What is undefined, and why."""


def summarise(
    *,
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    scores: Floats,
    aucs: Floats,
    classes: Sequence[str],
    plan: bootstrap.Resampling,
) -> Summary:
    """Measures of each class and of the whole, with intervals.

    Args:
        true: (n,) index of each image's class.
        predicted: (n,) index of the class it was read as.
        scores: (n, k) what the images are ranked by.
        aucs: (k,) areas under the ROC curves of these scores.
        classes: k codes.
        plan: the resampling of the n images' units, patients for choice.
    """
    k = len(classes)
    member = true[:, None] == np.arange(k)
    common = member.any(axis=0)
    matrix = confusion_matrix(true, predicted, k)
    drawn = bootstrap.confusion_replicates(true, predicted, k, plan)
    units = plan.clusters_with(member)
    rests_on = {
        "accuracy": np.full(k, plan.n_clusters),
        "sensitivity": units,
        "specificity": plan.clusters_with(~member),
    }
    columns: dict[str, object] = {
        "class": list(classes),
        "name": [taxonomy.name(code) for code in classes],
        "images": member.sum(axis=0),
        "units": units,
    }
    values, replicates = one_vs_rest(matrix), one_vs_rest(drawn)
    for measure, count in rests_on.items():
        value = getattr(values, measure)
        low, high = bootstrap.interval(value, getattr(replicates, measure), count, plan.level)
        columns |= {measure: value, f"{measure}_low": low, f"{measure}_high": high}
    influences = np.array(
        [delong.influence(member[:, i], scores[:, i], plan.clusters) for i in range(k)]
    )
    ends = [delong.interval(*pair, plan.level) for pair in zip(aucs, influences, strict=True)]
    columns |= {"auc": aucs, "auc_low": [low for low, _ in ends], "auc_high": [e for _, e in ends]}
    by_class = pd.DataFrame(columns)

    rows = []
    drawn_overall = overall(drawn, classes, common)
    for measure, value in overall(matrix, classes, common).items():
        low, high = bootstrap.interval(value, drawn_overall[measure], plan.n_clusters, plan.level)
        rows.append((measure, float(value), float(low), float(high)))
    defined = np.isfinite(aucs)
    mean_auc = float(mean_defined(aucs))
    mean_influence = influences[defined].sum(axis=0) / max(defined.sum(), 1)
    rows.append(("mean_auc", mean_auc, *delong.interval(mean_auc, mean_influence, plan.level)))
    whole = pd.DataFrame(rows, columns=["measure", "value", "low", "high"])
    whole.insert(1, "name", whole["measure"].map(_OVERALL))
    return Summary(by_class, whole, tuple(_undefined(by_class)))


def _undefined(by_class: pd.DataFrame) -> Iterator[str]:
    if not by_class["images"].any():
        return
    absent = by_class["images"] == 0
    only = by_class["images"] == by_class["images"].sum()
    alone = (by_class["images"] == 1) & ~only
    single = (by_class["units"] == 1) & ~only & ~alone
    several = by_class["units"] > 1
    for rows, words in (
        (absent, "no image here, so sensitivity and AUC are undefined"),
        (only & ~absent, "the only class here, so specificity and AUC are undefined"),
        (alone, "one image, so sensitivity and AUC have no interval"),
        (single, "all images of one patient or lesion, so sensitivity and AUC have no interval"),
        (several & (by_class["auc"] == 1), "every image ranks right, so AUC has no interval"),
        (several & (by_class["auc"] == 0), "every image ranks wrong, so AUC has no interval"),
    ):
        if rows.any():
            yield f"{', '.join(by_class.loc[rows, 'class'])}: {words}."
