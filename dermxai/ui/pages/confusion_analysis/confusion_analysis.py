"""Parts of the Confusion analysis page: what is counted."""

import math
from collections.abc import Mapping
from typing import NoReturn

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai import taxonomy
from dermxai.core.formatting import interval_basis, points
from dermxai.metrics import basis
from dermxai.metrics.pair import first_pair
from dermxai.report import ConfusionAnalysis, Way
from dermxai.report import tables as said
from dermxai.report.sentences import MERGED, sentences
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look, tables
from dermxai.ui.components.text import (
    CLASSES_INTERVAL,
    DIFFERENCE_INTERVAL,
    MEAN_INTERVAL,
    SHARE_INTERVAL,
    count,
    interval,
    percent,
    plain,
    shortened,
)
from dermxai.ui.pages.performance import cell
from dermxai.ui.session import state
from dermxai.ui.session.caches import evaluated, plots
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_MOST_ROWS = 12
_VOTE_WIDTHS = {"Head": 72, "Over right": 168, "Alone": 72, "95 % CI": 78}  # half a laptop's page
_ONE_HEAD = 640


def ask_pair(scene: Scene, split: str | None) -> tuple[str, str]:
    """The two classes; the page ends here where there are none."""
    classes = taxonomy.ordered(scene.run.classes)
    start = first_pair(evaluated.evaluation(scene.run_id, split))
    if start is None:
        _end(f"The model knows {classes[0]} only; a pair needs two classes.")
    view = state.view()
    first, second = (code if code in classes else None for code in (view.first, view.second))
    first = first or next(code for code in start if code != second)
    second = second or next(code for code in start[::-1] if code != first)
    _ask_class("Class", classes, Key.PAIR.of("first"), first)
    _ask_class("and class", classes, Key.PAIR.of("second"), second)
    if first == second:
        _end(f"{first} is chosen twice; choose another class beside it.")
    return first, second


def _end(why: str) -> NoReturn:
    st.info(plain(why))
    st.stop()


def _ask_class(title: str, classes: list[str], key: str, chosen: str) -> None:
    state.put(key, chosen)
    st.selectbox(
        title,
        classes,
        key=key,
        format_func=taxonomy.titled,
        on_change=callback(_chosen),
        label_visibility="collapsed",
        width=236,
    )


def _chosen() -> None:
    """A link shows the pair that is looked at, also where one class of it was the first choice."""
    state.show(**{end: state.text(Key.PAIR.of(end)) or None for end in ("first", "second")})


def summary(analysis: ConfusionAnalysis) -> None:
    """What was evaluated, and its notes."""
    counts, manifest = analysis.evaluation.counts, analysis.run.manifest
    look.facts(
        plain(analysis.run.made_by["name"]),
        plain(manifest["dataset"]["name"]),
        f"{counts.evaluated:,} of {count(counts.images, 'image')} evaluated",
        interval_basis(basis.basis(analysis.evaluation.clusters, analysis.evaluation.level)),
    )


def headlines(analysis: ConfusionAnalysis) -> None:
    """How often each way, and what merging would mend."""
    pair = analysis.pair
    with st.grid(4, min_column_width=200):
        for true, predicted in ((pair.first, pair.second), (pair.second, pair.first)):
            way = pair.cell(true, predicted)
            _metric(
                f"{plain(shortened(true, 12))} predicted as {plain(shortened(predicted, 12))}",
                percent(way["share"]),
                f"{way['images']:,} of {way['of']:,} · {_bounds(way['low'], way['high'])}",
                f"Share of the images of {plain(true)}. {SHARE_INTERVAL}",
            )
        for row in pair.merged.to_dict("records"):
            _metric(
                f"{MERGED[row['measure']]}, merged",
                percent(row["merged"]),
                f"{percent(row['separate'])} apart · {points(row['gain'])}",
                f"{interval(row['merged_low'], row['merged_high'])} as one class; gain "
                f"{points(row['gain'], row['gain_low'], row['gain_high'])}. A prediction as either "
                "class counts as right for both; the decisions stay as they are. "
                + (CLASSES_INTERVAL if row["measure"] == "balanced_accuracy" else SHARE_INTERVAL),
            )


def _bounds(low: float, high: float) -> str:
    return "no interval" if math.isnan(low) else interval(low, high)


