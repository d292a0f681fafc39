"""What a cross-validation found: measures of each training, mean ± SD of each network as the paper
prints them, and how far the networks differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from dermxai.core.formatting import signed
from dermxai.metrics import (
    balanced_accuracy,
    confusion_matrix,
    intervals,
    macro_auc,
    one_vs_rest,
    top1_accuracy,
)
from dermxai.metrics.confusion import mean_defined
from dermxai.metrics.intervals import FEWEST_OF_CLASS

MEASURES: Mapping[str, str] = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "auc": "AUC",
    "balanced_accuracy": "Balanced accuracy",
    "top1_accuracy": "Top-1 accuracy",
}
"""The first four are macro averages, one-vs-rest, as in the paper's Tables 2 and 3."""


@dataclass(frozen=True)
class Member:
    """One training: a network, a seed, a fold that it is tested on."""

    network: str
    seed: int
    fold: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a training made of the n images of its test fold.

    Attributes:
        rows: (n,) positions of the images in the study.
        labels: (n,) class indices.
        scores: (n, class) logits summed over the heads.
        units: (n,) the patient of each image, or whatever is independent.
    """

    member: Member
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]
    units: NDArray[np.object_]


class Difference(TypedDict):
    """Of a network's balanced accuracy from another's, see `differences`."""

    network: str
    less: str
    balanced_accuracy: float
    low: float
    high: float


def by_member(results: Sequence[Outcome]) -> pd.DataFrame:
    """A row a training: network, seed, fold, images, and its `MEASURES`."""
    return pd.DataFrame(
        asdict(outcome.member)
        | {"images": len(outcome.rows)}
        | measured(outcome.scores, outcome.labels)
        for outcome in results
    )


def measured(scores: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, float]:
    """The `MEASURES` of scores (n, class) against class indices (n,); means are over the classes
    that occur."""
    matrix = confusion_matrix(labels, scores.argmax(1), scores.shape[1])
    occurs = matrix.sum(1) > 0
    by_class = one_vs_rest(matrix)
    return {
        "accuracy": float(mean_defined(by_class.accuracy[occurs])),
        "sensitivity": float(mean_defined(by_class.sensitivity[occurs])),
        "specificity": float(mean_defined(by_class.specificity[occurs])),
        "auc": macro_auc(labels, softmax(scores, axis=1)),
        "balanced_accuracy": float(balanced_accuracy(matrix)),
        "top1_accuracy": float(top1_accuracy(matrix)),
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation (n − 1) of `by_member` over the members of each network, in their
    order: columns network, members, and each measure with _mean and _sd."""
    networks = rows.groupby("network", sort=False)
    columns: dict[str, object] = {"members": networks.size()}
    for measure in MEASURES:
        columns[f"{measure}_mean"] = networks[measure].mean()
        columns[f"{measure}_sd"] = networks[measure].std(ddof=1)
    return pd.DataFrame(columns).reset_index()


def as_printed(table: pd.DataFrame, name: str = "Network", more: Sequence[str] = ()) -> str:
    """Markdown of `summary`, mean ± SD; a dash where no member has the measure.

    Args:
        name: of what is compared.
        more: columns that stand before the measures.
    """
    heads = [name, *(column.capitalize() for column in more), *MEASURES.values()]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in table.to_dict("records"):
        cells = [str(row[column]) for column in more]
        for measure in MEASURES:
            mean, sd = row[f"{measure}_mean"], row[f"{measure}_sd"]
            spread = "" if np.isnan(sd) else f" ± {sd:.3f}"
            cells.append("–" if np.isnan(mean) else f"{mean:.3f}{spread}")
        lines.append(f"| {row['network']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval_in_words(low: float | None, high: float | None) -> str:
    """Of a difference of balanced accuracies; None and NaN are undefined."""
    if low is None or high is None or np.isnan(low):
        return f"no interval: a class has fewer than {FEWEST_OF_CLASS} patients"
    return f"95 % interval over patients {signed(low, 3)} to {signed(high, 3)}"


def differences(results: Sequence[Outcome]) -> list[Difference]:
    """Balanced accuracy of each further network less that of the first, over all test images,
    mean of the seeds, with the 95 % interval over patients (the networks stay fixed)."""
    outcomes: dict[str, list[NDArray[np.bool_]]] = {}
    for network, seed in dict.fromkeys((r.member.network, r.member.seed) for r in results):
        own = [r for r in results if (r.member.network, r.member.seed) == (network, seed)]
        order = np.argsort(np.concatenate([r.rows for r in own]), kind="stable")
        labels = np.concatenate([r.labels for r in own])[order]
        predicted = np.concatenate([r.scores for r in own])[order].argmax(1)
        clusters = intervals.cluster_index(np.concatenate([r.units for r in own])[order])
        outcomes.setdefault(network, []).append(predicted == labels)
    mean = {network: np.mean(right, axis=0)[:, None] for network, right in outcomes.items()}
    first, *others = mean
    compared: list[Difference] = []
    for other in others:
        gain, loss = (
            intervals.class_mean(part, labels)
            for part in intervals.gains_and_losses(mean[other], mean[first])
        )
        found = intervals.difference_interval(gain, loss, clusters, 0.95)
        compared.append(
            {
                "network": other,
                "less": first,
                "balanced_accuracy": float((gain.value - loss.value)[0]),
                "low": float(found.low[0]),
                "high": float(found.high[0]),
            }
        )
    return compared
