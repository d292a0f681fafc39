"""How often the test images of a run were looked at: once for each stack that they were measured
with. Who chooses the best of many has fitted it to them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from dermxai.core import disk, entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.remedies.files import RemedyFiles
from dermxai.remedies.stack import Stack


class Look(TypedDict):
    """One at the test images.

    Attributes:
        stack: digest.
        remedies: its steps.
        at: ISO time.
        by: who looked.
    """

    stack: str
    remedies: list[object]
    at: str
    by: str


class _Looks(TypedDict):
    looks: list[Look]


def looks(root: Path) -> list[Look]:
    """Each stack that the test was looked at with, in order: ``stack`` (its digest), ``remedies``,
    ``at`` and ``by``.

    Raises:
        InputError: the file that counts them is damaged.
    """
    file = RemedyFiles(root).looks
    try:
        entries.kind(file)
    except UnusableError:
        if not file.is_symlink():
            return []
    try:
        return entries.read_json(file, _Looks)["looks"]
    except UnusableError as error:
        raise InputError(
            f"{file}, which counts how often the test images were looked at, {error}; restore it "
            "or remove it, and the count begins anew."
        ) from error


def note_look(root: Path, stack: Stack, by: str = "") -> int:
    """Notes that the test is looked at with a stack, unless it was before.

    Args:
        root: of the run.
        by: who looks.

    Returns:
        How many stacks it was looked at with, this one among them.

    Raises:
        InputError: as `looks`, or the folder cannot be written to.
    """
    files = RemedyFiles(root)
    with disk.locked(files.lock):
        known = looks(root)
        if all(each["stack"] != stack.digest for each in known):
            now = datetime.now(UTC).isoformat(timespec="seconds")
            steps: list[object] = [step.told() for step in stack.steps]
            known.append({"stack": stack.digest, "remedies": steps, "at": now, "by": by})
            with disk.replacing(files.looks) as path:
                content = json.dumps({"looks": known}, indent=1, ensure_ascii=False)
                path.write_text(content + "\n", encoding="utf-8")
    return len(known)
