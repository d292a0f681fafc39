"""Splits compared, and distances to the training images."""

import numpy as np
import streamlit as st

from dermxai import figures
from dermxai.core.formatting import interval_basis
from dermxai.metrics import basis
from dermxai.metrics.out_of_distribution import SCORES
from dermxai.report.shift import LEVEL, TITLES, Shift
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look, spaces, tables
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.caches import datasets
from dermxai.ui.session.caches import subgroups as cached
from dermxai.ui.session.caches.stored_runs import quality_stamp
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_FARTHEST = 48


def section(view: Scene) -> None:
    """Controls, both comparisons, notes and files."""
    splits = list(datasets.run_splits(view.run_id))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        second = "test"
        if len(splits) > 1:
            usual = "test" if "test" in splits else splits[-1]
            chosen = st.segmented_control(
                "Compared with the development data",
                splits,
                key=Key.COMPARED_SPLIT,
                default=usual,
                required=True,
                format_func=lambda name: plain(name.capitalize()),
                bind="query-params",
                persist_state="session",
            )
            second = chosen or usual
        space = spaces.ask(view.run)
    found = cached.shift(view.run_id, second, space, quality_stamp(view.run))
    look.facts(
        plain(view.run.made_by["name"]),
        plain(view.table.name),
        interval_basis(basis.basis(found.clusters, LEVEL)),
    )
    _columns(found)
    _distances(found)
    look.notes(found.notes)
    with st.container(horizontal=True):
        if found.found is not None:
            table = found.found.table
            downloads.table(
                "Columns (CSV)",
                lambda: table,
                f"shift-{view.run_id}-{second}",
                run=view.run,
                split=second,
                compared_with=found.first,
            )
        downloads.numbers("All numbers (JSON)", found.as_json, f"shift-{view.run_id}-{second}")


def _columns(found: Shift) -> None:
    if found.found is None:
        return  # the notes say why
    look.heading(
        "Columns",
        f"{found.second.capitalize()} against {found.first}. Means of numbers; their shift is in "
        "pooled standard deviations.",
    )
    table = found.shown()
    st.dataframe(
        table, hide_index=True, height=look.height(table), column_config=tables.aligned(table)
    )


def _distances(found: Shift) -> None:
    if found.why:
        return  # the notes say what it needs
    look.heading(
        "Distance to the training images",
        "How well a distance in the features tells foreign classes from known ones.",
    )
    if found.detections:
        left, right = st.columns([2, 3], gap="medium")
        with left:
            detected = found.detected()
            st.dataframe(detected, hide_index=True, column_config=tables.aligned(detected))
        with right:
            named = {TITLES[name]: made for name, made in found.detections.items()}
            drawn = figures.foreign_classes(named, found.clusters, LEVEL, look.dark())
            look.plot(look.Plot.of(drawn), Key.FIGURE.of("foreign"), width="content")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        score = st.selectbox(
            "Distance",
            SCORES,
            key=Key.DISTANCE,
            format_func=TITLES.__getitem__,
            bind="query-params",
            persist_state="session",
            width=240,
        )
        st.button(
            f"Select the farthest {_FARTHEST}",
            key=Key.DISTANCE.of("select"),
            icon=":material/select_all:",
            on_click=callback(_select),
            args=(found, str(score)),
        )


def _select(found: Shift, score: str) -> None:
    values = np.where(found.asked, np.nan_to_num(found.scores[score], nan=-np.inf), -np.inf)
    order = np.argsort(-values, kind="stable")[:_FARTHEST]
    ids = found.run.samples["sample_id"].to_numpy(dtype=object)
    chosen = [str(ids[row]) for row in order if np.isfinite(values[row])]
    state.select(f"Farthest from training: {TITLES[score]}", chosen)
