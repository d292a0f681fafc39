"""The gates reach everything: mypy, ruff and the import contracts stop a mistake wherever it is."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from pkgutil import iter_modules

import pytest

from dermxai.core.paths import PROJECT

PAGES = sorted((PROJECT / "pages").glob("*/*.py"))
ENTRY = PROJECT / "app.py"
OF_PAGES = ("dermxai.ui", "streamlit")
OF_ENTRY = ("dermxai.ui", "dermxai.core.paths", "dermxai.core.errors", "streamlit", "starlette")


def imported(tree: ast.AST) -> Iterator[str]:
    """Whatever is imported anywhere in a file, by its full name; "." first where it is relative."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Name) and node.id in ("__import__", "exec", "eval"):
            yield node.id


def strangers(text: str, allowed: Iterable[str]) -> list[str]:
    """What a file imports that does not lie in one of the allowed packages."""
    return [
        name
        for name in imported(ast.parse(text))
        if not any(f"{name}.".startswith(f"{package}.") for package in allowed)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_imports_ui_and_streamlit_only(page: Path) -> None:
    assert strangers(page.read_text("utf-8"), OF_PAGES) == []


def test_the_application_imports_what_starts_the_server_only() -> None:
    text = ENTRY.read_text("utf-8")
    assert strangers(text, (*OF_ENTRY, *sys.stdlib_module_names)) == []


@pytest.mark.parametrize(
    ("text", "stranger"),
    [
        ("import pandas as pd", "pandas"),
        ("from dermxai.metrics import basis", "dermxai.metrics.basis"),
        ("from dermxai import runs", "dermxai.runs"),
        ("import dermxai", "dermxai"),
        ("from dermxai import *", "dermxai.*"),
        ("def f():\n    from dermxai.report.origin import origin", "dermxai.report.origin.origin"),
        ("from . import other", "..other"),
        ("from dermxai.ui_ import look", "dermxai.ui_.look"),
        ("import streamlit_extras", "streamlit_extras"),
        ("from importlib import import_module", "importlib.import_module"),
        ("metrics = __import__('dermxai.metrics')", "__import__"),
    ],
)
def test_what_a_page_may_not_import_is_found(text: str, stranger: str) -> None:
    allowed = "import streamlit as st\nfrom dermxai.ui import look\nfrom dermxai import ui\n"
    assert strangers(allowed, OF_PAGES) == []
    assert strangers(allowed + text, OF_PAGES) == [stranger]


def test_nothing_of_the_package_imports_pages_or_the_application() -> None:
    files = sorted((PROJECT / "dermxai").rglob("*.py"))
    names = {(file, name) for file in files for name in imported(ast.parse(file.read_text()))}
    assert len(names) > 1000
    assert [each for each in names if each[1].partition(".")[0] in ("app", "pages")] == []


def test_every_module_stands_in_the_contracts() -> None:
    """A new one is found here."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    named = {each["name"]: each for each in contracts["tool"]["importlinter"]["contracts"]}
    layers, streamlit = named["Imports go down only"], named["Only ui imports streamlit"]
    modules = {f"dermxai.{each.name}" for each in iter_modules([str(PROJECT / "dermxai")])}
    assert {name for layer in layers["layers"] for name in layer.split(" | ")} == modules
    assert set(streamlit["source_modules"]) == modules - {"dermxai.ui"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the same layout and with the same settings, with two mistakes in each part: a
    text where a number belongs, and an import that nothing uses."""
    root = tmp_path / "project"
    for folder in ("dermxai/ui", "dermxai/cli", "pages/1_explore", "pages/9_new"):
        (root / folder).mkdir(parents=True)
    for file in ("dermxai/__init__.py", "dermxai/ui/__init__.py", "dermxai/cli/__init__.py"):
        (root / file).touch()
    (root / "dermxai" / "ui" / "look.py").write_text(
        "def height(rows: int) -> int:\n    return 1\n"
    )
    mistakes = "import os\n\nfrom dermxai.ui import look\n\nlook.height('two')\n"
    for file in ("app.py", "pages/1_explore/1_dataset.py", "pages/9_new/2_page.py"):
        (root / file).write_text(mistakes)
    (root / "dermxai" / "cli" / "verb.py").write_text(mistakes)
    shutil.copy(PROJECT / "pyproject.toml", root)
    return root


MISTAKEN = {"app.py", "pages/1_explore/1_dataset.py", "pages/9_new/2_page.py"} | {
    "dermxai/cli/verb.py"
}


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        (["mypy", f"--cache-dir={os.devnull}"], "[arg-type]"),
        (["ruff", "check", ".", "--no-cache", "--output-format=concise"], "F401"),
    ],
    ids=["mypy", "ruff"],
)
def test_a_mistake_is_found_in_every_part(project: Path, command: list[str], mistake: str) -> None:
    """As `.ci/run` calls them: without naming a file."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        check=False,
        cwd=project,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(project)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = {line.partition(":")[0] for line in done.stdout.splitlines() if mistake in line}
    assert found == MISTAKEN


def test_the_gates_are_run_on_everything() -> None:
    lines = (PROJECT / ".ci" / "run").read_text("utf-8").splitlines()
    assert {"ruff check .", "ruff format --check .", "mypy", "lint-imports"} <= set(lines)
    said = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    assert "ruff check . && ruff format --check . && mypy && lint-imports" in said
    assert len(PAGES) > 5
