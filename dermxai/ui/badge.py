"""What a map passed: a line beneath it, on request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dermxai.runs import Run
from dermxai.ui import cache
from dermxai.ui import subject as subjects
from dermxai.ui.state import Key
from dermxai.ui.subject import Subject
from dermxai.ui.text import plain

if TYPE_CHECKING:
    from dermxai.explain import Attribution
    from dermxai.explain.faithfulness.badge import Check

_MASKS = {"Lesion": "lesion", "Signs": "evidence"}
_LOOKS: dict[bool | None, tuple[Literal["green", "red", "gray"], str]] = {
    True: ("green", ":material/check:"),
    False: ("red", ":material/close:"),
    None: ("gray", ":material/question_mark:"),
}


def badge(run: Run, subject: Subject, made: "Attribution") -> None:
    """The checks of a map that is shown; offers them where they have not been made."""
    key = (
        str(run.manifest["checkpoint"]["hash"]),
        subject.key,
        made.method,
        made.target,
        made.against,
        made.head,
        str(sorted(made.settings.items())),
    )
    checks = cache.badges().get(key)
    if checks is None:
        place = st.empty()
        asked = place.button(
            "Is this map to be believed?",
            key=Key.BADGE.of(made.method, subject.key),
            icon=":material/fact_check:",
            type="tertiary",
            help="A few quick checks: its pixels taken away against random maps and a centred "
            "Gaussian, random heads, and how much of it lies inside the masks.",
        )
        if not asked:
            return
        checks = cache.badges().put(key, _checked(run, subject, made, place))
    _show(checks)


def _checked(
    run: Run, subject: Subject, made: "Attribution", place: DeltaGenerator
) -> "tuple[Check, ...]":
    from dermxai.explain.faithfulness.badge import badge as check

    bar = place.progress(0.0, "Checking the map …")
    image = subject.pixels()
    masks = subjects.masks(subject, (image.shape[0], image.shape[1]))

    def shown(done: int, total: int) -> None:
        bar.progress(done / total, f"Checking the map: {done} of {total} passes")

    named = {_MASKS[name]: mask for name, mask in masks.items() if name in _MASKS}
    found = check(cache.classifier(run), image, made, named, shown)
    place.empty()
    return found


def _show(checks: "Sequence[Check]") -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for check in checks:
            colour, icon = _LOOKS[check.passed]
            st.badge(plain(check.title), icon=icon, color=colour, help=plain(check.finding))
