"""Net benefit of acting on each class, beside acting on all images and on none."""

import math

import pandas as pd

from dermxai import taxonomy
from dermxai.core.formatting import fixed, percent
from dermxai.figures import vector
from dermxai.metrics.decision_curve import DecisionCurve
from dermxai.report.curves import decision_curve_of, useful_in_words
from dermxai.report.document.content import Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.sections.measures import drawing

_TOLD = (0.05, 0.1, 0.2, 0.5)
"""Thresholds of the table; the files hold all."""
_MOST = 24
"""Curves that are drawn."""


def net_benefit(material: Material) -> Section:
    """At the classes' frequencies among the measured images."""
    title, shown = "Net benefit", material.shown
    curves = {
        code: curve
        for code in taxonomy.ordered(shown.common)
        if (curve := decision_curve_of(shown, code)).table["net_benefit"].notna().any()
    }
    if not curves:
        told = "No net benefit: it needs images of two classes with labels."
        return Section("net-benefit", title, (Text(told),))
    drawn = vector.decision_curves(
        {code: (curve.table, curve.prevalence) for code, curve in list(curves.items())[:_MOST]}
    )
    left_out = f" The first {_MOST} classes." if len(curves) > _MOST else ""
    caption = (
        f"Decision curves of {material.where}: net benefit by the probability from which on one "
        f"acts, with {percent(shown.level, 0)} intervals over {shown.clusters}, pointwise; dashed: "
        f"acting on all images, dotted: on none.{left_out}"
    )
    numbers = pd.concat(
        [
            curve.table.assign(prevalence=curve.prevalence, **{"class": code})
            for code, curve in curves.items()
        ],
        ignore_index=True,
    )
    table = Table(
        "net-benefit",
        f"Net benefit of {material.where} at thresholds of the probability",
        pd.DataFrame([_row(code, curve) for code, curve in curves.items()]),
        material.with_basis(numbers),
        "Images found per image, less false alarms at the rate p / (1 − p) that a threshold p says "
        f"(Vickers & Elkin 2006); values with {percent(shown.level, 0)} intervals, pointwise, at "
        "the prevalence here, taken as known.",
    )
    figure = drawing("decision-curves", drawn, caption)
    return Section("net-benefit", title, (figure, table))


def _row(code: str, curve: DecisionCurve) -> dict[str, str]:
    by = curve.table.set_index(curve.table["threshold"].round(2))
    told = {
        f"From {percent(at, 0)} on": _estimate(*by.loc[at, ["net_benefit", "low", "high"]])
        for at in _TOLD
    }
    return {
        "Class": taxonomy.titled(code),
        "Prevalence": percent(curve.prevalence),
        **told,
        "Of use": useful_in_words(curve).removesuffix("; intervals are pointwise."),
    }


def _estimate(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "–"
    ends = "" if math.isnan(low) else f" ({fixed(low, 3)} to {fixed(high, 3)})"
    return f"{fixed(value, 3)}{ends}"
