"""A training in several processes of this machine, watched from one that is none of them.

The processes are torch's; Lightning finds its place among them in the environment.
"""

import os
import queue
import signal
from collections.abc import Callable
from multiprocessing.queues import Queue
from typing import NamedTuple, TypeAlias, TypeVar

from lightning.fabric.plugins.environments.lightning import find_free_network_port
from torch import multiprocessing
from torch.multiprocessing.spawn import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    start_processes,
)

from dermxai.core.errors import InputError
from dermxai.core.logs import log_to_stderr, logs_to_stderr
from dermxai.core.spawning import without_main
from dermxai.training.loop.plan import Progress

POLL = 0.1  # seconds
P = TypeVar("P")
Work = Callable[[P, Progress | None], None]
Messages: TypeAlias = "Queue[InputError | tuple[str, int, int, dict[str, float]]]"


def run(work: Work[P], plan: P, count: int, progress: Progress | None) -> None:
    """Calls ``work(plan, progress)`` in ``count`` processes; the first one's progress arrives here.

    When one ends badly, or ``progress`` raises, all end: the state on disk is whole at any time.

    Raises:
        InputError: that of a process.
    """
    context = multiprocessing.get_context("spawn")
    messages: Messages = context.Queue()
    port = find_free_network_port()
    with without_main():
        processes = start_processes(  # type: ignore[no-untyped-call]
            _rank,
            (work, plan, _Common(count, port, logs_to_stderr()), messages),
            count,
            join=False,
            start_method="spawn",
        )
    try:
        while not _ended(processes, messages):
            _relay(messages, progress)
        _relay(messages, progress)
    finally:
        for process in processes.processes:
            if process.is_alive():
                process.kill()
            process.join()


def _ended(processes: ProcessContext, messages: Messages) -> bool:
    try:
        return bool(processes.join(timeout=POLL))
    except (ProcessRaisedException, ProcessExitedException) as error:
        _relay(messages, None)
        raise RuntimeError(f"A process of the training ended: {error}") from error


def _relay(messages: Messages, progress: Progress | None) -> None:
    while True:
        try:
            message = messages.get(timeout=POLL)
        except queue.Empty:
            return
        if isinstance(message, InputError):
            raise message
        if progress:
            progress(*message)


class _Common(NamedTuple):
    """What all processes are told."""

    size: int
    port: int
    log: bool


def _rank(rank: int, work: Work[P], plan: P, common: _Common, messages: Messages) -> None:
    if common.log and rank == 0:
        log_to_stderr()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ |= {
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(common.size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(common.port),
    }

    def tell(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        messages.put((phase, done, total, figures))

    try:
        work(plan, tell if rank == 0 else None)
    except InputError as error:
        messages.put(error)
        messages.close()
        messages.join_thread()
        raise
