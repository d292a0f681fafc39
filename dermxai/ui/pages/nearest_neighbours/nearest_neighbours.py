"""Parts of the Nearest neighbours page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dermxai.core.components import lower_first
from dermxai.data.transforms import fitted
from dermxai.figures import overlay
from dermxai.runs import Run, feature_spaces
from dermxai.runs.nearest_neighbours import Neighbour, Neighbours, nearest
from dermxai.ui.app import probes
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components import explained, look, question, spaces
from dermxai.ui.components.question import Question
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.components.thumbnails import jpeg, stamp
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import pixels
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

_SIDE = 360  # pixels of the longer side of a picture
_CARD = 110  # pixels, the narrowest
_FEW, _MANY = 4, 8
_STRENGTH = 0.6


@dataclass(frozen=True)
class Card:
    """A picture that a map can be laid over."""

    subject: Subject
    picture: NDArray[np.uint8]
    place: DeltaGenerator


def body(scene: Scene, subject: Subject, asked: Question | None = None) -> None:
    """The nearest images of both classes, and the maps of all under one question and scale.

    Args:
        asked: the question; asked for where None.
    """
    run = scene.run
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = asked or question.ask(run, subject)
        space = spaces.ask(run)
        many = st.segmented_control(
            "Neighbours of each class",
            [_FEW, _MANY],
            key=Key.UNIT.of("neighbours"),
            default=_FEW,
            required=True,
            bind="query-params",
            persist_state="session",
        )
        maps = not run.imported and st.toggle(
            "Maps",
            value=True,
            key=Key.MAPS,
            help="One forward pass for each image that was not looked at before. Turn it off to "
            "stop them.",
            bind="query-params",
            persist_state="session",
        )
    if maps and (reason := question.unavailable(run).get("vote_map")):
        maps = False
        st.caption(plain(f"No vote maps: {reason}"))
    left, right = st.columns([3, 7], gap="large")
    cards = []
    with left, guard():
        scale = "" if run.imported else f"{asked.text}: one scale for all maps."
        look.heading("This image", scale)
        picture = fitted(subject.pixels(), 2 * _SIDE)
        cards.append(Card(subject, picture, st.empty()))
        if not (maps and subjects.is_known(run, subject)):
            _show(cards[-1], jpeg(picture))
    legend = left.container()
    for code in filter(None, (asked.target, asked.against)):
        with right, guard():
            near = nearest(
                run,
                code,
                sample_id=subject.sample_id,
                features=probes.features(run, subject),
                space=space,
                count=many or _FEW,
            )
            cards += _row(scene, near, bool(maps), space)
    if maps and cards:
        with legend, guard():
            _lay_maps(run, cards, asked)


def _row(scene: Scene, near: Neighbours, maps: bool, space: str) -> list[Card]:
    look.heading(
        f"Nearest images of {near.code}",
        f"Of other {near.others}; distance is Euclidean, in {_words(scene.run, space)}."
        if near.found
        else "",
    )
    look.notes(near.notes)
    cards = []
    if near.found:
        grid = st.grid(_FEW, min_column_width=_CARD)
        for found in near.found:
            with grid.cell(), st.container(gap="xsmall"):
                cards += _card(scene, found, maps)
    return cards


def _words(run: Run, space: str) -> str:
    if space in {feature_spaces.NETWORK, feature_spaces.SCORES}:
        return f"the {lower_first(feature_spaces.title(run, space))}"
    return f"the features {space}"


def _card(scene: Scene, found: Neighbour, maps: bool) -> list[Card]:
    """
    Args:
        maps: whether its map will be laid over the picture.
    """
    path, made = scene.path(found.sample_id), []
    with guard():
        subject = subjects.of_sample(scene, found.sample_id)
        subject.check()
        as_seen = path, stamp(path) or 0, _SIDE
        made.append(Card(subject, pixels.small_image(*as_seen), st.empty()))
        if not (maps and subjects.is_known(scene.run, subject)):
            _show(made[-1], pixels.small_picture(*as_seen))
    split = scene.table.samples.loc[found.sample_id].get("split")
    where = f" · {plain(split)}" if isinstance(split, str) else ""
    st.markdown(
        f":small[{scene.caption(found.sample_id)}{where}]  \n"
        f":small[:gray[Distance {found.distance:#.3g}]]"
    )
    pinned = scene.pinned == found.sample_id
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            plain(shortened(found.sample_id, 16)),
            key=Key.STEP.of("to", found.sample_id),
            type="tertiary",
            icon=":material/center_focus_strong:",
            help="Look at this image and at its neighbours",
            on_click=callback(state.show),
            kwargs={"primary": found.sample_id},
        )
        st.button(
            "",
            key=Key.PIN.of(found.sample_id),
            type="tertiary",
            icon=":material/keep_off:" if pinned else ":material/keep:",
            help="Unpin" if pinned else "Pin to compare",
            on_click=callback(state.show),
            kwargs={"pinned": None if pinned else found.sample_id},
        )
    return made


def _show(card: Card, content: bytes) -> None:
    card.place.image(content, width="stretch", alt=card.subject.name, output_format="JPEG")


def _lay_maps(run: Run, cards: Sequence[Card], asked: Question) -> None:
    """Maps of all images on one scale, with progress while they are new.

    Raises:
        InputError: the network has no vote maps.
    """
    pair = asked.target, asked.against
    unknown = [card.subject for card in cards if not subjects.is_known(run, card.subject, *pair)]
    for subject in unknown:  # all at once: passes on several images are cheaper together
        subjects.looked_at(run, subject, *pair)
    new = len(unknown)
    bar = st.progress(0.0, "Maps …") if new > 1 else None
    maps = []
    for done, card in enumerate(cards):
        if bar is not None:
            bar.progress(done / len(cards), f"Maps: {done} of {len(cards)}")
        shape = (card.picture.shape[0], card.picture.shape[1])
        diagnosis = subjects.diagnosis(run, card.subject, shape, *pair)
        maps.append(diagnosis.attribution("vote_map", *pair, asked.head))
    if bar is not None:
        bar.empty()
    scale = overlay.full_colour(*(each.density for each in maps))
    for card, made in zip(cards, maps, strict=True):
        drawn = overlay.over_grey(card.picture, made.density, _STRENGTH, scale)
        _show(card, jpeg(drawn))
    explained.legend(maps[0], scale)
