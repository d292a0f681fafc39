"""An image that is looked at: one of a run, or a visitor's own; and what the model makes of it."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from dermxai.data.images import decode
from dermxai.data.transforms import fitted
from dermxai.errors import InputError
from dermxai.runs import Run
from dermxai.runs.run import CHANGED
from dermxai.ui import cache
from dermxai.ui.scene import Scene
from dermxai.ui.thumbnails import stamp

if TYPE_CHECKING:
    from dermxai.explain import Diagnosis
    from dermxai.models import Classifier

T = TypeVar("T")
LONGEST = 960  # pixels of the longer side as shown; smaller images are enlarged, for fine outlines
# A network is a quarter slower in a thread that is new, as Streamlit's are at each rerun.
_PASSES = ThreadPoolExecutor(1, "forward-pass")
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
    return Subject(
        key=f"{path}|{written}",
        name=sample_id,
        sample_id=sample_id,
        label=scene.label(sample_id),
        read=lambda: cache.image(path, written),
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
        return cache.has_changed(scene.source.run, sample_id, path, stamp(path) or 0)
    except InputError:
        return False


def of_upload(name: str, content: bytes) -> Subject:
    """A visitor's own image, held in memory."""
    return Subject(
        key=f"upload|{hashlib.sha256(content).hexdigest()}",
        name=name,
        sample_id=None,
        label=None,
        read=lambda: decode(content, name),
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
            found[name] = cache.mask(path, stamp(path) or 0, shape)
        except InputError:
            continue
    return found


def votes(run: Run, subject: Subject) -> NDArray[np.float32]:
    """Logits (head, class): the run's own where it holds the image.

    Raises:
        InputError: the image has changed since, or it or the checkpoint cannot be read.
    """
    subject.check()
    if subject.sample_id is None:
        return diagnosis(run, subject, (1, 1)).logits
    return np.asarray(run.logits[run.index([subject.sample_id])[0]])


def is_known(run: Run, subject: Subject) -> bool:
    """Whether the run's classifier has looked at the image lately."""
    return cache.diagnoses().get(_key(run, subject)) is not None


def diagnosis(run: Run, subject: Subject, shape: tuple[int, int]) -> "Diagnosis":
    """What the run's classifier makes of an image, its maps at the shape of the image as shown.

    Raises:
        InputError: the image or the checkpoint cannot be read.
    """
    key = _key(run, subject)
    known = cache.diagnoses().get(key)
    if known is None:
        from dermxai.explain import diagnose

        classifier, pixels = cache.classifier(run), subject.pixels()
        first = cache.pass_seconds(classifier.hash) is None
        made, seconds = _PASSES.submit(_timed, lambda: diagnose(classifier, pixels), first).result()
        known = cache.diagnoses().put(key, made)
        cache.pass_seconds(classifier.hash, seconds)
    return replace(known, shape=shape)


def pass_seconds(classifier: "Classifier") -> float:
    """What a forward pass of one image takes here; measured now if it was not yet."""
    known = cache.pass_seconds(classifier.hash)
    if known is None:
        import torch

        size = classifier.info.preprocessing.size
        image = torch.zeros(1, 3, size, size)
        _, known = _PASSES.submit(_timed, lambda: classifier.infer(image), True).result()
        cache.pass_seconds(classifier.hash, known)
    return known


def _timed(work: Callable[[], T], first: bool) -> tuple[T, float]:
    """What the work gives, and its seconds; a network's first pass gets it ready and takes several
    times as long as the next, so it is done twice."""
    if first:
        work()
    began = perf_counter()
    return work(), perf_counter() - began


def _key(run: Run, subject: Subject) -> tuple[str, str]:
    return str(run.manifest["checkpoint"]["hash"]), subject.key
