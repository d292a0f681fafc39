"""All measures under a decision rule: what is asked, and the table."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics.decision import MOST_COST, TARGETS, Criterion, OperatingPoint
from dermxai.metrics.measure_estimates import AVERAGES, RANKING
from dermxai.metrics.measures import ALL, AT_PREVALENCE, Measures
from dermxai.metrics.regrouping import Combine, Per, Regrouping
from dermxai.report import rules
from dermxai.report.evaluated import AS_IT_IS
from dermxai.report.measures import CRITERIA, NAMES, notes, rule_in_words
from dermxai.report.regrouping import READY, ready, regrouping_of
from dermxai.ui.components import look
from dermxai.ui.components.tables import class_name, interval_column, number_column
from dermxai.ui.components.text import AREA_INTERVAL, SHARE_INTERVAL, plain
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.state import Key

_APART, _OWN = "None", "Own choice"
_ARGMAX, _POINT = "Argmax", "Operating point"
_FIRST = ("sensitivity", "specificity", "accuracy", "auc")
_HELP = {
    "ppv": "Positive predictive value, precision: share of the images predicted as the class that "
    "are of it, with as many images of the class as there are here.",
    "npv": "Negative predictive value, with as many images of the class as there are here.",
    "ppv_at_prevalence": "From sensitivity and specificity, at the prevalence that is set.",
    "npv_at_prevalence": "From sensitivity and specificity, at the prevalence that is set.",
    "balanced_accuracy": "Mean of sensitivity and specificity.",
    "kappa": "Cohen's: agreement beyond chance, −1 to 1.",
    "mcc": "Matthews correlation coefficient, −1 to 1.",
    "average_precision": "Area under the precision-recall curve, without interpolation.",
    "partial_auc": "Above a sensitivity of 80 %, on McClish's scale: 0.5 is chance, 1 no error.",
}
_SCOPES = {
    "macro": "Macro average",
    "weighted": "Weighted average",
    "micro": "Micro average",
    ALL: "All classes together",
}
_COMBINED = {
    "mean": "Mean of logits",
    "majority": "Majority of predictions",
    "maximum": "Highest probability",
}
_SHARES = ("sensitivity", "specificity", "accuracy", "ppv", "npv", *AT_PREVALENCE)


def ask_rule() -> OperatingPoint | None:
    """The operating point that is asked for; None for argmax."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rule = st.segmented_control(
            "Decision rule",
            [_ARGMAX, _POINT],
            key=Key.RULE,
            default=_ARGMAX,
            required=True,
            help="Argmax: the class with the highest score. Operating point: each class by itself, "
            "where its probability reaches a threshold chosen on validation patients; an image may "
            "be of several classes or of none.",
            bind="query-params",
            persist_state="session",
        )
        if rule != _POINT:
            return None
        criterion = st.selectbox(
            "Chosen by",
            list(CRITERIA),
            key=Key.CRITERION,
            format_func=CRITERIA.__getitem__,
            bind="query-params",
            persist_state="session",
            width=210,
        )
        if criterion == Criterion.COST_RATIO:
            cost = st.number_input(
                "Cost of a missed image, in false alarms",
                min_value=0.01,
                max_value=MOST_COST,
                value=TARGETS[criterion],
                key=Key.COST,
                bind="query-params",
                persist_state="session",
                width=260,
            )
            return OperatingPoint(criterion, cost)
        if criterion not in TARGETS:
            return OperatingPoint(criterion)
        share = st.number_input(
            f"{CRITERIA[criterion].removeprefix('Fixed ').capitalize()}, at least (%)",
            min_value=1.0,
            max_value=100.0,
            value=100 * TARGETS[criterion],
            step=1.0,
            key=Key.AT_LEAST,
            bind="query-params",
            persist_state="session",
            width=210,
        )
        return OperatingPoint(criterion, share / 100)


