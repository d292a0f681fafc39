"""Docstrings that describe several parameters in one line, such as ``first, second: two classes``.

griffe knows one name a line; each of the names gets the description, and with it its type.
"""

import re
from typing import Any

import griffe

_SECTION = re.compile(r"^( *)(?:Args|Attributes):$")
_GROUP = re.compile(r"^( +)(\w+(?:, \w+)+):( .*)$")


def ungrouped(text: str) -> str:
    """A docstring in which each parameter and attribute has a line of its own."""
    written: list[str] = []
    lines = text.split("\n")
    within = -1  # spaces before the section's heading
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        depth = len(line) - len(line.lstrip())
        if heading := _SECTION.match(line):
            within = len(heading[1])
        elif line.strip() and depth <= within:
            within = -1
        group = _GROUP.match(line) if within >= 0 else None
        if group is None or depth != within + 4:
            written.append(line)
            continue
        rest = []
        while at < len(lines) and lines[at].startswith(" " * (depth + 1)):
            rest.append(lines[at])
            at += 1
        for name in group[2].split(", "):
            written += [f"{group[1]}{name}:{group[3]}", *rest]
    return "\n".join(written)


class Grouped(griffe.Extension):
    """Applies `ungrouped` to whatever has a docstring."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = ungrouped(obj.docstring.value)
