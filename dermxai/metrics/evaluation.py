"""Everything that the Performance page and ``evaluate`` say about a classifier on a dataset.

The decision is the class with the highest summed logit among all classes of the model. Measures
are over the images whose class the model knows. Images with another label are counted apart with
what they were predicted as; images without a label are counted only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dermxai import taxonomy
from dermxai.core.activation import SIGMOID, SOFTMAX
from dermxai.core.errors import InputError
from dermxai.metrics import intervals, ranking
from dermxai.metrics.confusion import confusion_matrix
from dermxai.metrics.notes import Note, Reason
from dermxai.metrics.probability import probabilities as probabilities_of
from dermxai.metrics.summary import summarise

Strings = NDArray[np.object_]
Floats = NDArray[np.float64]

_UNITS = ("patients", "lesions", "images")
_ROUNDED = 1e-5


@dataclass(frozen=True)
class Counts:
    images: int
    evaluated: int
    """Images whose label is one of the model's classes."""
    outside: int
    """Images whose label is none of the model's classes."""
    unlabelled: int
    units: int
    """Patients of the evaluated images, or lesions or images where these are not known."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    classes: tuple[str, ...]
    """The model's classes, the order of every k below."""
    common: tuple[str, ...]
    """Those that have at least one image here."""
    sample_ids: Strings
    """(n,)"""
    unit_of: Strings
    """(n,) the unit that each image belongs to, which the intervals take as independent:
    "patient P012", "lesion L3" where no patient is known, else "image x"."""
    true: Strings
    """(n,) label of each image, "" where there is none."""
    predicted: Strings
    """(n,) code each image was predicted as."""
    probabilities: Floats
    """(n, k) of the scores by the model's activation, unless others were given."""
    confusion: NDArray[np.int64]
    """(k, k) images by true (row) and predicted (column) class."""
    outside: pd.DataFrame
    """Images by label outside the model's classes (row) and predicted class (column)."""
    table: pd.DataFrame
    """One row a class: class, images, units and each measure with _low and _high."""
    overall: pd.DataFrame
    """One row a measure: measure, value, low, high."""
    roc: Mapping[str, ranking.RocCurve]
    """One-vs-rest measures of each class."""
    macro: ranking.RocCurve
    micro: ranking.RocCurve
    counts: Counts
    clusters: str
    """What the intervals take as independent units: "patients", "lesions" or "images"."""
    level: float
    on_images: tuple[Note, ...]
    """What is to be known of the images: which are left out, and whose they are."""
    on_measures: tuple[Note, ...]
    """Which measures of which classes are undefined, and why."""

    def select(self, true: str | None = None, predicted: str | None = None) -> list[str]:
        """Sample ids of a cell, a row or a column of the matrix, the worst first: those whose own
        class got the lowest probability; those of classes that the model does not know, whose
        prediction got the highest."""
        chosen = np.ones(self.sample_ids.size, dtype=bool)
        if true is not None:
            chosen &= self.true == true
        if predicted is not None:
            chosen &= self.predicted == predicted
        positions = np.flatnonzero(chosen)
        order = np.argsort(-self._doubt[positions], kind="stable")
        return [str(name) for name in self.sample_ids[positions[order]]]

    @cached_property
    def cross_table(self) -> pd.DataFrame:
        """Images by label (row) and predicted class (column): the classes in common first, in one
        order on both sides, then labels outside the model's classes and other classes predicted."""
        counts = pd.DataFrame(self.confusion, index=list(self.classes), columns=list(self.classes))
        common = taxonomy.ordered(self.common)
        counts = pd.concat([counts.loc[common], self.outside])
        others = set(self.classes).difference(common)
        return counts[[*common, *taxonomy.ordered(code for code in others if counts[code].any())]]

    def confused(self) -> list[tuple[str, str, int]]:
        """Label, predicted class and images of every cell off the diagonal that has any, the
        largest first."""
        table = self.cross_table
        cells = [
            (str(true), str(predicted), int(images))
            for true, row in zip(table.index, table.to_numpy(), strict=True)
            for predicted, images in zip(table.columns, row, strict=True)
            if true != predicted and images
        ]
        return sorted(cells, key=lambda cell: -cell[2])

    @cached_property
    def _doubt(self) -> Floats:
        column = pd.Index(self.classes).get_indexer(pd.Index(self.true))
        of_own = self.probabilities[np.arange(column.size), column]
        return np.where(column >= 0, 1 - of_own, self.probabilities.max(axis=1, initial=0))


