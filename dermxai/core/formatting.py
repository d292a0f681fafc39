"""Number formatting, and numbers as JSON holds them."""

import math
from collections.abc import Mapping
from typing import TypedDict, overload


class Basis(TypedDict):
    """What intervals rest on, see `dermxai.metrics.basis`."""

    level: float
    independent: str
    version: int


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


def rounded(value: float, digits: int = 2) -> str:
    """ "140", "1.2", "0.034": so many significant digits, with powers of ten only below 0.0001 and
    from a million on."""
    short = f"{value:.{digits}g}"
    return f"{float(short):.0f}" if "e+" in short and abs(value) < 1e6 else short


def percent(share: float, digits: int = 1) -> str:
    """0.123 as "12.3 %"; an undefined share as a dash."""
    return "–" if math.isnan(share) else f"{fixed(share * 100, digits)} %"


def interval(low: float, high: float, digits: int = 1) -> str:
    """The ends of a confidence interval of a share, "12.3–14.5 %"; a dash where undefined."""
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{fixed(low * 100, digits)}–{fixed(high * 100, digits)} %"


def interval_basis(basis: Basis) -> str:
    """ "95 % intervals over patients, version 2 of the formulas", of `dermxai.metrics.basis`."""
    return (
        f"{100 * basis['level']:.3g} % intervals over {basis['independent']}, version "
        f"{basis['version']} of the formulas"
    )


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


def signed_logit(value: float) -> str:
    """A logit, or a difference of two: "+1.20", "−0.35"; of one that two decimals would call zero
    two significant digits, "+0.0031", since its sign says which class is ahead."""
    small = 0 < abs(value) < 0.005
    return signed(value, 1 - math.floor(math.log10(abs(value))) if small else 2)


def points(
    difference: float, low: float = math.nan, high: float = math.nan, digits: int = 1
) -> str:
    """A difference of shares in percentage points, with its interval where there is one:
    "−0.4 pp (−1.2 to +0.3)"; a dash where undefined."""
    if math.isnan(difference):
        return "–"
    value, *ends = (signed(100 * each, digits) for each in (difference, low, high))
    return f"{value} pp" if math.isnan(low) else f"{value} pp ({' to '.join(ends)})"


@overload
def jsonable(value: Mapping[str, object]) -> dict[str, object]: ...
@overload
def jsonable(value: object) -> object: ...
def jsonable(value: object) -> object:
    """A value as plain numbers, texts, lists and mappings, arrays and their numbers included; what
    JSON has no number for (NaN, infinity) becomes None."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # numpy's
        return jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def first_line(error: Exception) -> str:
    """What an error of another library says, without its last full stop; its type where it says
    nothing."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
