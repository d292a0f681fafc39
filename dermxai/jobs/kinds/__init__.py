"""What a job can be: one file a kind, found by looking.

Each offers ``LANE`` ("device" or "processor": one job runs in each at a time),
``title(arguments)`` and ``run(report, …)``, which returns what `Job.result` shows. It calls
``report`` often: that is where it is cancelled. What it had finished must serve it when it is run
again.
"""

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Protocol

from dermxai.errors import InputError
from dermxai.plugins import modules


class Report(Protocol):
    """Told how far the work is; raises `dermxai.errors.Cancelled` to stop it."""

    def __call__(
        self, phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None: ...


def find_kind(name: str) -> ModuleType:
    """
    Raises:
        InputError: there is no such kind.
    """
    kinds = modules(__name__)
    if name not in kinds:
        raise InputError(f"There is no kind of job {name!r}; there are {', '.join(kinds)}.")
    return kinds[name]


def check_arguments(kind: ModuleType, arguments: Mapping[str, Any]) -> None:
    """
    Raises:
        InputError: an argument is missing or unknown.
    """
    signature = inspect.signature(kind.run)
    try:
        signature.bind(None, **arguments)
    except TypeError as error:
        known = ", ".join(list(signature.parameters)[1:])
        raise InputError(
            f"A job of kind {kind.__name__.rpartition('.')[2]!r} {error}; it takes {known}."
        ) from None
