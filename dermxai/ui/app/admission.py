"""How many scripts run at once.

Threads of Python take turns at one interpreter. Where twenty want it, each call that lets go of it
(a file that is looked at, a message that is sent) waits for all the others: a class that presses at
once is served several times more slowly than one after the other.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 2  # while one looks at a file, the other has the interpreter; more only get in its way
PATIENCE = 3.0  # seconds after which a script runs anyhow: one that is inside may take long


class Admission:
    """Admits scripts in the order of asking, so many at a time."""

    def __init__(self, most: int, patience: float = PATIENCE) -> None:
        self._most, self._patience = most, patience
        self._inside = 0
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()
        self._here = threading.local()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """The block runs when it is its turn."""
        self._enter()
        self._here.inside = True
        try:
            yield
        finally:
            self._here.inside = False
            self._leave()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Others may run while this block waits for something; it goes on at once."""
        if not getattr(self._here, "inside", False):
            yield
            return
        self._leave()
        self._here.inside = False
        try:
            yield
        finally:
            self._here.inside = True
            with self._lock:
                self._inside += 1

    def _enter(self) -> None:
        with self._lock:
            if self._inside < self._most and not self._waiting:
                self._inside += 1
                return
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(self._patience):
            return
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
                self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            while self._waiting and self._inside < self._most:
                self._waiting.popleft().set()
                self._inside += 1


ADMISSION = Admission(AT_ONCE)
