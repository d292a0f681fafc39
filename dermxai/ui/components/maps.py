"""Attribution maps of images: those at hand, and others computed on request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.explain.quick import AT_ONCE
from dermxai.figures import overlay
from dermxai.runs import Run
from dermxai.ui.app.lanes import quickly
from dermxai.ui.components import question
from dermxai.ui.components.question import Wish
from dermxai.ui.components.text import count
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import explanations, models
from dermxai.ui.session.requested import on_request
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain import Attribution
    from dermxai.explain.attribution.method import Progress


@dataclass(frozen=True)
class Wanted:
    """A map of an image."""

    subject: Subject
    wish: Wish

    def passes(self, run: Run) -> int:
        method = question.methods()[self.wish.method]
        return method.passes(models.classifier(run), self.wish.settings)

    def key(self, run: Run) -> tuple[object, ...]:
        return (run.made_by["hash"], self.subject.key, self.wish)


def at_hand(run: Run, wanted: Wanted, shape: tuple[int, int]) -> "Attribution | None":
    """A map at the shape of its image as shown: known from before, kept in the workspace, or made
    at once where that takes a moment; None where it has to be asked for.

    Raises:
        InputError: the method is not valid for the network, or the image cannot be read.
    """
    (found,) = all_at_hand(run, [wanted], [shape])
    if isinstance(found, InputError):
        raise found
    return found


def all_at_hand(
    run: Run, wanted: Sequence[Wanted], shapes: Sequence[tuple[int, int]]
) -> "list[Attribution | InputError | None]":
    """As `at_hand`, of several maps; in place of one that cannot be made, why. Those that have to
    be made are one piece of work for their lane."""
    found = [
        _tried(partial(_known, run, each, shape))
        for each, shape in zip(wanted, shapes, strict=True)
    ]
    making = [
        index
        for index, each in enumerate(wanted)
        if found[index] is None and each.passes(run) <= AT_ONCE
    ]
    if making:
        works = [partial(_made, run, wanted[index], shapes[index]) for index in making]
        made = quickly(state.visitor(), lambda: [_tried(work) for work in works])
        for index, each in zip(making, made, strict=True):
            found[index] = each
    return found


def _tried(work: "Callable[[], Attribution | None]") -> "Attribution | InputError | None":
    try:
        return work()
    except InputError as error:
        return error


def _known(run: Run, wanted: Wanted, shape: tuple[int, int]) -> "Attribution | None":
    """A map that comes with the diagnosis, is known from before, or is kept in the workspace.

    Raises:
        InputError: as `at_hand`.
    """
    from dermxai.explain.attribution.api import recall
    from dermxai.explain.diagnosis import AT_HAND

    asked, wish, subject = wanted.wish.question, wanted.wish, wanted.subject
    if wish.method in AT_HAND:
        diagnosis = subjects.diagnosis(run, subject, shape, asked.target, asked.against)
        return diagnosis.attribution(wish.method, asked.target, asked.against, asked.head)
    return recall(
        models.classifier(run),
        subject.pixels,
        wish.method,
        asked.target,
        asked.against,
        head=asked.head,
        settings=wish.settings,
        shape=shape,
        keep=subject.sample_id is not None,
        memory=explanations.Remembered(wanted.key(run)),
    )


def _made(run: Run, wanted: Wanted, shape: tuple[int, int]) -> "Attribution":
    """
    Raises:
        InputError: as `at_hand`.
    """
    return compute(run, wanted).laid_out(models.classifier(run).info.preprocessing, shape)


def compute(run: Run, wanted: Wanted, progress: "Progress | None" = None) -> "Attribution":
    """Makes a map and keeps it: in memory, and in the workspace unless the image is the visitor's
    own."""
    from dermxai.explain import explain
    from dermxai.explain.costs import timed

    asked, classifier = wanted.wish.question, models.classifier(run)
    with timed(classifier, wanted.wish.method, wanted.passes(run)):
        return explain(
            classifier,
            wanted.subject.pixels(),
            wanted.wish.method,
            asked.target,
            asked.against,
            head=asked.head,
            settings=wanted.wish.settings,
            progress=progress,
            keep=wanted.subject.sample_id is not None,
            memory=explanations.Remembered(wanted.key(run)),
        )


def offer(run: Run, missing: Sequence[Wanted], name: str) -> bool:
    """A button that says what the missing maps cost and computes them.

    Returns:
        Whether they have all been computed now.
    """
    passes = [each.passes(run) for each in missing]
    price = [(each.wish.method, cost) for each, cost in zip(missing, passes, strict=True)]

    def work(progress: "Progress") -> bool:
        for index, each in enumerate(missing):
            before, share = sum(passes[:index]), passes[index]

            def show(done: int, total: int, before: int = before, share: int = share) -> None:
                within = round(share * done / total) if total else 0
                progress(before + within, sum(passes) if total else 0)

            compute(run, each, show)
        return True

    label = "Compute" if len(missing) == 1 else f"Compute {count(len(missing), 'missing map')}"
    return bool(on_request(run, name, label, price, work, learn=False))


def scales(maps: Sequence["Attribution"]) -> list[float]:
    """The value of full colour of each map: its own, or, where the visitor wants the same scale,
    that of all maps in its unit, until it is entered otherwise or given up."""
    own = [overlay.full_colour(each.density) for each in maps]
    if not maps:
        return own
    same = st.toggle(
        "Same scale",
        key=Key.SAME_SCALE,
        help="All maps in one unit share a colour scale: of every class, head, method and image "
        "that you look at from now on.",
        bind="query-params",
        persist_state="session",
    )
    if not same:
        for key in state.keys_of(Key.SCALE):
            state.take(key)
        return own
    shared = {}
    for unit in dict.fromkeys(each.density_unit for each in maps):
        largest = max(
            value for each, value in zip(maps, own, strict=True) if each.density_unit == unit
        )
        key = Key.SCALE.of(unit)
        if state.get(key) is None:
            state.put(key, float(f"{largest:.2g}") or 1.0)
            if key not in st.query_params:
                state.address(key, str(state.get(key)))
        shared[unit] = st.number_input(
            f"Full colour at ± {unit}",
            min_value=0.0,
            key=key,
            format="%.3g",
            bind="query-params",
            persist_state="session",
            width=250,
        )
    return [shared[each.density_unit] or 1.0 for each in maps]
