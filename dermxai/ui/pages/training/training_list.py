"""Trainings among many: searched, sorted, chosen, and what people write on them."""

from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from dermxai.core.errors import InputError
from dermxai.jobs import Job, labels, listing
from dermxai.training.loop.choice import kept_at
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.pages.training import trained
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

_ROWS = 12  # that are seen at once
_NOTE = 120  # characters


def listed(known: list[Job]) -> None:
    """All trainings as a table; its rows choose those to look at."""
    with st.expander(f"All trainings ({len(known)})", icon=":material/list:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            words = st.text_input(
                "Search",
                key=Key.FOUND.of("words"),
                placeholder="Words of title, tags, notes, owner, state, dataset",
                bind="query-params",
                persist_state="session",
            )
            order = st.selectbox(
                "Sort by",
                listing.ORDERS,
                key=Key.FOUND.of("order"),
                format_func=str.capitalize,
                bind="query-params",
                persist_state="session",
                width=160,
            )
        found = listing.found(known, words, order)
        if not found:
            st.caption("No training has all of these words.")
            return
        table, key = pd.DataFrame(map(_row, found)), Key.FOUND.of("rows")
        st.dataframe(
            table,
            key=key,
            hide_index=True,
            height=look.height(table.head(_ROWS)),
            column_config={
                "Kept AUC": st.column_config.NumberColumn(format="%.3f"),
                "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
                "Tags": st.column_config.ListColumn(),
            },
            placeholder="–",
            on_select=callback(partial(_choose, key, [job.id for job in found])),
            selection_mode="multi-row",
        )


def _row(job: Job) -> dict[str, object]:
    written, history = labels.labels(job), trained.history(job)
    return {
        "Name": trained.name(job),
        "Title": job.title,
        "State": str(job.state),
        "Tags": list(written.tags),
        "Owner": listing.owner(job),
        "Kept AUC": None if history.empty else history["macro_auc"].iloc[kept_at(history)],
        "Started": datetime.fromtimestamp(job.submitted),
        "Notes": written.notes,
    }


def _choose(key: str, ids: list[str]) -> None:
    if rows := state.rows(key):
        state.put(Key.TRAININGS, [ids[row] for row in rows])


def written(job: Job) -> None:
    """Title, owner, tags and notes of a training."""
    on_it, whose = labels.labels(job), listing.owner(job)
    priority = f"{job.priority} priority" if job.priority != "normal" else ""
    facts = [plain(part) for part in (job.title, priority, f"by {whose}" if whose else "") if part]
    look.facts(*facts)
    if on_it.tags:
        with st.container(horizontal=True):
            for tag in on_it.tags:
                st.badge(plain(tag), icon=":material/sell:", color="gray")
    if on_it.notes:
        st.caption(plain(shortened(on_it.notes, _NOTE)), help=plain(on_it.notes))


def label(job: Job) -> None:
    """A form for tags and notes."""
    if not permissions.may("start jobs", owner=job.owner):
        return
    held = labels.labels(job)
    with st.popover("Label", icon=":material/sell:"):
        tags = st.text_input(
            "Tags, with commas",
            ", ".join(held.tags),
            key=Key.JOB.of("tags", job.id),
        )
        notes = st.text_area(
            "Notes",
            held.notes,
            max_chars=labels.LONGEST_NOTES,
            key=Key.JOB.of("notes", job.id),
            placeholder="No names of patients: all who use this server can read them.",
        )
        if st.button("Save", key=Key.JOB.of("label", job.id), type="primary"):
            try:
                permissions.check("start jobs", owner=job.owner)
                labels.label(job, tags=tags.split(","), notes=notes)
                permissions.note("labelled job", job=job.id, kind=job.kind)
            except InputError as error:
                st.error(plain(error), icon=":material/error:")
                return
            st.rerun()
