"""Follows every link inside a built site, and finds what its pages would fetch from elsewhere."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {
    "audio",
    "embed",
    "iframe",
    "img",
    "input",
    "link",
    "object",
    "script",
    "source",
    "video",
}
_NOT_FETCHED = {"canonical", "next", "prev", "author", "license"}
"""Values of ``rel`` of a ``link`` that is followed by hand at most."""
_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?(?:https?:)?//[^"')\s]+""")


class _Page(HTMLParser):
    """The ids of a page, and what it refers to: (tag, address)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.references: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        followed = tag == "link" and bool(_NOT_FETCHED & set(given.get("rel", "").split()))
        for name in ("href", "src", "data", "poster", "srcset"):
            if name in given and not (name == "data" and tag != "object"):
                for part in given[name].split(",") if name == "srcset" else [given[name]]:
                    self.references.append(("a" if followed else tag, part.strip().split(" ")[0]))


@cache
def _read(file: Path) -> _Page:
    return _Page(file.read_text(encoding="utf-8"))


def faults(site: Path) -> list[str]:
    """A sentence for each link without a file or an anchor in the site, and for whatever a page or
    a style sheet takes from another server. Links to other servers are not followed."""
    _read.cache_clear()
    found = []
    for page in sorted(site.rglob("*.html")):
        name = page.relative_to(site)
        for tag, address in _read(page).references:
            if fault := _fault(site, page, tag, address):
                found.append(f"{name}: {fault}")
        found += [f"{name}: takes {each} from elsewhere" for each in _styles(page)]
    for sheet in sorted(site.rglob("*.css")):
        found += [
            f"{sheet.relative_to(site)}: takes {each} from elsewhere" for each in _styles(sheet)
        ]
    return found


def _fault(site: Path, page: Path, tag: str, address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") or parts.netloc:
        return f"<{tag}> takes {address} from elsewhere" if tag in _FETCHED else ""
    if parts.scheme:  # data:, mailto:, javascript:
        return ""
    path = unquote(parts.path)
    if path.startswith("/") and page.name != "404.html":
        return f"{address} counts from the top of a server"
    there = site / path.lstrip("/") if path.startswith("/") else page.parent / path
    target = (there if path else page).resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return f"{address} leads nowhere"
    anchor = unquote(parts.fragment)
    named = not anchor or target.suffix != ".html" or anchor in _read(target).ids
    return "" if named else f"{address} has no such anchor"


def _styles(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".html":
        text = "\n".join(re.findall(r"<style.*?</style>|style=\"[^\"]*\"", text, re.DOTALL))
    return _STYLE.findall(text)
