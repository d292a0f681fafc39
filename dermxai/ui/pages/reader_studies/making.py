"""A form that makes a study of the open dataset."""

import streamlit as st

from dermxai import taxonomy
from dermxai.core.settings import checked, described
from dermxai.core.values import LARGEST
from dermxai.readers import studies
from dermxai.readers.definition import LONGEST_NAME, LONGEST_TEXT, ArmKind, Design, StudySettings
from dermxai.readers.store.database import database
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components.subset import dataset_of
from dermxai.ui.components.text import count, plain
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "run reader studies"
_OF = {each: Key.READER_STUDY.of(each) for each in StudySettings.model_fields}
_HELP = {each.name: each for each in described(StudySettings)}
_ARMS = {
    ArmKind.WITHOUT: "without AI",
    ArmKind.THEN_WITH: "without, then with AI",
    ArmKind.WITH: "with AI from the start",
    ArmKind.FAULTY: "with a faulty AI",
    ArmKind.THEN_WITH_MAPS: "without, then with AI and maps",
    ArmKind.WITH_MAPS: "with AI and maps from the start",
    ArmKind.FAULTY_MAPS: "with a faulty AI and maps",
}
_DRAWN, _SELECTION = "drawn at random", "the selection"
_AT_ONCE = 300
"""Images that are read while the visitor waits."""
_SOURCE = Key.READER_STUDY.of("source")


def form(view: Scene) -> None:
    """Asks for a study, folded away."""
    with st.expander("New study", icon=":material/add:"):
        st.text_input("Name", key=_OF["name"], max_chars=LONGEST_NAME, placeholder="Eight classes")
        _ask_cases(view)
        _ask_arms(view)
        st.text_area(
            "Consent", key=_OF["consent"], max_chars=LONGEST_TEXT, help=_HELP["consent"].help
        )
        st.text_input(
            "Background, separated by commas",
            key=_OF["background"],
            help=_HELP["background"].help,
            placeholder="years of experience, training",
        )
        st.button(
            "Make study",
            key=Key.READER_STUDY.of("make"),
            type="primary",
            icon=":material/add:",
            on_click=callback(_make),
            args=(view,),
        )


def _ask_cases(view: Scene) -> None:
    labels = taxonomy.ordered(view.table.samples["label"].dropna())
    st.multiselect(
        "Classes offered",
        labels,
        key=_OF["classes"],
        format_func=lambda code: plain(taxonomy.titled(code)),
        placeholder="all",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if view.selection is not None:
            st.segmented_control(
                "Cases",
                [_DRAWN, _SELECTION],
                key=_SOURCE,
                default=_DRAWN,
                required=True,
                format_func=lambda each: (
                    each
                    if each == _DRAWN
                    else f"{each} ({count(len(view.selection or ()), 'image')})"
                ),
            )
        for name, title in (("per_class", "Cases a class"), ("images", "Images a case")):
            _number(name, title)
        _number("confidence", "Levels of confidence")


def _number(name: str, title: str) -> None:
    known = _HELP[name]
    low, high = int(known.low or 0), int(known.high or LARGEST)
    st.number_input(
        title, low, high, int(str(known.default)), key=_OF[name], help=known.help, width=180
    )


def _ask_arms(view: Scene) -> None:
    arms = list(_ARMS) if view.source.run is not None else [ArmKind.WITHOUT]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            "Arms",
            arms,
            default=[ArmKind.WITHOUT],
            key=_OF["arms"],
            format_func=_ARMS.__getitem__,
            help="The AI is the network of the open run; a map is of the class that it shows. Maps "
            "are drawn once, as a job.",
        )
        st.segmented_control(
            "Each reader",
            list(Design),
            default=Design.CROSSED,
            required=True,
            key=_OF["design"],
            format_func={Design.CROSSED: "in every arm", Design.SPLIT: "in one arm"}.__getitem__,
        )
        if any(ArmKind(each).faulty for each in state.texts(_OF["arms"])):
            st.slider(
                "Faulty cases", 0.0, 1.0, 0.3, key=_OF["faulty_share"],
                help=_HELP["faulty_share"].help, width=220,
            )  # fmt: skip


def _make(view: Scene) -> None:
    permissions.check(ACTION)
    chosen = view.selection is not None and state.get(_SOURCE) == _SELECTION
    asked = ("per_class", "images", "confidence", "design", "faulty_share")
    said: dict[str, object] = {
        **{name: state.get(_OF[name]) for name in asked if state.get(_OF[name]) is not None},
        "name": state.text(_OF["name"]).strip(),
        "dataset": dataset_of(view),
        "classes": tuple(state.texts(_OF["classes"])),
        "arms": tuple(ArmKind(each).value for each in state.texts(_OF["arms"])),
        "sample_ids": view.selection.sample_ids if chosen and view.selection else (),
        "run": view.source.run or "",
        "consent": state.text(_OF["consent"]).strip(),
        "background": _parted(state.text(_OF["background"])),
    }
    settings = checked("the study", StudySettings, said)
    who = permissions.person().name
    if _takes_long(settings, view):
        asked_for = settings.model_dump(mode="json")
        jobs_panel.start("reader_study", study=asked_for, made_by=who)
        st.toast(
            "The study is being made; it is listed here when it is.", icon=":material/schedule:"
        )
    else:
        made = studies.make(database(), settings, who)
        permissions.note("made reader study", dataset=view.table.name, images=made.cases)
        state.put(Key.READER_STUDY.of("opened"), made.name)
    state.put(_OF["name"], "")


def _takes_long(settings: StudySettings, view: Scene) -> bool:
    """Whether it is made as a job: maps are drawn, or many images are read."""
    there = view.table.samples["label"].value_counts()
    of_class = there[[code for code in settings.classes or there.index if code in there]]
    cases = len(settings.sample_ids) or int(of_class.clip(upper=settings.per_class).sum())
    return any(arm.maps for arm in settings.of_arms) or cases * settings.images > _AT_ONCE


def _parted(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
