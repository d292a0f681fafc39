"""The additive decomposition of the logit on the page, by head and position."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dermxai import figures
from dermxai.data.transforms import resize
from dermxai.figures import overlay
from dermxai.runs import Run
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look
from dermxai.ui.components.explained import Panel
from dermxai.ui.components.question import Question
from dermxai.ui.components.text import plain, rounded, signed_logit
from dermxai.ui.components.thumbnails import jpeg
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain.decomposition import Decomposition

_TILE = 240  # pixels of the longer side of a head's picture
_NARROWEST = 112
_STRENGTH = 0.8


def waterfall(run: Run, subject: Subject, asked: Question, made: "Decomposition | None") -> None:
    """The votes down to the margin, and what follows from them in words.

    Args:
        made: None where the model is not at hand: the votes of the run are drawn.
    """
    votes = subjects.votes(run, subject)
    one = run.classes.index(asked.target)
    margins = votes[:, one].astype(np.float64)
    if asked.against is not None:
        margins -= votes[:, run.classes.index(asked.against)]
    drawn = figures.votes(
        margins if made is None else made.votes,
        run.heads,
        run.classes,
        asked.target,
        asked.against,
        biases=None if made is None else made.biases,
        dark=look.dark(),
    )
    key = Key.FIGURE.of("votes", subject.key)
    look.plot(
        look.Plot.of(drawn),
        key,
        on_select=lambda: _clicked(key),
        selection_mode="points",
    )
    if made is not None:
        with st.container(gap="xsmall"):
            st.markdown(_who_decides(made))
            st.caption(
                "Maps and biases add up to the forward pass but for "
                f"{_power(made.residual)} of the range of the logits."
            )


def heads(run: Run, panel: Panel, asked: Question, made: "Decomposition") -> None:
    """Every head's map at its own resolution and their sum; a click shows one large."""
    from dermxai.explain.attribution.methods.vote_map import added_up

    if len(run.heads) == 1:
        return
    names = ["All heads", *run.heads]
    densities = [
        values * np.float32(values.size / 100) for values in (added_up(made.maps), *made.maps)
    ]
    logits = [float(made.from_image.sum()), *made.from_image]
    own = [overlay.full_colour(density) for density in densities]
    longest = max(panel.shape)
    shape = (round(panel.shape[0] * _TILE / longest), round(panel.shape[1] * _TILE / longest))
    picture = overlay.grey(resize(panel.picture, shape))
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        look.heading(
            f"What each head saw: {Question(asked.target, asked.against, None).text}",
            "Logits from the image, at the head's own resolution. Click one to see it large.",
        )
        one = st.toggle(
            "One scale",
            value=True,
            help="All heads share a scale; their sum, which is larger, has its own.",
            key=Key.ONE_SCALE.of(panel.subject.key),
            persist_state="session",
        )
    scales = [own[0], *[float(np.mean(own[1:]))] * len(run.heads)] if one else own
    with st.grid("auto", min_column_width=_NARROWEST, gap="small") as cells:
        for index, (name, density) in enumerate(zip(names, densities, strict=True)):
            head = run.heads[index - 1] if index else None
            card = "card-primary" if head == asked.head else "card"
            laid_out = overlay.blocks(density, shape)
            drawn = overlay.blend(picture, laid_out, _STRENGTH, scales[index])
            with (
                cells.cell(),
                st.container(key=f"{card}-head-{index}-{panel.subject.key}", gap="xsmall"),
            ):
                st.image(jpeg(drawn), width="stretch", alt=name, output_format="JPEG")
                st.button(
                    f"{plain(name)} **{signed_logit(logits[index])}**",
                    key=Key.HEAD.of(index, panel.subject.key),
                    help=f"{density.shape[0]} × {density.shape[1]} positions, full colour at "
                    f"± {rounded(scales[index])} logit per % of the image",
                    type="tertiary",
                    width="stretch",
                    on_click=callback(state.show),
                    kwargs={"head": head},
                )
    if one:
        st.caption(
            f"Full colour of the heads at ±\u00a0{rounded(scales[1])} logit per % of the image, "
            f"of their sum at ±\u00a0{rounded(scales[0])}."
        )


def _clicked(key: str) -> None:
    """Shows the map of the head whose bar was clicked."""
    if points := state.clicked(key):
        state.show(head=points[0][0] or None)


def _who_decides(made: "Decomposition") -> str:
    """Which heads alone would change the decision, as Markdown."""
    predicted = plain(made.decision)
    if len(made.heads) == 1:
        return "The network has one head, which decides alone."
    if not made.decisive:
        return (
            f"No head decides alone: without any one of them it is still predicted as {predicted}."
        )
    changes = [
        f"without **{plain(head)}** as {plain(other)}"
        for head, other in zip(made.heads, made.without, strict=True)
        if other != made.decision
    ]
    return f"Predicted as {predicted}; {', '.join(changes)}."


def _power(value: float) -> str:
    """0.00000003 as 3·10⁻⁸."""
    if not value:
        return "0"
    digits, _, exponent = f"{value:.0e}".partition("e")
    return f"{digits}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
