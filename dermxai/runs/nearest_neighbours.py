"""Nearest neighbours: the images of a class that lie nearest to an image in feature space.

The distance is Euclidean, in a feature space of the run (that of the Feature map), at first in what
the final head reads. That head is linear, so the distance bounds how far apart the logits of two
images can be: |w·f − w·g| ≤ ‖w‖·‖f − g‖.

Images of the same patient are left out: they say that the patient was recognised; so are those
whose patient is unknown, which may be the same. Where the image's own patient is unknown the lesion
takes its place, and where that is unknown, too, only the image itself is left out. Whose an image
is, `dermxai.data.splits` says.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data.splits import UNITS
from dermxai.runs import feature_spaces
from dermxai.runs.run import Run


class Neighbour(NamedTuple):
    sample_id: str
    distance: float


@dataclass(frozen=True)
class Neighbours:
    """The nearest images of a class, nearest first.

    Attributes:
        others: whose they are: other "patients", "lesions" or "images", as far as it is known.
        notes: why there are none or few.
    """

    code: str
    found: tuple[Neighbour, ...]
    others: str
    notes: tuple[str, ...] = ()


def nearest(
    run: Run,
    code: str,
    *,
    sample_id: str | None = None,
    features: NDArray[np.float32] | None = None,
    space: str | None = None,
    count: int = 6,
    typical: bool = False,
) -> Neighbours:
    """Images of class ``code`` of other patients, nearest first.

    Images without a label count as the class that they were predicted as.

    Args:
        sample_id: the image whose neighbours are wanted; None for one that is not in the run.
        features: (channels of the final head,) of that one, as a diagnosis has them.
        space: the feature space, see `dermxai.runs.feature_spaces`; the run's first if not given.
        count: how many at most.
        typical: only those that are predicted as ``code``, too, where there are any.

    Raises:
        InputError: the sample, the class or the space is unknown, or neither a sample nor features
            in the space are given.
    """
    if code not in run.classes:
        raise InputError(f"The model has no class {code!r}; choose from {', '.join(run.classes)}.")
    position = None if sample_id is None else int(run.index([sample_id])[0])
    name = feature_spaces.chosen(run, space)
    known = feature_spaces.features(run, name)
    own_features = features if position is None else known[position]
    if own_features is None:
        raise InputError("Give a sample of the run, or the features of another image.")
    if own_features.shape != known.shape[1:]:
        raise InputError(
            f"{own_features.size} features came, where the space {name} has {known.shape[1]}; "
            "choose an image of the dataset, or the features of the network."
        )
    own, unsure, others = _own(run, position)
    labels = run.samples["label"]
    unlabelled = labels.isna().to_numpy(dtype=bool)
    members = np.where(unlabelled, run.predicted, labels.fillna("").to_numpy(dtype=str)) == code
    notes: tuple[str, ...] = ()
    rows = np.flatnonzero(members & ~own & ~unsure)
    left_out = int((members & unsure & ~own).sum())
    unknown = f"Left out: {left_out} of {code}, of which it is not known whose they are."
    if typical and len(rows):
        read = rows[run.predicted[rows] == code]
        rows, notes = (
            (read, ()) if len(read) else (rows, (f"None of {code} is predicted as such.",))
        )
    if not len(rows):
        there = f" of other {others}" if members.any() else ""
        why = (f"The dataset has no image of {code}{there}.", *([unknown] if left_out else []))
        return Neighbours(code, (), others, why)
    if left_out:
        notes = (*notes, unknown)
    if unlabelled[rows].any():
        notes = (*notes, "Images without a label count as what they are predicted as.")
    away = np.linalg.norm(known[rows] - own_features, axis=1)
    order = np.argsort(away, kind="stable")[:count]
    ids = run.samples["sample_id"].to_numpy(dtype=object)[rows[order]]
    found = tuple(
        Neighbour(str(name), float(distance))
        for name, distance in zip(ids, away[order], strict=True)
    )
    return Neighbours(code, found, others, notes)


def _own(run: Run, position: int | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_], str]:
    """Which rows (n,) belong to the patient of a row, which may, and by what the others were told
    apart."""
    if position is None:
        nobody = np.zeros(len(run), dtype=bool)
        return nobody, nobody, "images"
    known = run.owners
    column = next(name for name in known if pd.notna(known[name].iloc[position]))
    together = run.groups
    own = (together == together.iloc[position]).to_numpy(dtype=bool)
    return own, known[column].isna().to_numpy(dtype=bool), UNITS[column]
