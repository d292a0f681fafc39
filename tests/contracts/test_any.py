"""`Any` switches type checks off: it stands where nothing truer can be said, each place with its
reason here."""

import ast
from pathlib import Path

import pytest

from dermxai.core.paths import PROJECT

REASONS = {
    "core/arrays.py": (2, "only the file knows what numpy reads from it"),
    "core/entries.py": (2, "JSON whose shape is no type"),
    "core/settings.py": (1, "pydantic's required field is of any type"),
    "core/values.py": (1, "plug-ins may annotate with it"),
    "data/archives/tarred.py": (4, "tarfile's and the decompressors' files have no common type"),
    "data/atlas/artefacts.py": (6, "OpenCV's arrays are of integers or floats"),
    "data/atlas/canvas.py": (5, "OpenCV's arrays are of integers or floats"),
    "data/atlas/optics.py": (5, "OpenCV's arrays are of integers or floats"),
    "data/atlas/structures/shapes.py": (3, "OpenCV's arrays are of integers or floats"),
    "explain/attribution/pass_cache.py": (1, "a cache of values of many kinds"),
    "models/backbone.py": (1, "arguments of timm's networks, which differ"),
    "models/info.py": (4, "JSON that is free of form"),
    "models/variants.py": (6, "timm's networks, their parts and arguments differ"),
    "training/loop/tracking.py": (1, "MLflow's client, which need not be installed"),
    "ui/app/lanes.py": (2, "in a queue stand tasks of whatever items and results"),
}
"""By file of the package: how often, and why."""


def mentions(source: str) -> int:
    """How often `Any` is used, in annotations that are texts, too; its import aside."""
    count = 0
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name | ast.Attribute):
            count += getattr(node, "id", getattr(node, "attr", "")) == "Any"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            count += _in_text(node.value)
    return count


def _in_text(text: str) -> int:
    if "Any" not in text or "\n" in text:
        return 0
    try:
        return mentions(text)
    except SyntaxError:  # words
        return 0


def sources() -> list[Path]:
    return [
        *(PROJECT / "dermxai").rglob("*.py"),
        *(PROJECT / "pages").rglob("*.py"),
        PROJECT / "app.py",
    ]


def test_any_stands_only_where_a_reason_is_given() -> None:
    root = PROJECT / "dermxai"
    files = sources()
    assert len(files) > 500
    found = {
        file.relative_to(root if file.is_relative_to(root) else PROJECT).as_posix(): number
        for file in files
        if (number := mentions(file.read_text(encoding="utf-8")))
    }
    assert found == {name: number for name, (number, _) in REASONS.items()}, (
        "annotate with what it is, or `object`; where neither is true, add the reason"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from typing import Any", 0),
        ("import typing\nx: typing.Any", 1),
        ("def f(a: Any, *b: Any) -> Any: ...", 3),
        ('x: "dict[str, Any]"', 1),
        ("x: Mapping[str, list[Any]] = {}", 1),
        ('"""Any score will do."""', 0),
    ],
)
def test_mentions_are_counted(source: str, expected: int) -> None:
    assert mentions(source) == expected
