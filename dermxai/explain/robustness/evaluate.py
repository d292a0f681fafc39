"""Robustness: what perturbations that should not matter do to a prediction.

Every perturbation of `perturbations` is predicted once. Two maps are compared by

- the rank correlation (Spearman's ρ over positions), and
- the relevance overlap: the share of the tenth of positions that speak most for the class in one
  map which are among those of the other, |top(a) ∩ top(b)| / |top(a)|,

both as in Ghorbani, Abid & Zou 2019 (arXiv:1710.10547), on the vote map of the two classes, laid
back on the original geometry. Perturbations are chosen, not sampled: the rates describe this list,
and have no interval.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from dermxai.core.errors import InputError
from dermxai.data.images import ImageLike, as_image
from dermxai.data.transforms import Preprocessing, resize
from dermxai.explain.attribution.api import find_target, predicted, prepared
from dermxai.explain.attribution.method import Progress
from dermxai.explain.predictions import Picture, Predictions
from dermxai.explain.robustness.perturbations import applicable

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TOP = 0.1  # share of positions that are compared
GRID = 32  # positions a side, at most, on which maps are compared


@dataclass(frozen=True, eq=False)
class Robustness:
    """What became of a prediction.

    Attributes:
        prediction: class code of the unchanged image.
        against: the other class of the margin.
        margin: logit of ``prediction`` less that of ``against``, unchanged.
        table: a row a perturbation: ``group``, ``name``, ``prediction``, ``flipped`` (another class
            is predicted), ``margin``, ``rank_correlation`` (−1 to 1) and ``overlap`` (0 to 1) with
            the unchanged map; NaN where a map is the same everywhere.
    """

    prediction: str
    against: str
    margin: float
    table: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def flip_rate(self) -> float:
        """Share of the perturbations that are predicted as another class."""
        return float(self.table["flipped"].mean())

    @property
    def spread(self) -> float:
        """Standard deviation of the margin over the perturbations, in logits."""
        return float(self.table["margin"].std(ddof=1))

    @property
    def groups(self) -> pd.DataFrame:
        """A row a group, in order: ``count``, ``flipped`` (how many), ``lowest`` and ``highest``
        margin, medians of ``rank_correlation`` and ``overlap``."""
        return self.table.groupby("group", sort=False).agg(
            count=("margin", "size"),
            flipped=("flipped", "sum"),
            lowest=("margin", "min"),
            highest=("margin", "max"),
            rank_correlation=("rank_correlation", "median"),
            overlap=("overlap", "median"),
        )

    @property
    def weakest(self) -> pd.Series:
        """The row of the perturbation with the smallest margin."""
        return self.table.iloc[int(self.table["margin"].to_numpy().argmin())]


def passes(preprocessing: Preprocessing) -> int:
    """Forward passes."""
    return 2 + len(applicable(preprocessing))


def perturbed(
    preprocessing: Preprocessing, image: NDArray[np.uint8], seed: int = 0
) -> Iterator[Picture]:
    """The image (size, size, 3) after every applicable perturbation, colours as the network gets
    them."""
    picture = resize(image, (preprocessing.size, preprocessing.size))
    for each in applicable(preprocessing):
        way = replace(preprocessing, colour_constancy=each.corrected(preprocessing))
        yield way.prepare(each.of(picture, seed))


def robustness(
    classifier: "Classifier",
    image: ImageLike,
    against: str | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """The predictions of an image under every perturbation.

    Args:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.
        against: class code of the margin; the second of the ranking if not given.
        seed: of what is drawn at random.
        progress: called with passes done and in all; may raise `Cancelled`.

    Raises:
        InputError: unknown class, the predicted one, a single class, an image that is too small,
            or a network that does not give finite numbers.
    """
    classes, preprocessing = classifier.info.classes, classifier.info.preprocessing
    image = as_image(image, profiles=preprocessing.colour_profiles)
    if len(classes) < 2:
        raise InputError(f"The model knows {classes[0]} only; there is nothing to change into.")
    start = prepared(classifier, image)
    prediction = predicted(classifier, start)
    predictions = Predictions(classifier, passes(preprocessing), progress)
    if against is None:
        (scores,) = predictions.scores([start[0].numpy()])
        against = next(classes[i] for i in np.argsort(-scores) if classes[i] != prediction)
    target = find_target(classifier, prediction, against)
    pictures = chain([preprocessing.prepare(image)], perturbed(preprocessing, image, seed))
    no_maps = classifier.capabilities.no_decomposition
    inputs = map(preprocessing.normalise, pictures)
    scores, maps = predictions.with_maps(inputs, None if no_maps else target)
    margins = target.among_classes(scores.T)
    changes = applicable(preprocessing)
    alike = [
        (math.nan, math.nan) if no_maps else similarity(maps[0], change.undo(maps[index]))
        for index, change in enumerate(changes, start=1)
    ]
    notes = predictions.notes
    if no_maps:
        notes = (*notes, f"Maps are not compared: there is no vote map, as {no_maps}")
    perturbed_as = np.asarray(classes, dtype=object)[scores[1:].argmax(axis=1)]
    table = pd.DataFrame(
        {
            "group": [each.group for each in changes],
            "name": [each.name for each in changes],
            "prediction": perturbed_as,
            "flipped": perturbed_as != prediction,
            "margin": margins[1:],
            "rank_correlation": [correlation for correlation, _ in alike],
            "overlap": [overlap for _, overlap in alike],
        }
    )
    return Robustness(prediction, against, float(margins[0]), table, notes)


def similarity(
    one: NDArray[np.floating], other: NDArray[np.floating], top: float = TOP
) -> tuple[float, float]:
    """Rank correlation and relevance overlap of two maps (h, w) of one geometry; NaN where either
    is the same everywhere. At most ``GRID`` positions a side are compared, averages of areas."""
    shape = (min(one.shape[0], GRID), min(one.shape[1], GRID))
    a, b = (resize(each.astype(np.float32), shape).ravel() for each in (one, other))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan"), float("nan")
    count = max(1, round(top * a.size))
    highest = [set(np.argsort(-each, kind="stable")[:count].tolist()) for each in (a, b)]
    return float(spearmanr(a, b).statistic), len(highest[0] & highest[1]) / count
