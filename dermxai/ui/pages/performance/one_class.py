"""One class at any threshold: a slider that moves its point, its errors and its measures."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dermxai import figures, taxonomy
from dermxai.figures.confusion import confusion_matrix
from dermxai.metrics.measures import AtThreshold
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.evaluated import Evaluated
from dermxai.report.measures import NAMES
from dermxai.report.one_class import CHOSEN, Place, false_alarms_in_words, places
from dermxai.ui.app.guard import fragment
from dermxai.ui.components import look
from dermxai.ui.components.tables import interval_column
from dermxai.ui.components.text import SHARE_INTERVAL, fixed, plain
from dermxai.ui.session import state
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.state import Key

_LOGITS = np.arange(-90, 91) / 10
THRESHOLDS: Sequence[str] = [
    f"{100 / (1 + math.exp(-each)):.3f}".rstrip("0").rstrip(".") + " %" for each in _LOGITS
]
"""Probabilities that the slider stops at, even in logits: finest next to 0 and 1."""
_VALUES: Mapping[str, float] = dict(
    zip(THRESHOLDS, (1 / (1 + np.exp(-_LOGITS))).tolist(), strict=True)
)
_HALF = "50 %"


def ask_class(shown: Evaluated) -> str:
    """Which class that has images is looked at, in more than one part; at first the one that is
    most often predicted as one other."""
    ordered = taxonomy.ordered(shown.common)
    confused = [true for true, *_ in shown.confused() if true in ordered]
    chosen = st.selectbox(
        "Class",
        ordered,
        index=ordered.index(confused[0]) if confused else 0,
        key=Key.ONE_CLASS,
        bind="query-params",
        persist_state="session",
        width=220,
    )
    return chosen if chosen in ordered else ordered[0]


@fragment()
def section(
    run_id: str,
    split: str | None,
    with_leaks: bool,
    *,
    prevalence: float | None = None,
    regrouping: Regrouping,
) -> None:
    """Slider, curves with the point, errors and measures.

    Args:
        prevalence: for predictive values at it.
    """
    if state.take(Key.CHOSEN):
        st.rerun()  # the page shows the images that were chosen
    shown = evaluated.regrouped(run_id, split, with_leaks, regrouping)
    code = ask_class(shown)
    chosen = evaluated.thresholds(run_id, split, with_leaks, regrouping)[code]
    threshold = _ask_threshold(chosen)
    found = evaluated.at_threshold(
        run_id,
        split,
        with_leaks,
        code,
        threshold,
        prevalence=prevalence,
        regrouping=regrouping,
    )
    st.caption(
        "Set on the images that are measured: a threshold that looks best here is too good "
        "elsewhere. Hollow circles: argmax, and thresholds that validation patients choose."
    )
    values = found.table.set_index("measure")["value"]
    at = Place(1 - values["specificity"], values["sensitivity"], values["ppv"])
    points = {f"From {_words(threshold)} on": at, **places(shown, code, chosen)}
    bands = evaluated.bands(run_id, split, with_leaks, code, regrouping)
    dark = look.dark()
    colour = taxonomy.colours(shown.classes, dark)[code]
    left, right = st.columns(2, gap="medium")
    with left:
        drawn = figures.roc_band(
            bands.roc,
            code,
            {name: (each.false_positive_rate, each.sensitivity) for name, each in points.items()},
            level=found.level,
            colour=colour,
            dark=dark,
        )
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("roc-band"), width="content")
    with right:
        drawn = figures.precision_recall_band(
            bands.precision_recall,
            code,
            {name: (each.sensitivity, each.precision) for name, each in points.items()},
            prevalence=float((found.true == code).mean()),
            level=found.level,
            colour=colour,
            dark=dark,
        )
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("pr-band"), width="content")
    left, right = st.columns(2, gap="medium")
    with left:
        _errors(found, code, threshold)
    with right:
        st.dataframe(
            table(found, f"At {_words(threshold)}"),
            column_config={
                "Value": st.column_config.TextColumn(alignment="right"),
                "CI": interval_column(found.level, SHARE_INTERVAL),
            },
            hide_index=True,
            height=look.height(found.table, 16),
        )


def _ask_threshold(chosen: dict[str, float]) -> float:
    """The threshold that is set; that of the Youden index on validation patients at first."""
    youden = chosen.get(next(iter(CHOSEN)), math.nan)
    first = _HALF
    if math.isfinite(youden):
        first = min(_VALUES, key=lambda name: abs(_VALUES[name] - youden))
    name = st.select_slider(
        "An image is of the class from this probability on",
        THRESHOLDS,
        value=first,
        key=Key.THRESHOLD,
        bind="query-params",
        persist_state="session",
    )
    return _VALUES[name if name in _VALUES else _HALF]


def _words(threshold: float) -> str:
    return min(_VALUES, key=lambda name: abs(_VALUES[name] - threshold))


def _errors(found: AtThreshold, code: str, threshold: float) -> None:
    """The four counts, whose cells open their images, and whose images the false alarms are."""
    rest = f"not {code}"
    own, others = found.called.iloc[0], found.called.iloc[1:]
    counts = pd.DataFrame(
        [
            [own["called"], own["not_called"]],
            [others["called"].sum(), others["not_called"].sum()],
        ],
        index=[code, rest],
        columns=[code, rest],
    )
    key = Key.FIGURE.of("errors", code, f"{threshold:.5f}")

    def choose() -> None:
        points = state.clicked(key)
        if points:
            _select(found, code, rest, points[0])

    look.plot(
        look.Plot.of(confusion_matrix(counts, "counts", look.dark())),
        key,
        on_select=choose,
        selection_mode="points",
        width="content",
    )
    st.caption(plain(f"{false_alarms_in_words(found)} A click shows the images above."))


def _select(found: AtThreshold, code: str, rest: str, point: tuple[str, ...]) -> None:
    """Makes the images of a clicked cell, row or column the selection."""
    kind, *codes = point
    chosen = np.ones(found.chosen.size, dtype=bool)
    words = []
    if kind in ("cell", "row"):
        chosen &= (found.true == code) == (codes[0] == code)
        words.append(f"Class {codes[0]}")
    if kind in ("cell", "column"):
        chosen &= found.chosen == (codes[-1] == code)
        words.append(f"decided as {code if codes[-1] == code else rest}")
    if not chosen.any():
        st.toast("There is no image in this cell.")
        return
    state.select(", ".join(words), found.sample_ids[chosen].tolist())
    state.put(Key.CHOSEN, True)


def table(found: AtThreshold, title: str) -> pd.DataFrame:
    """The measures for people, one a row; the title is of their names."""
    rows = {row["measure"]: row for row in found.table.to_dict("records")}
    shown = [name for name in NAMES if name in rows]

    def written(name: str, ends: str) -> str:
        values = [fixed(rows[name][end], 3) for end in ends.split()]
        return "–" if "–" in values else "–".join(values)

    return pd.DataFrame(
        {
            title: [NAMES[name] for name in shown],
            "Value": [written(name, "value") for name in shown],
            "CI": [written(name, "low high") for name in shown],
        }
    )
