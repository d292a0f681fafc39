"""Pages of Streamlit from what `dermxai.pages` describes."""

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner_utils.exceptions import ScriptControlException

from dermxai import pages
from dermxai.core.components import LeftOut
from dermxai.core.errors import InputError
from dermxai.pages import FOLDER, START
from dermxai.ui.app.redirects import MOVED

log = logging.getLogger(__name__)
FIRST = FOLDER / "1_explore" / "1_dataset.py"
PERFORMANCE = FOLDER / "1_explore" / "2_performance.py"
IMAGE = FOLDER / "1_explore" / "3_image.py"
CONFUSION = FOLDER / "2_explain" / "2_confusion_analysis.py"
REMEDIES = FOLDER / "2_explain" / "7_remedies.py"
TRAINING = FOLDER / "3_train" / "1_training.py"
name = pages.name_of


def sections() -> dict[str, list[Page]]:
    """The pages of each section, for `st.navigation`.

    The first page is the one that the bare address opens, and Streamlit serves it nowhere else: a
    hidden page under its name leads there.
    """
    described, left_out = pages.pages()
    for each in left_out:
        _tell(each)
    found: dict[str, list[Page]] = {}
    shown: dict[str, tuple[str, Page]] = {}
    first: pages.Page | None = None
    for page in described:
        try:
            made = _made(page, START if first is None else page.name)
        except StreamlitAPIException as error:  # an icon that it does not have
            _tell(LeftOut(page.name, str(error)))
            continue
        first = first or page
        found.setdefault(page.section, []).append(made)
        shown[page.name] = page.title, made
    if first is not None:
        moved = {old: new for old, new in MOVED.items() if new in shown and old not in shown}
        leading = {first.name: first.name, **moved}
        found[first.section] += [_lead(*shown[new], old) for old, new in leading.items()]
    return found


def _made(page: pages.Page, url_path: str) -> Page:
    return st.Page(
        page.body if isinstance(page.body, Path) else _opened(page.title, page.body),
        title=page.title,
        icon=page.icon,
        url_path=url_path,
        help=page.help,
    )


def _lead(title: str, page: Page, address: str) -> Page:
    """A hidden page at an address that leads to a page, with the parameters of the query."""
    return st.Page(
        lambda: st.switch_page(page, query_params=st.query_params.to_dict()),
        title=title,
        url_path=address,
        visibility="hidden",
    )


def _opened(page: str, body: str) -> Callable[[], None]:
    """What draws a page of another package, which is imported when it is opened."""

    def draw() -> None:
        try:
            function = resolve_name(body)
        except ScriptControlException:
            raise
        except (Exception, SystemExit) as error:
            log.exception("The page %s does not load.", page)
            raise InputError(
                f"The page {page} does not load ({type(error).__name__}); the command dermxai "
                "plugins says why. All other pages go on."
            ) from error
        function()

    return draw


@cache
def _tell(left_out: LeftOut) -> None:
    """Once, since pages are looked for at every click."""
    log.error("The page %s is left out. %s", left_out.name, left_out.reason)
