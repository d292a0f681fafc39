"""Text from outside (file names, labels, patients) made safe for Markdown, and number
formatting."""

import math

from dermxai.core.escaping import markdown as plain
from dermxai.core.formatting import (
    count,
    fixed,
    interval,
    percent,
    rounded,
    shortened,
    signed,
    signed_logit,
)
from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS

__all__ = [
    "count",
    "duration",
    "fixed",
    "interval",
    "percent",
    "plain",
    "rounded",
    "shortened",
    "signed",
    "signed_logit",
    "span",
]

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
    "Interval: Newcombe's of the seen less the unseen images, over patients; from "
    f"{FEWEST} seen and {FEWEST} unseen patients on, of each class in means over classes."
)
MEAN_INTERVAL = f"Interval: Student's t over patients; from {FEWEST} patients on."
DIFFERENCE_INTERVAL = (
    f"Interval: Newcombe's of shares, Student's t of means, over patients; from {FEWEST} patients "
    "of each side on."
)
"""Which formula an interval is, and from how many patients on it can be trusted."""


def span(low: float, high: float) -> str:
    """A time that is expected, in seconds: a range where its ends are said differently."""
    shortest, longest = duration(max(low, 0.0)), duration(high)
    if shortest == longest:
        return f"about {longest}"
    number, _, unit = shortest.partition(" ")
    return f"{number if longest.endswith(unit) else shortest} to {longest}"


def duration(seconds: float) -> str:
    """A time still to wait, rounded as people say it."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
