"""Annotations of the selected images: notes, labels that readers propose, their agreement."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dermxai import taxonomy
from dermxai.access.audit import account
from dermxai.core.spreadsheet import to_csv
from dermxai.data import splits
from dermxai.slices import Annotation, annotate, find_annotations
from dermxai.slices import relabelling as queue
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look
from dermxai.ui.components.gallery import opener
from dermxai.ui.components.subset import dataset_of
from dermxai.ui.components.text import count, fixed, interval, percent, plain, shortened
from dermxai.ui.components.thumbnails import thumbnails
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "annotate images"
_READER, _LABEL, _NOTE = (Key.ANNOTATION.of(each) for each in ("reader", "label", "note"))
_TITLES = {
    queue.OPEN: "open",
    queue.DISPUTED: "disputed",
    queue.AGREED: "another label agreed on",
    queue.UNCHANGED: "label confirmed",
}


def section(view: Scene) -> None:
    """The selection as a relabelling queue."""
    assert view.selection is not None
    look.heading(
        "Label again",
        "Each reader labels by themselves and sees what others proposed only afterwards. A label "
        "that two propose and nobody contradicts is agreed on. The dataset is never changed.",
    )
    found, odd = find_annotations(dataset_of(view))
    for each in odd:
        st.caption(f":material/warning: {plain(each.name)} {plain(each.reason)}")
    if permissions.may(ACTION):
        _ask(view, found, view.selection.sample_ids)
    _result(view, found, view.selection.sample_ids)


def reader() -> tuple[str, str]:
    """Who annotates: id and name; where nobody logs in, as they call themselves."""
    person = permissions.person()
    if person.id:
        return person.id, person.name
    name = (state.text(_READER) or account().removeprefix("account ")).strip()
    return f"name {name}", name


def _ask(view: Scene, found: list[Annotation], sample_ids: Sequence[str]) -> None:
    if not permissions.person().id:
        state.put(_READER, reader()[1])
        st.text_input("Reader", key=_READER, max_chars=100, width=260, persist_state="session")
    who, name = reader()
    waiting = queue.waiting(sample_ids, found, who)
    if not waiting:
        st.caption(f"{plain(name)} has labelled all of them.")
        return
    done = len(sample_ids) - len(waiting)
    st.progress(done / len(sample_ids), f"{done:,} of {len(sample_ids):,} labelled")
    sample_id = waiting[0]
    left, right = st.columns([1, 2], gap="medium")
    with left:
        picture = thumbnails([view.path(sample_id)])[0]
        if picture is None:
            st.caption(":material/hide_image: cannot be read")
        else:
            st.image(picture, width="stretch", alt=sample_id, output_format="JPEG")
        opener(plain(shortened(sample_id, 40)), sample_id, Key.ANNOTATION.of("open"))
    with right:
        st.selectbox(
            "Label",
            _classes(view),
            key=_LABEL,
            index=None,
            format_func=_titled,
            placeholder="Choose a class",
        )
        st.text_area("Note", key=_NOTE, max_chars=2_000, height=80)
        st.button(
            "Keep and go on",
            key=Key.ANNOTATION.of("keep"),
            type="primary",
            disabled=state.get(_LABEL) is None,
            on_click=callback(_keep),
            args=(view, sample_id),
        )


def _keep(view: Scene, sample_id: str) -> None:
    permissions.check(ACTION)
    who, name = reader()
    note, label = state.text(_NOTE).strip(), state.text(_LABEL) or None
    annotate(dataset_of(view), Annotation(sample_id, who, name, note, label))
    permissions.note("annotated image", dataset=view.table.name)
    state.put(_LABEL, None)
    state.put(_NOTE, "")


def _classes(view: Scene) -> list[str]:
    """Those of the dataset and of the model."""
    known = set(view.table.samples["label"].dropna())
    if view.source.run is not None:
        known |= set(view.run.classes)
    return taxonomy.ordered(known)


def _titled(code: str) -> str:
    name = taxonomy.name(code)
    return code if name == code else f"{code} · {name}"


def _result(view: Scene, found: list[Annotation], sample_ids: Sequence[str]) -> None:
    """How far readers are and agree; the label table to take away."""
    rows = view.table.samples.loc[list(sample_ids)]
    labels = [label if isinstance(label, str) else None for label in rows["label"]]
    opinions = queue.opinions(sample_ids, labels, found)
    if not opinions["readers"].any():
        return
    counted = opinions["state"].value_counts()
    look.facts(
        *(f"{counted[each]:,} {title}" for each, title in _TITLES.items() if each in counted)
    )
    agreement = queue.reader_agreement(found, list(splits.groups(rows)), sample_ids)
    if agreement:
        st.dataframe(
            pd.DataFrame(
                {
                    "Readers": [f"{each.first} and {each.second}" for each in agreement],
                    "Images": [each.images for each in agreement],
                    "Same label": [percent(each.same) for each in agreement],
                    "Kappa": [fixed(each.kappa) for each in agreement],
                    "95 % interval": [interval(each.low, each.high) for each in agreement],
                }
            ),
            hide_index=True,
        )
    mine = [] if not permissions.may(ACTION) else queue.waiting(sample_ids, found, reader()[0])
    shown = opinions[(opinions["readers"] > 0) & ~opinions["sample_id"].isin(mine)]
    if not shown.empty:
        st.dataframe(_opinions(shown, found), hide_index=True, height=look.height(shown, 8))
    downloads.csv(
        "Label table (CSV)",
        lambda: to_csv(queue.relabelled(_all(view), _opinions_of_all(view, found))),
        "labels",
    )
    st.caption(
        f"The table holds all {count(len(view.table.sample_ids), 'image')}, with the labels that "
        "were agreed on, and opens as a dataset where the image paths are the same."
    )


def _opinions(shown: pd.DataFrame, found: list[Annotation]) -> pd.DataFrame:
    said = {
        sample_id: "; ".join(
            f"{each.name}: {each.label}" + (f" ({each.note})" if each.note else "")
            for each in found
            if each.sample_id == sample_id and each.label
        )
        for sample_id in shown["sample_id"]
    }
    return pd.DataFrame(
        {
            "Image": shown["sample_id"],
            "Label": shown["label"],
            "Proposed": shown["sample_id"].map(said),
            "State": shown["state"].map(_TITLES),
        }
    )


def _all(view: Scene) -> pd.DataFrame:
    return view.table.samples.reset_index(drop=True)


def _opinions_of_all(view: Scene, found: list[Annotation]) -> pd.DataFrame:
    samples = _all(view)
    labels = [label if isinstance(label, str) else None for label in samples["label"]]
    return queue.opinions(list(samples["sample_id"]), labels, found)
