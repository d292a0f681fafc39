"""Slices of the open dataset: kept, opened, combined, removed."""

from functools import partial

import pandas as pd
import streamlit as st

from dermxai.slices import Operation, Slice, combined, find_slices, keep, remove
from dermxai.slices.slice import LONGEST_NAME
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look
from dermxai.ui.components.subset import dataset_of
from dermxai.ui.components.text import count, plain, shortened
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "keep slices"
_NAME = Key.SLICE.of("name")
_FIRST, _OPERATION, _SECOND = (Key.SLICE.of(each) for each in ("first", "operation", "second"))


def found(view: Scene) -> list[Slice]:
    """The dataset's slices, by name; what cannot be read is said."""
    made, odd = find_slices(dataset_of(view))
    for each in odd:
        st.caption(f":material/warning: {plain(each.name)} {plain(each.reason)}")
    return made


def keep_selection(view: Scene) -> None:
    """A name for what is selected."""
    if view.selection is None or not permissions.may(ACTION):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            f"Name for the {count(len(view.selection), 'selected image')}",
            key=_NAME,
            max_chars=LONGEST_NAME,
            placeholder=shortened(view.selection.title, 60),
            width=420,
        )
        st.button(
            "Keep as a slice",
            key=Key.SLICE.of("keep"),
            type="primary",
            icon=":material/bookmark_add:",
            on_click=callback(_keep_selection),
            args=(view,),
        )


def _keep_selection(view: Scene) -> None:
    assert view.selection is not None
    name = (state.text(_NAME) or view.selection.title).strip()
    permissions.check(ACTION)
    made = Slice.of(
        name[:LONGEST_NAME].strip(),
        view.selection.sample_ids,
        made_by=permissions.person().name,
        origin=view.selection.title,
    )
    keep(dataset_of(view), made)
    permissions.note("kept slice", dataset=view.table.name, images=len(made))
    state.put(_NAME, "")


def table(view: Scene, slices: list[Slice]) -> None:
    """All slices; a row that is chosen becomes the selection of all pages."""
    if not slices:
        st.info(
            "There is no slice of this dataset yet. Select images: a cell of the confusion matrix, "
            "points of the feature map, or a filter of the Dataset page."
        )
        return
    here = set(view.table.sample_ids)
    rows = pd.DataFrame(
        {
            "Slice": [each.name for each in slices],
            "Images": [sum(name in here for name in each.sample_ids) for each in slices],
            "Not here": [sum(name not in here for name in each.sample_ids) for each in slices],
            "Made from": [each.origin for each in slices],
            "By": [each.made_by for each in slices],
            "On": [each.made_at[:10] for each in slices],
        }
    )
    if not rows["Not here"].any():
        rows = rows.drop(columns="Not here")
    key = Key.SLICE.of("table")
    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        height=look.height(rows),
        on_select=callback(partial(_open, key, slices)),
        selection_mode="single-row",
    )
    if permissions.may(ACTION):
        with st.popover("Remove a slice", icon=":material/delete:"):
            name = st.selectbox(
                "Slice", [each.name for each in slices], key=Key.SLICE.of("removed"), index=None
            )
            st.caption("Its images and their annotations stay.")
            st.button(
                "Remove",
                key=Key.SLICE.of("remove"),
                disabled=name is None,
                on_click=callback(_remove),
                args=(view, name),
            )


def _open(key: str, slices: list[Slice]) -> None:
    if rows := state.rows(key):
        chosen = slices[rows[0]]
        state.select(chosen.name, chosen.sample_ids)


def _remove(view: Scene, name: str) -> None:
    permissions.check(ACTION)
    remove(dataset_of(view), name)
    permissions.note("removed slice", dataset=view.table.name)


def combine(view: Scene, slices: list[Slice]) -> None:
    """And, or, and not of two slices; the selection and all images count as slices."""
    if not slices:
        return
    sets = [(each.name, each.sample_ids) for each in slices]
    if view.selection:
        sets.append(("the selection", view.selection.sample_ids))
    sets.append(("all images", view.table.sample_ids))
    numbers = list(range(len(sets)))

    def named(number: int) -> str:
        return sets[number][0]

    look.heading("Combine")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox(
            "First",
            numbers,
            key=_FIRST,
            format_func=named,
            bind="query-params",
            persist_state="session",
            width=260,
        )
        operation = st.segmented_control(
            "Operation",
            [each.value for each in Operation],
            key=_OPERATION,
            default=Operation.AND.value,
            required=True,
            bind="query-params",
            persist_state="session",
            width="content",
        )
        second = st.selectbox(
            "Second",
            numbers,
            key=_SECOND,
            format_func=named,
            index=len(sets) - 1,
            bind="query-params",
            persist_state="session",
            width=260,
        )
    made = combined(Operation(operation), sets[first][1], sets[second][1])
    st.button(
        f"Select {count(len(made), 'image')}",
        key=Key.SLICE.of("select"),
        icon=":material/select_all:",
        disabled=not made,
        help="Then give them a name above.",
        on_click=callback(state.select),
        args=(f"{named(first)} {operation} {named(second)}", made),
    )
