"""Parts of the Image page."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from scipy.special import softmax

from dermxai import figures, taxonomy
from dermxai.ui import look, state
from dermxai.ui import subject as subjects
from dermxai.ui.scene import Scene
from dermxai.ui.state import Key
from dermxai.ui.subject import Subject
from dermxai.ui.text import percent, plain, shortened

_TYPES = ["jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp", "gif", "jp2"]
_FACTS = ("patient_id", "age", "sex", "site", "skin_type", "split", "presentation")
_HIDDEN = ("path", "mask_path", "evidence_path")


def looked_at(scene: Scene) -> list[Subject]:
    """The visitor's own image, or the primary one; and the pinned one beside it."""
    upload = state.upload()
    main = scene.primary or scene.path_through[0]
    found = [subjects.of_upload(*upload) if upload else subjects.of_sample(scene, main)]
    if scene.pinned and (upload or scene.pinned != main):
        found.append(subjects.of_sample(scene, scene.pinned))
    return found


def toolbar(scene: Scene, subject: Subject) -> None:
    """The image's name; previous and next, pin, upload."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(shortened(subject.name, 40)), anchor=False, width="content")
        if subject.sample_id is None:
            st.markdown("Your image; it stays in this session only.", width="content")
            st.button("Back to the dataset", key=Key.UPLOAD.of("close"), on_click=state.drop_upload)
        else:
            _steps(scene, subject.sample_id)


def _steps(scene: Scene, main: str) -> None:
    through = scene.path_through
    position = through.index(main) if main in through else -1
    _step("Previous", "chevron_left", "ArrowLeft", through, position - 1)
    _step("Next", "chevron_right", "ArrowRight", through, position + 1)
    what = " selected" if scene.selection else ""
    st.markdown(
        f"{position + 1:,} of {len(through):,}{what}" if position >= 0 else "not in the selection",
        width="content",
    )
    pinned = scene.pinned == main
    st.button(
        "Unpin" if pinned else "Pin to compare",
        key=Key.PIN,
        icon=":material/keep_off:" if pinned else ":material/keep:",
        on_click=state.show,
        kwargs={"pinned": None if pinned else main},
    )
    with st.popover("Own image", icon=":material/upload:"):
        st.file_uploader(
            "An image of yours",
            _TYPES,
            key=Key.UPLOADER,
            on_change=state.receive_upload,
            help="It is held in memory for your session only, never written to disk.",
        )


def diagnosis(scene: Scene, subject: Subject) -> None:
    """What is known of an image, its ranked diagnosis and the votes of the heads."""
    reading(scene, subject)
    run, dark = scene.run, look.dark()
    votes = subjects.votes(run, subject)
    order = _order(votes)
    ranking = figures.ranking(softmax(votes.sum(axis=0)), run.classes, subject.label, dark=dark)
    look.plot(look.Plot.of(ranking), Key.FIGURE.of("ranking"))
    if len(order) > 1:
        wrong = subject.label in run.classes and subject.label != run.classes[order[0]]
        rival = str(subject.label) if wrong else run.classes[order[1]]
        against = figures.votes(
            votes, run.heads, run.classes, run.classes[order[0]], rival, dark=dark
        )
        look.plot(look.Plot.of(against), Key.FIGURE.of("votes"))
    if subject.sample_id is not None:
        with st.expander("All that is known of this image"):
            known = _row(scene, subject).drop(list(_HIDDEN), errors="ignore").dropna()
            st.dataframe(pd.DataFrame({"Value": known.astype(str)}), width="stretch")


def reading(scene: Scene, subject: Subject) -> None:
    """Whose the image is, and how it was read."""
    if subject.sample_id is not None:
        row = _row(scene, subject)
        look.facts(*(_fact(name, row[name]) for name in _FACTS if _stated(row.get(name))))
    classes, label = scene.run.classes, subject.label
    scores = subjects.votes(scene.run, subject).sum(axis=0)
    read_as = classes[int(scores.argmax())]
    words = f"**{plain(taxonomy.name(read_as))}**, {percent(float(softmax(scores).max()))}"
    if label is None:
        st.markdown(f"Read as {words}. No label.")
    elif label == read_as:
        st.markdown(f":material/check: Read as {words}, as labelled.")
    else:
        unknown = "" if label in classes else ", which the model does not know"
        st.markdown(
            f":orange[:material/close:] Read as {words}. "
            f"Label: **{plain(taxonomy.name(label))}**{unknown}."
        )


def _order(votes: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.argsort(-votes.sum(axis=0), kind="stable")


def _row(scene: Scene, subject: Subject) -> "pd.Series[Any]":
    return scene.table.samples.loc[[subject.sample_id]].iloc[0]


def _step(name: str, icon: str, shortcut: str, through: tuple[str, ...], position: int) -> None:
    inside = 0 <= position < len(through)
    st.button(
        name,
        key=Key.STEP.of(name),
        icon=f":material/{icon}:",
        shortcut=shortcut,
        disabled=not inside,
        on_click=state.show,
        kwargs={"primary": through[position] if inside else None},
    )


def _fact(name: str, value: object) -> str:
    if name == "age":
        return f"{float(str(value)):.0f} years"
    words = {"patient_id": "patient ", "skin_type": "skin type "}.get(name, "")
    return f"{words}{plain(value)}"


def _stated(value: Any) -> bool:
    return value is not None and bool(pd.notna(value))
