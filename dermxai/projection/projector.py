"""Two coordinates for each image of a run, computed once and kept in the run's folder.

A method is one module in `dermxai.projection.methods` with

- ``TITLE`` and ``NOTE``: its name, and one line on what its map shows;
- ``FEWEST``: images that it needs; fewer are shown by PCA;
- ``VERSION``: raised when the same settings give other coordinates than before;
- ``Settings``: a frozen dataclass, each field's metadata giving ``help`` and bounds;
- ``embed(features, settings, progress)``: coordinates (n, 2) and notes.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from dermxai import arrays, disk, entries, paths
from dermxai.entries import UnusableError
from dermxai.errors import InputError
from dermxai.plugins import modules
from dermxai.projection.components import principal_components
from dermxai.runs.run import Run
from dermxai.settings import settings_of

Features = NDArray[np.floating[Any]]
Progress = Callable[[int, int], None]
"""Called with steps done and steps in all; whatever it raises stops the projection."""


class Method(Protocol):
    """What a module in `dermxai.projection.methods` offers."""

    TITLE: str
    NOTE: str
    FEWEST: int
    VERSION: int
    Settings: type

    def embed(
        self, features: Features, settings: Any, progress: Progress, /
    ) -> tuple[Features, tuple[str, ...]]:
        """Coordinates (n, 2) of finite features (n, d) that are not all alike, and notes."""
        ...


@dataclass(frozen=True, eq=False)
class Projection:
    sample_ids: NDArray[np.str_]
    """(n,)"""
    coordinates: NDArray[np.float32]
    """(n, 2)"""
    method: str
    settings: Mapping[str, Any]
    notes: tuple[str, ...]
    """What was done, and what the method has to say of this map."""


METHODS = "dermxai.projection.methods"


def methods() -> dict[str, Method]:
    """The projection methods, by the name of their file."""
    return cast(dict[str, Method], modules(METHODS, Method))


def project(
    run: Run,
    method: str = "umap",
    settings: Any = None,
    progress: Progress | None = None,
) -> Projection:
    """Coordinates of the run's features, from its folder where they were computed before.

    Args:
        run: whose features, the inputs of the final head, are projected.
        method: name of a file in `dermxai.projection.methods`.
        settings: the method's ``Settings`` or a mapping of their values; defaults if not given.
        progress: called with steps done and in all; whatever it raises stops the projection.

    Raises:
        InputError: unknown method or setting, or features that are not finite.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> dermxai.project(run, "pca").coordinates.shape  # (image, 2), no unit
        (12, 2)
    """
    chosen, values = _chosen(method, settings)
    step: Progress = progress or (lambda *_: None)
    files, name = paths.RunFiles(run.root), _name(method, chosen, values)
    with disk.locked(files.projection_lock(name), waiting=lambda: step(0, 1)):
        stored = open_projection(run, method, values)
        if stored is not None:
            return stored
        coordinates, notes = _embed(chosen, np.asarray(run.features), values, step)
        made = Projection(_sample_ids(run), coordinates, method, asdict(values), notes)
        _write(made, files.projection(name))
    return made


def open_projection(run: Run, method: str, settings: Any = None) -> Projection | None:
    """The stored projection, None where there is none yet.

    Raises:
        InputError: unknown method or setting.
    """
    chosen, values = _chosen(method, settings)
    path = paths.RunFiles(run.root).projection(_name(method, chosen, values))
    try:
        stored = arrays.load(path, "sample_ids", "coordinates", "notes")
        notes = entries.parse_json(str(stored["notes"]).encode("utf-8", "replace"), [str])
    except UnusableError:
        return None
    ids, coordinates = stored["sample_ids"], stored["coordinates"]
    if coordinates.shape != (len(run), 2) or coordinates.dtype.kind != "f":
        return None
    made = Projection(ids, coordinates, method, asdict(values), tuple(notes))
    return made if np.array_equal(ids, _sample_ids(run)) else None


def _write(projection: Projection, path: Path) -> None:
    with disk.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            sample_ids=projection.sample_ids,
            coordinates=projection.coordinates,
            notes=json.dumps(projection.notes),
        )


def _name(method: str, chosen: Method, values: Any) -> str:
    identity = json.dumps([asdict(values), chosen.VERSION], sort_keys=True)
    return f"{method}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def _sample_ids(run: Run) -> NDArray[np.str_]:
    return np.asarray(run.samples["sample_id"], dtype=np.str_)


def _chosen(method: str, settings: Any) -> tuple[Method, Any]:
    """The method and its checked settings."""
    available = methods()
    if method not in available:
        raise InputError(
            f"There is no projection method {method!r}; choose from {', '.join(available)}."
        )
    chosen = available[method]
    return chosen, settings_of(method, chosen.Settings, settings)


def _embed(
    method: Method, features: Features, settings: Any, progress: Progress
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Coordinates (n, 2), also where there is little to project."""
    n = len(features)
    broken = int((~np.isfinite(features).all(axis=1)).sum())
    if broken:
        raise InputError(
            f"The features of {broken} of {n} images are not finite numbers; infer again in "
            "float32, or check the checkpoint."
        )
    if n == 0 or (features == features[0]).all():
        note = "There is one image." if n == 1 else "All images have the same features."
        return np.zeros((n, 2), dtype=np.float32), (note,)
    if n < method.FEWEST:
        coordinates, _ = principal_components(features, 2)
        note = f"{method.TITLE} needs {method.FEWEST} images and there are {n}: this is their PCA."
        return coordinates.astype(np.float32), (note,)
    made, notes = method.embed(features, settings, progress)
    return made.astype(np.float32), notes
