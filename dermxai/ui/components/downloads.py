"""What is seen, to take away."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Literal

import pandas as pd
import streamlit as st
from streamlit.elements.lib.layout_utils import Width

from dermxai.core.errors import InputError
from dermxai.core.formatting import jsonable
from dermxai.core.spreadsheet import to_csv
from dermxai.figures.overlay import Picture
from dermxai.report.origin import origin, with_origin
from dermxai.runs import Run
from dermxai.ui.app import permissions
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import models
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.ui.components.explained import Look


def button(
    label: str,
    make: Callable[[], bytes | str],
    name: str,
    mime: str | None = None,
    *,
    key: str | None = None,
    icon: str | None = None,
    kind: Literal["primary", "secondary", "tertiary"] = "secondary",
    width: Width = "content",
) -> None:
    """A button that makes a file when it is pressed, and notes who took it: what kind of file, of
    which run and dataset, not what it is called, which may name an image.

    Args:
        key, icon, width: of `st.download_button`.
        kind: its ``type``.
    """
    note, run, opened = permissions.noter(), state.view().run, state.texts(Key.OPENED)
    dataset = opened[-1] if opened else ""

    def noted() -> bytes | str:
        made = make()
        note("exported", kind=name.rpartition(".")[2], run=run, dataset=dataset, bytes=len(made))
        return made

    st.download_button(
        label,
        noted,
        name,
        mime,
        key=key,
        on_click="ignore",
        type=kind,
        icon=icon,
        width=width,
    )


def export(
    pictures: Sequence[Callable[[], Picture]], title: str, about: Mapping[str, object], columns: int
) -> None:
    """Buttons that write the pictures and their numbers when they are pressed, not before.

    Args:
        pictures: what draws each, then.
        title: what is seen, also the name of the files.
        about: what all files say beside the settings of each map.
    """

    def written(kind: str) -> bytes:
        from dermxai.figures import export as write  # brings matplotlib

        drawn = [draw() for draw in pictures]
        if kind == "npz":
            return write.npz(drawn, about)
        return {"png": write.png, "svg": write.svg}[kind](drawn, title, columns, about)

    stem = re.sub(r"[^\w.-]+", "_", title).strip("_")[:80] or "maps"
    with st.popover("Export", icon=":material/download:"):
        for kind, label, mime in (
            ("png", "PNG", "image/png"),
            ("svg", "SVG", "image/svg+xml"),
            ("npz", "Numbers and settings (.npz)", "application/octet-stream"),
        ):
            button(
                label,
                partial(written, kind),
                f"{stem}.{kind}",
                mime,
                key=Key.EXPORT.of(kind),
                width="stretch",
            )


def about(run: Run, looked_at: Sequence[Subject], look: "Look") -> dict[str, object]:
    """Where maps come from, and how they are laid over the images.

    Args:
        looked_at: the images that are seen, in their order; one that comes twice is named once.
    """
    return {
        "images": [_image(run, each) for each in {each.key: each for each in looked_at}.values()],
        **origin(run),
        "preprocessing": asdict(models.classifier(run).info.preprocessing),
        "overlay": asdict(look),
    }


def _image(run: Run, subject: Subject) -> dict[str, object]:
    """An image with its label and what it is predicted as; without that where it has changed."""
    told: dict[str, object] = {
        "name": subject.name,
        "sample_id": subject.sample_id,
        "label": subject.label,
    }
    with suppress(InputError):
        probabilities = subjects.probabilities(run, subject)
        highest = int(probabilities.argmax())
        told |= {"predicted": run.classes[highest], "probability": float(probabilities[highest])}
    return told


def table(
    label: str,
    rows: Callable[[], pd.DataFrame],
    name: str,
    *,
    run: Run,
    split: str | None,
    **more: str | float | None,
) -> None:
    """A button that writes a table of a run as CSV when it is pressed, each row with its origin.

    Args:
        name: of the file, without its end.
        more: further columns that say how the table was made, one value each.
    """
    csv(label, lambda: to_csv(with_origin(rows(), origin(run, split), **more)), name)


def csv(label: str, make: Callable[[], str], name: str) -> None:
    """A button that writes a CSV file when it is pressed.

    Args:
        make: its text, by `dermxai.core.spreadsheet.to_csv`.
        name: of the file, without its end.
    """
    button(label, make, f"{name}.csv", "text/csv", icon=":material/download:")


def numbers(label: str, content: Callable[[], object], name: str) -> None:
    """A button that writes plain values as JSON when it is pressed."""
    button(
        label,
        lambda: json.dumps(jsonable(content()), ensure_ascii=False, indent=1, allow_nan=False),
        f"{name}.json",
        "application/json",
        icon=":material/download:",
    )
