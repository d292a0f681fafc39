"""Who computes when: visitors take turns, and quick work never waits for slow work.

The quick lane has passes that a page takes without being asked: one image each, several visitors'
in one batch, on one thread, which computes on all cores: two would wait for each other at the
interpreter. The lane of maps has those that take a moment: who compares methods keeps nobody from
looking at an image. The slow lane has what visitors ask for at a price: one at a time for four
cores, on threads of a lower priority. In each, each visitor in turn gets one piece of work done, in
the order of asking.
"""

import logging
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dermxai.core.errors import Cancelled
from dermxai.explain.attribution.method import Progress
from dermxai.ui.app.admission import ADMISSION

T = TypeVar("T")
Item = TypeVar("Item")

CORES = len(os.sched_getaffinity(0))
BATCH = 8  # images that the network takes at once: a third less work each (docs/server.md)
POLL = 0.2  # seconds between two looks at slow work
NICENESS = 5  # of slow work; more, and who holds the interpreter could be kept from running
SLOW_AT_ONCE = max(1, CORES // 4)
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Task(Generic[Item, T]):
    """A piece of work.

    Attributes:
        visitor: whose it is.
        together: pieces with the same one may be done in one call; None for one that is done alone.
        item: what this piece adds to such a call.
        work: from the items of a call to their results.
    """

    visitor: Hashable
    work: Callable[[Sequence[Item]], Sequence[T]]
    item: Item
    together: Hashable = None
    future: Future[T] = field(default_factory=Future)


AnyTask = Task[Any, Any]
"""Of whatever items and results: in a queue stand tasks of all kinds."""


class Turns:
    """Tasks that wait: of each visitor in the order of asking, the visitors in turn."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, deque[AnyTask]] = OrderedDict()
        self._changed = threading.Condition()

    def put(self, task: AnyTask) -> None:
        with self._changed:
            self._waiting.setdefault(task.visitor, deque()).append(task)
            self._changed.notify()

    def take(self, most: int = 1) -> list[AnyTask]:
        """Waits for a task; with it come others that may be done together with it, each visitor's
        next first, up to ``most`` in all."""
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            first = self._pop(next(iter(self._waiting)))
            taken = [first]
            while first.together is not None and len(taken) < most:
                alike = [
                    visitor
                    for visitor, tasks in self._waiting.items()
                    if tasks[0].together == first.together
                ]
                if not alike:
                    break
                taken += [self._pop(visitor) for visitor in alike[: most - len(taken)]]
            return taken

    def remove(self, task: AnyTask) -> None:
        """Takes a task out, if it still waits."""
        with self._changed, suppress(KeyError, ValueError):
            self._waiting[task.visitor].remove(task)
            if not self._waiting[task.visitor]:
                del self._waiting[task.visitor]

    def before(self, task: AnyTask) -> int | None:
        """How many tasks come before one that waits; None where it does not wait any more."""
        with self._changed:
            own = self._waiting.get(task.visitor, deque())
            if task not in own:
                return None
            rank, earlier = own.index(task), 0
            ahead = True  # of this visitor in the present round
            for visitor, tasks in self._waiting.items():
                if visitor == task.visitor:
                    ahead = False
                    continue
                earlier += min(len(tasks), rank + 1 if ahead else rank)
            return earlier + rank

    def _pop(self, visitor: Hashable) -> AnyTask:
        """A visitor's next task; the visitor's turn is then after everyone else's."""
        tasks = self._waiting.pop(visitor)
        task = tasks.popleft()
        if tasks:
            self._waiting[visitor] = tasks
        return task


class Lane:
    """Threads that do what waits. They live as long as the server: a network is a quarter slower in
    a thread that is new, as Streamlit's are at each rerun."""

    def __init__(self, name: str, threads: int, *, most: int = 1, niceness: int = 0) -> None:
        """
        Args:
            most: tasks that are done in one call.
            niceness: by how much the threads give way to others.
        """
        self._turns = Turns()
        self._most, self._niceness = most, niceness
        self._busy = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{index}", daemon=True)
            for index in range(threads)
        ]
        self._lock = threading.Lock()
        self._begun = False

    def put(self, task: Task[Item, T]) -> Future[T]:
        with self._lock:
            if not self._begun:
                self._begun = True
                for thread in self._threads:
                    thread.start()
        self._turns.put(task)
        return task.future

    def before(self, task: AnyTask) -> int | None:
        """Tasks that come before one that waits; None where it does not wait any more."""
        return self._turns.before(task)

    def remove(self, task: AnyTask) -> None:
        self._turns.remove(task)

    def _work(self) -> None:
        if self._niceness:
            with suppress(OSError, AttributeError):  # a kernel that has no priorities of threads
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while True:
            tasks = self._turns.take(self._most)
            with self._lock:
                self._busy += 1
                busy = self._busy
            try:
                _share(max(1, CORES // max(1, min(busy, len(self._threads)))))
                _do(tasks)
            finally:
                with self._lock:
                    self._busy -= 1
                del tasks


def _share(cores: int) -> None:
    """Lets this thread compute on so many cores."""
    import torch

    if torch.get_num_threads() != cores:
        torch.set_num_threads(cores)


def _do(tasks: Sequence[AnyTask]) -> None:
    """Each task's result goes to who waits for it. What fails together is tried one by one, so that
    one visitor's image never spoils another's."""
    asked = [task for task in tasks if task.future.set_running_or_notify_cancel()]
    if not asked:
        return
    try:
        results = asked[0].work([task.item for task in asked])
    except BaseException as error:
        if len(asked) == 1:
            asked[0].future.set_exception(error)
            return
        for task in asked:
            alone = Task(task.visitor, task.work, task.item, task.together)
            _do([alone])
            failed = alone.future.exception()
            if failed is not None:
                task.future.set_exception(failed)
            else:
                task.future.set_result(alone.future.result())
    else:
        for task, result in zip(asked, results, strict=True):
            task.future.set_result(result)


QUICK = Lane("quick", 1, most=BATCH)
MAPS = Lane("maps", 1)
SLOW = Lane("slow", SLOW_AT_ONCE, niceness=NICENESS)


def quickly(visitor: Hashable, work: Callable[[], T]) -> T:
    """The result of a map that takes a moment, when it is this visitor's turn."""
    future = MAPS.put(Task(visitor, lambda _: [work()], None))
    with ADMISSION.aside():
        return future.result()


def slowly(
    visitor: Hashable,
    work: Callable[[Progress], T],
    show: Callable[[int, int], None],
    waiting: Callable[[int], None],
) -> T:
    """The result of long work.

    Args:
        work: is called with what to report its progress to, on a thread of the lane.
        show: is called with steps done and in all, on this thread, while the work is done.
        waiting: is called with how many others come before, while it is not.

    Whatever these two raise, as Streamlit does for a visitor who goes on to something else, stops
    the work at its next step.
    """
    gone = threading.Event()
    reported = [(0, 1)]

    def progress(done: int, total: int) -> None:
        reported[0] = (done, total)
        if gone.is_set():
            raise Cancelled

    task = Task(visitor, lambda _: [work(progress)], None)
    future = SLOW.put(task)
    try:
        with ADMISSION.aside():
            while not wait([future], POLL).done:
                before = SLOW.before(task)
                if before is None:
                    show(*reported[0])
                else:
                    waiting(before)
    except BaseException:
        gone.set()
        SLOW.remove(task)
        raise
    return future.result()
