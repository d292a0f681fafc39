"""The site: its strict build fails where something is broken, and whatever is public is in it.

`.ci/run` builds the whole site; here small ones are built with its settings.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, ConfigurationError, PluginError

import dermxai
from dermxai.core import paths
from docs.site.grouped import ungrouped
from docs.site.hooks import PAGES, as_markdown, in_site, modules, on_post_build
from docs.site.links import faults

DOCS = paths.PROJECT / "docs"
CONFIGURATION = DOCS / "site/mkdocs.yml"
REFERENCE = DOCS / "reference"


def built(folder: Path, pages: dict[str, str], nav: list[str] | None = None) -> Path:
    """A site of these pages, built strictly with the project's settings."""
    for name, text in pages.items():
        (folder / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / name).write_text(text, "utf-8")
    config: Any = load_config(
        str(CONFIGURATION),
        docs_dir=str(folder / "docs"),
        site_dir=str(folder / "site"),
        nav=nav or [*pages],
        extra_css=[],
        hooks=[],
        strict=True,
    )
    build(config)
    return folder / "site"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module to describe that is not the project's."""
    monkeypatch.syspath_prepend(tmp_path / "modules")
    (tmp_path / "modules").mkdir()
    yield tmp_path / "modules/described_here.py"


FUNCTION = '''"""A module."""


def widest(first: int, second: int, third: str = "") -> int:
    """The wider of two.

    Args:
        {args}

    Returns:
        How wide `first` is,
        or the other.

    Raises:
        ValueError: neither is.

    Examples:
        >>> widest(1, 2)
        2
    """
    return max(first, second)
'''


def test_a_docstring_is_read_whole(tmp_path: Path, module: Path) -> None:
    module.write_text(FUNCTION.format(args="first, second: widths in pixels."), "utf-8")
    site = built(
        tmp_path, {"index.md": "# Here\n\n[there](#described_here.widest)\n\n::: described_here\n"}
    )
    text = re.sub(r"<[^>]+>", "", (site / "index.html").read_text("utf-8"))
    text = " ".join(text.split())
    assert text.count("widths in pixels.") == 2, "both parameters are described"
    for said in ("How wide first is, or the other.", "ValueError", "neither is."):
        assert said in text
    assert faults(site) == []


@pytest.mark.parametrize(
    ("page", "nav"),
    [
        ("[there](absent.md)", None),
        ("[there](other.md#absent)", None),
        ("[there](#absent)", None),
        ("![a picture](absent.png)", None),
        ("[there](/other.md)", None),
        ("Nothing wrong.", ["index.md", "other.md", "absent.md"]),
        ("Nothing wrong.", ["index.md"]),  # other.md is in no list
        ("::: dermxai.absent", None),
        ("::: described_here", None),
    ],
)
def test_a_strict_build_fails(
    tmp_path: Path, module: Path, page: str, nav: list[str] | None
) -> None:
    module.write_text(FUNCTION.format(args="absent: no parameter."), "utf-8")
    pages = {"index.md": f"# Here\n\n{page}\n", "other.md": "# There\n"}
    with pytest.raises((Abort, ConfigurationError)):
        built(tmp_path, pages, nav)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<a href="absent.html">x</a>', "absent.html leads nowhere"),
        ('<a href="other.html#absent">x</a>', "no such anchor"),
        ('<a href="#absent">x</a>', "no such anchor"),
        ('<a href="../outside.html">x</a>', "leads nowhere"),
        ('<a href="/other.html">x</a>', "from the top of a server"),
        ('<img src="absent.png">', "absent.png leads nowhere"),
        ('<img src="https://example.org/x.png">', "from elsewhere"),
        ('<img srcset="other.html 1x, https://example.org/x.png 2x">', "from elsewhere"),
        ('<script src="//example.org/x.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "from elsewhere"),
        ('<link rel="preconnect" href="https://example.org">', "from elsewhere"),
        ('<style>@import "https://example.org/x.css";</style>', "from elsewhere"),
        ('<p style="background: url(https://example.org/x.png)">', "from elsewhere"),
    ],
)
def test_a_fault_of_a_built_page_is_found(tmp_path: Path, html: str, words: str) -> None:
    (tmp_path / "outside.html").write_text("", "utf-8")
    site = tmp_path / "site"
    site.mkdir()
    (site / "other.html").write_text('<h1 id="here">x</h1>', "utf-8")
    (site / "index.html").write_text(html, "utf-8")
    (found,) = faults(site)
    assert found.startswith("index.html: ") and words in found
    with pytest.raises(PluginError, match="1 faults"):
        on_post_build(_Config(site))


