"""Splits and folds of a dataset in which no patient stands on two sides."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError

UNITS: Mapping[str, str] = {"patient_id": "patients", "lesion_id": "lesions", "sample_id": "images"}
"""Columns that tell what an image belongs to, the widest first, and what they count."""
_FINEST = 20


def groups(samples: pd.DataFrame) -> pd.Series:
    """What must stay together: the patient, where unknown the lesion, else the image alone."""
    together = pd.Series(pd.NA, index=samples.index, dtype="object")
    for column, ids in owners(samples).items():
        named = column + ":" + ids.astype("str")
        together = together.where(together.notna(), named.where(ids.notna()))
    return together.astype("str")


def owners(samples: pd.DataFrame) -> dict[str, pd.Series]:
    """Ids by column of `UNITS`, as far as the table has them: whose each image is.

    A lesion whose patient another image tells is that patient's; not where several patients have a
    lesion of its id, as where lesions are numbered for each patient anew.
    """
    known = {column: samples[column] for column in UNITS if column in samples}
    if "patient_id" in known and "lesion_id" in known:
        known["patient_id"] = _told(known["patient_id"], known["lesion_id"])
    return known


def units(samples: pd.DataFrame) -> str:
    """What `groups` are called: "patients", where none is known "lesions", else "images"."""
    known = owners(samples)
    return next((UNITS[column] for column in known if known[column].notna().any()), "images")


def _told(patients: pd.Series, lesions: pd.Series) -> pd.Series:
    """Ids of the patients, those included that the lesion tells."""
    of_lesion = patients.groupby(lesions).agg(["first", "nunique"])
    return patients.fillna(lesions.map(of_lesion["first"].where(of_lesion["nunique"] == 1)))


def folds(samples: pd.DataFrame, count: int, seed: int = 0) -> NDArray[np.int64]:
    """A fold number (n,) for each row, 0 to count - 1: patients whole, classes spread evenly.

    Unlabelled images count as a class of their own.

    Raises:
        InputError: fewer than ``count`` patients, or ``count`` below 2.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    together = groups(samples)
    if not 2 <= count <= together.nunique():
        raise InputError(
            f"{together.nunique()} patients cannot be divided into {count} folds; "
            "expected at least 2 folds and a patient in each."
        )
    labels = samples["label"].astype("str").fillna("")
    numbers = np.empty(len(samples), dtype=np.int64)
    if labels.value_counts().max() < count:  # no class could reach every fold
        labels = pd.Series("", index=samples.index)
    with warnings.catch_warnings():  # a class rarer than the folds is spread as far as it goes
        warnings.filterwarnings("ignore", message="The least populated class", module="sklearn")
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        for number, (_, chosen) in enumerate(splitter.split(labels, labels, together)):
            numbers[chosen] = number
    return numbers


def split_by_patient(
    samples: pd.DataFrame, fractions: Mapping[str, float], seed: int = 0
) -> pd.Series:
    """The name of a split for each row, patients whole, classes spread evenly.

    Args:
        samples: the sample table.
        fractions: name of each split → its share of the images, met to about 5 %.
        seed: the same seed and table give the same splits.

    Raises:
        InputError: shares that are not positive, or fewer patients than splits.
    """
    shares = np.array(list(fractions.values()))
    if not len(shares) or (shares <= 0).any():
        raise InputError(f"Splits need shares above 0; came {dict(fractions)}.")
    count = min(_FINEST, groups(samples).nunique())
    if count < len(shares):
        raise InputError(f"{count} patients cannot be divided into {len(shares)} splits.")
    if len(shares) == 1:
        return pd.Series(next(iter(fractions)), index=samples.index, name="split")
    ends = np.rint(np.cumsum(shares) / shares.sum() * count).astype(int)
    for index in range(len(ends)):  # a fold at least for each split
        ends[index] = np.clip(ends[index], index + 1, count - (len(ends) - 1 - index))
    names = np.array(list(fractions))[np.searchsorted(ends, np.arange(count), side="right")]
    return pd.Series(names[folds(samples, count, seed)], index=samples.index, name="split")
