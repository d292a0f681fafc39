"""Where a job can run, discovered automatically, see `Launcher`."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dermxai.core.components import Component, Kind, Text
from dermxai.core.errors import InputError

if TYPE_CHECKING:
    from dermxai.jobs.job import Job

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


@dataclass(frozen=True, kw_only=True)
class Launcher(Component):
    """
    Attributes:
        title: in forms.
    """

    title: Text

    def available(self) -> str:
        """Why it cannot be used here, in a sentence; empty where it can."""
        return ""

    def size(self) -> Mapping[str, int]:
        """The arguments ``devices`` and ``nodes`` of a job that does not say them.

        Raises:
            InputError: the launcher's settings cannot be read.
        """
        return {}

    @abstractmethod
    def launch(self, job: "Job", attempt: int) -> Mapping[str, object]:
        """Starts an attempt.

        Returns:
            What ``submit-n.json`` is to say, as JSON holds it.

        Raises:
            InputError: it cannot be started.
        """

    @abstractmethod
    def withdraw(self, said: Mapping[str, object]) -> None:
        """Takes back what ``launch`` has started and could not be noted."""

    @abstractmethod
    def status(self, job: "Job", attempt: int) -> Status: ...

    @abstractmethod
    def stop(self, job: "Job", attempt: int, grace: float) -> None:
        """Ends an attempt that the flag ``cancel`` asks to stop.

        Args:
            grace: seconds that it has to end by itself.
        """

    @abstractmethod
    def log(self, job: "Job", attempt: int) -> Path:
        """The file to which an attempt prints; it need not be there."""


LAUNCHERS: Kind[Launcher] = Kind(
    Launcher,  # type: ignore[type-abstract]
    __name__,
    "launcher",
)


def launchers() -> Mapping[str, Launcher]:
    return LAUNCHERS.all()


def find_launcher(name: str) -> Launcher:
    """
    Raises:
        InputError: there is no such launcher.
    """
    known = launchers()
    if name not in known:
        raise InputError(f"A job cannot run on {name!r}; expected one of {', '.join(known)}.")
    return known[name]
