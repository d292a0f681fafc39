"""What a job would do, done by this process: for the command line."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from dermxai.jobs import queue
from dermxai.jobs.gpus import VISIBLE, gpus
from dermxai.jobs.kinds import Report, find_kind, number

POLL = 0.5  # seconds
_STARTED_BY_OTHERS = ("SLURM_JOB_ID", "LOCAL_RANK")  # who have given this process its GPUs


def work(
    kind: str, arguments: Mapping[str, object], report: Report, say: Callable[[str], None]
) -> dict[str, object]:
    """Runs a kind of job here and now, with GPUs that no job uses; other jobs wait for them.

    Args:
        arguments: of the kind. With ``device="cuda:1"`` that very GPU is used, whoever
            else uses it.
        say: told why it has to wait.

    Raises:
        InputError: as the kind says.
    """
    found = find_kind(kind)
    device = str(arguments.get("device") or "")
    anywhere = found.lane == "device" and device in ("", "cuda")
    wanted = number(arguments, "devices") if anywhere else 0
    if anywhere and (shares := number(arguments, "shares")) > 1:
        wanted = max(wanted, min(shares, len(gpus())))
    with _reserved(wanted, say):
        return found.run(report, **arguments)


@contextmanager
def _reserved(wanted: int, say: Callable[[str], None]) -> Iterator[None]:
    """So many of this computer's GPUs, the only ones that this process sees; none where there are
    fewer, or where another program has chosen them."""
    chosen = not wanted or any(name in os.environ for name in _STARTED_BY_OTHERS)
    names = [] if chosen else gpus()
    if len(names) < max(wanted, 1):
        yield
        return
    told = False
    while not (taken := queue.take(names, wanted)):
        if not told:
            say("Waiting for a GPU that no job uses; with CUDA_VISIBLE_DEVICES= it needs none.")
            told = True
        time.sleep(POLL)
    before = os.environ.get(VISIBLE)
    os.environ[VISIBLE] = ",".join(taken)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VISIBLE]
        else:
            os.environ[VISIBLE] = before
        for descriptor in taken.values():
            os.close(descriptor)
