"""How a classifier reads pictures that were changed, a batch at a time."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.errors import InputError
from dermxai.explain import memory
from dermxai.explain.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Picture = NDArray[np.uint8]
"""(size, size, 3) RGB: an image at the size of the network's input, its colours as they were."""
_AT_ONCE = 32  # network inputs that are held in memory


class Readings:
    """Reads pictures and counts the passes.

    Attributes:
        done, total: forward passes done, and expected in all.
        notes: what is to be said of memory that ran short.
    """

    def __init__(
        self, classifier: "Classifier", total: int, progress: Progress | None = None
    ) -> None:
        self.classifier, self.total, self.done = classifier, total, 0
        self.notes: tuple[str, ...] = ()
        self._progress = progress

    def scores(self, inputs: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
        """The logits summed over heads (n, class) of network inputs (3, size, size), which are made
        when they are needed.

        Raises:
            InputError: the network does not give finite numbers.
            Cancelled: ``progress`` says so.
        """
        coming, found = iter(inputs), []
        while some := list(islice(coming, _AT_ONCE)):
            logits, notes = memory.logits_of(
                self.classifier, torch.from_numpy(np.stack(some)), self._seen
            )
            self.done += len(some)
            self.notes = tuple(dict.fromkeys((*self.notes, *notes)))
            found.append(logits.sum(axis=1, dtype=np.float64))
        if not found:
            return np.empty((0, len(self.classifier.info.classes)))
        scores = np.concatenate(found)
        if not np.isfinite(scores).all():
            raise InputError(
                f"The network {self.classifier.name} gives numbers that are not finite for a "
                "changed image; check its weights."
            )
        return scores

    def expect(self, more: int) -> None:
        """Passes that are still to come, now that it is known."""
        self.total = self.done + more

    def _seen(self, done: int, of: int) -> None:  # noqa: ARG002
        if self._progress:
            self._progress(self.done + done, max(self.total, self.done + done))


def leads(scores: NDArray[np.float64], into: int) -> NDArray[np.float64]:
    """How far the highest other class lies above class ``into`` (n,) in scores (n, class), in
    logits; below 0 where ``into`` is read."""
    others = np.delete(scores, into, axis=1)
    return np.asarray(others.max(axis=1) - scores[:, into])
