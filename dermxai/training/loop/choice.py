"""Which epoch a training keeps, and what there is to say against it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from dermxai.metrics import balanced_accuracy, confusion_matrix, macro_auc
from dermxai.metrics.confusion import mean_defined
from dermxai.training.recipe import KEPT_BY, LOSS

Floats = NDArray[np.float64]
Units = NDArray[np.object_] | NDArray[np.int64]
EVALUATED = ("macro_auc", "balanced_accuracy")
"""What a kept epoch is doubted by."""
CHANCE, ERROR = "_chance", "_se"
"""What follows a measure's name in history.csv: the value that only one shuffle in twenty reaches,
and the standard error."""
SHUFFLES = 200
GROUPS = 20
LEVEL = 0.95
Z = 1.96  # standard errors of a difference that is more than chance
ASSUMED = 0.05  # standard error of a measure in histories that do not hold it
NOISY = 0.05
"""A larger standard error of the measure that chose casts doubt on the choice; fifty validation
patients had about this one where docs/training.md looks at it."""
_AT_ONCE = 2_000_000  # scores that are ranked at a time


def kept(epochs: Sequence[Mapping[str, object]], by: str) -> int:
    """Position of the epoch to keep: the highest of the measure, or the lowest loss; among equals,
    and where the measure is undefined, that of the lowest loss; then the first.

    Args:
        epochs: of each the measures, and ``validation_loss``.
        by: a key of `KEPT_BY`.
    """
    loss = np.array([epoch["validation_loss"] for epoch in epochs], dtype=np.float64)
    if by == LOSS:
        return int(loss.argmin())
    value = np.array([epoch[by] for epoch in epochs], dtype=np.float64)
    return int(np.lexsort((loss, -np.nan_to_num(value, nan=-np.inf)))[0])


def epochs_of(history: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of history.csv."""
    return [{str(name): value for name, value in row.items()} for row in history.to_dict("records")]


def by_chance(
    scores: Floats, labels: NDArray[np.int64], units: Units, seed: int = 0
) -> dict[str, float]:
    """The value of each measure that only one shuffle in twenty exceeds.

    Each patient's labels meet the scores of another patient, repeated or cut to their number, so
    that images of one patient resemble each other as they do.

    Args:
        scores: (n, class) logits summed over the heads.
        labels: (n,) class indices.
        units: (n,) the patient of each image, or whatever is independent.
    """
    rng = np.random.default_rng(seed)
    own = [np.flatnonzero(units == unit) for unit in pd.unique(units)]
    donors = np.empty((SHUFFLES, len(labels)), dtype=np.int64)
    for donor in donors:
        for rows, other in zip(own, rng.permutation(len(own)), strict=True):
            donor[rows] = np.resize(rng.permutation(own[other]), len(rows))
    step = max(1, _AT_ONCE // scores.size)
    parts = [
        _of_shuffles(scores, labels, donors[start : start + step])
        for start in range(0, SHUFFLES, step)
    ]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in EVALUATED}
    return {
        name: float(np.quantile(values, LEVEL)) if np.isfinite(values).all() else float("nan")
        for name, values in drawn.items()
    }


def _of_shuffles(
    scores: Floats, labels: NDArray[np.int64], donors: NDArray[np.int64]
) -> dict[str, Floats]:
    """Measures (r,) of each row of ``donors`` (r, n), which says whose scores an image gets."""
    from scipy.stats import rankdata  # half a second, which the first page need not wait

    classes = scores.shape[1]
    member = np.eye(classes)[labels]  # (n, class)
    there = member.sum(0)
    absent = len(labels) - there
    ranks = rankdata(softmax(scores, axis=1)[donors], axis=1)  # (r, n, class)
    above = np.einsum("rnk,nk->rk", ranks, member) - there * (there + 1) / 2
    right = scores.argmax(1)[donors] == labels  # (r, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        areas, found = above / (there * absent), right @ member / there
    return {"macro_auc": mean_defined(areas), "balanced_accuracy": mean_defined(found)}


