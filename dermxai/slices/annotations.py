"""What people note of single images: a text, and a label that they propose."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dermxai.core import disk, entries
from dermxai.core.entries import Unusable, UnusableError
from dermxai.core.errors import InputError
from dermxai.slices.files import SliceFiles

LONGEST_NOTE = 2_000
LONGEST_LABEL = 200
"""Characters."""
MOST_BYTES = 64_000_000
_SHAPE = {"reader": str, "name": str, "images": dict}
_IMAGE = {"note": str, "label": (str, type(None)), "at": str}


@dataclass(frozen=True)
class Annotation:
    """
    Attributes:
        sample_id: of the image.
        reader: what tells the person from others.
        name: of the person, to be shown.
        label: class that the person would give; None where none is proposed.
        at: ISO 8601, UTC.
    """

    sample_id: str
    reader: str
    name: str
    note: str = ""
    label: str | None = None
    at: str = ""


def annotate(dataset: str | Path, annotation: Annotation) -> Annotation:
    """Keeps an annotation, in place of the person's earlier one of the image; without note and
    label that one goes.

    Returns:
        It, with its time.

    Raises:
        InputError: no person, or a note or label that is too long or has no text.
    """
    made = replace(annotation, at=datetime.now(UTC).isoformat(timespec="seconds"))
    _check(made)
    files = SliceFiles.of(dataset)
    files.root.mkdir(parents=True, exist_ok=True)
    with disk.locked(files.lock):
        file = files.annotations_of(made.reader)
        try:
            images = dict(_images(file)) if file.exists() else {}
        except UnusableError as error:
            raise InputError(f"Your earlier annotations {error}; nothing was kept.") from error
        if made.note or made.label:
            images[made.sample_id] = {"note": made.note, "label": made.label, "at": made.at}
        else:
            images.pop(made.sample_id, None)
        told = {"reader": made.reader, "name": made.name, "images": images}
        with disk.replacing(file) as temporary:
            temporary.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return made


def find_annotations(dataset: str | Path) -> tuple[list[Annotation], list[Unusable]]:
    """All of a dataset, by person and time; and files that are of no use."""
    found: list[Annotation] = []
    here, odd = entries.listed(SliceFiles.of(dataset).annotations)
    for file in here:
        try:
            found += read(file)
        except UnusableError as error:
            odd.append(Unusable(file, str(error), "Mend or remove it."))
    return sorted(found, key=lambda each: (each.reader, each.at, each.sample_id)), odd


def read(file: Path) -> list[Annotation]:
    """The annotations of one person.

    Raises:
        UnusableError: the file holds none, or is damaged.
    """
    told = entries.read_json(file, _SHAPE, MOST_BYTES)
    reader, name = told["reader"], told["name"]
    return [
        Annotation(sample_id, reader, name, each["note"], each["label"], each["at"])
        for sample_id, each in _checked(told["images"])
    ]


def _images(file: Path) -> Mapping[str, object]:
    told = entries.read_json(file, _SHAPE, MOST_BYTES)
    return dict(_checked(told["images"]))


def _checked(images: Mapping[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    for sample_id, each in images.items():
        entries.check_shape(each, _IMAGE, "an annotation")
        yield sample_id, each


def _check(made: Annotation) -> None:
    if not made.reader or not made.name:
        raise InputError("Say who annotates: an annotation has a person's name.")
    for what, text, most in (
        ("A note", made.note, LONGEST_NOTE),
        ("A label", made.label or "", LONGEST_LABEL),
        ("A name", made.name, LONGEST_LABEL),
    ):
        if len(text) > most or not entries.is_text(text):
            raise InputError(f"{what} has at most {most:,} characters of text; {len(text):,} came.")
