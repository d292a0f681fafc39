"""The images of a run that a remedy may be fitted on: those of its training and validation split
whose patients are not measured. Of the test images nothing is read here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data.splits import split_by_patient
from dermxai.remedies.near_copies import near_copies
from dermxai.remedies.outputs import Change, Floats, Outputs, Stored, Strings
from dermxai.runs import Run

TRAINING, VALIDATION, TEST = "train", "validation", "test"
SHARES = {TRAINING: 0.5, VALIDATION: 0.2, TEST: 0.3}
"""Of images, where a run tells no split."""


@dataclass(frozen=True, eq=False)
class Images:
    """m images that are learnt from, or chosen on.

    Attributes:
        outputs: what is predicted of them.
        labels: (m,) codes, "" where unknown.
        patients: (m,) what stays together, see `dermxai.data.splits.groups`.
        columns: (m rows) what the sample table says of them.
        weight: (m,) how much each counts.
    """

    outputs: Outputs
    labels: Strings
    patients: Strings
    columns: pd.DataFrame
    weight: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Images":
        """Some of them."""
        return Images(
            self.outputs.at(rows),
            self.labels[rows],
            self.patients[rows],
            self.columns.iloc[np.flatnonzero(rows) if rows.dtype == bool else rows],
            self.weight[rows],
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """(m,) whether the label is one of the classes."""
        return np.asarray(pd.Index(self.labels).isin(self.outputs.classes), dtype=bool)

    @property
    def labelled(self) -> "Images":
        """Those of which a class is known, and which count."""
        return self.at(self.known & (self.weight > 0))

    @property
    def true(self) -> NDArray[np.intp]:
        """(m,) index of each image's class, −1 where it is none."""
        return pd.Index(self.outputs.classes).get_indexer(pd.Index(self.labels))

    @property
    def per_class(self) -> NDArray[np.int64]:
        """(k,) images."""
        return np.bincount(self.true[self.known], minlength=len(self.outputs.classes))

    def balanced(self) -> Floats:
        """(m,) weights with which each class that has images counts alike."""
        true, weight = self.true, self.weight
        total = np.bincount(true, weights=weight, minlength=len(self.outputs.classes))
        return np.asarray(weight / total[true], np.float64)

    def changed(self, change: Change) -> "Images":
        """The same images, predicted otherwise."""
        outputs = change.applied(self.outputs)
        return replace(self, outputs=outputs, labels=change.labelled(self.labels))

    def followed_by(self, other: "Images") -> "Images":
        """And others, which the same network has seen."""
        mine, theirs = self.outputs, other.outputs
        return Images(
            replace(
                mine,
                sample_ids=np.concatenate([mine.sample_ids, theirs.sample_ids]),
                parts=np.concatenate([mine.parts, theirs.parts]),
                pooled=mine.pooled.followed_by(theirs.pooled),
                given=None if mine.given is None else np.concatenate([mine.given, theirs.given]),
            ),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.patients, other.patients]),
            pd.concat([self.columns, other.columns], ignore_index=True),
            np.concatenate([self.weight, other.weight]),
        )


@dataclass(frozen=True)
class Held:
    """How many images are left out, each for the first reason that it has.

    Attributes:
        patients: whose patient has an image on the other side.
        files: whose very file is on the other side, under another name or patient.
        pictures: that show the same picture as one on the other side (near-duplicates).
    """

    patients: int = 0
    files: int = 0
    pictures: int = 0

    @property
    def total(self) -> int:
        return self.patients + self.files + self.pictures

    def told(self, side: str) -> str:
        """The reasons with their numbers.

        Args:
            side: the other one, "test" or "training".
        """
        reasons = {
            f"of patients who have {side} images": self.patients,
            f"whose very file is a {side} image": self.files,
            f"that show the same picture as a {side} image": self.pictures,
        }
        return ", ".join(f"{number:,} {why}" for why, number in reasons.items() if number)


