"""Net benefit, prediction sets and abstention."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dermxai import figures, taxonomy
from dermxai.core.formatting import interval, percent
from dermxai.metrics.conformal import COVERAGE
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.curves import useful_in_words
from dermxai.report.prediction_sets import PredictionSets, in_words, notes
from dermxai.ui.components import look
from dermxai.ui.components.tables import interval_column, number_column
from dermxai.ui.components.text import SHARE_INTERVAL, fixed, plain
from dermxai.ui.pages.performance.one_class import ask_class
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.state import Key

_KEPT = (1.0, 0.9, 0.8, 0.7, 0.5)


def net_benefit(
    run_id: str,
    split: str | None,
    with_leaks: bool,
    *,
    prevalence: float | None,
    regrouping: Regrouping,
) -> None:
    """The decision curve of a class.

    Args:
        prevalence: that it is told at; that of the images where None.
    """
    shown = evaluated.regrouped(run_id, split, with_leaks, regrouping)
    code = ask_class(shown)
    found = evaluated.decision_curve(
        run_id, split, with_leaks, code, prevalence=prevalence, regrouping=regrouping
    )
    fitted = evaluated.calibration(run_id, split, with_leaks, "", regrouping).temperature
    tempered = None
    if fitted is not None:
        tempered = evaluated.decision_curve(
            run_id,
            split,
            with_leaks,
            code,
            prevalence=prevalence,
            temperature=fitted.value,
            regrouping=regrouping,
        ).table
    drawn = figures.decision_curve(
        found.table,
        code,
        found.prevalence,
        tempered=tempered,
        level=shown.level,
        dark=look.dark(),
    )
    look.plot(look.Plot.of(drawn), Key.FIGURE.of("decision-curve"), width="content")
    st.caption(
        plain(
            f"{useful_in_words(found)} The prevalence is set under Measures. Probabilities that "
            "are badly calibrated lose benefit, see Calibration."
        )
    )


def abstention(run_id: str, split: str | None, with_leaks: bool, *, regrouping: Regrouping) -> None:
    """Errors that are left where the least sure images are left out."""
    found = evaluated.risk_coverage(run_id, split, with_leaks, regrouping)
    level = evaluated.regrouped(run_id, split, with_leaks, regrouping).level
    left, right = st.columns([3, 2], gap="medium")
    with left:
        drawn = figures.risk_coverage_curve(found.table, level, look.dark())
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("risk-coverage"), width="content")
    with right:
        rows = found.table.set_index("at_least").loc[list(_KEPT)]
        st.dataframe(
            pd.DataFrame(
                {
                    "Kept": [percent(each) for each in rows["kept"]],
                    "Probability from": [fixed(each, 3) for each in rows["threshold"]],
                    "Errors": [percent(each) for each in rows["risk"]],
                    "CI": [
                        interval(low, high).removesuffix(" %")
                        for low, high in rows[["low", "high"]].to_numpy(float)
                    ],
                }
            ),
            column_config={"CI": interval_column(level, SHARE_INTERVAL)},
            hide_index=True,
        )
        st.caption(
            f"Area under the curve {fixed(found.area, 3)}; "
            f"{fixed(found.area_best, 3)} if all errors were the least sure. Errors are of argmax; "
            "equally sure images are kept or left together."
        )


def prediction_sets(
    run_id: str,
    split: str | None,
    with_leaks: bool,
    *,
    regrouping: Regrouping,
) -> None:
    """Controls, coverage by class, sizes, and how often a set is exactly some classes."""
    classes = evaluated.regrouped(run_id, split, with_leaks, regrouping).classes
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.number_input(
            "Sets that hold the true class of (%)",
            min_value=50.0,
            max_value=99.9,
            value=100 * COVERAGE,
            step=1.0,
            key=Key.SET_COVERAGE,
            bind="query-params",
            persist_state="session",
            width=230,
        )
        by_class = st.toggle(
            "For each class",
            key=Key.BY_CLASS,
            help="A bound for each class, so that none is covered less than the others. Sets are "
            "larger.",
            bind="query-params",
            persist_state="session",
        )
        pair = [code for code in taxonomy.OVERLAPPING if code in classes]
        exactly = st.multiselect(
            "How often exactly",
            taxonomy.ordered(classes),
            default=pair if len(pair) == len(taxonomy.OVERLAPPING) else [],
            key=Key.EXACTLY,
            placeholder="classes of a set",
            bind="query-params",
            persist_state="session",
            width=260,
        )
    found, why_not = evaluated.prediction_sets(
        run_id, split, with_leaks, asked / 100, by_class, regrouping=regrouping
    )
    if found is None:
        st.caption(f"No prediction sets: {plain(why_not)}")
        return
    whole = found.measured.overall.iloc[0]
    st.caption(plain(in_words(found)))
    st.markdown(
        f"Measured: **{percent(whole['coverage'])}** ({interval(whole['low'], whole['high'])}) of "
        f"images covered, **{fixed(whole['size'])}** classes in a set on average. "
        + _exactly_in_words(found, [code for code in exactly if code in classes])
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        drawn = figures.coverage(
            found.measured.by_class,
            found.classes,
            found.rule.coverage,
            found.measured.level,
            look.dark(),
        )
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("coverage"), width="content")
    with right:
        st.dataframe(
            _sizes(found),
            column_config={
                "Images": number_column("localized", 80),
                "Share": number_column("%.1f %%", 80),
            },
            hide_index=True,
        )
    look.notes(notes(found))


def _exactly_in_words(found: PredictionSets, codes: Sequence[str]) -> str:
    """How often a set is exactly these classes, as Markdown; "" for none."""
    if not codes:
        return ""
    rows = found.exactly(codes).to_dict("records")
    whole, *each = rows
    told = [f"**{percent(whole['share'])}** ({interval(whole['low'], whole['high'])}) of images"]
    told += [
        f"{percent(row['share'])} of {plain(row['of'])}"
        for row in each
        if not math.isnan(row["share"])
    ]
    return f"Exactly {{{plain(', '.join(codes))}}}: {', '.join(told)}."


def _sizes(found: PredictionSets) -> pd.DataFrame:
    """How many classes sets hold; sizes without a set between others stand there."""
    sizes = found.measured.sizes
    last = int(sizes.loc[sizes["images"] > 0, "size"].max()) if sizes["images"].any() else 0
    rows = sizes[sizes["size"] <= last]
    rows = rows[(rows["size"] > 0) | (rows["images"] > 0)]
    return pd.DataFrame(
        {
            "Classes in a set": rows["size"].astype(str),
            "Images": rows["images"],
            "Share": 100 * rows["share"],
        }
    )
