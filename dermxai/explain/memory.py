"""Batches that fit: whoever runs out of memory goes on with half as many images at a time."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.core.errors import NoRoomError
from dermxai.explain.attribution.method import Progress
from dermxai.explain.forward import require_finite

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

T = TypeVar("T")

TURNS = 4
POLL = 0.2  # seconds
log = logging.getLogger(__name__)
_turns = threading.BoundedSemaphore(TURNS)


def first_batch(classifier: "Classifier") -> int:
    """Images at a time to begin with."""
    return 8 if classifier.device.type == "cpu" else 32


def gradient_batch(classifier: "Classifier") -> int:
    """Images at a time to begin with where gradients are asked for."""
    return max(1, first_batch(classifier) // 2)


@contextmanager
def in_turn(progress: Progress | None) -> Iterator[None]:
    """For work on many gradients: of all visitors' at most `TURNS` are in memory at once. Whoever
    waits is told so by ``progress``, and may be cancelled by it."""
    while not _turns.acquire(timeout=POLL):
        if progress:
            progress(0, 0)
    try:
        yield
    finally:
        _turns.release()


def halving(work: Callable[[int], T], batch: int) -> tuple[T, tuple[str, ...]]:
    """The result of ``work(batch)``, tried again with half the batch while memory runs out.

    Returns:
        The result, and a note, which is logged, too, if the batch had to become smaller.

    Raises:
        NoRoomError: memory runs out with a single image.
    """
    size = batch
    while True:
        try:
            with one_at_a_time() if size == 1 else nullcontext():
                result = work(size)
        except RuntimeError as error:
            if not ran_out_of_memory(error):
                raise
            size //= 2
        else:
            if size == batch:
                return result, ()
            note = f"Memory ran out with {batch} images at a time; done with {size}."
            log.warning(note)
            return result, (note,)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """For work that cannot be made smaller.

    Raises:
        NoRoomError: memory runs out.
    """
    try:
        yield
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        raise NoRoomError(
            "Memory ran out with a single image at a time; end other work on this device, or take "
            "one with more memory."
        ) from error


def ran_out_of_memory(error: RuntimeError) -> bool:
    """Whether it is torch's, of a GPU or of the computer."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def logits_of(
    classifier: "Classifier", images: Tensor, progress: Progress | None = None
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The logits (n, head, class) of normalised images (n, 3, size, size), a batch at a time.

    Returns:
        The logits, and a note if memory ran short. They do not depend on the batch beyond rounding.

    Raises:
        InputError: the network does not give finite numbers.
    """

    def work(batch: int) -> NDArray[np.float32]:
        found = []
        for start in range(0, len(images), batch):
            if progress:
                progress(start, len(images))
            logits = classifier.infer(images[start : start + batch]).logits
            require_finite(logits, classifier.name)
            found.append(logits.cpu().numpy())
        if progress:
            progress(len(images), len(images))
        return np.concatenate(found)

    return halving(work, first_batch(classifier))
