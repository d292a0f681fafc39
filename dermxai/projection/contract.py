"""What every projection method keeps to, as checks that an author of one can run::

    for fault in projection_faults(MINE):
        print(fault)

They run on features that are made up; nothing is downloaded.
"""

import pickle
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dermxai.core.components import error_text, faults_as_sentences
from dermxai.core.errors import Cancelled
from dermxai.core.settings import Settings
from dermxai.projection.projector import (
    METHODS,
    Features,
    ProjectionMethod,
    embedded,
    embedding_faults,
)

S = TypeVar("S", bound=Settings)

IMAGES, CLUSTERS, COLUMNS = 60, 3, 12
APART = 20.0  # standard deviations between clusters
TOGETHER = 0.9  # share of images whose nearest on the map is of their cluster, at least

Embed = Callable[[Features], tuple[Features, tuple[str, ...]]]


def clustered(images: int = IMAGES) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Features (images, COLUMNS) of clusters that lie far apart, and the cluster of each: images of
    one never follow each other."""
    draws = np.random.default_rng(0)
    cluster = np.arange(images) % CLUSTERS
    centres = APART * np.linalg.qr(draws.standard_normal((COLUMNS, CLUSTERS)))[0].T
    features = centres[cluster] + draws.standard_normal((images, COLUMNS))
    return features.astype(np.float32), cluster


def _features(images: int) -> NDArray[np.float32]:
    return clustered(images)[0]


def _features_along_line() -> NDArray[np.float32]:
    return np.outer(np.arange(30), np.ones(COLUMNS)).astype(np.float32)


DEGENERATE: dict[str, Callable[[], NDArray[np.float32]]] = {
    "one image": lambda: _features(1),
    "two images": lambda: _features(2),
    "identical images": lambda: np.ones((10, COLUMNS), np.float32),
    "three images, ten times each": lambda: np.tile(_features(3), (10, 1)),
    "images along a line": _features_along_line,
    "a single feature": lambda: _features_along_line()[:, :1],
    "a feature that is large": lambda: np.hstack(
        [1e6 * _features(20)[:, :1], _features(20)[:, 1:]]
    ),
    "an image far from all others": lambda: np.vstack([_features(20), 1e4 + _features(1)]),
}
"""Features of which there is little to say, by what they are."""


@faults_as_sentences
def projection_faults(method: ProjectionMethod[S], settings: S | None = None) -> Iterator[str]:
    """What is wrong with a projection method, a sentence each.

    Args:
        settings: those to try it with; its defaults if not given.
    """
    if told := list(METHODS.faults_of(method, {})):
        yield from told
        return
    values = settings or method.settings()
    features, cluster = clustered()
    given, state = features.copy(), _random_state()
    steps: list[tuple[int, int]] = []
    made = method.embed(features, values, lambda *step: steps.append(step))
    if not np.array_equal(features, given):
        yield "embed changes the features that it is given; work on a copy."
    if _random_state() != state:
        yield "embed draws from the random state of the process; draw from a generator."
    if wrong := list(embedding_faults(made, IMAGES)):
        yield from wrong
        return
    yield from _progress_faults(steps)
    yield from _cancellation_faults(method, given, values)
    embed: Embed = partial(_embed, method, values)
    yield from _comparison_faults(embed, given, cluster, made[0])
    fewest: dict[str, Callable[[], NDArray[np.float32]]] = {
        f"the fewest images that it needs, {method.fewest}": lambda: _features(method.fewest),
        f"{method.fewest + 1} images": lambda: _features(method.fewest + 1),
    }
    for what, make in (fewest | DEGENERATE).items():
        try:
            embedded(method, make(), values, lambda *_: None)
        except Exception as error:
            yield f"Of {what}: embed raises {error_text(error)}."


def _embed(
    method: ProjectionMethod[S], settings: S, features: Features
) -> tuple[Features, tuple[str, ...]]:
    return method.embed(features.copy(), settings, lambda *_: None)


def _comparison_faults(
    embed: Embed, features: Features, cluster: NDArray[np.intp], found: Features
) -> Iterator[str]:
    """Of maps among each other: the same features, and in another order."""
    scale = float(np.abs(found).max())
    if (np.ptp(found, axis=0) == 0).all():
        yield "All images lie at one place."
        return
    if not np.allclose(embed(features)[0], found, rtol=0, atol=1e-5 * scale):
        yield "The same features twice give two maps; draw from a generator with a fixed seed."
        return
    order = np.random.default_rng(1).permutation(len(features))
    moved = embed(features[order])[0]
    places = {"as they come": (found, cluster), "in another order": (moved, cluster[order])}
    for what, (coordinates, labels) in places.items():
        near = _share_beside_own_cluster(coordinates, labels)
        if near < TOGETHER:
            yield (
                f"Of images {what}, {near:.0%} lie next to one of their own cluster, of clusters "
                "that are far apart; expected almost all: row i of the map is row i of the "
                "features."
            )
            return


def _share_beside_own_cluster(coordinates: Features, cluster: NDArray[np.intp]) -> float:
    """The share of images whose nearest neighbour on the map is of their own cluster."""
    places = np.asarray(coordinates, np.float64)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    return float((cluster[apart.argmin(axis=1)] == cluster).mean())


def _progress_faults(steps: list[tuple[int, int]]) -> Iterator[str]:
    if not steps:
        yield "embed never calls progress, so it cannot be cancelled."
        return
    done, totals = [step[0] for step in steps], {step[1] for step in steps}
    if len(totals) > 1 or done != sorted(done) or done[-1] != steps[-1][1]:
        yield (
            f"progress ends with {steps[-1][0]} of {steps[-1][1]}; expected steps that rise to all "
            "of one total."
        )


def _cancellation_faults(
    method: ProjectionMethod[S], features: Features, settings: S
) -> Iterator[str]:
    asked = 0

    def stop(*_: int) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise Cancelled

    try:
        method.embed(features.copy(), settings, stop)
    except Cancelled:
        return
    if asked > 1:
        yield "embed catches what progress raises, and goes on."


def _random_state() -> bytes:
    return pickle.dumps(np.random.get_state())  # noqa: NPY002
