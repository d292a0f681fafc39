"""An image under the map of what speaks for a class in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dermxai.figures import overlay
from dermxai.figures.overlay import Picture
from dermxai.runs import Run
from dermxai.ui.app.guard import guard
from dermxai.ui.components import downloads, maps, question
from dermxai.ui.components.badge import badge
from dermxai.ui.components.maps import Wanted
from dermxai.ui.components.question import Wish
from dermxai.ui.components.text import plain, rounded, shortened
from dermxai.ui.components.thumbnails import colour_bar, jpeg
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import pixels
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain import Attribution

_OUTLINES = {"Lesion": (255, 255, 255), "Signs": (124, 252, 120)}
NOT_COMPUTED = "not computed"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Look:
    """How maps are laid over images."""

    strength: float
    grey: bool
    outlines: tuple[str, ...]

    def over(
        self,
        subject: Subject,
        picture: NDArray[np.uint8],
        made: "Attribution | None",
        scale: float,
        title: str,
        *,
        missing: str = "",
    ) -> Picture:
        """The picture (h, w, 3) under a map of its shape, with the outlines of its masks.

        Args:
            missing: why there is no map.
        """
        drawn = overlay.grey(picture) if self.grey else picture
        if made is not None:
            drawn = overlay.blend(drawn, made.density, self.strength, scale)
        shape = picture.shape[0], picture.shape[1]
        for name, line in subjects.outlines(subject, shape).items() if self.outlines else ():
            if name in self.outlines:
                drawn = line.on(drawn, _OUTLINES[name])
        if made is None:
            return Picture(title, drawn, name=subject.name, missing=missing)
        return Picture(title, drawn, made, scale, *overlay.ends(made), name=subject.name)


@dataclass(frozen=True)
class Panel:
    """A subject's part of the page."""

    subject: Subject
    picture: NDArray[np.uint8]
    """As it is shown (h, w, 3)."""
    place: DeltaGenerator
    legend: DeltaGenerator
    """What lies beneath the picture."""

    @property
    def shape(self) -> tuple[int, int]:
        return self.picture.shape[0], self.picture.shape[1]


def explained(run: Run, subject: Subject) -> None:
    """One image under its map, or alone where there is no network; the question and the look
    beneath."""
    found = panels(run, [subject], [st.container()])
    if not found or run.imported:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        asked = question.ask(run, subject)
        with guard():
            wish = Wish(asked, *question.ask_method(run))
            answer(run, found, wish, st.container())


@dataclass(frozen=True)
class Drawing:
    """An image under its map, to be drawn anew from what is kept: whoever may want it later holds
    no arrays until then.

    Attributes:
        wish: None for the image alone.
        longest: pixels of its longer side.
        missing: why there is no map.
    """

    run: Run
    subject: Subject
    wish: Wish | None
    longest: int
    look: Look
    scale: float
    title: str
    missing: str = ""

    def __call__(self) -> Picture:
        picture, made = subjects.shown(self.subject, self.longest), None
        if self.wish is not None:
            shape = picture.shape[0], picture.shape[1]
            made = maps.at_hand(self.run, Wanted(self.subject, self.wish), shape)
        why = "" if made is not None else self.missing or NOT_COMPUTED
        return self.look.over(self.subject, picture, made, self.scale, self.title, missing=why)


def panels(
    run: Run, looked_at: Sequence[Subject], columns: Sequence[DeltaGenerator]
) -> list[Panel]:
    """Shows images as they are; those that cannot be read say why, and are left out."""
    made = []
    for column, subject in zip(columns, looked_at, strict=True):
        with column, guard():
            if len(looked_at) > 1:
                st.markdown(f"**{plain(shortened(subject.name))}**")
            picture = subjects.shown(subject)
            made.append(Panel(subject, picture, st.empty(), st.container(gap="xsmall")))
            if not subjects.is_known(run, subject):
                _show(made[-1], picture)
    return made


