"""A measure in groups of images: what is asked, the forest plot and the table."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dermxai import figures, taxonomy
from dermxai.core.errors import InputError
from dermxai.core.formatting import interval_basis
from dermxai.figures.template import text
from dermxai.metrics import basis
from dermxai.metrics.groups import CUTS, MOST_CUTS
from dermxai.metrics.subgroups import OF_CLASS
from dermxai.report.subgroups import TITLES, Grouped, shown
from dermxai.subgroups.clusters import COUNT, FEWEST, MOST
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look, spaces
from dermxai.ui.components.tables import class_name
from dermxai.ui.components.text import plain
from dermxai.ui.pages.performance import measures
from dermxai.ui.pages.subgroups.asked import classes_left, number
from dermxai.ui.session import state
from dermxai.ui.session.caches import subgroups as cached
from dermxai.ui.session.caches.stored_runs import quality_stamp
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_MEASURES = ("top1_accuracy", "balanced_accuracy", *OF_CLASS)
_FIRST = 3  # columns that are shown at first


def section(view: Scene, split: str | None, with_leaks: bool) -> None:
    """Controls, forest plot, table, notes and files."""
    names = cached.column_names(view.run_id, split, with_leaks, stamp := quality_stamp(view.run))
    if not names:
        st.info("No column and no cluster tells these images apart.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.multiselect(
            "Grouped by",
            names,
            key=Key.GROUPED_BY,
            default=list(dict.fromkeys([*names[:_FIRST], names[-1]])),
            format_func=plain,
            bind="query-params",
            persist_state="session",
            width=420,
        )
        measure = st.selectbox(
            "Measure",
            _MEASURES,
            key=Key.MEASURE.of("subgroups"),
            format_func=TITLES.__getitem__,
            bind="query-params",
            persist_state="session",
            width=200,
        )
        cuts = number("Groups of numbers", Key.CUTS, CUTS, 2, MOST_CUTS)
        clusters = number("Clusters of features", Key.CLUSTERS, COUNT, FEWEST, MOST)
        space = spaces.ask(view.run)
    regrouping = measures.ask_regrouping(view.run.classes)
    code, point = "", None
    if measure in OF_CLASS:
        code = _ask_class(classes_left(taxonomy.ordered(view.run.classes), regrouping))
        point = measures.ask_rule()
    asked = partial(
        cached.grouped,
        view.run_id,
        split,
        tuple(by or names[:1]),
        measure=str(measure),
        code=code,
        cuts=cuts,
        clusters=clusters,
        space=space,
        leaks=with_leaks,
        regrouping=regrouping,
        _quality=stamp,
    )
    try:
        found = asked(point=point)
    except InputError as error:
        st.warning(plain(str(error)))
        if point is None:
            return
        found = asked(point=None)
    _shown(view, found)
    _export(view, found)


def _ask_class(codes: Sequence[str]) -> str:
    names = {class_name(code): code for code in codes}
    chosen = st.selectbox(
        "Class",
        list(names),
        key=Key.OF_CLASS,
        bind="query-params",
        persist_state="session",
        width=300,
    )
    return names.get(str(chosen), codes[0])


def _shown(view: Scene, found: Grouped) -> None:
    title = TITLES[found.found.measure]
    if found.found.code:
        title = f"{title} of {text(found.found.code)}"
    look.facts(
        plain(view.run.made_by["name"]),
        plain(view.table.name),
        interval_basis(basis.basis(found.found.clusters, found.found.level)),
        plain(found.rule),
    )
    key = Key.FIGURE.of("forest", found.found.measure, found.found.code, len(found.found.table))
    look.plot(
        look.Plot.of(figures.forest(found.found, title, look.dark())),
        key,
        on_select=partial(_select, found, key, True),
        selection_mode="points",
    )
    table, place = shown(found.found), Key.SHOWN.of("subgroups")
    st.dataframe(
        table,
        key=place,
        hide_index=True,
        height=look.height(table, 14),
        on_select=callback(partial(_select, found, place, False)),
        selection_mode="single-row",
    )
    st.caption("A point or a row makes its images the selection.")
    look.notes(found.notes)


def _select(found: Grouped, key: str, figure: bool) -> None:
    rows = [int(point[0]) for point in state.clicked(key)] if figure else state.rows(key)
    if not rows or rows[0] >= len(found.found.table):
        return
    row = found.found.table.iloc[rows[0]]
    state.select(f"{row['column']}: {row['group']}", found.images(rows[0]))


def _export(view: Scene, found: Grouped) -> None:
    name = f"subgroups-{view.run_id}-{found.split or 'all'}-{found.found.measure}"
    with st.container(horizontal=True):
        downloads.table(
            "Subgroups (CSV)",
            lambda: found.found.table,
            name,
            run=view.run,
            split=found.split,
            measure=found.found.measure,
            of_class=found.found.code,
            rule=found.rule,
            per=str(found.regrouping.per),
            merged=" ".join("+".join(each) for each in found.regrouping.merges),
            **basis.columns(found.found.clusters, found.found.level),
        )
        downloads.numbers("All numbers (JSON)", found.as_json, name)
