"""The studies, one of them opened: its readers, codes, answers."""

import os

import pandas as pd
import streamlit as st

from dermxai.access.codes import ADDRESS
from dermxai.core.spreadsheet import to_csv
from dermxai.readers import stored_answers, studies
from dermxai.readers.store.database import database
from dermxai.readers.studies import MOST_READERS, NewCode, StudyInfo
from dermxai.ui.access import identity
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look
from dermxai.ui.components.text import count, plain
from dermxai.ui.pages.reader_studies import analysis
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_READERS, _ANALYSIS = "Readers", "Analysis"
ACTION, REMOVAL = "run reader studies", "remove reader studies"
_OPENED, _COUNT, _CODES = (Key.READER_STUDY.of(each) for each in ("opened", "count", "codes"))


def may() -> bool:
    """Whether this visitor sees studies, which tell the labels of their cases."""
    return permissions.may(ACTION)


def table(view: Scene) -> None:
    """All studies, and the one that is chosen."""
    found = studies.all_of(database())
    if not found:
        st.info(
            "There is no study yet. In one, readers answer a set of cases by a link of their own, "
            "with or without help of the model; begin with New study."
        )
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Study": [each.name for each in found],
                "State": ["open" if each.is_open else "closed" for each in found],
                "Cases": [each.cases for each in found],
                "Classes": [len(each.classes) for each in found],
                "Readers": [each.readers for each in found],
                "Answers": [f"{each.answered:,} of {each.turns:,}" for each in found],
                "Cannot be shown": [each.faults for each in found],
            }
        ),
        hide_index=True,
    )
    names = [each.name for each in found]
    name = st.selectbox(
        "Study",
        names,
        key=_OPENED,
        format_func=plain,
        bind="query-params",
        persist_state="session",
        width=420,
    )
    _study(found[names.index(name)], view)


def _study(study: StudyInfo, view: Scene) -> None:
    look.heading(study.name)
    look.facts(
        count(study.cases, "case"),
        ", ".join(study.classes),
        ", ".join(study.settings.arms),
        study.settings.design.value,
    )
    if study.faults:
        st.warning(
            f"{count(study.faults, 'answer')} cannot be given: images have changed since the study "
            "began, or cannot be read. They are asked for when the images are back."
        )
    part = st.segmented_control(
        "Part",
        [_READERS, _ANALYSIS],
        key=Key.READER_STUDY.of("part"),
        default=_READERS,
        required=True,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
    )
    if part == _ANALYSIS:
        analysis.section(study, view)
        return
    _codes(study)
    readers = studies.readers_of(database(), study.name)
    if readers:
        rows = pd.DataFrame(
            {
                "Reader": [each.number for each in readers],
                "Code": [each.code_id for each in readers],
                "Arms": [", ".join(each.arms) for each in readers],
                "Answers": [each.answered for each in readers],
                "Of": [each.turns for each in readers],
                "State": ["withdrawn" if each.withdrawn else "" for each in readers],
            }
        )
        st.dataframe(rows, hide_index=True, height=look.height(rows))
    _actions(study)


def _codes(study: StudyInfo) -> None:
    if study.is_open:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input("Further readers", 1, MOST_READERS, 1, key=_COUNT, width=160)
            st.button(
                "Make codes",
                key=Key.READER_STUDY.of("make-codes"),
                icon=":material/key:",
                on_click=callback(_make_codes),
                args=(study.name,),
            )
    made = [each for each in _made() if each.study == study.name]
    if not made:
        return
    rows = pd.DataFrame(
        {
            "Reader": [each.number for each in made],
            "Link": [f"{_server()}/reader#{each.text}" for each in made],
        }
    )
    st.caption("The links are shown only now: kept are hashes of their codes. Take them away.")
    st.dataframe(rows, hide_index=True, height=look.height(rows))
    downloads.csv("Links (CSV)", lambda: to_csv(rows), "links")
    st.button("Done", key=Key.READER_STUDY.of("done"), on_click=callback(_forget))


def _make_codes(name: str) -> None:
    permissions.check(ACTION)
    made = studies.make_codes(database(), name, state.page(_COUNT))
    permissions.note("made readers' codes", codes=len(made))
    state.put(_CODES, made)


def _made() -> list[NewCode]:
    held = state.get(_CODES)
    return [each for each in held if isinstance(each, NewCode)] if isinstance(held, list) else []


def _forget() -> None:
    state.put(_CODES, None)


def _actions(study: StudyInfo) -> None:
    with st.container(horizontal=True):
        downloads.csv(
            "Answers (CSV)",
            lambda: to_csv(stored_answers.answers(database(), study.name)),
            "answers",
        )
        downloads.csv(
            "For analysis (CSV)",
            lambda: to_csv(stored_answers.long_form(database(), study.name)),
            "analysis",
        )
        downloads.csv(
            "Changes of mind (CSV)",
            lambda: to_csv(stored_answers.changes(database(), study.name)),
            "changes",
        )
        st.button(
            "Close" if study.is_open else "Open again",
            key=Key.READER_STUDY.of("close"),
            icon=":material/lock:" if study.is_open else ":material/lock_open:",
            on_click=callback(_set_open),
            args=(study.name, not study.is_open),
            help="A closed study takes no answer.",
        )
        if permissions.may(REMOVAL):
            with st.popover("Remove", icon=":material/delete:"):
                st.caption(f"The study and its {count(study.answered, 'answer')} go for good.")
                st.button(
                    "Remove for good",
                    key=Key.READER_STUDY.of("remove"),
                    on_click=callback(_remove),
                    args=(study.name,),
                )


def _set_open(name: str, is_open: bool) -> None:
    permissions.check(ACTION)
    studies.set_open(database(), name, is_open)
    permissions.note("opened reader study" if is_open else "closed reader study")


def _remove(name: str) -> None:
    permissions.check(REMOVAL)
    studies.remove(database(), name)
    permissions.note("removed reader study")


def _server() -> str:
    """Where readers reach this server: as its operator says, else as this visitor has."""
    if named := os.environ.get(ADDRESS):
        return named.rstrip("/")
    scheme, _, rest = str(st.context.url or "").partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{identity.base()}"
