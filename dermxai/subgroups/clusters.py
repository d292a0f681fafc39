"""Clusters of a run's feature space: k-means (Lloyd 1982, doi:10.1109/TIT.1982.1056489) of the
standardised features on their first principal axes; computed once, and kept with the run."""

import hashlib
import json
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermxai.core import disk, entries
from dermxai.core.errors import InputError
from dermxai.metrics import probes
from dermxai.runs import Run, feature_spaces
from dermxai.runs.files import RunFiles

COUNT, FEWEST, MOST = 8, 2, 30
"""How many clusters there are at first, at least and at most."""
_AXES, _STARTS, _SEED, _VERSION = 50, 4, 0, 1
_SHAPE = {"images": str, "cluster": [int]}


def feature_clusters(run: Run, count: int = COUNT, space: str | None = None) -> NDArray[np.intp]:
    """(n,) cluster of each image, 0 the largest.

    Args:
        run: of n images.
        count: of clusters; fewer where fewer images differ.
        space: of `feature_spaces.names`; None for the first.

    Raises:
        InputError: no such space, its file is damaged, or the count is out of range.
    """
    if not FEWEST <= count <= MOST:
        raise InputError(f"{count} clusters came; expected {FEWEST} to {MOST}.")
    name = feature_spaces.chosen(run, space)
    file = _file(run, name, count)
    with suppress(entries.UnusableError, OSError, ValueError):
        told = entries.read_json(file, _SHAPE)
        kept = np.array(told["cluster"], dtype=np.intp)
        if told["images"] == run.images and kept.size == len(run) and _numbered(kept, count):
            return kept
    found = _clustered(feature_spaces.features(run, name), count)
    with suppress(OSError):  # where it cannot be kept, it is not
        file.parent.mkdir(exist_ok=True)
        with disk.replacing(file) as path:
            path.write_text(json.dumps({"images": run.images, "cluster": found.tolist()}))
    return found


def _file(run: Run, space: str, count: int) -> Path:
    identity = [space, feature_spaces.version(run, space), count, _VERSION]
    name = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
    return RunFiles(run.root).clusters / f"{name}.json"


def _numbered(cluster: NDArray[np.intp], count: int) -> bool:
    return bool(not cluster.size or (cluster.min() == 0 and cluster.max() < count))


def _clustered(features: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    from sklearn.cluster import KMeans  # late: slow to import
    from sklearn.exceptions import ConvergenceWarning

    if not len(features):
        return np.empty(0, dtype=np.intp)
    at = probes.coordinates(features, np.ones(len(features), dtype=bool))[:, :_AXES]
    with warnings.catch_warnings():  # fewer images that differ than clusters
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(min(count, len(at)), n_init=_STARTS, random_state=_SEED).fit(at)
    _, index, sizes = np.unique(fitted.labels_, return_inverse=True, return_counts=True)
    place = np.empty(sizes.size, dtype=np.intp)
    place[np.argsort(-sizes, kind="stable")] = np.arange(sizes.size)
    return np.asarray(place[index], dtype=np.intp)