def answer(run: Run, looked_at: Sequence[Panel], wish: Wish, options: DeltaGenerator) -> None:
    """Lays the maps over the images, and says what they mean; offers those that take long.

    Args:
        options: where to ask how maps are laid over images, and to take them away.

    """
    found = [_map(run, panel, wish) for panel in looked_at]
    keys = [Wanted(panel.subject, wish).key(run) for panel in looked_at]
    row = options.container(horizontal=True, vertical_alignment="bottom")
    with row:
        look = ask_look([panel.subject for panel in looked_at])
        scales = iter(maps.scales([made for made in found if made]))
    shown: list[Callable[[], Picture]] = []
    for panel, made, key in zip(looked_at, found, keys, strict=True):
        scale, subject = next(scales) if made else 1.0, panel.subject
        over = partial(look.over, subject, panel.picture, made, scale, subject.name)
        content = pixels.picture(
            (key, panel.shape, look, scale, made is None), partial(encoded, over)
        )
        panel.place.image(content, width="stretch", alt=subject.name, output_format="JPEG")
        asked = None if made is None else wish
        shown.append(Drawing(run, subject, asked, max(panel.shape), look, scale, subject.name))
        with panel.legend:
            if made is not None:
                legend(made, scale)
                for line in (*whose_vote(run, made), *made.notes[1:]):
                    st.caption(plain(line))
                with guard():
                    badge(run, panel.subject, made)
    if any(found):
        subjects_ = [panel.subject for panel in looked_at]
        title = f"{question.methods()[wish.method].title}: why {wish.question.text}"
        with row:
            downloads.export(
                shown,
                title if len(shown) > 1 else f"{subjects_[0].name} · {title}",
                downloads.about(run, subjects_, look),
                columns=2,
            )


def _map(run: Run, panel: Panel, wish: Wish) -> "Attribution | None":
    wanted, made = Wanted(panel.subject, wish), None
    with panel.legend, guard():
        if reason := question.unavailable(run).get(wish.method):
            st.info(plain(reason), icon=":material/block:")
        else:
            made = maps.at_hand(run, wanted, panel.shape)
            if made is None:
                _show(panel, panel.picture)
                if maps.offer(run, [wanted], panel.subject.key):
                    made = maps.at_hand(run, wanted, panel.shape)
    return made


def encoded(draw: Callable[[], Picture]) -> bytes:
    """A picture as JPEG."""
    return jpeg(draw().image)


def ask_look(looked_at: Sequence[Subject]) -> Look:
    """How maps are to be laid over the images."""
    outlines = sorted({name for subject in looked_at for name in subject.masks})
    strength = st.slider(
        "Strength",
        0,
        100,
        50,
        5,
        key=Key.STRENGTH,
        format="%d %%",
        persist_state="session",
        width=150,
    )
    drawn = []
    if outlines:
        drawn = st.pills(
            "Outline",
            outlines,
            selection_mode="multi",
            default=[name for name in outlines if name == "Lesion"],
            key=Key.OUTLINE,
            persist_state="session",
        )
    grey = st.toggle("Grey image", key=Key.GREY, persist_state="session")
    return Look(strength / 100, grey, tuple(drawn))


def legend(made: "Attribution", scale: float, ends: tuple[str, str] | None = None) -> None:
    """The colour bar with its numbers and unit.

    Args:
        scale: the value of full colour.
        ends: what its ends speak for, where these are not the classes.
    """
    low, high = ends or overlay.ends(made)
    both = overlay.two_sided(made)
    with st.container(gap=None):
        st.image(
            colour_bar(both),
            width="stretch",
            output_format="PNG",
            alt="From blue over clear to yellow" if both else "From clear to yellow",
        )
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="xsmall"):
            left = [f"−{rounded(scale)} {plain(low)}"] if both else []
            for words in (*left, "0", f"+{rounded(scale)} {plain(high)}"):
                st.caption(words, width="content")
        st.caption(plain(f"In {made.density_unit}."))


def _show(panel: Panel, picture: NDArray[np.uint8]) -> None:
    name = panel.subject.name
    panel.place.image(jpeg(picture), width="stretch", alt=name, output_format="JPEG")


def whose_vote(run: Run, made: "Attribution") -> Iterator[str]:
    """What part of the decision a map explains, in a sentence; nothing where its notes say it, as
    those of an earlier stage do."""
    title, votes = question.methods()[made.method].title, len(run.heads)
    number = _NUMBERS[votes] if votes < len(_NUMBERS) else str(votes)
    if votes == 1:
        yield f"{title} explains the logits of the one head."
    elif made.head is not None:
        head = "the final head" if made.head == run.heads[-1] else made.head
        yield f"{title} explains {head}, one vote of {number}."
    elif made.method == "vote_map":
        yield f"{title}: the Grad-CAMs of all {number} heads, added up."
    elif "stages_back" not in made.settings:
        yield f"{title} explains the sum of all {number} heads."
