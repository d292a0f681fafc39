"""Parts of the page Confusing neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dermxai.data.transforms import fitted
from dermxai.explain.neighbours import Neighbour, Neighbours, nearest
from dermxai.figures import overlay
from dermxai.runs import Run
from dermxai.ui import cache, look, probes, state
from dermxai.ui import subject as subjects
from dermxai.ui.guard import guard
from dermxai.ui.probes import Pair
from dermxai.ui.scene import Scene
from dermxai.ui.state import Key
from dermxai.ui.subject import Subject
from dermxai.ui.text import count, plain, shortened
from dermxai.ui.thumbnails import jpeg, stamp

_SIDE = 360  # pixels of the longer side of a picture
_FEW, _MANY = 4, 8
_STRENGTH = 0.6
_FULL = 0.99  # share of a map's values below full colour


@dataclass(frozen=True)
class Card:
    """A picture that a map can be laid over."""

    subject: Subject
    picture: NDArray[np.uint8]
    place: DeltaGenerator


def body(scene: Scene, subject: Subject) -> None:
    """The nearest images of both classes, and the maps of all under one question and scale."""
    run = scene.run
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pair = probes.ask_pair(run, subject, "Confused with")
        if pair is None:
            return
        many = st.segmented_control(
            "Neighbours of each class",
            [_FEW, _MANY],
            key=Key.UNIT.of("neighbours"),
            default=_FEW,
            required=True,
            persist_state="session",
        )
        maps = st.toggle(
            f"Maps of {plain(pair.read_as)} against {plain(pair.against)}",
            value=True,
            key=Key.MAPS,
            help="One forward pass for each image that was not looked at before. Turn it off to "
            "stop them.",
            persist_state="session",
        )
    left, right = st.columns([2, 5], gap="large")
    cards = []
    with left, guard():
        look.heading("This image", f"Read as {pair.read_as}.")
        cards.append(_picture(subject, fitted(subject.pixels(), 2 * _SIDE)))
    legend = left.container()
    for code in pair:
        with right, guard():
            near = nearest(
                run,
                code,
                sample_id=subject.sample_id,
                features=probes.features(run, subject),
                count=many or _FEW,
            )
            cards += _row(scene, near)
    if maps and cards:
        with legend, guard():
            _lay_maps(run, cards, pair)


def _row(scene: Scene, near: Neighbours) -> list[Card]:
    look.heading(
        f"Nearest images of {near.code}",
        f"Of other {near.others}; distance is Euclidean, in the features of the final head."
        if near.found
        else "",
    )
    look.notes(near.notes)
    cards = []
    if near.found:
        with st.grid(_FEW, gap="small") as cells:
            for found in near.found:
                with cells.cell(), st.container(gap="xsmall"):
                    cards += _card(scene, found)
    return cards


def _card(scene: Scene, found: Neighbour) -> list[Card]:
    path, made = scene.path(found.sample_id), []
    with guard():
        picture = cache.small_image(path, stamp(path) or 0, _SIDE)
        made.append(_picture(subjects.of_sample(scene, found.sample_id), picture))
    split = scene.table.samples.loc[found.sample_id].get("split")
    st.caption(
        " · ".join(
            [
                scene.caption(found.sample_id),
                *([plain(split)] if isinstance(split, str) else []),
                f"distance {found.distance:.3g}",
            ]
        )
    )
    pinned = scene.pinned == found.sample_id
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            plain(shortened(found.sample_id, 16)),
            key=Key.STEP.of("to", found.sample_id),
            type="tertiary",
            icon=":material/center_focus_strong:",
            help="Look at this image and at its neighbours",
            on_click=state.show,
            kwargs={"primary": found.sample_id},
        )
        st.button(
            "",
            key=Key.PIN.of(found.sample_id),
            type="tertiary",
            icon=":material/keep_off:" if pinned else ":material/keep:",
            help="Unpin" if pinned else "Pin to compare",
            on_click=state.show,
            kwargs={"pinned": None if pinned else found.sample_id},
        )
    return made


def _picture(subject: Subject, picture: NDArray[np.uint8]) -> Card:
    place = st.empty()
    place.image(jpeg(picture), width="stretch", alt=subject.name)
    return Card(subject, picture, place)


def _lay_maps(run: Run, cards: Sequence[Card], pair: Pair) -> None:
    """Maps of all images, the scale taken from all of them; with progress while they are new."""
    new = sum(not subjects.is_known(run, card.subject) for card in cards)
    bar = st.progress(0.0, f"Maps: {count(new, 'image')} to look at …") if new > 1 else None
    maps = []
    for done, card in enumerate(cards):
        if bar is not None:
            bar.progress(done / len(cards), f"Maps: {done} of {len(cards)}")
        shape = (card.picture.shape[0], card.picture.shape[1])
        maps.append(subjects.diagnosis(run, card.subject, shape).density(*pair))
    if bar is not None:
        bar.empty()
    scale = max(float(np.quantile(np.abs(each), _FULL)) for each in maps)
    for card, values in zip(cards, maps, strict=True):
        drawn = overlay.blend(card.picture, values, _STRENGTH, scale)
        card.place.image(jpeg(drawn), width="stretch", alt=card.subject.name)
    _legend(pair, scale)


def _legend(pair: Pair, scale: float) -> None:
    with st.container(gap=None):
        st.image(overlay.colour_bar(), width="stretch", alt="From blue over clear to yellow")
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.caption(f"for {plain(pair.against)}", width="content")
            st.caption("0", width="content")
            st.caption(f"for {plain(pair.read_as)}", width="content")
        st.caption(
            f"Vote maps, the sum of all heads, on one scale: full colour at ± {scale:.3g} logit "
            "per % of the image."
        )