def ask_measures() -> tuple[list[str], float | None]:
    """Which measures are shown, and the prevalence for predictive values at one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [name for name in NAMES if name not in AT_PREVALENCE]
        chosen = st.pills(
            "Measures",
            names,
            key=Key.MEASURES,
            selection_mode="multi",
            default=list(_FIRST),
            format_func=NAMES.__getitem__,
            bind="query-params",
            persist_state="session",
        )
        percent = st.number_input(
            "PPV and NPV at a prevalence of (%)",
            min_value=0.01,
            max_value=99.99,
            value=None,
            key=Key.PREVALENCE,
            placeholder="as here",
            bind="query-params",
            persist_state="session",
            width=230,
        )
    shown = [name for name in names if name in (chosen or _FIRST)]
    return shown + (list(AT_PREVALENCE) if percent else []), percent / 100 if percent else None


def ask_regrouping(classes: Sequence[str], units: bool = True) -> Regrouping:
    """Which classes are taken as one, and, with ``units``, what is measured: else images."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        per, combine = _ask_per() if units else ("image", "mean")
        merges = ask_merges(classes)
    return regrouping_of(classes, merges, per, combine)


def ask_merging(classes: Sequence[str]) -> Regrouping:
    """Which classes are taken as one, image by image."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return regrouping_of(classes, ask_merges(classes))


def ask_units(merging: Regrouping) -> Regrouping:
    """The same, and what is measured."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        per, combine = _ask_per()
    return Regrouping(merging.merges, Per(per), Combine(combine))


def ask_merges(classes: Sequence[str]) -> list[str]:
    """Which classes are taken as one, as `regrouping_of` takes it; in a container."""
    names = [_APART, *map(READY.__getitem__, ready(classes)), _OWN]
    chosen = st.selectbox(
        "Classes taken as one",
        names,
        key=Key.MERGED,
        bind="query-params",
        persist_state="session",
        width=270,
    )
    if chosen != _OWN:
        return [name for name, title in READY.items() if title == chosen]
    one = st.multiselect(
        "Which",
        taxonomy.ordered(classes),
        key=Key.AS_ONE,
        placeholder="two or more",
        bind="query-params",
        persist_state="session",
        width=260,
    )
    return ["+".join(one)] if len(one) > 1 else []


def _ask_per() -> tuple[str, str]:
    """What is measured, and how several images of one are combined."""
    chosen = st.segmented_control(
        "Measured per",
        [str(each).capitalize() for each in Per],
        key=Key.PER,
        default="Image",
        required=True,
        help="Several images of a lesion or patient as one prediction.",
        bind="query-params",
        persist_state="session",
    )
    per, combine = str(chosen).lower(), "mean"
    if per != Per.IMAGE:
        combine = st.selectbox(
            "Images combined by",
            list(_COMBINED),
            key=Key.COMBINE,
            format_func=_COMBINED.__getitem__,
            bind="query-params",
            persist_state="session",
            width=210,
        )
    return per, combine


def section(run_id: str, split: str | None, with_leaks: bool, regrouping: Regrouping) -> Measures:
    """Controls, table, and both rules side by side where they are asked for."""
    point = ask_rule()
    names, prevalence = ask_measures()
    measured = partial(
        evaluated.measures,
        run_id,
        split,
        with_leaks,
        prevalence=prevalence,
        regrouping=regrouping,
    )
    try:
        found = measured(point=point)
    except InputError as error:
        st.warning(f"{plain(str(error))} Shown: argmax.")
        found = measured()
    st.caption(plain(f"{rule_in_words(found.rule, found.clusters)}."))
    shown, drawn = table(found, names, regrouping.per)
    st.dataframe(
        shown,
        column_config=drawn,
        hide_index=True,
        height=look.height(shown, 20),
        placeholder="–",
    )
    if regrouping != AS_IT_IS:
        shown_ = evaluated.regrouped(run_id, split, with_leaks, regrouping)
        look.notes(shown_.regrouping_notes)
    look.notes(notes(found, names))
    both_rules(measured, found)
    return found


