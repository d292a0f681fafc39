"""Maps that take a moment: which they are, what a page asks of an image first, and how those of a
run's images are made ahead, so that nobody who opens a page waits for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data import Problem
from dermxai.explain.attribution.files import maps_folder
from dermxai.runs import Run
from dermxai.runs.run import CHANGED

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

AT_ONCE = 3  # forward passes that a page takes without being asked: a gradient's


def usual_classes(
    classes: Sequence[str], scores: NDArray[np.floating], label: str | None
) -> tuple[str, str | None]:
    """What is asked of an image first: why it was predicted as it was, rather than as labelled or,
    where that is right or not known, as the runner-up.

    Args:
        scores: (class,).
        label: of the image; perhaps none of the classes.

    Returns:
        The target and the class against it, None where there is only one.
    """
    ranking = [classes[index] for index in np.argsort(-scores, kind="stable")]
    return ranking[0], usual_contrast(ranking, label, ranking[0])


def usual_contrast(ranking: Sequence[str], label: str | None, target: str) -> str | None:
    """The class that a target is contrasted with: the predicted one, else the label, else the next.

    Args:
        ranking: class codes, the most likely first.
    """
    likely = [ranking[0], *(code for code in [label] if code in ranking), *ranking[1:]]
    return next((code for code in likely if code != target), None)


def quick_methods(classifier: "Classifier") -> list[str]:
    """Methods whose maps a page makes without being asked, but for those that come with a
    diagnosis."""
    from dermxai.explain.attribution.api import methods
    from dermxai.explain.diagnosis import AT_HAND

    return [
        name
        for name, method in methods().items()
        if name not in AT_HAND
        and not method.excuse(classifier)
        and method.passes(classifier, method.settings()) <= AT_ONCE
    ]


@dataclass(frozen=True)
class QuickMaps:
    """What was made ahead.

    Attributes:
        images: that have all their maps now.
        bytes: of these maps, before they are packed.
        left: images that there was no room for.
        problems: images that have no maps, and why.
    """

    images: int
    bytes: int
    left: int
    problems: tuple[Problem, ...]


def keep_quick_maps(
    run: Run,
    classifier: "Classifier",
    most: int,
    progress: Callable[[int, int], None] | None = None,
) -> QuickMaps:
    """Keeps the quick maps of a run's images in the workspace, each for what a page asks first.
    What is there already is not made again.

    Args:
        most: bytes of maps, at which this ends.
        progress: called with images done and in all; may raise `Cancelled`.

    Raises:
        InputError: the maps cannot be kept.
    """
    names, held, done = quick_methods(classifier), 0, 0
    problems: list[Problem] = []
    for index, row in enumerate(run.samples.to_dict("records")):
        if progress:
            progress(index, len(run.samples))
        if held >= most:
            return QuickMaps(done, held, len(run.samples) - index, tuple(problems))
        try:
            kept = _kept(run, classifier, names, row, run.logits[index].sum(axis=0))
        except InputError as error:
            problems.append(Problem(str(row["sample_id"]), str(error)))
            continue
        if names and not kept:
            raise InputError(
                f"Maps cannot be kept in {maps_folder()}: is the disk full, or may it only be read?"
            )
        held += kept
        done += 1
    if progress:
        progress(len(run.samples), len(run.samples))
    return QuickMaps(done, held, 0, tuple(problems))


def _kept(
    run: Run,
    classifier: "Classifier",
    names: Sequence[str],
    row: Mapping[object, object],
    scores: NDArray[np.floating],
) -> int:
    """Bytes of an image's maps that are kept now.

    Raises:
        InputError: it has changed since the run, or cannot be read or explained.
    """
    from dermxai.data.images import read_image
    from dermxai.explain.attribution.api import explain, recall

    sample_id, label = str(row["sample_id"]), row.get("label")
    if run.has_changed(sample_id):
        raise InputError(CHANGED.format(sample_id))
    target, against = usual_classes(run.classes, scores, label if isinstance(label, str) else None)
    image = read_image(str(row["path"]))
    for name in names:
        explain(classifier, image, name, target, against, keep=True)
    kept = (recall(classifier, image, name, target, against) for name in names)
    return sum(each.native.nbytes for each in kept if each is not None)
