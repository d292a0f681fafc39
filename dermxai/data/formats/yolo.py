"""YOLO: a text file of boxes an image, beside it or in a folder ``labels``; the class of the boxes
is that of the image."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data import class_names, table_files
from dermxai.data.files import IMAGE_FOLDERS, ImageFiles, listed, scan
from dermxai.data.folders import interpret
from dermxai.data.formats import Format
from dermxai.data.table import Options, Problem, Reading, Table

_BOX = re.compile(
    r"(?P<number>\d{1,4})(?:\s+-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?){4,}", re.IGNORECASE
)
_MOST_BYTES = 2_000_000
_LOOKED_AT = 20  # files that tell whether all are of boxes
_AROUND = IMAGE_FOLDERS | {"labels", "label"}


@dataclass(frozen=True, kw_only=True)
class Yolo(Format):
    def recognises(self, path: Path) -> bool:
        if not path.is_dir():
            return False
        try:
            if not _has_text(path) or _has_table(path):
                return False
            boxes = list(_boxes(scan(path)).values())
        except (InputError, OSError):
            return False
        read_ones = [_numbers(file) for file in boxes[:_LOOKED_AT]]
        return bool(boxes) and None not in read_ones and any(read_ones)

    def read(self, path: Path, options: Options) -> Table:
        if options.columns:
            raise InputError(
                f"{path} has no table of its images; leave the mapping of columns out."
            )
        files = scan(path, into_archives=False)
        boxes = _boxes(files)
        places = [image.relative_to(path) for image in files.images]
        folders = interpret([_folders(place) for place in places], options.levels)
        known = class_names.find(path)
        rows, problems, several = [], [], 0
        for image, place in zip(files.images, places, strict=True):
            numbers = _numbers(boxes[image]) if image in boxes else []
            if numbers is None:
                problems.append(Problem(boxes[image].name, "holds no boxes as YOLO writes them"))
            several += len(numbers or ()) > 1
            label = str(numbers[0]) if numbers is not None and len(numbers) == 1 else None
            told = dict(folders.described[_folders(place)])
            rows.append({"path": str(image), "sample_id": place.as_posix(), **told, "label": label})
        table = pd.DataFrame(rows)
        notes = [f"The label is the class of the boxes in {count(len(boxes), 'text file')} (YOLO)."]
        used = set(boxes.values())
        if several:
            notes.append(f"{count(several, 'image')} with boxes of several classes: without label.")
        if (named := class_names.named(table["label"], known)) is not None:
            table["label"], source = named
            notes.append(class_names.note(source))
            used.add(source.file)
        else:
            notes.append("No file such as data.yaml or classes.txt names the classes.")
        reading = Reading(levels=folders.levels, notes=tuple(notes))
        return Table(table, path, (*files.without(used).problems, *problems), reading)


YOLO = Yolo(
    name="yolo",
    expects="YOLO: images and a text file of boxes for each, in a folder labels or beside it; "
    "data.yaml or classes.txt names the classes",
    priority=35,
)


def _has_table(path: Path) -> bool:
    """Whether a table lies in the folder that may tell more than the boxes."""
    suffixes = table_files.SUFFIXES - {".txt"}
    near = (*listed(path), *listed(path, "*/*"))
    return any(f.suffix.lower() in suffixes and not class_names.may_hold(f) for f in near)


def _has_text(path: Path) -> bool:
    depths = ("*.txt", "*/*.txt", "*/*/*.txt", "*/*/*/*.txt")
    return any(listed(path, pattern) for pattern in depths)


def _folders(place: Path) -> tuple[str, ...]:
    """The folders around a file, but for those that only tell images from boxes."""
    return tuple(name for name in place.parent.parts if name.casefold() not in _AROUND)


def _boxes(files: ImageFiles) -> Mapping[Path, Path]:
    """By image the text file of the same name and place."""
    texts: dict[tuple[str, tuple[str, ...]], Path] = {}
    for file in files.rest:
        if file.suffix.lower() == ".txt":
            place = file.relative_to(files.root)
            texts[place.stem, _folders(place)] = file
    found = {}
    for image in files.images:
        if not image.is_relative_to(files.root):
            continue
        place = image.relative_to(files.root)
        if (place.stem, _folders(place)) in texts:
            found[image] = texts[place.stem, _folders(place)]
    return found


def _numbers(file: Path) -> Sequence[int] | None:
    """The distinct classes of a file's boxes; None where it holds anything else."""
    try:
        lines = entries.read_text(file, _MOST_BYTES).splitlines()
    except UnusableError:
        return None
    found = [_BOX.fullmatch(line.strip()) for line in lines if line.strip()]
    if None in found:
        return None
    return list(dict.fromkeys(int(each["number"]) for each in found if each))