def standard_errors(
    scores: Floats, labels: NDArray[np.int64], units: Units, seed: int = 0
) -> dict[str, float]:
    """Of each measure, by the jackknife that leaves out one of at most `GROUPS` groups of patients
    at a time (Kott 2001, Journal of Official Statistics 17); NaN of a single patient. As
    `by_chance`."""
    codes, names = pd.factorize(units)
    groups = min(GROUPS, len(names))
    order = np.random.default_rng(seed).permutation(len(names)) % groups
    without: dict[str, list[float]] = {name: [] for name in EVALUATED}
    for group in range(groups):
        rest = order[codes] != group
        matrix = confusion_matrix(labels[rest], scores[rest].argmax(1), scores.shape[1])
        without["macro_auc"].append(macro_auc(labels[rest], softmax(scores[rest], axis=1)))
        without["balanced_accuracy"].append(float(balanced_accuracy(matrix)))
    if groups < 2:
        return dict.fromkeys(EVALUATED, float("nan"))
    return {name: float(np.sqrt((groups - 1) * np.var(values))) for name, values in without.items()}


def doubts(history: pd.DataFrame) -> Iterator[str]:
    """Sentences on why the kept epoch may not be worth keeping: it is near chance, or far below
    another one. Nothing where there is no epoch.

    Args:
        history: as history.csv has it; of trainings that were kept by the loss before the measure
            was a setting, too.
    """
    if history.empty:
        return
    by, position = kept_by(history), kept_at(history)
    epoch = history.iloc[position]
    number = f"{epoch['epoch']:.0f}"
    for name in EVALUATED:
        bound = _chance(history, name)[position]
        if epoch[name] <= bound:
            yield (
                f"The kept epoch, {number}, is near chance: its {KEPT_BY[name]} is "
                f"{epoch[name]:.3f}, and one shuffle of the labels in twenty reaches {bound:.3f}."
            )
    if by in EVALUATED and (alike := _alike(history, by, position)):
        error = _errors(history, by)[position]
        yield (
            f"The kept epoch, {number}, was chosen on few validation images: they tell the "
            f"{KEPT_BY[by]} to ± {error:.3f} (standard error), and {alike} of the "
            f"{len(history) - 1} other epochs lie within that. The last one's weights are in last."
        )
    for name in EVALUATED:
        values, errors = history[name].to_numpy(np.float64), _errors(history, name)
        apart = values - values[position]
        far = apart > Z * np.hypot(errors, errors[position])
        if far.any():
            other = int(np.where(far, values, -np.inf).argmax())
            yield (
                f"The kept epoch, {number}, chosen by {KEPT_BY[by]}, is far below epoch "
                f"{history['epoch'].iloc[other]:.0f} in {KEPT_BY[name]}: {values[position]:.3f} "
                f"against {values[other]:.3f}. Set keep_by to {name} to keep that one."
            )


def _alike(history: pd.DataFrame, by: str, position: int) -> int:
    """How many other epochs lie within a standard error of the kept one, where that is so large
    that the choice is little more than noise."""
    values, errors = history[by].to_numpy(np.float64), _errors(history, by)
    if not errors[position] > NOISY:
        return 0
    return int((values >= values[position] - errors[position]).sum()) - 1


def kept_by(history: pd.DataFrame) -> str:
    """The measure that chose; the loss before there was a choice."""
    if "kept_by" not in history or history.empty:
        return LOSS
    named = str(history["kept_by"].iloc[-1])
    return named if named in KEPT_BY else LOSS


def kept_at(history: pd.DataFrame) -> int:
    """Position of the row of the epoch that was kept."""
    if "kept" in history and history["kept"].eq(1).any():
        return int(history["kept"].eq(1).to_numpy().argmax())
    return kept(epochs_of(history), kept_by(history))


def _chance(history: pd.DataFrame, name: str) -> Floats:
    """(epoch,) of a measure by chance, assumed where the history does not hold it."""
    if name + CHANCE in history:
        return history[name + CHANCE].to_numpy(np.float64)
    classes = max(2, sum(str(column).startswith("sensitivity:") for column in history))
    middle = 0.5 if name == "macro_auc" else 1 / classes
    return np.full(len(history), middle + 1.645 * ASSUMED)


def _errors(history: pd.DataFrame, name: str) -> Floats:
    """(epoch,) standard errors of a measure, assumed where the history does not hold them."""
    if name + ERROR in history:
        return history[name + ERROR].to_numpy(np.float64)
    return np.full(len(history), ASSUMED)
