"""Numbers of a document as texts."""

import math

from dermxai.core.formatting import fixed, points, signed

SHARES = (
    *("sensitivity", "specificity", "accuracy", "ppv", "npv", "ppv_at_prevalence"),
    *("npv_at_prevalence", "top1_accuracy", "top1_accuracy_merged", "balanced_accuracy"),
    *("mean_accuracy", "mean_sensitivity", "mean_specificity"),
)
"""Measures that are written in percent."""


def estimate(measure: str, value: float, low: float, high: float) -> str:
    """ "93.1 (88.2 to 96.0)" of shares in percent, "0.912 (0.880 to 0.941)" of others; the value
    alone where there is no interval, a dash where it is undefined."""
    if math.isnan(value):
        return "–"
    scale, digits = (100, 1) if measure in SHARES else (1, 3)
    told = fixed(scale * value, digits)
    if math.isnan(low) or math.isnan(high):
        return told
    return f"{told} ({fixed(scale * low, digits)} to {fixed(scale * high, digits)})"


def difference(measure: str, value: float, low: float, high: float) -> str:
    """ "+1.2 pp (−0.3 to +2.8)" of shares, "+0.012 (−0.003 to +0.028)" of others."""
    if measure in SHARES:
        return points(value, low, high)
    ends = "" if math.isnan(low) else f" ({signed(low, 3)} to {signed(high, 3)})"
    return f"{signed(value, 3)}{ends}"


def titled(name: str, measure: str) -> str:
    """A measure's title with its unit."""
    return f"{name}, %" if measure in SHARES else name