@dataclass(frozen=True, eq=False)
class Division:
    """Rows of a run by what they serve for.

    Attributes:
        training, validation, test: (…,) rows of the run.
        shared: training and validation images that are left out for the sake of test images.
        torn: validation images that are left out for the sake of training images.
        assumed: whether the run tells no split, and patients were divided by chance.
    """

    training: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]
    shared: Held = Held()
    torn: Held = Held()
    assumed: bool = False

    @property
    def notes(self) -> Iterator[str]:
        """What is left out, and where the splits are from."""
        if self.assumed:
            yield (
                "The run tells no split: its images were divided by chance, those of a patient or "
                "lesion together, always alike, into "
                f"{count(self.training.size, 'training image')}, {self.validation.size:,} of "
                f"validation and {self.test.size:,} of test. A column split of the dataset takes "
                "its place."
            )
        if self.shared.total:
            yield (
                f"{count(self.shared.total, 'image')} of training and validation left out: "
                f"{self.shared.told(TEST)}."
            )
        if self.torn.total:
            yield (
                f"{count(self.torn.total, 'validation image')} left out: "
                f"{self.torn.told('training')}."
            )


def divided(run: Run) -> Division:
    """By the splits that the run tells; where it tells none, patients are divided by chance.

    Raises:
        InputError: it tells none, and has too few patients.
    """
    split = run.split
    assumed = split is None
    if split is None:
        try:
            split = split_by_patient(run.samples, SHARES)
        except InputError as error:
            raise InputError(
                f"Run {run.id} tells no split, and has too few patients to be divided; add a "
                "column split (train, validation, test) to the dataset."
            ) from error
    told = split.fillna("").astype(str).to_numpy(dtype=object)
    patients = run.groups.to_numpy(dtype=object)
    test = told == TEST
    training, validation = told == TRAINING, told == VALIDATION
    developed, shared = _apart(run, patients, training | validation, test)
    training, validation = training & developed, validation & developed
    validation, torn = _apart(run, patients, validation, training)
    return Division(
        np.flatnonzero(training),
        np.flatnonzero(validation),
        np.flatnonzero(test),
        shared=shared,
        torn=torn,
        assumed=assumed,
    )


def _apart(
    run: Run, patients: Strings, these: NDArray[np.bool_], others: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Held]:
    """Which of these (n,) have nothing in common with others (n,), and how many are left out."""
    left = these & ~_among(patients, patients[others])
    by_patient = int(these.sum() - left.sum())
    by_file = 0
    if run.fingerprints is not None:
        copies = left & np.isin(run.fingerprints, run.fingerprints[others])
        left, by_file = left & ~copies, int(copies.sum())
    rows = np.flatnonzero(left)
    near = near_copies(run, rows, np.flatnonzero(others))
    if near is None:
        return left, Held(by_patient, by_file)
    left[rows[near]] = False
    return left, Held(by_patient, by_file, int(near.sum()))


def _among(values: Strings, known: Strings) -> NDArray[np.bool_]:
    """(n,) whether each value is one of those known."""
    return np.asarray(pd.Index(values).isin(known), dtype=bool)


def outputs_of(run: Run, rows: NDArray[np.intp]) -> Outputs:
    """What a run's network said of some of its images."""
    ids = run.samples["sample_id"].iloc[rows].astype(str).to_numpy(dtype=object)
    imported = run.imported_probabilities
    return Outputs(
        ids,
        run.classes,
        np.asarray(run.logits[rows], np.float64),
        Stored((np.asarray(run.pooled),), np.zeros(len(rows), np.intp), rows),
        run.head_channels,
        run.activation,
        None if imported is None else np.asarray(imported[rows], np.float64),
    )


def images_of(run: Run, rows: NDArray[np.intp]) -> Images:
    """Some of a run's images, to fit on.

    Raises:
        InputError: a logit of theirs is no finite number.
    """
    outputs = outputs_of(run, rows)
    broken = ~np.isfinite(outputs.parts).all(axis=(1, 2))
    if broken.any():
        raise InputError(
            f"The logits of {count(int(broken.sum()), 'image')} ({outputs.sample_ids[broken][0]} "
            "first) are no finite numbers; infer again in float32, or check the checkpoint."
        )
    samples = run.samples.iloc[rows].reset_index(drop=True)
    return Images(
        outputs,
        samples["label"].fillna("").astype(str).to_numpy(dtype=object),
        run.groups.iloc[rows].to_numpy(dtype=object),
        samples,
        np.ones(len(rows)),
    )
