"""Checks of a map's faithfulness: a line beneath it, on request."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import streamlit as st

from dermxai.runs import Run
from dermxai.ui.components.text import plain
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import explanations, models
from dermxai.ui.session.requested import on_request
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain import Attribution
    from dermxai.explain.attribution.method import Progress
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
        str(run.made_by["hash"]),
        subject.key,
        made.method,
        made.target,
        made.against,
        made.head,
        str(sorted(made.settings.items())),
    )
    checks = explanations.badges().get(key)
    if checks is None:
        from dermxai.explain.faithfulness.badge import passes

        checks = on_request(
            run,
            f"{Key.BADGE}-{made.method}-{subject.key}",
            "Check the faithfulness of this map",
            [(f"{Key.BADGE}-{made.method}", passes(models.classifier(run), made))],
            _work(run, subject, made),
            quiet=True,
            help_="A few quick checks: its pixels taken away against random maps and a centred "
            "Gaussian, random heads, and how much of it lies inside the masks.",
        )
        if checks is None:
            return
        explanations.badges().put(key, checks)
    _show(checks)


def _work(
    run: Run, subject: Subject, made: "Attribution"
) -> "Callable[[Progress], tuple[Check, ...]]":
    def work(progress: "Progress") -> "tuple[Check, ...]":
        from dermxai.explain.faithfulness.badge import badge as check

        image = subject.pixels()
        masks = subjects.masks(subject, (image.shape[0], image.shape[1]))
        named = {_MASKS[name]: mask for name, mask in masks.items() if name in _MASKS}
        return check(models.classifier(run), image, made, named, progress)

    return work


def _show(checks: "Sequence[Check]") -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for check in checks:
            colour, icon = _LOOKS[check.passed]
            st.badge(plain(check.title), icon=icon, color=colour, help=plain(check.finding))
