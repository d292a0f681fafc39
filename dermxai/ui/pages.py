"""Finds the pages: every `pages/<section>/<page>.py`, in the order of their names.

A page says its icon in a constant ``ICON`` and what it is for in its docstring, the tooltip of its
link; both are read without running it. ``2_feature_map.py`` in ``1_explore`` becomes "Feature map"
in "Explore" at ``/feature_map``, unless a constant ``TITLE`` names it otherwise.
"""

import ast
import logging
from collections.abc import Collection
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.navigation.page import Page

from dermxai.paths import PROJECT
from dermxai.ui.moved import MOVED

log = logging.getLogger(__name__)
FOLDER = PROJECT / "pages"
START = "start"  # address of the first page, which the bare address opens
PERFORMANCE = FOLDER / "1_explore" / "2_performance.py"
IMAGE = FOLDER / "1_explore" / "3_image.py"
CONFUSION = FOLDER / "2_explain" / "2_confusion_analysis.py"
TRAINING = FOLDER / "3_train" / "1_training.py"


def sections() -> dict[str, list[Page]]:
    """The pages of each section, for `st.navigation`.

    The first page is the one that the bare address opens, and Streamlit serves it nowhere else: a
    hidden page under its name leads there.
    """
    found: dict[str, list[Page]] = {}
    first, taken = None, {START}
    for file in sorted(FOLDER.glob("*/*.py")):
        page = _usable(file, START if first is None else name(file), taken)
        if page is not None:
            first = first or file
            taken.add(name(file))
            found.setdefault(_title(file.parent), []).append(page)
    if first is not None:
        found[_title(first.parent)].append(_lead(first, name(first)))
        pages = {name(file): file for file in FOLDER.glob("*/*.py") if name(file) in taken}
        found[_title(first.parent)] += [
            _lead(pages[new], old)
            for old, new in MOVED.items()
            if new in pages and old not in taken
        ]
    return found


def _lead(page: Path, address: str) -> Page:
    """A hidden page at an address that leads to a page, with the parameters of the query."""
    return st.Page(
        lambda: st.switch_page(page, query_params=st.query_params.to_dict()),
        title=_title(page),
        url_path=address,
        visibility="hidden",
    )


def _usable(file: Path, url_path: str, taken: Collection[str]) -> Page | None:
    """A page; None where it cannot be shown, which stops no other."""
    if name(file) in taken:
        _tell(file, f"there is another page {name(file)!r}")
        return None
    try:
        return _page(file, url_path)
    except (OSError, SyntaxError, ValueError, KeyError, StreamlitAPIException) as error:
        _tell(file, f"{type(error).__name__}: {error}")
        return None


@cache
def _tell(file: Path, why: str) -> None:
    """Once, since pages are looked for at every click."""
    log.error("%s is left out: it needs a docstring and a constant ICON (%s).", file, why)


def _page(file: Path, url_path: str) -> Page:
    constants, help_ = _said(file, file.stat().st_mtime_ns)
    return st.Page(
        file,
        title=constants.get("TITLE", _title(file)),
        icon=constants["ICON"],
        url_path=url_path,
        help=help_,
    )


@cache
def _said(file: Path, _changed: int) -> tuple[dict[str, str], str]:
    """A page's constants, and the first paragraph of its docstring."""
    script = ast.parse(file.read_text(encoding="utf-8"))
    constants = {
        target.id: str(node.value.value)
        for node in script.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    help_ = (ast.get_docstring(script) or "").partition("\n\n")[0]
    "".join([*constants.values(), help_]).encode()  # half a character cannot be sent
    return constants, help_


def name(path: Path) -> str:
    """Of a page in the address."""
    return path.stem.partition("_")[2]


def _title(path: Path) -> str:
    return name(path).replace("_", " ").capitalize()
