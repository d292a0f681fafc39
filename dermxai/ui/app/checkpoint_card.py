"""What was told and guessed of a checkpoint of another program; it can be said otherwise."""

import os
from collections.abc import Mapping, Sequence

import streamlit as st

from dermxai.core import paths
from dermxai.core.activation import ACTIVATIONS
from dermxai.core.parsing import three_numbers
from dermxai.models import list_foreign
from dermxai.models.info import LAYOUTS
from dermxai.runs.manifest import CheckpointOptions
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.session.caches import stored_runs
from dermxai.ui.session.state import Key

LONGEST = 400  # characters of a line
_ROWS: tuple[str, ...] = (
    "architecture",
    "classes",
    "input",
    "outputs",
    "weights",
    "head",
    "positions",
    "names",
    "unused",
    "not used",
)
_LAYOUTS = {"channels_first": "(n, 3, h, w)", "channels_last": "(n, h, w, 3)"}
_ACTIVATIONS = {"softmax": "One class of all (softmax)", "sigmoid": "Several (sigmoid)"}


def is_foreign(checkpoint: str) -> bool:
    """Whether it is a file of weights, or a folder of the hub."""
    listed = checkpoint in map(str, list_foreign())
    return listed or os.path.isfile(checkpoint)  # noqa: PTH113  # never an error


def card(checkpoint: str, run: str | None, asked: Mapping[str, object]) -> None:
    """What the run has found of the checkpoint, and a form to say it otherwise.

    Args:
        asked: arguments of the inference that the form asks for.
    """
    made = stored_runs.manifest(paths.runs() / run).get("checkpoint") if run else None
    known = (made.get("origin") if made else None) or {}
    origin = {name: each for name, each in known.items() if isinstance(each, str)}
    options: CheckpointOptions = (made.get("options") if made else None) or {}
    if not origin and not is_foreign(checkpoint):
        return
    with st.expander("About the checkpoint"):
        for name, value in _told(origin, options):
            st.caption(f"**{name}**: {plain(shortened(value, LONGEST))}")
        if not origin:
            st.caption("Inference tells architecture and classes from the file. Or name them.")
        if permissions.may("start jobs"):
            _form(origin, options, asked)


def _told(origin: Mapping[str, str], options: CheckpointOptions) -> list[tuple[str, str]]:
    """Names and values of what is known, each with how it came to be known."""
    values = {
        "architecture": options.get("architecture"),
        "classes": ", ".join(map(str, options.get("classes") or ())),
        "input": f"{options.get('size')} px",
    }
    return [
        (name.capitalize(), f"{values[name]} ({origin[name]})" if name in values else origin[name])
        for name in _ROWS
        if name in origin
    ]


def _form(
    origin: Mapping[str, str], options: CheckpointOptions, asked: Mapping[str, object]
) -> None:
    def key(name: str) -> str:
        return Key.SETTING.of("checkpoint", asked["checkpoint"], name)

    with st.form(key("form"), border=False):
        architecture = st.text_input(
            "Architecture", options.get("architecture") or "", key=key("architecture"),
            help="A network of timm; empty: as its tensors tell.", max_chars=120,
        )  # fmt: skip
        classes = st.text_area(
            "Classes", "\n".join(map(str, options.get("classes") or ())), key=key("classes"),
            help="One a line, in the order of the outputs. Of one output the class that it speaks "
            "for is the second.",
        )  # fmt: skip
        size = st.number_input(
            "Image side", 1, 4096, options.get("size"), key=key("size"), help="In pixels."
        )
        activation = st.selectbox(
            "Labels of an image", ACTIVATIONS, key=key("activation"),
            index=ACTIVATIONS.index(options.get("activation", ACTIVATIONS[0])),
            format_func=_ACTIVATIONS.__getitem__,
            help="Tensors do not tell whether a network gives an image one class or several.",
        )  # fmt: skip
        weights = st.text_input(
            "Weights", options.get("weights") or "", key=key("weights"), max_chars=120,
            help="Of a file with several sets of them, such as state_dict; empty: an average over "
            "the training where there is one.",
            disabled=bool(origin) and "weights" not in origin,
        )  # fmt: skip
        mean, std = st.columns(2)
        stated = {"mean": options.get("mean"), "std": options.get("std")}
        channels = {
            name: column.text_input(
                title, _shown(stated[name]), key=key(name), max_chars=60,
                placeholder="as usual",
                help="Of red, green and blue, for values from 0 to 1.",
            )
            for name, title, column in (("mean", "Mean", mean), ("std", "Deviation", std))
        }  # fmt: skip
        layout = options.get("layout")
        if layout in LAYOUTS:
            layout = st.selectbox(
                "Layout", LAYOUTS, LAYOUTS.index(layout), key=key("layout"),
                format_func=_LAYOUTS.__getitem__, help="Its graph leaves it open.",
            )  # fmt: skip
        if st.form_submit_button("Infer so", icon=":material/play_arrow:"):
            told = {
                "architecture": architecture.strip(),
                "classes": [line.strip() for line in classes.splitlines() if line.strip()],
                "size": size,
                "activation": activation if activation != ACTIVATIONS[0] else None,
                "weights": weights.strip(),
                "layout": layout,
                **{
                    name: _unchanged(text, stated[name]) or three_numbers(text, name)
                    for name, text in channels.items()
                    if text.strip()
                },
            }
            given = {name: value for name, value in told.items() if value}
            jobs_panel.start("infer", **{**asked, "checkpoint_options": given})
            st.rerun()


def _unchanged(text: str, numbers: Sequence[float] | None) -> list[float] | None:
    """The numbers in full where the text still shows them; None where it was changed."""
    return list(numbers) if numbers and text.strip() == _shown(numbers) else None


def _shown(numbers: Sequence[float] | None) -> str:
    return ", ".join(f"{value:.6g}" for value in numbers or ())
