"""Parts of the Compare maps page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings
from dermxai.explain.attribution.difference import difference
from dermxai.explain.quick import AT_ONCE
from dermxai.figures.overlay import Picture
from dermxai.runs import Run
from dermxai.ui.app.guard import guard
from dermxai.ui.components import downloads, explained, forms, maps, question
from dermxai.ui.components.explained import Look
from dermxai.ui.components.maps import Wanted
from dermxai.ui.components.question import Question, Wish
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import models, pixels
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain import Attribution

METHODS, IMAGES, DIFFERENCE = "Methods", "Two images", "Difference"
_CELL = 230  # pixels, the narrowest
_LONGEST = 512  # pixels of a picture's longer side: a cell's on a screen of double density
_ALL = ""


def ask_mode() -> str:
    """What is compared."""
    chosen = st.segmented_control(
        "Compare",
        [METHODS, IMAGES, DIFFERENCE],
        key=Key.COMPARE,
        default=METHODS,
        required=True,
        bind="query-params",
        persist_state="session",
    )
    return chosen or METHODS


def methods(run: Run, subject: Subject) -> None:
    """Several methods on one image. Fast ones first and at once, the others when asked for."""
    asked = _ask(run, subject)
    known, reasons = question.methods(), question.unavailable(run)
    available = sorted(set(known) - set(reasons), key=lambda name: known[name].title)
    first = question.first(run)
    available.sort(key=lambda name: (name != first, _is_slow(run, name)))
    chosen = st.multiselect(
        "Methods",
        available,
        key=Key.COMPARE.of("methods"),
        default=available,
        format_func=lambda name: known[name].title,
        bind="query-params",
        persist_state="session",
    )
    wanted = [Wanted(subject, Wish(asked, name, _settings(name))) for name in chosen]
    _grid(run, wanted, [known[name].title for name in chosen], f"{subject.name} · why {asked.text}")
    question.say_unavailable(run)


def images(run: Run, looked_at: Sequence[Subject]) -> None:
    """One method on the primary and the pinned image."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall")
    with row:
        asked = question.ask(run, looked_at[0])
        wish = Wish(asked, *question.ask_method(run))
    if len(looked_at) == 1:
        st.info(
            "Pin an image, and it stands here beside the one that you look at.",
            icon=":material/keep:",
        )
    if reason := question.unavailable(run).get(wish.method):
        st.info(plain(reason), icon=":material/block:")
        return
    title = f"{question.methods()[wish.method].title} · why {asked.text}"
    names = [each.name for each in looked_at]
    _grid(
        run,
        [Wanted(each, wish) for each in looked_at],
        names,
        title,
        columns=2,
        longest=subjects.LONGEST,
    )


def differences(run: Run, subject: Subject) -> None:
    """Two maps of one image, and what the first shows that the second does not."""
    asked = _ask(run, subject, head=False)
    sides = st.columns(2, gap="large")
    wanted = []
    usual = (question.first(run), question.first(run, "grad_cam", "saliency"))
    for column, name, first in zip(sides, ("First", "Second"), usual, strict=True):
        with column, st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            wanted.append(Wanted(subject, _ask_side(run, asked, name, first)))
    titles = [_name(each) for each in wanted]
    _grid(run, wanted, titles, f"{subject.name} · why {asked.text}", columns=3, subtract=True)


def _ask(run: Run, subject: Subject, head: bool = True) -> Question:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        return question.ask(run, subject, head)


def _ask_side(run: Run, asked: Question, name: str, first: str) -> Wish:
    known, reasons = question.methods(), question.unavailable(run)
    method = st.selectbox(
        f"{name} map",
        sorted(set(known) - set(reasons), key=lambda each: known[each].title),
        key=_put(Key.COMPARE.of(name, "method"), first),
        format_func=lambda each: known[each].title,
        bind="query-params",
        persist_state="session",
        width=220,
    )
    head = _ALL
    if len(run.heads) > 1:
        head = st.selectbox(
            "Head",
            [_ALL, *run.heads],
            key=_put(Key.COMPARE.of(name, "head"), _ALL, run.heads),
            format_func=lambda each: "all heads" if each == _ALL else each,
            bind="query-params",
            persist_state="session",
            width=116,
        )
    return Wish(replace(asked, head=head or None), method, _settings(method))


def _put(key: str, value: str, allowed: Sequence[str] | None = None) -> str:
    """The key of a widget, which begins with the value, also where what it holds is not there."""
    held = state.get(key)
    if held is None or (allowed is not None and held not in allowed):
        state.put(key, value)
    return key


def _is_slow(run: Run, method: str) -> bool:
    module = question.methods()[method]
    return module.passes(models.classifier(run), module.settings()) > AT_ONCE


