"""An image that is looked at: one of a run, or a visitor's own; and what the model makes of it."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data.images import decode
from dermxai.data.transforms import fitted
from dermxai.figures.overlay import Line
from dermxai.metrics.probability import probabilities as of_scores
from dermxai.runs import Run
from dermxai.runs.run import CHANGED
from dermxai.ui.app.admission import ADMISSION
from dermxai.ui.app.lanes import QUICK, Task
from dermxai.ui.components.thumbnails import stamp
from dermxai.ui.session import state
from dermxai.ui.session.caches import explanations, models, pixels, stored_runs
from dermxai.ui.session.scene import Scene

if TYPE_CHECKING:
    from torch import Tensor

    from dermxai.explain import Diagnosis
    from dermxai.models import Classifier

LONGEST = 960  # pixels of the longer side as shown; smaller images are enlarged, for fine outlines
_ASKED: "dict[tuple[str, str], Future[Diagnosis]]" = {}
_ASKED_LOCK = Lock()
_MASKS = {"Lesion": "mask_path", "Signs": "evidence_path"}


@dataclass(frozen=True)
class Subject:
    key: str
    """Tells images apart, and changes with their content."""
    name: str
    sample_id: str | None
    """None for a visitor's own image."""
    label: str | None
    read: Callable[[], NDArray[np.uint8]] = field(repr=False)
    """As ``pixels``, whatever the run has seen."""
    masks: dict[str, str] = field(default_factory=dict)
    """Files of masks by what they outline."""
    changed: bool = False
    """Whether the run has seen another image under this name."""

    def check(self) -> None:
        """
        Raises:
            InputError: the run has seen another image under this name.
        """
        if self.changed:
            raise InputError(CHANGED.format(self.name))

    def pixels(self) -> NDArray[np.uint8]:
        """The whole image (h, w, 3) RGB.

        Raises:
            InputError: as ``check``, or it cannot be read.
        """
        self.check()
        return self.read()


def of_sample(scene: Scene, sample_id: str) -> Subject:
    """An image of the open dataset."""
    row = scene.table.samples.loc[sample_id]
    path = str(row["path"])
    written = stamp(path) or 0
    profiles = scene.source.run is None or scene.run.colour_profiles
    return Subject(
        key=f"{path}|{written}{'|sRGB' * profiles}",
        name=sample_id,
        sample_id=sample_id,
        label=scene.label(sample_id),
        read=lambda: pixels.image(path, written, profiles),
        masks={
            name: str(row[column])
            for name, column in _MASKS.items()
            if isinstance(row.get(column), str)
        },
        changed=has_changed(scene, sample_id),
    )


def has_changed(scene: Scene, sample_id: str) -> bool:
    """Whether the run has seen another image under this name; False where there is no run, or no
    file that could be compared."""
    if scene.source.run is None:
        return False
    path = scene.path(sample_id)
    try:
        return stored_runs.has_changed(scene.source.run, sample_id, path, stamp(path) or 0)
    except InputError:
        return False


def of_upload(name: str, content: bytes, *, profiles: bool) -> Subject:
    """A visitor's own image, held in memory; ``profiles`` as in `decode`."""
    return Subject(
        key=f"upload|{hashlib.sha256(content).hexdigest()}{'|sRGB' * profiles}",
        name=name,
        sample_id=None,
        label=None,
        read=lambda: decode(content, name, profiles=profiles),
    )


def shown(subject: Subject, longest: int = LONGEST) -> NDArray[np.uint8]:
    """The image as it is shown, its longer side of so many pixels.

    Raises:
        InputError: it cannot be read.
    """
    return fitted(subject.pixels(), longest)


