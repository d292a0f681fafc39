"""Finds the pages: every `pages/<section>/<page>.py`, in the order of their names.

A page says its icon in a constant ``ICON`` and what it is for in its docstring, the tooltip of its
link; both are read without running it. ``2_feature_map.py`` in ``1_explore`` becomes "Feature map"
in "Explore" at ``/feature_map``, unless a constant ``TITLE`` names it otherwise.
"""

import ast
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dermxai.paths import PROJECT

FOLDER = PROJECT / "pages"
IMAGE = FOLDER / "1_explore" / "3_image.py"
TRAINING = FOLDER / "3_train" / "1_training.py"


def sections() -> dict[str, list[Page]]:
    """The pages of each section, for `st.navigation`."""
    found: dict[str, list[Page]] = {}
    for file in sorted(FOLDER.glob("*/*.py")):
        found.setdefault(_title(file.parent), []).append(_page(file))
    return found


def _page(file: Path) -> Page:
    script = ast.parse(file.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in script.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return st.Page(
        file,
        title=str(constants.get("TITLE", _title(file))),
        icon=str(constants["ICON"]),
        url_path=_name(file),
        help=(ast.get_docstring(script) or "").partition("\n\n")[0],
    )


def _name(path: Path) -> str:
    return path.stem.partition("_")[2]


def _title(path: Path) -> str:
    return _name(path).replace("_", " ").capitalize()
