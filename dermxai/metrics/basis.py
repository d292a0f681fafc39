"""What intervals rest on, as every file says it in which there are some.

A number that lies in a file is read long after it was computed, beside others that another version
of the formulas gave (`intervals.VERSION`).
"""

from collections.abc import Mapping
from typing import Any

from dermxai.metrics import intervals

LEVEL = 0.95
"""Of intervals that nobody asked another level of."""


def basis(independent: str, level: float = LEVEL) -> dict[str, Any]:
    """``intervals`` of a JSON file.

    Args:
        independent: what the intervals take as independent: patients, lesions or images.
        level: their confidence.
    """
    return {"level": level, "independent": independent, "version": intervals.VERSION}


def columns(independent: str, level: float = LEVEL) -> dict[str, Any]:
    """The same as columns of a table, one value each."""
    return {f"interval_{name}": value for name, value in basis(independent, level).items()}


def in_words(independent: str, level: float = LEVEL) -> str:
    """ "95 % intervals over patients, version 2 of the formulas"."""
    version = f"version {intervals.VERSION} of the formulas"
    return f"{100 * level:.3g} % intervals over {independent}, {version}"


def current(told: object) -> bool:
    """Whether what a file says of its intervals, or the version alone, which it said before, names
    the formulas of now."""
    version = told.get("version") if isinstance(told, Mapping) else told
    return version == intervals.VERSION
