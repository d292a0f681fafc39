"""How long a training still takes: learnt from the epochs and batches that it has behind it, each
kind by itself, since images grow and more layers learn from epoch to epoch."""

import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from dermxai.training.recipe import Recipe

FORWARD = 1 / 3  # of a step's time, where all layers learn
RECENT = 200  # batches of an epoch that its pace is told from


class RemainingTime:
    """Watches the batches of a training go by."""

    def __init__(
        self,
        recipe: Recipe,
        batches: int,
        validated: float,
        stages: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        epochs: int | None = None,
    ) -> None:
        """
        Args:
            batches: of an epoch.
            validated: validation images of an epoch, in batches of training.
            stages: of the network.
            clock: seconds.
            epochs: after which it pauses; None: those of the recipe.
        """
        self._recipe, self._batches, self._validated = recipe, batches, validated
        self._stages, self._clock = stages, clock
        self._last_epoch = min(epochs or recipe.epochs, recipe.epochs)
        self._seconds: dict[int, list[float]] = defaultdict(list)  # of batches, by epoch
        self._rests: list[float] = []  # seconds of what follows the batches of an epoch
        self._epoch, self._batch, self._last = 0, 0, float("nan")

    def batch(self, epoch: int, batch: int) -> None:
        """A batch has ended; both counted from 0."""
        now = self._clock()
        if batch == 0 and epoch > self._epoch and self._batch == self._batches:
            self._rests.append(max(0.0, now - self._last - self._cost_seconds(epoch)))
        elif batch > 0 and self._last == self._last:  # the first one of a process warms up
            self._seconds[epoch].append(now - self._last)
        self._epoch, self._batch, self._last = epoch, batch + 1, now

    def left(self) -> float:
        """Seconds to the end of the training; NaN until that can be told."""
        if not any(self._seconds.values()):
            return float("nan")
        rest, since = self._rest(), self._clock() - self._last
        own = (self._batches - self._batch) * self._cost_seconds(self._epoch) + rest
        later = sum(
            self._batches * self._cost_seconds(epoch) + rest
            for epoch in range(self._epoch + 1, self._last_epoch)
        )
        return max(own - since, 0.0) + later

    def _cost(self, epoch: int) -> float:
        """Of a batch, as far as it follows from the recipe: a forward pass over the pixels, and
        one back through the stages that learn."""
        learning = self._recipe.learning_stages_at(epoch, self._stages) / self._stages
        return self._recipe.size_at(epoch) ** 2 * (FORWARD + (1 - FORWARD) * learning)

    def _cost_seconds(self, epoch: int) -> float:
        """Seconds of a batch: as measured at this cost, else on the line through what was measured
        at others."""
        known: dict[float, list[float]] = defaultdict(list)
        for other, seconds in self._seconds.items():
            if seconds:
                known[self._cost(other)] = seconds  # of the newest epoch of this cost
        wanted = self._cost(epoch)
        if not known:
            return 0.0
        if wanted in known:
            return float(np.median(known[wanted][-RECENT:]))
        costs = np.array(list(known))
        times = np.array([np.median(seconds[-RECENT:]) for seconds in known.values()])
        slope, intercept = np.polyfit(costs, times, 1) if len(known) > 1 else (0.0, -1.0)
        if intercept < 0 or slope < 0:  # no line of a fixed and a growing part
            nearest = int(np.abs(costs - wanted).argmin())
            return float(times[nearest] * wanted / costs[nearest])
        return float(intercept + slope * wanted)

    def _rest(self) -> float:
        if self._rests:
            return float(np.median(self._rests[-5:]))
        full = max(range(self._recipe.epochs), key=self._recipe.size_at)
        scale = self._recipe.size_at(full) ** 2 / self._cost(self._epoch)
        return FORWARD * scale * self._cost_seconds(self._epoch) * self._validated