def _settings(method: str) -> Settings:
    """Those that the visitor has entered for the method on this or the Image page."""
    return forms.entered(question.methods()[method].settings, method)


def _name(wanted: Wanted) -> str:
    title, head = question.methods()[wanted.wish.method].title, wanted.wish.question.head
    return title if head is None else f"{title}, {head}"


def _grid(
    run: Run,
    wanted: Sequence[Wanted],
    titles: Sequence[str],
    sheet: str,
    *,
    columns: int | None = None,
    longest: int = _LONGEST,
    subtract: bool = False,
) -> None:
    """Pictures side by side, each under its map if that is at hand; those that are missing are
    offered.

    Args:
        sheet: title of what is exported.
        columns: as many as fit where None.
        longest: pixels of a picture's longer side.
        subtract: the difference of the two maps follows.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom")
    offered = st.container()
    pictures = {each.subject.key: subjects.shown(each.subject, longest) for each in wanted}
    with st.spinner("Computing the fast maps …"):
        shapes = [pictures[each.subject.key].shape for each in wanted]
        found = maps.all_at_hand(run, wanted, [(shape[0], shape[1]) for shape in shapes])
    made = [str(each) if isinstance(each, InputError) else None for each in found]
    maps_ = [None if isinstance(each, InputError) else each for each in found]
    cells = [(each.subject, title) for each, title in zip(wanted, titles, strict=True)]
    if subtract and all(each is not None for each in maps_):
        maps_.append(difference(maps_[0], maps_[1]))  # type: ignore[arg-type]
        made.append(None)
        cells.append((wanted[0].subject, f"{titles[0]} less {titles[1]}"))
    with row:
        look = explained.ask_look([each.subject for each in wanted])
        scales = iter(maps.scales([each for each in maps_ if each is not None]))
    shown: list[Callable[[], Picture]] = []
    with st.grid(columns or "auto", min_column_width=_CELL, gap="medium") as grid:
        for index, ((subject, title), attribution) in enumerate(zip(cells, maps_, strict=True)):
            scale = next(scales) if attribution is not None else 1.0
            reason = (made[index] or explained.NOT_COMPUTED) if attribution is None else ""
            over = partial(look.over, subject, pictures[subject.key], attribution, scale, title)
            one = wanted[index] if index < len(wanted) else None
            of = wanted if one is None else [one]
            key = (*(each.key(run) for each in of), one is None, longest, look, scale)
            content = pixels.picture((*key, attribution is None), partial(explained.encoded, over))
            with grid.cell(), guard():
                _cell(
                    *(run, content, title),
                    made=attribution,
                    scale=scale,
                    wanted=one,
                    problem=made[index],
                )
            if one is None:
                shown.append(_Difference(run, of, longest, look, scale, title))
            else:
                wish = None if attribution is None else one.wish
                how = (longest, look, scale, title, reason)
                shown.append(explained.Drawing(run, subject, wish, *how))
    with row:
        if any(each is not None for each in maps_):
            about = downloads.about(run, [each.subject for each in wanted], look)
            downloads.export(shown, sheet, about, columns=4)
    missing = [each for each, one in zip(wanted, found, strict=True) if one is None]
    with offered:
        if missing and maps.offer(run, missing, "compare"):
            st.rerun()


@dataclass(frozen=True)
class _Difference:
    """The difference of two maps over their image, to be drawn anew; see `explained.Drawing`."""

    run: Run
    of: Sequence[Wanted]
    longest: int
    look: Look
    scale: float
    title: str

    def __call__(self) -> Picture:
        subject, over = self.of[0].subject, self.look.over
        picture = subjects.shown(subject, self.longest)
        shape = picture.shape[0], picture.shape[1]
        first, second = (maps.at_hand(self.run, each, shape) for each in self.of)
        if first is None or second is None:
            why = explained.NOT_COMPUTED
            return over(subject, picture, None, self.scale, self.title, missing=why)
        drawn = over(subject, picture, difference(first, second), self.scale, self.title)
        return replace(drawn, low="second", high="first")


def _cell(
    run: Run,
    content: bytes,
    title: str,
    *,
    made: "Attribution | None",
    scale: float,
    wanted: Wanted | None,
    problem: str | None,
) -> None:
    st.markdown(f"**{plain(title)}**")
    st.image(content, width="stretch", alt=title, output_format="JPEG")
    if made is not None:
        explained.legend(made, scale, ("second", "first") if wanted is None else None)
    if problem is not None:
        st.caption(plain(problem))
    elif made is None and wanted is not None:
        price = [(wanted.wish.method, wanted.passes(run))]
        st.caption(f"Not computed yet: {question.cost(run, price)}.")
    elif made is not None:
        with st.container(gap=None):
            for line in made.notes[1:] if wanted else made.notes:
                st.caption(plain(line))
