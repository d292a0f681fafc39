"""How long a case is looked at, by a clock that nobody sets."""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self
from uuid import uuid4

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Moment:
    """Of the monotonic clock, which all processes of a computer share until it is started again:
    what a server has noted, another one goes on with.

    Attributes:
        boot: which start of which computer.
        seconds: since then.
    """

    boot: str
    seconds: float

    @classmethod
    def now(cls) -> Self:
        return cls(_boot(), time.monotonic())

    def since(self, boot: str | None, seconds: float | None) -> float | None:
        """Seconds from an earlier moment to this one; None where they cannot be compared."""
        if boot != self.boot or seconds is None or seconds > self.seconds:
            return None
        return self.seconds - seconds


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()[:64]
    except OSError:  # not Linux: a clock of this process alone
        return uuid4().hex
