"""Where a job can run: one file a launcher, discovered automatically.

Each offers ``TITLE``, ``available()`` (empty, or why it cannot be used here),
``size()`` (how many devices and nodes a job gets that does not say), ``launch(job, attempt)`` (what
``submit-n.json`` is to say), ``withdraw(said)`` (where that could not be noted),
``status(job, attempt)``, ``stop(job, attempt, grace)`` and ``log(job, attempt)``.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from dermxai.errors import InputError
from dermxai.plugins import modules

MARK = "DERMXAI_JOB"  # in the environment of a job's processes


@dataclass(frozen=True)
class Status:
    """What a launcher knows of an attempt that has left no result.

    Attributes:
        state: None where it is gone.
        reason: why it is gone, or what it waits for, in a sentence; empty where nobody knows.
        cancelled: whether it is gone because somebody stopped it.
        seen: whether its processes can be seen from here; if not, they are left alone.
    """

    state: Literal["queued", "running"] | None
    reason: str = ""
    cancelled: bool = False
    seen: bool = True


def launchers() -> dict[str, ModuleType]:
    return modules(__name__)


def find_launcher(name: str) -> ModuleType:
    """
    Raises:
        InputError: there is no such launcher.
    """
    known = launchers()
    if name not in known:
        raise InputError(f"A job cannot run on {name!r}; expected one of {', '.join(known)}.")
    return known[name]
