"""What is seen, to take away."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import streamlit as st

from dermxai.figures.overlay import Picture
from dermxai.runs import Run
from dermxai.ui import cache
from dermxai.ui.state import Key
from dermxai.ui.subject import Subject


def export(pictures: Sequence[Picture], title: str, about: Mapping[str, Any], columns: int) -> None:
    """Buttons that write the pictures and their numbers when they are pressed, not before.

    Args:
        title: what is seen, also the name of the files.
        about: what the numbers' file says beside the settings of each map.
    """

    def written(kind: str) -> bytes:
        from dermxai.figures import export as write  # brings matplotlib

        if kind == "npz":
            return write.npz(pictures, about)
        return {"png": write.png, "svg": write.svg}[kind](pictures, title, columns)

    stem = re.sub(r"[^\w.-]+", "_", title).strip("_")[:80]
    with st.popover("Export", icon=":material/download:"):
        for kind, label, mime in (
            ("png", "PNG", "image/png"),
            ("svg", "SVG", "image/svg+xml"),
            ("npz", "Numbers and settings (.npz)", "application/octet-stream"),
        ):
            st.download_button(
                label,
                partial(written, kind),
                f"{stem}.{kind}",
                mime,
                key=Key.EXPORT.of(kind),
                on_click="ignore",
                width="stretch",
            )


def about(run: Run, subjects: Sequence[Subject], strength: float) -> dict[str, Any]:
    """Where maps come from."""
    manifest = run.manifest
    return {
        "images": [
            {"name": each.name, "sample_id": each.sample_id, "label": each.label}
            for each in subjects
        ],
        "run": run.id,
        "checkpoint": manifest["checkpoint"]["name"],
        "checkpoint_hash": manifest["checkpoint"]["hash"],
        "dataset": manifest["dataset"]["name"],
        "versions": manifest["versions"],
        "preprocessing": asdict(cache.classifier(run).info.preprocessing),
        "overlay_strength": strength,
    }