def both_rules(measured: Callable[..., Measures], found: Measures) -> None:
    """Argmax beside operating points, and what the tables of the paper mix.

    Args:
        measured: gives the measures under a ``point``.
        found: under the rule that is shown.
    """
    if not st.toggle(
        "Both decision rules side by side",
        key=Key.BOTH_RULES,
        help="With what tells them apart in a published table.",
        bind="query-params",
        persist_state="session",
    ):
        return
    try:
        point = found if found.rule.point else measured(point=OperatingPoint())
    except InputError as error:
        st.warning(plain(str(error)))
        return
    argmax = measured()
    together = rules.both_rules(argmax, point)
    st.caption(plain(f"{rule_in_words(point.rule, point.clusters)}."))
    shown, drawn = _rules_table(together)
    st.dataframe(
        shown,
        column_config=drawn,
        hide_index=True,
        height=look.height(shown, 20),
        placeholder="–",
    )
    st.caption(plain(" ".join(rules.sums_in_words(together))))
    with st.expander("Which rule is a published table of?"):
        for line in rules.ABOUT:
            st.markdown(plain(line))


def _rules_table(together: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, ColumnConfig]]:
    """Both rules for people, and how columns are to be drawn."""
    order = [*taxonomy.ordered(code for code in together["class"] if code), ""]
    rows = together.set_index("class").loc[order]
    shown = pd.DataFrame({"Class": [*order[:-1], "Macro, sum"]})
    shown["Images"] = rows["images"].to_numpy()
    drawn: dict[str, ColumnConfig] = {
        "Class": st.column_config.TextColumn(width=90),
        "Images": number_column("localized", 58),
    }
    for column, short, name in (
        ("sensitivity", "Sens.", "Sensitivity"),
        ("specificity", "Spec.", "Specificity"),
        ("accuracy", "Acc.", "Accuracy"),
        ("false_negatives", "FN", "False negatives: images of the class that are missed"),
        ("false_positives", "FP", "False positives: images of other classes, false alarms"),
    ):
        share = column in rules.MEASURES
        for rule, words, long in (
            ("argmax", "argmax", "argmax"),
            ("operating_point", "point", "operating point"),
        ):
            title = f"{short} {words}"
            values = rows[f"{rule}_{column}"].to_numpy(dtype=float)
            shown[title] = 100 * values if share else values
            form = "%.1f %%" if share else "localized"
            drawn[title] = number_column(form, 88, f"{name}, {long}.")
    return shown, drawn


def table(
    found: Measures, names: Sequence[str], per: Per = Per.IMAGE
) -> tuple[pd.DataFrame, dict[str, ColumnConfig]]:
    """The measures for people, a row a class and an average, and how columns are to be drawn."""
    counts = found.counts.set_index("class").loc[taxonomy.ordered(found.counts["class"])]
    scopes = [*AVERAGES, ALL]
    keys = [("class", str(code)) for code in counts.index] + [(scope, "") for scope in scopes]
    of_class = [class_name(str(code)) for code in counts.index]
    blank = [None] * len(scopes)
    shown = pd.DataFrame({"Class": [*of_class, *map(_SCOPES.__getitem__, scopes)]})
    counted = {f"{per}s".capitalize(): counts["images"]}
    if found.clusters != f"{per}s":
        counted[found.clusters.capitalize()] = counts["units"]
    for title, column in counted.items():
        shown[title] = pd.array([*column, *blank], dtype="Int64")
    drawn: dict[str, ColumnConfig] = {title: number_column("localized", 64) for title in counted}
    drawn["Class"] = st.column_config.TextColumn(width=182)
    if found.rule.point is not None:
        shown["Threshold"] = [*counts["threshold"].replace(math.inf, math.nan), *blank]
        drawn["Threshold"] = number_column(
            "%.3f", 80, "Images whose probability is at or above it are of the class."
        )
    rows = found.table.set_index(["scope", "class", "measure"])[["value", "low", "high"]]
    for name in names:
        share = name in _SHARES
        scale, digits = (100, 1) if share else (1, 3)
        of = rows.reindex([(*key, name) for key in keys]) * scale
        title = NAMES[name]
        shown[title] = of["value"].to_numpy()
        shown[f"{title} CI"] = [
            None if math.isnan(low) else f"{low:.{digits}f}–{high:.{digits}f}"
            for low, high in of[["low", "high"]].to_numpy(float)
        ]
        drawn[title] = number_column("%.1f %%" if share else "%.3f", 84, _HELP.get(name))
        drawn[f"{title} CI"] = interval_column(
            found.level, AREA_INTERVAL if name in RANKING else SHARE_INTERVAL
        )
    return shown, drawn
