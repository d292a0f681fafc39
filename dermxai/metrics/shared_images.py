"""The images and classes that several classifiers share, and their average."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.metrics.notes import Note, Reason

Strings = NDArray[np.object_]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Joined:
    """
    Attributes:
        classes: that all evaluations have.
        rows: (m, n) of the images that count in each evaluation.
        notes: what is left out.
    """

    classes: tuple[str, ...]
    rows: NDArray[np.intp]
    notes: tuple[Note, ...]


def joined(evaluations: Sequence[Evaluation], other: Collection[str] = ()) -> Joined:
    """The images and classes that evaluations share, in the order of the first.

    Args:
        evaluations: of any images.
        other: ids that stand for several images.

    Raises:
        InputError: fewer than two classes in all of them, or no labelled image.
    """
    first, *others = evaluations
    classes = tuple(code for code in first.classes if all(code in each.classes for each in others))
    if len(classes) < 2:
        raise InputError(
            f"The models share {classes[0] if classes else 'no class'}; a comparison takes two "
            f"classes that all of them know. The first knows {', '.join(first.classes)}."
        )
    index = [pd.Index(each.sample_ids) for each in evaluations]
    if not all(each.is_unique for each in index):
        raise InputError("An image came twice in an evaluation; images are joined by their ids.")
    places = np.stack([each.get_indexer(index[0]) for each in index])
    rows = places[:, (places >= 0).all(axis=0)]
    unlike: Bools = np.isin(evaluations[0].sample_ids[rows[0]], list(other))
    rows, renamed = rows[:, ~unlike], int(unlike.sum())
    if not rows.size:
        raise InputError(
            "The runs have no image in common, so there is nothing to compare; choose runs over "
            "one dataset."
        )
    labels = np.stack([each.true[of] for each, of in zip(evaluations, rows, strict=True)])
    alike: Bools = (labels == labels[0]).all(axis=0)
    known: Bools = alike & np.isin(labels[0], classes)
    lacking = len(set().union(*index)) - labels.shape[1] - renamed
    notes = tuple(
        note
        for note in (
            Note(Reason.NOT_SHARED, images=lacking),
            Note(Reason.FILES_DIFFER, images=renamed),
            *_left_out(labels[0], alike, known, evaluations),
        )
        if note.images
    )
    if not known.any():
        raise InputError(
            "No image that the runs share has a label that all models know, so nothing can be "
            "compared."
        )
    return Joined(classes, rows[:, known], notes)


def _left_out(
    labels: Strings, alike: Bools, known: Bools, evaluations: Sequence[Evaluation]
) -> Iterator[Note]:
    """By labels (n,) of the first evaluation, whether they are those of all and known to all."""
    yield Note(Reason.LABELS_DIFFER, images=int((~alike).sum()))
    yield Note(Reason.UNLABELLED, images=int((alike & (labels == "")).sum()))
    outside = alike & ~known & (labels != "")
    names = tuple(taxonomy.ordered(labels[outside]))
    yield Note(Reason.OUTSIDE_SHARED, names, images=int(outside.sum()))
    known_to = Counter(code for each in evaluations for code in each.classes)
    apart = [code for code, models in known_to.items() if models < len(evaluations)]
    if apart:
        yield Note(Reason.CLASSES_NOT_SHARED, tuple(taxonomy.ordered(apart)), images=labels.size)


def averaged(evaluations: Sequence[Evaluation], other: Collection[str] = ()) -> Evaluation:
    """Several classifiers as one: the mean of their probabilities, of the images and classes that
    they share. Of two images of a lesion it is a model of two images.

    Raises:
        InputError: as `joined`.
    """
    shared = joined(evaluations, other)
    first, rows = evaluations[0], shared.rows[0]
    probabilities = np.mean(
        [
            each.probabilities[of][:, pd.Index(each.classes).get_indexer(pd.Index(shared.classes))]
            for each, of in zip(evaluations, shared.rows, strict=True)
        ],
        axis=0,
    )
    found = evaluate(
        first.true[rows],
        shared.classes,
        probabilities,
        first.sample_ids[rows],
        first.unit_of[rows],
        probabilities=probabilities,
        level=first.level,
    )
    return replace(found, unit_of=first.unit_of[rows], clusters=first.clusters)
