"""Text from outside (file names, labels, patients) made safe for Markdown, and numbers for eyes."""

import math
import re

from dermxai.numbers import count, interval, percent, shortened, signed

__all__ = ["count", "duration", "interval", "percent", "plain", "shortened", "signed"]

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
