"""What intervals rest on, as every file says it in which there are some.

A number that lies in a file is read long after it was computed, beside others that another version
of the formulas gave (`intervals.VERSION`).
"""

from collections.abc import Mapping

from dermxai.core.formatting import Basis
from dermxai.metrics import intervals

LEVEL = 0.95
"""Of intervals that nobody asked another level of."""


def basis(independent: str, level: float = LEVEL) -> Basis:
    """``intervals`` of a JSON file.

    Args:
        independent: what the intervals take as independent: patients, lesions or images.
        level: their confidence.
    """
    return {"level": level, "independent": independent, "version": intervals.VERSION}


def columns(independent: str, level: float = LEVEL) -> dict[str, str | float]:
    """The same as columns of a table, one value each."""
    return {
        "interval_level": level,
        "interval_independent": independent,
        "interval_version": intervals.VERSION,
    }


def current(told: object) -> bool:
    """Whether what a file says of its intervals, or the version alone, which it said before, names
    the formulas of now."""
    version = told.get("version") if isinstance(told, Mapping) else told
    return version == intervals.VERSION
