"""How a classifier reads pictures that were changed, a batch at a time."""

from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.explain import memory
from dermxai.explain.attribution.method import Progress, Target
from dermxai.explain.attribution.methods.vote_map import vote_maps

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Picture = NDArray[np.uint8]
"""(size, size, 3) RGB: an image at the size of the network's input, its colours as they were."""
_AT_ONCE = 32  # network inputs that are held in memory


class Predictions:
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
        return self.with_maps(inputs, None)[0]

    def with_maps(
        self, inputs: Iterable[NDArray[np.float32]], target: Target | None
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float32]]]:
        """As ``scores``, and the n vote maps (rows, columns) of a target."""
        coming, maps = iter(inputs), []
        scores = [np.empty((0, len(self.classifier.info.classes)))]
        while some := list(islice(coming, _AT_ONCE)):
            work = partial(self._read, torch.from_numpy(np.stack(some)), target)
            (found, drawn), notes = memory.halving(work, memory.first_batch(self.classifier))
            self.done += len(some)
            self.notes = tuple(dict.fromkeys((*self.notes, *notes)))
            scores.append(found)
            maps += drawn
        return np.concatenate(scores), maps

    def expect(self, more: int) -> None:
        """Passes that are still to come, now that it is known."""
        self.total = self.done + more

    def _read(
        self, images: torch.Tensor, target: Target | None, batch: int
    ) -> tuple[NDArray[np.float64], list[NDArray[np.float32]]]:
        scores, maps = [], []
        for start in range(0, len(images), batch):
            output = self.classifier.infer(images[start : start + batch], maps=target is not None)
            scores.append(output.logits.sum(1).double().cpu().numpy())
            if not np.isfinite(scores[-1]).all():
                raise InputError(
                    f"The network {self.classifier.name} gives numbers that are not finite for a "
                    "changed image; check its weights."
                )
            if target is not None:
                maps += vote_maps(self.classifier, output, target)
            if self._progress:
                done = self.done + start + len(output.logits)
                self._progress(done, max(self.total, done))
        return np.concatenate(scores), maps


def leads(scores: NDArray[np.float64], into: int) -> NDArray[np.float64]:
    """How far the highest other class lies above class ``into`` (n,) in scores (n, class), in
    logits; below 0 where ``into`` is read."""
    others = np.delete(scores, into, axis=1)
    return np.asarray(others.max(axis=1) - scores[:, into])