def masks(subject: Subject, shape: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    """The masks that can be read, at the shape of the image as shown."""
    found = {}
    for name, path in subject.masks.items():
        try:
            found[name] = pixels.mask(path, stamp(path) or 0, shape)
        except InputError:
            continue
    return found


def outlines(subject: Subject, shape: tuple[int, int]) -> dict[str, Line]:
    """Those of the masks that can be read, at the shape of the image as shown."""
    found = {}
    for name, path in subject.masks.items():
        with suppress(InputError):
            found[name] = pixels.outline(path, stamp(path) or 0, shape)
    return found


def votes(run: Run, subject: Subject) -> NDArray[np.floating]:
    """Logits (head, class): the run's own where it holds the image.

    Raises:
        InputError: the image has changed since, or it or the checkpoint cannot be read.
    """
    subject.check()
    if subject.sample_id is None:
        return diagnosis(run, subject, (1, 1)).logits
    return np.asarray(run.logits[run.index([subject.sample_id])[0]])


def probabilities(run: Run, subject: Subject) -> NDArray[np.floating]:
    """Probabilities (class,): the run's own where it holds the image.

    Raises:
        InputError: as ``votes``.
    """
    scores = votes(run, subject).sum(axis=0)
    if subject.sample_id is None or run.imported_probabilities is None:
        return of_scores(scores, run.activation)
    return np.asarray(run.imported_probabilities[run.index([subject.sample_id])[0]])


def is_known(run: Run, subject: Subject, *classes: str | None) -> bool:
    """Whether the run's classifier has looked at the image lately, and maps of the classes were
    kept."""
    return _known(run, subject, classes) is not None


def _known(run: Run, subject: Subject, classes: Sequence[str | None]) -> "Diagnosis | None":
    known = explanations.diagnoses().get(_key(run, subject))
    return known if known is not None and known.maps(*classes) else None


def diagnosis(
    run: Run, subject: Subject, shape: tuple[int, int], *classes: str | None
) -> "Diagnosis":
    """What the run's classifier makes of an image, with maps of the classes, if not more, at the
    shape of the image as shown.

    Raises:
        InputError: the image or the checkpoint cannot be read.
    """
    known = _known(run, subject, classes)
    if known is None:
        coming = looked_at(run, subject, *classes)
        with ADMISSION.aside():
            known = coming.result()
    return replace(known, shape=shape)


def looked_at(run: Run, subject: Subject, *classes: str | None) -> "Future[Diagnosis]":
    """A forward pass on an image, by the quick lane: together with what others ask for, and once
    where several ask for the same image. A page asks for all its images before it waits for one.
    Kept are the maps of these classes, of the label and of the two likeliest.

    Raises:
        InputError: the image or the checkpoint cannot be read.
    """
    from dermxai.explain.attribution.api import prepared

    key, classifier = _key(run, subject), models.classifier(run)
    with _ASKED_LOCK:
        if (under_way := _ASKED.get(key)) is not None:
            return under_way
    pixels = subject.pixels()
    item = (prepared(classifier, pixels), pixels.shape)
    work = partial(_diagnoses, classifier)

    def done(future: "Future[Diagnosis]") -> None:
        if future.exception() is None:
            found, before = future.result(), explanations.diagnoses().get(key)
            wanted = {subject.label, *found.ranking[:2], *classes}
            wanted |= set(before.mapped if before else ())
            explanations.diagnoses().put(key, found.with_maps_of(wanted))
        with _ASKED_LOCK:
            _ASKED.pop(key, None)

    with _ASKED_LOCK:
        if (under_way := _ASKED.get(key)) is not None:
            return under_way
        task = Task(state.visitor(), work, item, together=("look", id(classifier)))
        _ASKED[key] = task.future
    task.future.add_done_callback(done)
    return QUICK.put(task)


def warm(run: Run) -> None:
    """Loads a run's network and takes one forward pass on a grey image, in the quick lane, with the
    maps that a first look at an image asks for.

    Raises:
        InputError: the checkpoint cannot be read.
    """
    from dermxai.explain.attribution.api import methods, prepared

    methods()
    classifier = models.classifier(run)
    size = classifier.info.preprocessing.size
    grey = np.full((size, size, 3), 128, np.uint8)
    item = (prepared(classifier, grey), grey.shape)
    work = partial(_diagnoses, classifier)
    QUICK.put(Task("", work, item, together=("look", id(classifier)))).result()


def _diagnoses(
    classifier: "Classifier", items: "Sequence[tuple[Tensor, tuple[int, ...]]]"
) -> "Sequence[Diagnosis]":
    """Of images as the network takes them, with their shapes as they are."""
    import torch

    from dermxai.explain import costs
    from dermxai.explain.diagnosis import diagnose_all

    images, shapes = zip(*items, strict=True)
    with costs.timed(classifier, costs.FORWARD, len(items)):
        return diagnose_all(classifier, torch.cat(images), shapes)


def _key(run: Run, subject: Subject) -> tuple[str, str]:
    return str(run.made_by["hash"]), subject.key
