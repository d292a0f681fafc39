"""An image under the map of what speaks for a class in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dermxai import taxonomy
from dermxai.data.transforms import resize
from dermxai.figures import overlay
from dermxai.runs import Run
from dermxai.ui import cache, forms
from dermxai.ui import subject as subjects
from dermxai.ui.guard import fragment, guard
from dermxai.ui.state import Key
from dermxai.ui.subject import Subject
from dermxai.ui.text import plain, shortened
from dermxai.ui.thumbnails import jpeg

if TYPE_CHECKING:
    from dermxai.explain.method import Attribution, Method

FAST = "grad_cam"
"""The method that every image gets at once; the others run on request."""
_AS_READ = ""  # whichever class each image was read as
_OUTLINES = {"Lesion": (255, 255, 255), "Signs": (124, 252, 120)}
_FULL_COLOUR = 0.99  # share of a slow map's values below full colour
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Wish:
    """What the visitor wants to see on the images."""

    method: str
    settings: Any
    """Of the method."""
    target: str
    """A class, or `_AS_READ`."""
    strength: float
    outlines: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """A subject's part of the page."""

    subject: Subject
    picture: NDArray[np.uint8]
    """As it is shown (h, w, 3)."""
    place: DeltaGenerator
    column: DeltaGenerator


@fragment()
def explained(run: Run, looked_at: Sequence[Subject]) -> None:
    """Images side by side under their maps, the controls beneath. Redrawn alone."""
    panels = []
    for column, subject in zip(st.columns(len(looked_at)), looked_at, strict=True):
        with column, guard():
            if len(looked_at) > 1:
                st.markdown(f"**{plain(shortened(subject.name))}**")
            picture = subjects.shown(subject)
            panels.append(Panel(subject, picture, st.empty(), column))
            if not subjects.is_known(run, subject):
                _show(panels[-1], picture)
    if not panels:
        return
    with st.spinner("Loading the model …"):
        methods = _methods()
    wish = _ask(run, methods, {name for panel in panels for name in panel.subject.masks})
    for panel in panels:
        with panel.column, guard():
            _explain(run, panel, methods[wish.method], wish)


def _methods() -> "dict[str, Method]":
    from dermxai.explain.api import methods

    return methods()


def _ask(run: Run, methods: "dict[str, Method]", outlines: set[str]) -> Wish:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.selectbox(
            "What speaks for",
            [_AS_READ, *run.classes],
            key=Key.TARGET,
            format_func=_target_name,
            persist_state="session",
            width=260,
        )
        method = st.segmented_control(
            "Method",
            list(methods),
            key=Key.METHOD,
            default=FAST,
            required=True,
            format_func=lambda name: methods[name].TITLE,
            persist_state="session",
        )
        strength = st.slider(
            "Strength",
            0,
            100,
            50,
            5,
            key=Key.STRENGTH,
            format="%d %%",
            persist_state="session",
            width=200,
        )
        drawn = []
        if outlines:
            drawn = st.pills(
                "Outline",
                sorted(outlines),
                selection_mode="multi",
                default=sorted(outlines & {"Lesion"}),
                key=Key.OUTLINE,
                persist_state="session",
            )
        method = method or FAST
        settings = forms.settings(methods[method].Settings, method)
    return Wish(method, settings, target, strength / 100, tuple(drawn))


def _target_name(code: str) -> str:
    if code == _AS_READ:
        return "the class it was read as"
    name = taxonomy.name(code)
    return code if name == code else f"{code} · {name}"


def _explain(run: Run, panel: Panel, method: "Method", wish: Wish) -> None:
    """Lays the map over the image and says what it means."""
    shape = (panel.picture.shape[0], panel.picture.shape[1])
    diagnosis = subjects.diagnosis(run, panel.subject, shape)
    target = diagnosis.ranking[0] if wish.target == _AS_READ else wish.target
    if wish.method == FAST:
        values, scale = diagnosis.grad_cam(target), float(np.abs(diagnosis.cams[-1]).max())
        notes: tuple[str, ...] = (_whose_vote(run),)
    else:
        attribution = _on_request(run, panel, method, wish, target)
        if attribution is None:
            _show(panel, _outlined(panel, panel.picture, wish))
            return
        values, notes = attribution.map, attribution.notes
        scale = float(np.quantile(np.abs(values), _FULL_COLOUR))
    blended = overlay.blend(panel.picture, values, wish.strength, scale)
    _show(panel, _outlined(panel, blended, wish))
    _legend(target, scale, method.UNIT, notes)


def _on_request(
    run: Run, panel: Panel, method: "Method", wish: Wish, target: str
) -> "Attribution | None":
    """The map of a slow method, at the shape of the picture: the one computed before, or a new one
    when it is asked for."""
    from dermxai.explain import explain

    what = (wish.method, wish.settings, target)
    key = (run.manifest["checkpoint"]["hash"], panel.subject.key, *what)
    known = cache.attributions().get(key)
    if known is not None:
        return known
    if not st.button(
        f"Compute for {plain(target)}",
        key=Key.START.of(wish.method, panel.subject.key),
        type="primary",
        icon=":material/play_arrow:",
    ):
        return None
    bar = st.progress(0.0, f"{method.TITLE} …")

    def shown(done: int, total: int) -> None:
        bar.progress(done / total, f"{method.TITLE}: {done} of {total} passes")

    made = explain(
        cache.classifier(run),
        panel.subject.pixels(),
        wish.method,
        target,
        settings=wish.settings,
        progress=shown,
    )
    bar.empty()
    fitted = resize(made.map, (panel.picture.shape[0], panel.picture.shape[1]))
    return cache.attributions().put(key, replace(made, map=fitted))


def _outlined(panel: Panel, picture: NDArray[np.uint8], wish: Wish) -> NDArray[np.uint8]:
    masks = subjects.masks(panel.subject, (picture.shape[0], picture.shape[1]))
    for name, mask in masks.items():
        if name in wish.outlines:
            picture = overlay.outline(picture, mask, _OUTLINES[name])
    return picture


def _show(panel: Panel, picture: NDArray[np.uint8]) -> None:
    panel.place.image(jpeg(picture), width="stretch", alt=panel.subject.name)


def _legend(target: str, scale: float, unit: str, notes: Sequence[str]) -> None:
    with st.container(gap=None):
        st.image(overlay.colour_bar(), width="stretch", alt="From blue over clear to yellow")
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.caption(f"against {plain(target)}", width="content")
            st.caption("0", width="content")
            st.caption(f"for {plain(target)}", width="content")
        for line in (f"Full colour at ± {scale:.3g} {unit}.", *notes):
            st.caption(plain(line))


def _whose_vote(run: Run) -> str:
    votes = len(run.heads)
    if votes == 1:
        return "Grad-CAM explains the only head."
    number = _NUMBERS[votes] if votes < len(_NUMBERS) else str(votes)
    return f"Grad-CAM explains the final head, one vote of {number}."
