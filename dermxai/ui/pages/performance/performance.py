"""Parts of the Performance page."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import cast

import streamlit as st

from dermxai import taxonomy
from dermxai.core.formatting import interval_basis
from dermxai.figures.confusion import Show
from dermxai.metrics import basis
from dermxai.metrics.conformal import COVERAGE
from dermxai.metrics.measures import Measures
from dermxai.metrics.regrouping import Regrouping
from dermxai.report import calibration, curves, prediction_sets
from dermxai.report import measures as report
from dermxai.report.evaluated import Evaluated
from dermxai.report.origin import origin
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import (
    CLASSES_INTERVAL,
    SHARE_INTERVAL,
    count,
    interval,
    percent,
    plain,
)
from dermxai.ui.pages.performance import cell
from dermxai.ui.session import state
from dermxai.ui.session.caches import datasets, evaluated
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_ALL = "all"
_BESIDE = 3  # images in a row beside the matrix
_UNITS = {"counts": "Images", "row": "% of true class", "column": "% of predicted class"}
_HEADLINES = {
    "top1_accuracy": (
        "Top-1 accuracy",
        f"Share of images whose first diagnosis is right. {SHARE_INTERVAL}",
    ),
    "mean_accuracy": ("Accuracy", f"Macro average, one-vs-rest. {SHARE_INTERVAL}"),
    "mean_sensitivity": (
        "Sensitivity",
        f"Macro average, one-vs-rest. {CLASSES_INTERVAL}",
    ),
    "mean_specificity": (
        "Specificity",
        f"Macro average, one-vs-rest. {SHARE_INTERVAL}",
    ),
}


def ask_split(scene: Scene) -> str | None:
    """The split to measure on; None for all images. The test split is offered first, else the
    validation split."""
    splits = list(datasets.run_splits(scene.run_id))
    if not splits:
        return None
    held_out = [name for name in ("test", "validation") if name in splits]
    chosen = st.segmented_control(
        "Split",
        [*splits, _ALL],
        key=Key.SPLIT,
        default=held_out[0] if held_out else _ALL,
        required=True,
        format_func=lambda name: plain(name.capitalize()),
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    return None if chosen in (None, _ALL) else chosen


def ask_unit() -> Show:
    """What is written into the confusion matrix."""
    chosen = st.segmented_control(
        "Cells",
        list(_UNITS),
        key=Key.UNIT,
        default="counts",
        required=True,
        format_func=_UNITS.__getitem__,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    return cast(Show, chosen or "counts")


def left_out(scene: Scene) -> Iterator[str]:
    """What the measures are not over, in a sentence; nothing where every file could be used."""
    if problems := scene.table.problems:
        number = count(len(problems), "problem")
        yield f"{number} with files and rows, see Dataset: what cannot be used is not measured."


def facts(scene: Scene, evaluation: Evaluated) -> None:
    """What was measured, of which images, and how."""
    counts, several = evaluation.counts, len(scene.run.heads) > 1
    look.facts(
        plain(scene.run.made_by["name"]),
        plain(scene.table.name),
        f"{counts.evaluated:,} of {count(counts.images, 'image')} evaluated",
        interval_basis(basis.basis(evaluation.clusters, evaluation.level)),
        f"decision: the class with the highest {'summed vote' if several else 'score'}",
    )


def overall(evaluation: Evaluated) -> None:
    """The measures of the whole, with intervals."""
    rows = evaluation.overall.set_index("measure")
    with st.grid(4, min_column_width=150):
        for measure, (name, help_) in _HEADLINES.items():
            value, low, high = rows.loc[[measure], ["value", "low", "high"]].to_numpy(float)[0]
            st.metric(
                name,
                percent(value),
                interval(low, high),
                delta_color="off",
                delta_arrow="off",
                help=help_,
                border=True,
            )
    if (classes := len(evaluation.common)) > 2:
        st.caption(
            "Accuracy is of each class against all others, on average: a wrong image still counts "
            f"as right for at least {classes - 2} of {classes}, so it lies high beside Top-1."
        )


def selected(scene: Scene) -> None:
    """The selected images and who decided them, or how to choose some."""
    if scene.selection is None:
        st.caption("Choose a cell, or the name of a row or a column: its images appear here.")
        return
    number = count(len(scene.selection), "image")
    look.heading(scene.selection.title, f"{number}, the worst first.")
    gallery("selection", scene.selection.sample_ids, scene, across=_BESIDE, most=2 * _BESIDE)
    cell.votes(scene)


def select_cell(evaluation: Evaluated, key: str) -> None:
    """Makes the images of the clicked cell, row or column the selection."""
    points = state.clicked(key)
    if not points:
        return
    kind, *codes = points[0]
    true = codes[0] if kind in ("cell", "row") else None
    predicted = codes[-1] if kind in ("cell", "column") else None
    select(evaluation, true, predicted)


def select(evaluation: Evaluated, true: str | None, predicted: str | None) -> None:
    """Makes the images of a cell, row or column the selection, the worst first."""
    sample_ids = evaluation.select(true, predicted)
    if sample_ids:
        state.select(_title(true, predicted), sample_ids)
    else:
        st.toast("There is no image in this cell.")


def _title(true: str | None, predicted: str | None) -> str:
    if true is None:
        return f"Predicted as {predicted}"
    if predicted is None:
        return f"Class {true}"
    return (
        f"{true} predicted correctly" if true == predicted else f"{true} predicted as {predicted}"
    )


def most_confused(scene: Scene, evaluation: Evaluated, most: int = 10) -> None:
    """The largest cells off the diagonal, as buttons; the one that is selected stands out."""
    wrong = evaluation.confused()[:most]
    look.heading(
        "Most confused",
        "True class → predicted class. A click shows the images beside the matrix."
        if wrong
        else "Nothing is confused here.",
    )
    selected = scene.selection.title if scene.selection else None
    with st.container(gap=None):
        for true, predicted, number in wrong:
            words = f"{plain(true)} → {plain(predicted)} · {count(number, 'image')}"
            st.button(
                f"**{words}**" if selected == _title(true, predicted) else words,
                key=Key.SELECT.of(true, predicted),
                help=f"{plain(taxonomy.name(true))} predicted as {plain(taxonomy.name(predicted))}",
                type="tertiary",
                on_click=callback(select),
                args=(evaluation, true, predicted),
            )


def export(
    scene: Scene,
    evaluation: Evaluated,
    found: Measures,
    split: str | None,
    with_leaks: bool,
    *,
    regrouping: Regrouping,
) -> None:
    """All measures to take away: the table, and everything."""
    run = scene.run
    name = f"performance-{scene.run_id}-{split or 'all'}{'' if with_leaks else '-without-leaks'}"
    leaking = "counted" if with_leaks else "left out"
    with st.container(horizontal=True):
        downloads.table(
            "Table (CSV)",
            lambda: evaluation.table,
            name,
            run=run,
            split=split,
            leaks=leaking,
            merged=" ".join("+".join(each) for each in regrouping.merges),
            **basis.columns(evaluation.clusters, evaluation.level),
        )
        downloads.table(
            "All measures (CSV)",
            lambda: report.to_table(found),
            f"measures{name.removeprefix('performance')}",
            run=run,
            split=split,
            leaks=leaking,
            per=str(regrouping.per),
            combine=str(regrouping.combine),
            merged=" ".join("+".join(each) for each in regrouping.merges),
            **basis.columns(found.clusters, found.level),
        )
        downloads.numbers(
            "All numbers (JSON)",
            lambda: {
                "origin": origin(run, split),
                "leaks": leaking,
                **evaluation.as_json(),
                "regrouping": asdict(regrouping),
                "decision": report.as_json(found),
                "calibration": calibration.as_json(
                    evaluated.calibration(scene.run_id, split, with_leaks, "", regrouping)
                ),
                **_curves_and_sets(scene.run_id, split, with_leaks, found.prevalence, regrouping),
            },
            name,
        )


def _curves_and_sets(
    run_id: str,
    split: str | None,
    with_leaks: bool,
    prevalence: float | None,
    regrouping: Regrouping,
) -> dict[str, object]:
    """Net benefit of all classes, abstention, and prediction sets as the page first has them."""
    of = (run_id, split, with_leaks)
    shown = evaluated.regrouped(*of, regrouping)
    sets, why_not = evaluated.prediction_sets(*of, COVERAGE, False, regrouping=regrouping)
    benefit = {
        code: evaluated.decision_curve(*of, code, prevalence=prevalence, regrouping=regrouping)
        for code in shown.common
    }
    pairs = prediction_sets.asked_for((), shown.classes)
    return {
        "prediction_sets": prediction_sets.as_json(sets, pairs) if sets else None,
        "no_prediction_sets": why_not or None,
        "curves": curves.as_json(benefit, evaluated.risk_coverage(*of, regrouping), {}),
    }
