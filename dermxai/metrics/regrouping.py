"""Predictions of merged classes, and of lesions or patients by all of their images.

A merged class has the sum of its classes' probabilities and is predicted where one of them is:
decisions stay as they are. Several images of a lesion or patient are combined by the mean of their
logits; by majority, each image a vote for its prediction, all images' mean probability one vote
more, which decides ties; or by the maximum of each class's probability, divided by their sum where
a softmax made them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.activation import SOFTMAX
from dermxai.core.errors import InputError
from dermxai.metrics.probability import probabilities as probabilities_of

Strings = NDArray[np.object_]
Floats = NDArray[np.float64]


class Per(StrEnum):
    """What is measured."""

    IMAGE = "image"
    LESION = "lesion"
    PATIENT = "patient"


class Combine(StrEnum):
    """How several images are one prediction."""

    MEAN = "mean"
    MAJORITY = "majority"
    MAXIMUM = "maximum"


@dataclass(frozen=True)
class Regrouping:
    """
    Attributes:
        merges: classes that are taken as one.
        per: what is measured.
        combine: its images; of no account for single images.

    Raises:
        InputError: a merge has fewer than two classes, or a class is in several.
    """

    merges: tuple[tuple[str, ...], ...] = ()
    per: Per = Per.IMAGE
    combine: Combine = Combine.MEAN

    def __post_init__(self) -> None:
        merged = [code for each in self.merges for code in each]
        for each in self.merges:
            if len(set(each)) < 2:
                raise InputError(
                    f"The classes {'+'.join(each) or 'none'} came to be merged; two different ones "
                    "or more are needed."
                )
        if twice := sorted({code for code in merged if merged.count(code) > 1}):
            raise InputError(f"{', '.join(twice)} came in several merges; one takes each class.")


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of n images, or of whatever images were combined to.

    Attributes:
        classes: k codes.
        labels: (n,) codes, "" where unknown.
        scores: (n, k); the highest is the prediction.
        probabilities: (n, k)
        ids: (n,)
        patients, lesions: (n,) ids, "" where unknown.
        torn: lesions or patients whose images have several labels; their own is "".
    """

    classes: tuple[str, ...]
    labels: Strings
    scores: Floats
    probabilities: Floats
    ids: Strings
    patients: Strings
    lesions: Strings
    torn: int = 0


def merged_name(codes: Sequence[str]) -> str:
    """Code of a merged class."""
    return "∪".join(codes)


def merged_labels(labels: Strings, merges: Sequence[Sequence[str]]) -> Strings:
    """(n,) labels with the codes of merged classes."""
    names = {code: merged_name(each) for each in merges for code in each}
    return np.array([names.get(label, label) for label in labels], dtype=object)


def merged(given: Predictions, merges: Sequence[Sequence[str]]) -> Predictions:
    """With classes taken as one; a merged class stands where its first one stood.

    Raises:
        InputError: the model lacks a class.
    """
    for code in (code for each in merges for code in each):
        if code not in given.classes:
            raise InputError(
                f"The model has no class {code!r}; merge some of {', '.join(given.classes)}."
            )
    names = {code: merged_name(each) for each in merges for code in each}
    of = [names.get(code, code) for code in given.classes]
    classes = tuple(dict.fromkeys(of))
    members = [np.flatnonzero([name == code for name in of]) for code in classes]
    summed = [given.probabilities[:, at].sum(axis=1) for at in members]
    return replace(
        given,
        classes=classes,
        labels=merged_labels(given.labels, merges),
        scores=np.stack([given.scores[:, at].max(axis=1) for at in members], axis=1),
        probabilities=np.minimum(np.stack(summed, axis=1), 1),
    )


def unit_names(ids: Strings, patients: Strings, lesions: Strings, per: Per) -> Strings:
    """(n,) of what each image is one of, lesion or patient; of what is not known the image's."""
    unknown = lesions if per == Per.LESION else patients
    keys = patients + "\n" + lesions if per == Per.LESION else patients
    return np.asarray(np.where(unknown != "", f"{per} " + keys, "image " + ids), dtype=object)


def combined(
    given: Predictions, per: Per, combine: Combine, activation: str = SOFTMAX
) -> Predictions:
    """One prediction a lesion or patient; an image of which it is not known is one by itself."""
    if per == Per.IMAGE:
        return given
    index, names = pd.factorize(unit_names(given.ids, given.patients, given.lesions, per))
    first = np.unique(index, return_index=True)[1]
    images = np.bincount(index, minlength=len(names))[:, None]

    def mean(values: Floats) -> Floats:
        total = np.zeros((len(names), values.shape[1]))
        np.add.at(total, index, values)
        return total / images

    if combine == Combine.MEAN:
        scores = mean(given.scores)
        probabilities = np.asarray(probabilities_of(scores, activation), dtype=np.float64)
    elif combine == Combine.MAJORITY:
        votes = np.eye(len(given.classes))[given.scores.argmax(axis=1)]
        scores = (mean(votes) * images + mean(given.probabilities)) / (images + 1)
        probabilities = scores
    else:
        scores = np.zeros((len(names), len(given.classes)))
        np.maximum.at(scores, index, given.probabilities)
        total = scores.sum(axis=1, keepdims=True) if activation == SOFTMAX else 1.0
        scores = scores / total
        probabilities = scores
    table = pd.DataFrame({"label": given.labels, "index": index})
    labels = table[table["label"] != ""].groupby("index")["label"].agg(["first", "nunique"])
    labels = labels.reindex(range(len(names)))
    torn = (labels["nunique"] > 1).to_numpy()
    return Predictions(
        classes=given.classes,
        labels=labels["first"].where(~torn).fillna("").to_numpy(dtype=object),
        scores=scores,
        probabilities=probabilities,
        ids=np.array([str(name).replace("\n", " ").strip() for name in names], dtype=object),
        patients=given.patients[first],
        lesions=given.lesions[first],
        torn=int(torn.sum()),
    )
