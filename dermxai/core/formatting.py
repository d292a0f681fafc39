"""Number formatting, and numbers as JSON holds them."""

import math
from collections.abc import Mapping
from typing import Any

LEFT = "left"
"""Among the figures of a progress: seconds until its phase ends."""


def fixed(value: float, digits: int = 2, sign: str = "-") -> str:
    """ "1.20", "−0.35", "0.00": what rounds to zero is never below it; a dash where undefined.

    Args:
        sign: "+" puts one before what is not below zero, too.
    """
    if math.isnan(value):
        return "–"
    return f"{float(value):{sign}z.{digits}f}".replace("-", "−")


def percent(share: float, digits: int = 1) -> str:
    """0.123 as "12.3 %"; an undefined share as a dash."""
    return "–" if math.isnan(share) else f"{fixed(share * 100, digits)} %"


def interval(low: float, high: float, digits: int = 1) -> str:
    """The ends of a confidence interval of a share, "12.3–14.5 %"; a dash where undefined."""
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{fixed(low * 100, digits)}–{fixed(high * 100, digits)} %"


def count(number: int, noun: str) -> str:
    """ "1 image", "13,603 images", "2 passes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def shortened(text: str, length: int = 28) -> str:
    """At most ``length`` characters, the middle left out: the ends of file names tell most."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[head + 1 - length :]}"


def signed(value: float, digits: int = 2) -> str:
    """ "+1.20", "−0.35", "+0.00"; a dash where undefined."""
    return fixed(value, digits, "+")


def points(
    difference: float, low: float = math.nan, high: float = math.nan, digits: int = 1
) -> str:
    """A difference of shares in percentage points, with its interval where there is one:
    "−0.4 pp (−1.2 to +0.3)"; a dash where undefined."""
    if math.isnan(difference):
        return "–"
    value, *ends = (signed(100 * each, digits) for each in (difference, low, high))
    return f"{value} pp" if math.isnan(low) else f"{value} pp ({' to '.join(ends)})"


def jsonable(value: Any) -> Any:
    """A value as plain numbers, texts, lists and mappings, arrays and their numbers included; what
    JSON has no number for (NaN, infinity) becomes None."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # numpy's
        return jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
