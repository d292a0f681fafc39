"""What errors have in common: worst slices, and an error tree."""

from functools import partial

import streamlit as st

from dermxai import figures, taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics.error_tree import DEPTH, MOST_DEPTH
from dermxai.metrics.regrouping import Regrouping
from dermxai.metrics.worst_slices import CONDITIONS, MOST_CONDITIONS
from dermxai.report.errors import Errors, FoundSlices, GrownTree
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look
from dermxai.ui.components.tables import class_name
from dermxai.ui.components.text import count, percent, plain
from dermxai.ui.pages.performance import measures
from dermxai.ui.pages.slices import slices as kept_slices
from dermxai.ui.pages.subgroups.asked import classes_left, number
from dermxai.ui.session import state
from dermxai.ui.session.caches import subgroups as cached
from dermxai.ui.session.caches.stored_runs import quality_stamp
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_ALL = "all classes"


def worst_slices(view: Scene, split: str | None, with_leaks: bool) -> None:
    """Slices found on half of the patients, confirmed on the other half."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = number("Conditions at most", Key.CONDITIONS, CONDITIONS, 1, MOST_CONDITIONS)
        code, regrouping = _ask(view)
    try:
        found = cached.found_slices(
            view.run_id,
            split,
            code,
            most,
            leaks=with_leaks,
            regrouping=regrouping,
            _quality=quality_stamp(view.run),
        )
    except InputError as error:
        st.info(plain(str(error)))
        return
    look.heading(
        "Worst slices",
        "Conjunctions of conditions with more errors than the rest of the images. A row makes its "
        "images the selection.",
    )
    _facts(found.errors)
    table = found.shown()
    if len(table):
        key = Key.SHOWN.of("worst-slices")
        st.dataframe(
            table,
            key=key,
            hide_index=True,
            height=look.height(table),
            on_select=callback(partial(_select_slice, found, key)),
            selection_mode="single-row",
        )
    look.notes(found.notes)
    kept_slices.keep_selection(view)
    downloads.numbers(
        "All numbers (JSON)", found.as_json, f"worst-slices-{view.run_id}-{split or 'all'}"
    )


def error_tree(view: Scene, split: str | None, with_leaks: bool) -> None:
    """The tree as a figure, and its leaves."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        depth = number("Depth at most", Key.DEPTH, DEPTH, 1, MOST_DEPTH)
        code, regrouping = _ask(view)
    try:
        grown = cached.grown_tree(
            view.run_id,
            split,
            code,
            depth,
            leaks=with_leaks,
            regrouping=regrouping,
            _quality=quality_stamp(view.run),
        )
    except InputError as error:
        st.info(plain(str(error)))
        return
    drawn = look.Plot.of(figures.error_tree(grown.tree, grown.names, look.dark()))
    key = Key.FIGURE.of("error-tree", code, depth, len(grown.tree.nodes))
    look.plot(
        drawn, key, on_select=partial(_select_node, grown, key, True), selection_mode="points"
    )
    _facts(grown.errors)
    table, place = grown.shown(), Key.SHOWN.of("error-tree")
    st.dataframe(
        table,
        key=place,
        hide_index=True,
        height=look.height(table),
        on_select=callback(partial(_select_node, grown, place, False)),
        selection_mode="single-row",
    )
    look.notes(grown.notes)
    kept_slices.keep_selection(view)
    downloads.numbers(
        "All numbers (JSON)", grown.as_json, f"error-tree-{view.run_id}-{split or 'all'}"
    )


def _ask(view: Scene) -> tuple[str, Regrouping]:
    """The class whose images are asked about, "" for all; and classes that are taken as one."""
    regrouping = measures.ask_regrouping(view.run.classes, units=False)
    codes = classes_left(taxonomy.ordered(view.run.classes), regrouping)
    names = {_ALL: ""} | {class_name(code): code for code in codes}
    chosen = st.selectbox(
        "Errors of",
        list(names),
        key=Key.ERRORS_OF,
        bind="query-params",
        persist_state="session",
        width=260,
    )
    return names.get(str(chosen), ""), regrouping


def _facts(errors: Errors) -> None:
    wrong = int(errors.wrong.sum())
    of = count(errors.wrong.size, "image")
    look.facts(
        f"{wrong:,} errors of {of} ({percent(wrong / errors.wrong.size)})",
        f"over {errors.evaluation.clusters}",
        "decision: argmax",
    )


def _select_slice(found: FoundSlices, key: str) -> None:
    if rows := state.rows(key):
        images = found.errors.images(found.found.members[:, rows[0]])
        state.select(f"Slice: {found.name(rows[0])}", images)


def _select_node(grown: GrownTree, key: str, figure: bool) -> None:
    if figure:
        chosen = [int(point[0]) for point in state.clicked(key)]
    else:
        chosen = [grown.leaves[row] for row in state.rows(key)]
    if chosen:
        images = grown.errors.images(grown.tree.members[:, chosen[0]])
        state.select(f"Error tree: {grown.path(chosen[0])}", images)
