"""Text from outside (file names, labels, patients) made safe for Markdown, and numbers for eyes."""

import math
import re

from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS, FEWEST_OF_MEAN
from dermxai.numbers import count, interval, percent, shortened, signed

__all__ = ["count", "duration", "interval", "percent", "plain", "shortened", "signed"]

SHARE_INTERVAL = (
    f"Interval: Wilson's score with a design effect for patients; from {FEWEST} patients on."
)
CLASSES_INTERVAL = (
    f"Interval: Wilson's score with a design effect for patients; from {FEWEST_OF_CLASS} patients "
    "of each class on."
)
AREA_INTERVAL = (
    f"Interval: DeLong's placements over patients, Wilson's score; from {FEWEST} patients of the "
    "class and of the rest on."
)
PREMIUM_INTERVAL = (
    "Interval: Student's t of the paired difference over patients; from "
    f"{FEWEST} seen and {FEWEST} unseen patients on, for means over classes {FEWEST_OF_CLASS}."
)
MEAN_INTERVAL = f"Interval: Student's t over patients; from {FEWEST_OF_MEAN} patients on."
"""Which formula an interval is, and from how many patients on it can be trusted."""

_MARKDOWN = re.compile(r"([\\`*_\[\]#!|~<>:$&])")
_BREAKS = re.compile(r"\s+")


def plain(text: object) -> str:
    """The text as it is, on one line, with nothing in it that Markdown would act upon."""
    return _MARKDOWN.sub(r"\\\1", _BREAKS.sub(" ", str(text)).strip())


def duration(seconds: float) -> str:
    """A time still to wait, rounded as people say it."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
