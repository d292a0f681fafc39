"""Statistics give numbers, reasons and codes; sentences and names stand in report and ui."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import dermxai.metrics

FILES = sorted(Path(dermxai.metrics.__path__[0]).glob("*.py"))
DATA = {"not stated", "all others", "patient ", "lesion ", "image ", "predicted as", "May not flag"}
"""Values of a category, prefixes of ids, the name of an axis, a library's warning."""


def words(source: str) -> Iterator[str]:
    """Texts of several words that are no docstring and in no error."""
    tree = ast.parse(source)
    apart: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            apart |= set(ast.walk(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            apart.add(node.value)
    for node in ast.walk(tree):
        if node in apart or not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if " " in node.value.strip(".,") and node.value.strip() and node.value not in DATA:
            yield node.value


def test_a_sentence_is_found() -> None:
    kept = 'def f():\n    """A sentence."""\n    raise ValueError(f"{f} is none.")\n'
    assert not list(words(kept))
    assert list(words(kept + 'NOTE = f"fewer than {f} patients"\n')) == ["fewer than ", " patients"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_statistics_hold_no_sentences(file: Path) -> None:
    assert list(words(file.read_text(encoding="utf-8"))) == []


def test_statistics_name_no_disease() -> None:
    assert len(FILES) > 10
    for file in FILES:
        source = file.read_text(encoding="utf-8")
        assert "taxonomy.name" not in source and "taxonomy.title" not in source