def _metric(title: str, value: str, beside: str, help_: str) -> None:
    st.metric(title, value, beside, delta_color="off", delta_arrow="off", border=True, help=help_)


def ask_way(analysis: ConfusionAnalysis) -> Way:
    """Which of the two directions the votes and the comparison are about: at first one with
    errors."""
    names = [f"{way.true} → {way.predicted}" for way in analysis.ways]
    start = next(
        (name for name, way in zip(names, analysis.ways, strict=True) if way.errors is not None),
        names[0],
    )
    chosen = st.segmented_control(
        "Errors",
        names,
        key=Key.WAY.of(analysis.pair.first, analysis.pair.second),
        default=start,
        required=True,
        format_func=plain,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
    )
    return analysis.ways[names.index(chosen or start)]


def votes(scene: Scene, analysis: ConfusionAnalysis, way: Way) -> None:
    """Which heads drive the errors."""
    pair, direction = (analysis.pair.first, analysis.pair.second), analysis.ways.index(way)
    drawn = plots.set_decomposition(scene.run_id, analysis.split, pair, direction, look.dark())
    if drawn is None:
        look.heading("Votes of the heads on average", way.reason)
        return
    if len(scene.run.heads) == 1:  # its vote is the sum
        with st.container(width=_ONE_HEAD):
            look.plot(drawn, Key.FIGURE.of("set-decomposition"))
        return
    left, right = st.columns(2, gap="large")
    with left:
        look.plot(drawn, Key.FIGURE.of("set-decomposition"))
    with right:
        table = said.votes(way).drop(columns="Vote")
        without = (
            f", and how many errors would be predicted otherwise, or as {way.true}, without this "
            "head alone"
        )
        look.heading(
            "Heads one by one",
            f"How far each vote moves against correct predictions{without}.",
        )
        help_ = {"Over right": MEAN_INTERVAL, "95 % CI": SHARE_INTERVAL}
        widths = {
            name: st.column_config.TextColumn(width=width, help=help_.get(name))
            for name, width in _VOTE_WIDTHS.items()
        }
        _table(table, column_config=widths)
        st.markdown(plain(said.driver(way)))


def selected(scene: Scene, analysis: ConfusionAnalysis) -> None:
    """The votes of the selection, whatever it holds."""
    if scene.selection is not None:
        look.heading(
            f"The selection: {scene.selection.title}", count(len(scene.selection), "image")
        )
        cell.between(scene, analysis.pair.first, analysis.pair.second)


def distinguishes(way: Way, analysis: ConfusionAnalysis) -> None:
    """What tells the errors from images of the same class that were predicted correctly."""
    title = f"What distinguishes {way.true} → {way.predicted} from {way.true} predicted correctly"
    if way.apart is None:
        look.heading(title, way.reason)
        return
    look.heading(
        title,
        "Means and shares, differences of shares in percentage points (pp). "
        f"p takes {analysis.evaluation.clusters} as independent, q is corrected for the number of "
        "rows (false discovery rate). Associations, not causes.",
    )
    table = said.distinguishing(way)
    if table.empty:
        st.caption("The sample table has nothing to compare.")
    else:
        intervals = st.column_config.TextColumn(help=f"Of the difference. {DIFFERENCE_INTERVAL}")
        _table(table, column_config={"95 % CI": intervals})
    look.notes(
        filter(
            None, (said.clustering(way, analysis.evaluation.clusters), *sentences(way.apart.notes))
        )
    )


def counted(analysis: ConfusionAnalysis) -> None:
    """Predictions of both classes, accuracy apart and as one, images and patients; folded, as the
    headlines stand above."""
    with st.expander("In numbers", icon=":material/table:"):
        _counted(analysis)


def _counted(analysis: ConfusionAnalysis) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        look.heading("How often each way", "Shares of the images of a label.")
        _table(said.ways(analysis))
    with right:
        look.heading("Balance", f"Shares are of all classes. {analysis.training}")
        _table(said.balance(analysis))
    look.heading(
        "Two classes or one",
        "As one class, a prediction as either counts as right for both; the decisions stay.",
    )
    _table(said.merged(analysis))


def _table(table: pd.DataFrame, column_config: Mapping[str, ColumnConfig] | None = None) -> None:
    rows = look.height(table, _MOST_ROWS)
    st.dataframe(
        table,
        hide_index=True,
        height=rows,
        placeholder="–",
        column_config=tables.aligned(table, column_config),
    )
