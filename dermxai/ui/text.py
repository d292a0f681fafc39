"""Text from outside (file names, labels, patients) made safe for Markdown, and numbers for eyes."""

import math
import re

_MARKDOWN = re.compile(r"([\\`*_\[\]#!|~<>:$&])")
_BREAKS = re.compile(r"\s+")


def plain(text: object) -> str:
    """The text as it is, on one line, with nothing in it that Markdown would act upon."""
    return _MARKDOWN.sub(r"\\\1", _BREAKS.sub(" ", str(text)).strip())


def shortened(text: str, length: int = 28) -> str:
    """At most ``length`` characters, the middle left out: the ends of file names tell most."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[head + 1 - length :]}"


def percent(share: float, digits: int = 1) -> str:
    """0.123 as "12.3 %"; an undefined share as a dash."""
    return "–" if math.isnan(share) else f"{share * 100:.{digits}f} %"


def interval(low: float, high: float, digits: int = 1) -> str:
    """The ends of a confidence interval of a share, "12.3–14.5 %"; a dash where undefined."""
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{low * 100:.{digits}f}–{high * 100:.{digits}f} %"


def duration(seconds: float) -> str:
    """A time still to wait, rounded as people say it."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def count(number: int, noun: str) -> str:
    """ "1 image", "13,603 images"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
