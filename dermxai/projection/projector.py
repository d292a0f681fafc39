"""Two coordinates for each image of a run, computed once and kept in the run's folder.

One file in `dermxai.projection.methods`, or an entry point of that group in another package, holds
an instance of a class derived from `ProjectionMethod`.
"""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays, disk, entries
from dermxai.core.components import Component, Kind, Text, lower_first
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, checked, setting_faults
from dermxai.projection.components import principal_components
from dermxai.projection.files import ProjectionFiles
from dermxai.runs import feature_spaces
from dermxai.runs.run import Run

Features = NDArray[np.floating]
Progress = Callable[[int, int], None]
"""Called with steps done and steps in all; whatever it raises stops the projection."""


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, kw_only=True)
class ProjectionMethod(Component, Generic[S]):
    """
    Attributes:
        title: the method's name.
        note: a line on what its map shows, a sentence.
        fewest: images that it needs, at least two; fewer are shown by PCA.
        settings: what can be chosen; each has a default. ``Settings`` itself where nothing can.
        version: raised when the same settings give other coordinates than before.
    """

    title: Text
    note: Text
    fewest: int
    settings: type[S]
    version: int = 1

    @abstractmethod
    def embed(
        self, features: Features, settings: S, progress: Progress
    ) -> tuple[Features, tuple[str, ...]]:
        """Coordinates (n, 2) of finite features (n, d) that are not all alike, and notes."""


def description_faults(made: ProjectionMethod[S]) -> Iterator[str]:
    """What loading finds wrong with a method's description, a sentence each."""
    if not made.note.endswith("."):
        yield f"note is {made.note!r}; expected a sentence that ends with a full stop."
    if made.fewest < 2:
        yield f"fewest is {made.fewest}; expected at least 2."
    if made.version < 1:
        yield f"version is {made.version}; expected at least 1."
    yield from setting_faults(made.settings)


def embedding_faults(made: object, n: int) -> Iterator[str]:
    """What is wrong with what ``embed`` gave of n images, a sentence each."""
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], tuple)):
        yield f"embed gives a {type(made).__name__}; expected coordinates and a tuple of notes."
        return
    values, notes = made
    if type(values) is not np.ndarray:
        yield f"The coordinates are a {type(values).__name__}; expected a NumPy array."
    elif values.shape != (n, 2) or values.dtype.kind not in "fiu":
        yield (
            f"The coordinates are an array {values.shape} of {values.dtype}; expected ({n}, 2) of "
            "numbers."
        )
    elif outside := np.count_nonzero(~(np.abs(values) <= np.finfo(np.float32).max)):
        yield f"{outside} of the coordinates are not finite."
    if not all(isinstance(note, str) for note in notes):
        yield "A note is no text."


METHODS: Kind[ProjectionMethod[Settings]] = Kind(
    ProjectionMethod,  # type: ignore[type-abstract]
    "dermxai.projection.methods",
    "projection method",
    description_faults,
)


@dataclass(frozen=True, eq=False)
class Projection:
    sample_ids: NDArray[np.str_]
    """(n,)"""
    coordinates: NDArray[np.float32]
    """(n, 2)"""
    method: str
    settings: Mapping[str, object]
    notes: tuple[str, ...]
    """What was done, and what the method has to say of this map."""


def methods() -> Mapping[str, ProjectionMethod[Settings]]:
    """The projection methods by name."""
    return METHODS.all()


def project(
    run: Run,
    method: str = "umap",
    settings: object = None,
    progress: Progress | None = None,
    *,
    space: str | None = None,
) -> Projection:
    """Coordinates of the run's features, from its folder where they were computed before.

    Args:
        run: whose features are projected.
        method: name of one of `METHODS`.
        settings: the method's ``settings`` or a mapping of their values; defaults if not given.
        progress: called with steps done and in all; whatever it raises stops the projection.
        space: the feature space, see `dermxai.runs.feature_spaces`; the run's first if not given,
            the inputs of the final head.

    Raises:
        InputError: unknown method, setting or space, features that are not finite, or a method that
            gives no coordinates.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> dermxai.project(run, "pca").coordinates.shape  # (image, 2), no unit
        (12, 2)
    """
    chosen, values = _chosen(method, settings)
    step: Progress = progress or (lambda *_: None)
    space = feature_spaces.chosen(run, space)
    files, name = ProjectionFiles.of(run.root), _name(chosen, values, run, space)
    with disk.locked(files.lock(name), waiting=lambda: step(0, 1)):
        stored = open_projection(run, method, values, space)
        if stored is not None:
            return stored
        features = feature_spaces.features(run, space)
        coordinates, notes = embedded(chosen, np.asarray(features), values, step)
        made = Projection(_sample_ids(run), coordinates, method, values.model_dump(), notes)
        _write(made, files.coordinates(name))
    return made


def open_projection(
    run: Run, method: str, settings: object = None, space: str | None = None
) -> Projection | None:
    """The stored projection, None where there is none yet.

    Raises:
        InputError: unknown method, setting or space.
    """
    _, values = _chosen(method, settings)
    path = coordinates_file(run, method, values, space)
    try:
        stored = arrays.load(path, "sample_ids", "coordinates", "notes")
        notes = entries.parse_json(str(stored["notes"]).encode("utf-8", "replace"), list[str])
    except UnusableError:
        return None
    ids, coordinates = stored["sample_ids"], stored["coordinates"]
    if coordinates.shape != (len(run), 2) or coordinates.dtype.kind != "f":
        return None
    made = Projection(ids, coordinates, method, values.model_dump(), tuple(notes))
    return made if np.array_equal(ids, _sample_ids(run)) else None


def coordinates_file(
    run: Run, method: str, settings: object = None, space: str | None = None
) -> Path:
    """Where the projection is stored, whether it is there or not.

    Raises:
        InputError: unknown method, setting or space.
    """
    chosen, values = _chosen(method, settings)
    name = _name(chosen, values, run, feature_spaces.chosen(run, space))
    return ProjectionFiles.of(run.root).coordinates(name)


def _write(projection: Projection, path: Path) -> None:
    with disk.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            sample_ids=projection.sample_ids,
            coordinates=projection.coordinates,
            notes=json.dumps(projection.notes),
        )


def _name(method: ProjectionMethod[Settings], values: Settings, run: Run, space: str) -> str:
    told: list[object] = [values.model_dump(), method.version]
    if space != feature_spaces.NETWORK:
        told += [space, feature_spaces.version(run, space)]
    identity = json.dumps(told, sort_keys=True)
    return f"{method.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def _sample_ids(run: Run) -> NDArray[np.str_]:
    return np.asarray(run.samples["sample_id"], dtype=np.str_)


def _chosen(method: str, settings: object) -> tuple[ProjectionMethod[Settings], Settings]:
    """The method and its checked settings."""
    chosen = METHODS.find(method)
    return chosen, checked(method, chosen.settings, settings)


def embedded(
    method: ProjectionMethod[S], features: Features, settings: S, progress: Progress
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Coordinates (n, 2), also where there is little to project, and notes.

    Raises:
        InputError: features that are not finite, or coordinates that are none.
    """
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
    if n < method.fewest:
        coordinates, _ = principal_components(features, 2)
        note = f"{method.title} needs {method.fewest} images and there are {n}: this is their PCA."
        return coordinates.astype(np.float32), (note,)
    made = method.embed(features, settings, progress)
    for fault in embedding_faults(made, n):
        raise InputError(f"{method.title} gives no map: {lower_first(fault)}")
    return made[0].astype(np.float32), made[1]
