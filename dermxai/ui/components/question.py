"""What is asked of images: why this class rather than that one, of which head, by which method.

Class, other class, head and method are part of the view: a link asks the same question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dermxai import taxonomy
from dermxai.core.settings import Settings, described
from dermxai.explain.quick import usual_contrast
from dermxai.runs import Run
from dermxai.ui.app.guard import callback
from dermxai.ui.components import forms
from dermxai.ui.components.text import count, plain, span
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import models
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain.attribution.method import AttributionMethod
    from dermxai.models import Classifier

ALONE = "-"
"""In place of the other class: the target alone is explained."""
_USUAL = ""  # what is asked unless the visitor chooses
_ALL = ""


@dataclass(frozen=True)
class Question:
    target: str
    against: str | None
    """None for the target alone."""
    head: str | None
    """None for the sum of all."""

    @property
    def text(self) -> str:
        """ "EAD rather than SD, block 3"; as it is in the data."""
        other = "" if self.against is None else f" rather than {self.against}"
        return f"{self.target}{other}{'' if self.head is None else f', {self.head}'}"


@dataclass(frozen=True)
class Wish:
    """A question and the method that is to answer it."""

    question: Question
    method: str
    settings: Settings


def usual(run: Run, subject: Subject) -> Question:
    """Why an image was predicted as it was, rather than as labelled or, where that is right or not
    known, as the runner-up."""
    return _about(run, subject, None, None, None)


def ask(run: Run, subject: Subject, head: bool = True) -> Question:
    """The controls of the question, at first the `usual` one; what the address asks for and the
    model lacks is left out.

    Args:
        head: whether to ask for a head, too.
    """
    view = state.view()
    target = view.target if view.target in run.classes else None
    against = view.against if view.against in (*run.classes, ALONE) else None
    whose = view.head if view.head in run.heads else None
    if against == (target or usual(run, subject).target):
        against = None
    wanted = _about(run, subject, target, against, whose)
    usual_target = _about(run, subject, None, against, whose).target
    usual_against = _about(run, subject, target, None, whose).against
    state.put(Key.TARGET, target or _USUAL)
    state.put(Key.AGAINST, against or _USUAL)
    state.put(Key.HEAD, whose or _ALL)
    st.selectbox(
        "Why",
        [_USUAL, *run.classes],
        key=Key.TARGET,
        format_func=lambda code: (
            f"{usual_target} · as predicted" if code == _USUAL else _named(code)
        ),
        on_change=callback(_changed),
        args=(Key.TARGET,),
        width=170,
    )
    if len(run.classes) > 1:
        st.button(
            "",
            key=Key.SWAP,
            icon=":material/swap_horiz:",
            help="Exchange the two classes",
            disabled=wanted.against is None,
            on_click=callback(state.show),
            kwargs={"target": wanted.against, "against": wanted.target},
        )
        st.selectbox(
            "rather than",
            [_USUAL, *(code for code in run.classes if code != wanted.target), ALONE],
            key=Key.AGAINST,
            format_func=lambda code: (
                f"{usual_against} · {_why_this(run, subject, usual_against)}"
                if code == _USUAL
                else _named(code)
            ),
            on_change=callback(_changed),
            args=(Key.AGAINST,),
            width=200,
        )
    if head and len(run.heads) > 1:
        st.selectbox(
            "Head",
            [_ALL, *run.heads],
            key=Key.HEAD,
            format_func=lambda name: "all heads" if name == _ALL else name,
            on_change=callback(_changed),
            args=(Key.HEAD,),
            width=116,
        )
    return wanted


def ask_method(run: Run) -> tuple[str, Settings]:
    """Which method, and its settings."""
    known = methods()
    view = state.view()
    reasons, usual_method = unavailable(run), first(run)
    chosen = view.method if view.method is not None and view.method in known else usual_method
    state.put(Key.METHOD, chosen)
    st.selectbox(
        "Method",
        sorted(known, key=lambda name: (name in reasons, known[name].title)),
        key=Key.METHOD,
        format_func=lambda name: known[name].title + (" · not available" * (name in reasons)),
        on_change=callback(_changed),
        args=(Key.METHOD, usual_method),
        width=190,
    )
    with st.popover("", icon=":material/tune:", help="About this method, and its settings"):
        _describe(known[chosen])
        settings = forms.settings(known[chosen].settings, chosen)
        if chosen not in reasons:
            passes = known[chosen].passes(_model(run), settings)
            st.caption(plain(f"Cost: {cost(run, [(chosen, passes)])}."))
    return chosen, settings


def first(run: Run, *before: str) -> str:
    """The method by which images are explained unless the visitor chooses.

    Raises:
        InputError: the checkpoint cannot be read.
    """
    from dermxai.explain.attribution.api import first_method

    return first_method(_model(run), *before)


def methods() -> "Mapping[str, AttributionMethod[Settings]]":
    from dermxai.explain.attribution.api import methods as found

    return found()


def unavailable(run: Run) -> dict[str, str]:
    """Why methods mean nothing for the run's network, by their names.

    Raises:
        InputError: the checkpoint cannot be read.
    """
    model = _model(run)
    reasons = {name: each.excuse(model) for name, each in methods().items()}
    return {name: reason for name, reason in reasons.items() if reason}


def say_unavailable(run: Run) -> None:
    """Which methods cannot be chosen for the run's network, and why."""
    known, reasons = methods(), unavailable(run)
    if reasons:
        with st.expander(f"{count(len(reasons), 'method')} not valid for this network"):
            for name, reason in reasons.items():
                st.markdown(f"**{plain(known[name].title)}**: {plain(reason)}")


