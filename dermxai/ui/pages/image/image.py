"""Parts of the Image page."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dermxai import figures, taxonomy
from dermxai.core.errors import InputError
from dermxai.data.images import SUFFIXES
from dermxai.runs import Run
from dermxai.runs.run import NO_NETWORK
from dermxai.signs import Source, signs_of, sources_of
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components import explained, look, question
from dermxai.ui.components.explained import Panel
from dermxai.ui.components.question import Question, Wish
from dermxai.ui.components.text import percent, plain, shortened
from dermxai.ui.pages.image import decomposition, next_questions
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain.decomposition import Decomposition

_USUAL = ("jpg", "jpeg", "png", "tif", "tiff", "heic", "webp", "avif", "bmp", "gif", "jp2", "dcm")
_KNOWN = {suffix[1:] for suffix in SUFFIXES}
_TYPES = [*(each for each in _USUAL if each in _KNOWN), *sorted(_KNOWN - set(_USUAL))]
_FACTS = ("patient_id", "age", "sex", "site", "skin_type", "split", "presentation")
_HIDDEN = ("path", "mask_path", "evidence_path")


def looked_at(scene: Scene) -> list[Subject]:
    """The visitor's own image, or the primary one; and the pinned one beside it."""
    upload = state.upload()
    main = scene.primary or scene.path_through[0]
    profiles = scene.run.colour_profiles
    found = [
        subjects.of_upload(*upload, profiles=profiles)
        if upload
        else subjects.of_sample(scene, main)
    ]
    if scene.pinned and (upload or scene.pinned != main):
        found.append(subjects.of_sample(scene, scene.pinned))
    return found


def toolbar(scene: Scene, subject: Subject, page: str | None = None) -> None:
    """The image's name; previous and next, pin, upload.

    Args:
        page: the title of a page that is about something else than the image itself.
    """
    name = plain(shortened(subject.name, 40))
    if page is not None:
        st.title(page, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        if page is None:
            st.title(name, anchor=False, width="content")
        else:
            st.markdown(f"**{name}**", width="content")
        if subject.sample_id is None:
            st.markdown("Your image; it stays in this session only.", width="content")
            st.button(
                "Back to the dataset",
                key=Key.UPLOAD.of("close"),
                on_click=callback(state.drop_upload),
            )
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
        on_click=callback(state.show),
        kwargs={"pinned": None if pinned else main},
    )
    with st.popover("Own image", icon=":material/upload:"):
        st.file_uploader(
            "An image of yours",
            _TYPES,
            key=Key.UPLOADER,
            on_change=callback(state.receive_upload),
            help="It is held in memory for your session only, never written to disk.",
        )


def body(scene: Scene, subjects_: list[Subject]) -> None:
    """The question; images under their maps; who decided."""
    run, several = scene.run, len(subjects_) > 1
    above = st.container()
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall")
    columns = st.columns(2 if several else [5, 4], gap="large")
    pictures = [
        column.container(key=f"looked-at-{len(subjects_)}-{index}")
        for index, column in enumerate(columns[: len(subjects_)])
    ]
    options = st.container() if several else columns[0].container()
    others = st.columns(2, gap="large") if several else columns[1:]
    verdicts = [column.container() for column in others] if several else [above]
    beside, ranked, beneath = ([column.container() for column in others] for _ in range(3))
    panels = explained.panels(run, subjects_, pictures)
    places = {subject.key: place for subject, place in zip(subjects_, beside, strict=True)}
    ranks = {subject.key: place for subject, place in zip(subjects_, ranked, strict=True)}
    words = {subject.key: place for subject, place in zip(subjects_, verdicts, strict=True)}
    seen = {panel.subject.key for panel in panels}
    shown = [
        subject
        for subject in subjects_
        if not subject.changed and (subject.sample_id or (subject.key in seen and not run.imported))
    ]
    asking = None
    for subject in shown:
        with words[subject.key], guard():
            verdict(scene, subject)
            asking = None if several else st.container()
        with places[subject.key], guard():
            facts(scene, subject)
    if run.imported:
        with options:
            say_no_network(run)
    if not panels or run.imported:
        _rank(run, shown, ranks)
        return
    with row:
        asked = question.ask(run, panels[0].subject)
    decompositions: dict[str, Decomposition] = {}
    no_maps = None
    with options, guard():
        decompositions, no_maps = _decomposed(run, panels, asked)
    with row, guard():
        wish = Wish(asked, *question.ask_method(run))
        if no_maps is not None:
            explained.answer(run, panels, wish, options)
    _rank(run, shown, ranks)
    for place, (panel, column) in enumerate(zip(panels, beneath, strict=False)):
        made = decompositions.get(panel.subject.key)
        with places[panel.subject.key], guard():
            decomposition.waterfall(run, panel.subject, asked, made)
            if no_maps:
                st.caption(plain(f"No decomposition by place: {no_maps}"))
        if made is not None:
            with column, guard():
                decomposition.heads(run, panel, asked, made, place)
    if asking is not None:
        with asking, guard():
            next_questions.draw(scene, panels[0].subject, asked)


def _decomposed(
    run: Run, panels: Sequence[Panel], asked: Question
) -> "tuple[dict[str, Decomposition], str]":
    """The decomposition of each image's logits by place, and why the network has none, or ""."""
    found = {
        panel.subject.key: subjects.diagnosis(
            run, panel.subject, panel.shape, asked.target, asked.against
        )
        for panel in panels
    }
    reason = next(iter(found.values())).no_maps
    if reason:
        return {}, reason
    made = {key: each.decomposition(asked.target, asked.against) for key, each in found.items()}
    return made, ""


