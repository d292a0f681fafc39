"""What the site is made of beside ``docs/``: pages and files elsewhere in the checkout, notebooks.
Afterwards every link inside the site is followed. Nothing is fetched."""

import posixpath
import re
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from docs.site.links import faults

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "checkpoints/atlas-b4-heads/README.md": "checkpoint.md",
    "checkpoints/atlas-plain/README.md": "checkpoint-plain.md",
}
"""Pages that lie outside ``docs/``, and what they are called in the site."""
_PLACES = {page: place for place, page in PAGES.items()}
_PACKAGE = re.compile(r"^::: dermxai\.(\w+)\.\*$", re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")


def on_files(files: Files, config: Any) -> Files:
    """Adds those pages, notebooks as pages, and the files that any page links to."""
    for place, page in PAGES.items():
        files.append(File.generated(config, page, content=_text(REPOSITORY / place)))
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        page = notebook.src_uri.removesuffix(".ipynb") + ".md"
        files.append(File.generated(config, page, content=as_markdown(Path(notebook.abs_src_path))))
    for page in files.documentation_pages():
        for link in _LINK.findall(page.content_string):
            there = _place(page.src_uri, link)
            name = in_site(there)
            if (REPOSITORY / there).is_file() and files.get_file_from_path(name) is None:
                file = File.generated(config, name, abs_src_path=str(REPOSITORY / there))
                files.append(file)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links count from where a page lies in the checkout; here they lead to the same in the
    site."""
    uri = page.file.src_uri

    def moved(link: re.Match[str]) -> str:
        there = _place(uri, link[0])
        if not (REPOSITORY / there).is_file():
            return link[0]
        return posixpath.relpath(in_site(there), posixpath.dirname(uri) or ".")

    return _PACKAGE.sub(lambda package: modules(package[1]), _LINK.sub(moved, markdown))


def modules(package: str) -> str:
    """A directive for each module of a package, in the order of their names.

    Raises:
        PluginError: there is no such package.
    """
    root = REPOSITORY / "dermxai" / package
    places = [file.relative_to(REPOSITORY).with_suffix("") for file in sorted(root.rglob("*.py"))]
    names = [".".join(place.parts) for place in places if not place.name.startswith("_")]
    if not names:
        raise PluginError(f"There is no package dermxai.{package} to describe.")
    return "\n\n".join(f"::: {name}" for name in names)


def on_post_build(config: Any) -> None:
    """
    Raises:
        PluginError: a link leads nowhere, or a page fetches something from elsewhere.
    """
    if found := faults(Path(config.site_dir)):
        raise PluginError("\n".join([f"{len(found)} faults in the site:", *found]))


def in_site(place: str) -> str:
    """Where a file of the checkout is in the site."""
    if place.startswith("docs/"):
        return place.removeprefix("docs/")
    return PAGES.get(place, f"files/{place}")


def as_markdown(notebook: Path) -> str:
    """A notebook's text and code, without what it gave, and a link to it."""
    cells = nbformat.read(notebook, as_version=4).cells
    parts = [
        cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```"
        for cell in cells
    ]
    return "\n\n".join([*parts, f"[The notebook itself]({notebook.name})"]) + "\n"


def _place(page: str, link: str) -> str:
    """Where a page's link leads to in the checkout."""
    origin = _PLACES.get(page, f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
