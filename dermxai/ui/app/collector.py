"""Garbage is collected when nobody waits.

Streamlit collects after each run of its script, which with torch, pandas and plotly loaded holds
the interpreter for 0.1 s and more: a third of all time with eight visitors. That is switched off
(`runner.postScriptGC`); here it is done on a clock, while no script runs, and without what lives as
long as the server: modules and models are frozen, so that a collection looks at visitors' objects
only. Young objects are collected by Python itself, as ever.
"""

import ctypes
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

TICK = 0.25  # seconds
EVERY = 6.0  # seconds between two collections, where there is a moment without a script
LATEST = 45.0  # seconds, after which one is done anyhow
YOUNG = (10_000, 20, 1_000_000)  # thresholds of Python's own: never the oldest generation
FREEZES = 8  # what is alive then is never looked at again, a visitor's part of it neither
SWITCH = 0.0005  # seconds, after which a thread that computes lets another have the interpreter
ARENAS = 2  # of glibc; it has one a thread, and Streamlit a thread a run
_M_ARENA_MAX = -8


class Collector:
    """Decides when to collect. `run` is for a thread of its own."""

    def __init__(self, collect: Callable[[], None], clock: Callable[[], float] = monotonic) -> None:
        self._collect, self._clock = collect, clock
        self._lock = threading.Lock()
        self._scripts = 0
        self._last = self._ended = clock()
        self._to_freeze = False
        self._freezes = 0

    @contextmanager
    def script(self) -> Iterator[None]:
        """A visitor waits while this block runs."""
        with self._lock:
            self._scripts += 1
        try:
            yield
        finally:
            with self._lock:
                self._scripts -= 1
                self._ended = self._clock()

    def quiet(self) -> float:
        """Seconds since a script last ended; 0 while one runs."""
        with self._lock:
            return 0.0 if self._scripts else self._clock() - self._ended

    def loaded(self) -> None:
        """Something was loaded that lives as long as the server."""
        self._to_freeze = True

    def look(self) -> bool:
        """Collects if it is time to; whether it has."""
        since = self._clock() - self._last
        if since < EVERY and not self._to_freeze:
            return False
        if self._scripts and since < LATEST:
            return False
        self._collect()
        if self._to_freeze and self._freezes < FREEZES:
            gc.freeze()
            self._freezes += 1
        self._to_freeze = False
        self._last = self._clock()
        return True

    def run(self) -> None:
        while True:
            sleep(TICK)
            self.look()


def collect() -> None:
    """A full collection; what it frees is given back to the system."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another libc
        ctypes.CDLL(None).malloc_trim(0)


COLLECTOR = Collector(collect)


def start() -> None:
    """Takes over from Python and Streamlit, for as long as the process lives."""
    gc.set_threshold(*YOUNG)
    sys.setswitchinterval(SWITCH)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
    COLLECTOR.loaded()
    threading.Thread(target=COLLECTOR.run, name="collector", daemon=True).start()