def evaluate(
    true_labels: Sequence[object] | ArrayLike,
    classes: Sequence[str],
    scores: ArrayLike,
    sample_ids: Sequence[str] | ArrayLike,
    patient_ids: Sequence[object] | ArrayLike | None = None,
    *,
    lesion_ids: Sequence[object] | ArrayLike | None = None,
    activation: str = SOFTMAX,
    probabilities: ArrayLike | None = None,
    level: float = 0.95,
) -> Evaluation:
    """Evaluates scores against labels.

    Args:
        true_labels: (n,) class codes; None, NaN or "" where unknown.
        classes: the model's k classes.
        scores: (n, k) logits summed over the heads.
        sample_ids: (n,)
        patient_ids: (n,) patients, the units of the intervals. Where images of one lesion tell
            its patient only in part, `dermxai.data.splits.owners` fills the others in.
        lesion_ids: (n,) lesions, the units where no patient is known; an image of which neither
            is known is a unit by itself.
        activation: what makes probabilities of the scores, see `dermxai.core.activation`.
        probabilities: (n, k) by which images are ranked; by the activation if not given.
        level: of the intervals.

    Raises:
        InputError: lengths differ, scores are not finite, or the level or another number is not a
            probability.
    """
    if not 0 < level < 1:
        raise InputError(f"Level {level} came; intervals need one between 0 and 1.")
    classes = tuple(classes)
    values = np.asarray(scores, dtype=np.float64)
    ids, true = _texts(sample_ids), _texts(true_labels)
    patients, lesions = (
        np.full(ids.size, "", dtype=object) if given is None else _texts(given)
        for given in (patient_ids, lesion_ids)
    )
    if values.shape != (ids.size, len(classes)) or {true.size, patients.size, lesions.size} != {
        ids.size
    }:
        raise InputError(
            f"{true.size} labels, {patients.size} patients, {lesions.size} lesions and scores "
            f"{values.shape} came for {ids.size} images and {len(classes)} classes; one row for "
            "each image is needed."
        )
    if not np.isfinite(values).all():
        bad = ids[~np.isfinite(values).all(axis=1)]
        raise InputError(
            f"The scores of {bad.size} images ({bad[0]} first) are not finite numbers; "
            "infer again in float32, or check the checkpoint."
        )
    ranked = _ranked(values, activation, probabilities)
    prediction = values.argmax(axis=1) if values.size else np.empty(0, dtype=np.intp)
    predicted = np.array(classes, dtype=object)[prediction]
    known = np.isin(true, classes)
    outside = (true != "") & ~known
    column = pd.Index(classes).get_indexer(pd.Index(true))[known]
    prediction = prediction[known]
    kinds = np.where(patients != "", "patients", np.where(lesions != "", "lesions", "images"))
    units = np.select(
        [kinds == "patients", kinds == "lesions"],
        ["patient " + patients, "lesion " + lesions],
        "image " + ids,
    )

    membership = column[:, None] == np.arange(len(classes))
    curves = {
        code: ranking.roc_curve(membership[:, k], ranked[known, k])
        for k, code in enumerate(classes)
    }
    clusters = intervals.cluster_index(units[known])
    summary = summarise(
        true=column,
        predicted=prediction,
        scores=ranked[known],
        classes=classes,
        clusters=clusters,
        level=level,
    )
    return Evaluation(
        classes=classes,
        common=tuple(np.array(classes, dtype=object)[membership.any(axis=0)]),
        sample_ids=ids,
        unit_of=units,
        true=true,
        predicted=predicted,
        probabilities=ranked,
        confusion=confusion_matrix(column, prediction, len(classes)),
        outside=_outside(true[outside], predicted[outside], classes),
        table=summary.by_class.set_index("class").loc[taxonomy.ordered(classes)].reset_index(),
        overall=summary.overall,
        roc=curves,
        macro=ranking.macro_average(list(curves.values())),
        micro=ranking.micro_average(membership, ranked[known]),
        counts=Counts(
            images=ids.size,
            evaluated=int(known.sum()),
            outside=int(outside.sum()),
            unlabelled=int((true == "").sum()),
            units=np.unique(clusters).size,
        ),
        clusters=next((kind for kind in _UNITS if kind in kinds[known]), "images"),
        level=level,
        on_images=(*_left_out(true, outside), *_about_units(kinds[known])),
        on_measures=(*_on_probabilities(activation), *summary.notes),
    )


def _ranked(scores: Floats, activation: str, probabilities: ArrayLike | None) -> Floats:
    """(n, k) probabilities: those that are given, else by the activation.

    Raises:
        InputError: those that are given are none.
    """
    if probabilities is None:
        return probabilities_of(scores, activation)
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape != scores.shape:
        raise InputError(
            f"Probabilities {given.shape} came for scores {scores.shape}; expected one for each."
        )
    if not ((given >= 0) & (given <= 1 + _ROUNDED)).all():
        raise InputError("Probabilities came that are not between 0 and 1; check their file.")
    return given


def _outside(true: Strings, predicted: Strings, classes: Sequence[str]) -> pd.DataFrame:
    counts = pd.crosstab(pd.Series(true, dtype=object), pd.Series(predicted, dtype=object))
    table = counts.reindex(index=taxonomy.ordered(true), columns=list(classes), fill_value=0)
    return table.rename_axis(index="label", columns="predicted as")


def _left_out(true: Strings, outside: NDArray[np.bool_]) -> Iterator[Note]:
    unlabelled = int((true == "").sum())
    if unlabelled:
        yield Note(Reason.UNLABELLED, images=unlabelled)
    if outside.any():
        labels = tuple(taxonomy.ordered(true[outside]))
        yield Note(Reason.OUTSIDE, labels, images=int(outside.sum()))
    if not ((true != "") & ~outside).any():
        yield Note(Reason.NOTHING_KNOWN)


def _on_probabilities(activation: str) -> Iterator[Note]:
    if activation == SIGMOID:
        yield Note(Reason.EACH_BY_ITSELF)


def _about_units(kinds: NDArray[np.str_]) -> Iterator[Note]:
    known = int((kinds == "patients").sum())
    if known < kinds.size:
        used = tuple(kind for kind in _UNITS[1:] if kind in kinds)
        yield Note(Reason.OWNERS_UNKNOWN, used, images=kinds.size - known if known else 0)


def _texts(values: Sequence[object] | ArrayLike) -> Strings:
    """Strings, "" for what is missing."""
    objects = np.array(values, dtype=object)
    objects[pd.isna(objects)] = ""
    return np.array([str(value) for value in objects], dtype=object)
