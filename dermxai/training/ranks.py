"""A training in several processes of this machine, watched from one that is none of them.

The processes are torch's; Lightning finds its place among them in the environment.
"""

import os
import queue
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from lightning.fabric.plugins.environments.lightning import find_free_network_port
from torch import multiprocessing
from torch.multiprocessing.spawn import (
    ProcessExitedException,
    ProcessRaisedException,
    start_processes,
)

from dermxai.errors import InputError
from dermxai.logs import log_to_stderr, logs_to_stderr

POLL = 0.1  # seconds
Work = Callable[[Any, Any], None]


def run(work: Work, plan: Any, count: int, progress: Any) -> None:
    """Calls ``work(plan, progress)`` in ``count`` processes; the first one's progress arrives here.

    When one ends badly, or ``progress`` raises, all end: the state on disk is whole at any time.

    Raises:
        InputError: that of a process.
    """
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    port = find_free_network_port()
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


def _ended(processes: Any, messages: Any) -> bool:
    try:
        return bool(processes.join(timeout=POLL))
    except (ProcessRaisedException, ProcessExitedException) as error:
        _relay(messages, None)
        raise RuntimeError(f"A process of the training ended: {error}") from error


def _relay(messages: Any, progress: Any) -> None:
    while True:
        try:
            kind, content = messages.get(timeout=POLL)
        except queue.Empty:
            return
        if kind == "error":
            raise content
        if progress:
            progress(*content)


class _Common(NamedTuple):
    """What all processes are told."""

    size: int
    port: int
    log: bool


def _rank(rank: int, work: Work, plan: Any, common: _Common, messages: Any) -> None:
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

    def tell(*content: Any) -> None:
        messages.put(("progress", content))

    try:
        work(plan, tell if rank == 0 else None)
    except InputError as error:
        messages.put(("error", error))
        messages.close()
        messages.join_thread()
        raise
