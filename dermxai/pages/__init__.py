"""The pages of the dashboard, described without Streamlit, see `Page`.

The project's own are the files `pages/<section>/<page>.py`, in the order of their names: a constant
``ICON``, a docstring that says what the page is for, and the page itself. They are read and not
run. ``2_feature_map.py`` in ``1_explore`` becomes "Feature map" in "Explore" at ``/feature_map``,
unless a constant ``TITLE`` names it otherwise. Other packages offer theirs as entry points.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from dermxai.core.components import Component, Kind, LeftOut, Text, error_text, faults_as_sentences
from dermxai.core.paths import PROJECT

FOLDER = PROJECT / "pages"
START = "start"
"""Address of the first page, which the bare address opens."""
Icon = Annotated[str, StringConstraints(pattern=r"^(:material/[a-z0-9_]+:|[^\x00-\x7f]{1,8})$")]
"""A Material symbol such as ":material/home:", or an emoji."""
Body = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
"""A function, as "module:function"; it takes nothing and draws the page with Streamlit."""


@dataclass(frozen=True, kw_only=True)
class Page(Component):
    """
    Attributes:
        name: in the address.
        title: in the navigation.
        section: that of the navigation in which it stands; a new one comes last.
        order: among the pages of its section, the project's own from 1 on.
        help: what it is for, in a sentence: the tooltip of its link.
        body: what draws it, a script or a function; imported when it is opened.
    """

    title: Text
    icon: Icon
    section: Text
    order: int
    help: Text
    body: Path | Body


def _faults(page: Page) -> Iterator[str]:
    if page.name == START:
        yield f"name is {START!r}, the address of the first page; expected another."


PAGES: Kind[Page] = Kind(Page, __name__, "page", _faults)
"""Of other packages."""


@faults_as_sentences
def page_faults(page: Page) -> Iterator[str]:
    """What is wrong with a page, a sentence each; its body is imported in another process."""
    from dermxai.pages._trial import failures

    if told := list(PAGES.faults_of(page, {})):
        yield from told
        return
    for failed in failures([page]):
        yield failed.reason


def pages() -> tuple[list[Page], list[LeftOut]]:
    """All in their order, a section after the other; and those that cannot be shown, which stops no
    other. A file that has changed is read again."""
    found: dict[str, Page] = {}
    left_out: list[LeftOut] = []
    for file in sorted(FOLDER.glob("*/*.py")):
        source = f"{file.parent.name}/{file.name}"
        page, faults = _described(file, file.stat().st_mtime_ns)
        if page and page.name in found:
            faults = (*faults, f"There is another page {page.name!r}.")
        left_out += [LeftOut(source, fault) for fault in faults]
        if page and not faults:
            found[page.name] = page
    own = list(found)
    for page in PAGES.all().values():
        if page.name in found:
            left_out.append(LeftOut(page.name, f"There is another page {page.name!r}."))
        else:
            found[page.name] = page
    sections = list(dict.fromkeys(page.section for page in found.values()))
    ordered = sorted(
        found.values(),
        key=lambda page: (
            sections.index(page.section),
            max(page.order, 1),
            page.name not in own,
            page.name,
        ),
    )
    return ordered, [*left_out, *PAGES.left_out()]


@cache
def _described(file: Path, _changed: int) -> tuple[Page | None, tuple[str, ...]]:
    """A file's page, or what is wrong with it."""
    try:
        script = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        return None, (f"It does not load ({error_text(error)}).",)
    constants = _constants(script)
    docstring = ast.get_docstring(script)
    faults = []
    if "ICON" not in constants:
        faults.append('It has no constant ICON; expected one such as ICON = ":material/home:".')
    if not name_of(file):
        faults.append('Its name has no number; expected one such as "5_patients.py".')
    if not docstring:
        faults.append("It has no docstring; expected what the page is for, in a sentence.")
    if faults:
        return None, tuple(faults)
    page = Page(
        name=name_of(file),
        title=constants.get("TITLE", _title(file)),
        icon=constants["ICON"],
        section=_title(file.parent),
        order=_number(file),
        help=(docstring or "").partition("\n\n")[0],
        body=file,
    )
    return page, tuple(PAGES.faults_of(page, {}))


def _constants(script: ast.Module) -> Mapping[str, str]:
    return {
        target.id: str(node.value.value)
        for node in script.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def name_of(file: Path) -> str:
    """Of the page of a file, in the address."""
    return file.stem.partition("_")[2]


def _title(path: Path) -> str:
    return name_of(path).replace("_", " ").capitalize()


def _number(file: Path) -> int:
    digits = file.stem.partition("_")[0]
    return int(digits) if digits.isdecimal() else 1