class _Config:
    def __init__(self, site: Path) -> None:
        self.site_dir = str(site)


def test_a_style_sheet_that_fetches_is_found_and_what_is_right_is_not(tmp_path: Path) -> None:
    (tmp_path / "a b.html").write_text(
        '<h1 id="é">x</h1><a href="https://example.org/">x</a><a href="mailto:a@example.org">x</a>'
        '<a href="a%20b.html#%C3%A9">x</a><link rel="canonical" href="https://example.org/">'
        '<img src="data:image/png;base64,AA=="><a href="">x</a>',
        "utf-8",
    )
    assert faults(tmp_path) == []
    (tmp_path / "x.css").write_text("a { src: url('https://example.org/x.woff2') }", "utf-8")
    (found,) = faults(tmp_path)
    assert found.startswith("x.css: ")


def test_every_public_name_and_every_module_is_in_the_reference() -> None:
    public = (REFERENCE / "index.md").read_text("utf-8")
    for name in set(dermxai.__all__) - {"__version__"}:
        assert f"heading: dermxai.{name}\n" in public
    pages = "".join(page.read_text("utf-8") for page in REFERENCE.glob("*.md"))
    asked = re.findall(r"^::: dermxai\.(\w+)\.\*$", pages, re.MULTILINE)
    assert {"data", "models", "runs", "metrics", "explain", "projection", "training"} < {*asked}
    for package in asked:
        files = (paths.PROJECT / "dermxai" / package).rglob("*.py")
        names = {file.stem for file in files if not file.stem.startswith("_")}
        described = modules(package).split("\n\n")
        assert {each.rpartition(".")[2] for each in described} == names
    with pytest.raises(PluginError, match="no package"):
        modules("absent")


def test_pages_outside_docs_are_there_and_files_have_one_place_each() -> None:
    assert all((paths.PROJECT / place).is_file() for place in PAGES)
    places = [*PAGES, "docs/data.md", "docs/images/image.png", "deploy/nginx.conf", "LICENSE"]
    assert len({in_site(place) for place in places}) == len(places)
    assert in_site("docs/data.md") == "data.md" and in_site("README.md") == "index.md"


def test_a_notebook_becomes_a_page() -> None:
    text = as_markdown(DOCS / "guides/notebook.ipynb")
    assert text.startswith("# ") and "```python\nimport dermxai\n" in text
    assert text.count("```") >= 12 and "(notebook.ipynb)" in text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "Args:\n    a, b: x\n        y\n    c: z",
            "Args:\n    a: x\n        y\n    b: x\n        y\n    c: z",
        ),
        ("Attributes:\n    a, b, c: x", "Attributes:\n    a: x\n    b: x\n    c: x"),
        ("Raises:\n    A, b: x", "Raises:\n    A, b: x"),
        ("Args:\n    a: x\n\nIn short, this: y", "Args:\n    a: x\n\nIn short, this: y"),
        ("Args:\n    a: of\n        x, y: z", "Args:\n    a: of\n        x, y: z"),
        ("x, y: z", "x, y: z"),
    ],
)
def test_parameters_described_together_get_a_line_each(text: str, meant: str) -> None:
    assert ungrouped(text) == meant