def cost(run: Run, work: Sequence[tuple[str, int]]) -> str:
    """Passes, and how long such work takes on this computer where some of it has run.

    Args:
        work: kinds (the name of a method, or of what a page does) and their passes.
    """
    from dermxai.explain.costs import costs_of

    passes = count(sum(each for _, each in work), "forward pass")
    model = _model(run)
    expected = costs_of(model.hash, model.device.type).expected(work)
    return passes if expected is None else f"{passes}, {span(*expected)} here"


def _about(
    run: Run, subject: Subject, target: str | None, against: str | None, head: str | None
) -> Question:
    scores = subjects.votes(run, subject).sum(axis=0)
    ranking = [run.classes[index] for index in np.argsort(-scores, kind="stable")]
    chosen = target or ranking[0]
    if against == ALONE:
        return Question(chosen, None, head)
    return Question(chosen, against or usual_contrast(ranking, subject.label, chosen), head)


def _why_this(run: Run, subject: Subject, against: str | None) -> str:
    scores = subjects.votes(run, subject).sum(axis=0)
    if against == run.classes[int(scores.argmax())]:
        return "as predicted"
    return "the label" if against == subject.label else "runner-up"


def _named(code: str) -> str:
    if code == ALONE:
        return "none (class logit)"
    return taxonomy.titled(code)


def _changed(key: Key, usual: str = _USUAL) -> None:
    """Takes over what was chosen; the part of the view has the name of the key.

    Args:
        usual: what the address need not say.
    """
    chosen = state.text(key) or None
    state.show(**{key.value: None if chosen == usual else chosen})


def _describe(method: "AttributionMethod[Settings]") -> None:
    st.markdown(f"**{plain(method.title)}**")
    signs = "signed" if method.signed else "not signed"
    complete = ", adds up to the logit" if method.complete else ""
    with st.container(gap=None):
        for line in (
            method.note,
            f"Map: {signs}, {method.unit}{complete}.",
            f"Source: {method.source}.",
        ):
            st.caption(plain(line))
    if described(method.settings):
        st.markdown("**Settings**")


def _model(run: Run) -> "Classifier":
    return models.classifier(run)
