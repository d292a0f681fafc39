"""What work takes on this computer, learnt from the work itself.

A kind of work (a method, a search, a plain pass) has a price in forward passes; here is what a pass
of that kind took lately, per network and device. The thread's own time is learnt, not that of the
clock: a computer that was busy for a while leaves no trace. How busy it is now widens what is
expected, for a minute or two.
"""

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dermxai.core import disk, entries, paths

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

FORWARD = "forward"
"""Plain forward passes."""
KEPT = 24  # of the last times of a kind
FEW = 3  # with fewer times than these the range is wider
WIDER, UNKNOWN = 1.5, 2.5  # factors of the range with few times, and with those of plain passes
BUSY_FOR = 120.0  # seconds, after which it is not known any more how busy the computer is
WRITTEN_EVERY = 30.0  # seconds, plain passes being many


class Range(NamedTuple):
    """Seconds, from when nobody else is there to as busy as it is now."""

    low: float
    high: float


class Costs:
    """Times of one network on one device; kept in a file, which other processes write, too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._times: dict[str, list[float]] = {}
        self._seen = 0
        self._written = -WRITTEN_EVERY
        self._busy: list[tuple[float, float]] = []

    def learn(self, kind: str, passes: float, seconds: float, own: float) -> None:
        """Takes in what work took.

        Args:
            seconds: by the clock.
            own: of the thread that did it; the same as ``seconds`` where another device computes.
        """
        if passes <= 0 or own <= 0:
            return
        with self._lock:
            self._refresh()
            known = self._times.setdefault(kind, [])
            is_new = not known
            self._times[kind] = [*known, own / passes][-KEPT:]
            now = time.monotonic()
            self._busy = [*self._busy[-8:], (now, max(1.0, seconds / own))]
            if is_new or kind != FORWARD or now - self._written > WRITTEN_EVERY:
                self._written = now
                self._write()

    def expected(self, work: Iterable[tuple[str, float]]) -> Range | None:
        """What pieces of work, each a kind and its passes, will take together; None where nothing
        has run yet."""
        with self._lock:
            self._refresh()
            low = high = 0.0
            for kind, passes in work:
                each = self._each(kind)
                if each is None:
                    return None
                low, high = low + passes * each.low, high + passes * each.high
            since = time.monotonic() - BUSY_FOR
            busy = [factor for when, factor in self._busy if when > since]
            return Range(low, high * (median(busy) if busy else 1.0))

    def _each(self, kind: str) -> Range | None:
        """Of one pass, when nobody else is there."""
        times, wider = self._times.get(kind), 1.0
        if not times:
            times, wider = self._times.get(FORWARD), UNKNOWN
        elif len(times) < FEW:
            wider = WIDER
        if not times:
            return None
        low, high = np.quantile(times, [0.2, 0.8])
        return Range(float(low) / wider, float(high) * wider)

    def _refresh(self) -> None:
        """Takes over what other processes have written."""
        try:
            changed = paths.readable(self._file).stat().st_mtime_ns
            if changed != self._seen:
                self._seen = changed
                self._times |= _valid(entries.read_json(self._file))
        except (OSError, ValueError):
            pass  # none yet, or not to be read: it is learnt anew

    def _write(self) -> None:
        try:
            with disk.replacing(self._file) as temporary:
                temporary.write_text(json.dumps(self._times), encoding="utf-8")
            self._seen = self._file.stat().st_mtime_ns
        except OSError:
            pass  # a full disk: it is known while this process lives


def _valid(content: object) -> dict[str, list[float]]:
    """What of a file's content are times."""
    if not isinstance(content, dict):
        return {}
    found = {
        str(kind): [float(each) for each in times if isinstance(each, int | float)][-KEPT:]
        for kind, times in content.items()
        if isinstance(times, list)
    }
    return {
        kind: times
        for kind, times in found.items()
        if times and all(0 < each < float("inf") for each in times)
    }


_known: dict[Path, Costs] = {}


def costs_of(checkpoint: str, device: str) -> Costs:
    """
    Args:
        checkpoint: hash.
        device: "cpu", "cuda" …
    """
    file = paths.home() / "costs" / f"{checkpoint[:32]}-{device}.json"
    return _known.setdefault(file, Costs(file))


class timed:  # noqa: N801
    """Learns from what runs within it; not where that ends with an exception.

    Args:
        passes: of the work; may be set until its end.
    """

    def __init__(self, classifier: "Classifier", kind: str, passes: float) -> None:
        self.passes = passes
        self._classifier, self._kind = classifier, kind

    def __enter__(self) -> "timed":
        self._began, self._own = time.perf_counter(), time.thread_time()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is not None:
            return
        seconds, own = time.perf_counter() - self._began, time.thread_time() - self._own
        device = self._classifier.device.type
        own = own if device == "cpu" else seconds
        costs_of(self._classifier.hash, device).learn(self._kind, self.passes, seconds, own)