def lacks_network(scene: Scene, looked_at: Sequence[Subject]) -> bool:
    """Whether the run was imported; then the images, their probabilities, and what is missing."""
    if not scene.run.imported:
        return False
    body(scene, list(looked_at))
    return True


def say_no_network(run: Run) -> None:
    """What an imported run lacks."""
    st.info(plain(NO_NETWORK.format(run.made_by["name"])), icon=":material/info:")


def _rank(run: Run, subjects_: Sequence[Subject], places: Mapping[str, DeltaGenerator]) -> None:
    """The likeliest classes of each image."""
    for subject in subjects_:
        with places[subject.key], guard():
            drawn = figures.ranking(
                subjects.probabilities(run, subject), run.classes, subject.label, dark=look.dark()
            )
            look.plot(look.Plot.of(drawn), Key.FIGURE.of("ranking", subject.key))


def known(scene: Scene, subject: Subject) -> None:
    """Every column of the sample table."""
    if subject.sample_id is not None:
        with st.expander("All that is known of this image"):
            row = _row(scene, subject).drop(list(_HIDDEN), errors="ignore").dropna()
            st.dataframe(pd.DataFrame({"Value": row.astype(str)}), width="stretch")


def dermoscopic_signs(scene: Scene, subject: Subject) -> None:
    """Those of the predicted class and of the label, folded."""
    codes = [subject.label] if subject.label else []
    with suppress(InputError):  # which the page has told
        votes = subjects.votes(scene.run, subject).sum(axis=0)
        codes.insert(0, scene.run.classes[int(votes.argmax())])
    for code in dict.fromkeys(codes):
        if told := signs_of(code):
            with st.expander(f"Dermoscopic signs of {plain(taxonomy.name(code))}"):
                for sign in told:
                    names = "; ".join(source.short for source in sign.sources)
                    st.markdown(
                        f"**{plain(sign.name)}.** {plain(sign.text)} :small[:gray[{plain(names)}]]"
                    )
                st.caption(
                    "For teaching: no list is complete, and no sign is proof.  \n"
                    + "  \n".join(plain(_cited(source)) for source in sources_of(told))
                )


def _cited(source: Source) -> str:
    return f"{source.text}, doi:{source.doi}" if source.doi else source.text


def prediction(scene: Scene, subject: Subject) -> None:
    """What is known of the image, and its prediction."""
    facts(scene, subject)
    verdict(scene, subject)


def facts(scene: Scene, subject: Subject) -> None:
    """What is known of the image; nothing of a visitor's own."""
    if subject.sample_id is not None:
        row, trained = _row(scene, subject), scene.run.trained_on
        known = [_fact(name, row[name]) for name in _FACTS if _stated(row.get(name))]
        known += _drawn(row)
        if trained is not None and trained[scene.run.index([subject.sample_id])[0]]:
            known.append("the model was trained on it")
        look.facts(*known)


def verdict(scene: Scene, subject: Subject) -> None:
    """What the image is predicted as, and its label."""
    classes, label = scene.run.classes, subject.label
    shares = subjects.probabilities(scene.run, subject)
    predicted = classes[int(subjects.votes(scene.run, subject).sum(axis=0).argmax())]
    words = f"**{plain(taxonomy.name(predicted))}**, {percent(float(shares.max()))}"
    if label is None:
        st.markdown(f"Predicted as {words}. No label.")
    elif label == predicted:
        st.markdown(f":material/check: Predicted as {words}, as labelled.")
    else:
        unknown = "" if label in classes else ", which the model does not know"
        st.markdown(
            f":orange[:material/close:] Predicted as {words}. "
            f"Label: **{plain(taxonomy.name(label))}**{unknown}."
        )


def _row(scene: Scene, subject: Subject) -> "pd.Series":
    return cast("pd.Series", scene.table.samples.loc[subject.sample_id])


def _step(name: str, icon: str, shortcut: str, through: tuple[str, ...], position: int) -> None:
    inside = 0 <= position < len(through)
    st.button(
        name,
        key=Key.STEP.of(name),
        icon=f":material/{icon}:",
        shortcut=shortcut,
        disabled=not inside,
        on_click=callback(state.show),
        kwargs={"primary": through[position] if inside else None},
    )


def _fact(name: str, value: object) -> str:
    if name == "age":
        return f"{float(str(value)):.0f} years"
    words = {"patient_id": "patient ", "skin_type": "skin type "}.get(name, "")
    return f"{words}{plain(value)}"


def _drawn(row: "pd.Series") -> list[str]:
    """What is known of an image of the atlas because it was drawn."""
    own, other, share = (row.get(name) for name in ("drawn_class", "other_class", "other_share"))
    if not (isinstance(own, str) and isinstance(other, str) and isinstance(share, float)):
        return []
    signs = (
        f"drawn with {percent(1 - share, 0)} {plain(own)} and {percent(share, 0)} {plain(other)}"
    )
    noisy = row.get("label_noise") == "yes"
    return [f"{signs} signs", *(["label noise: given the other label on purpose"] * noisy)]


def _stated(value: str | float | None) -> bool:
    return value is not None and bool(pd.notna(value))
