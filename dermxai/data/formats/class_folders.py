"""A folder a class, with or without a folder a patient inside, with or without a folder a split
around; or loose images without labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data.files import IMAGE_FOLDERS, holds_any, scan, tables
from dermxai.data.formats import LAST, Format
from dermxai.data.labels import is_known
from dermxai.data.split_words import meanings, split_name
from dermxai.data.table import Options, Problem, Table


@dataclass(frozen=True, kw_only=True)
class ClassFolders(Format):
    def recognises(self, path: Path) -> bool:
        return path.is_dir() and holds_any(path)

    def read(self, path: Path, options: Options) -> Table:
        if options.columns:
            raise InputError(
                f"{path} has no table whose columns could be mapped; leave the mapping out, or "
                "open a folder with a table."
            )
        files = scan(path)
        images = [image.relative_to(path) for image in files.images]
        outer = _outer(images)
        splits = _splits(_folders(image, outer) for image in images)
        rows = pd.DataFrame(
            {"path": str(path / image), "sample_id": image.as_posix()}
            | _described(_folders(image, outer), splits)
            for image in images
        )
        masks = [files.mask(image) for image in files.images]
        if any(masks):
            rows["mask_path"] = [str(mask) if mask else None for mask in masks]
        alone = [
            Problem(str(mask.relative_to(path)), "named as a mask, but its image is not there")
            for mask in files.without_image()
        ]
        unused = [
            Problem(table.name, "names no image of this folder; left out") for table in tables(path)
        ]
        return Table(rows, path, (*files.problems, *alone, *unused))


CLASS_FOLDERS = ClassFolders(
    name="class_folders",
    expects="class folders: a folder a class, optionally a folder a patient inside; or loose "
    "images",
    priority=LAST,
)


def _folders(relative: Path, outer: int) -> tuple[str, ...]:
    """Around an image, without those that say nothing: the first ``outer``, and "images"."""
    return tuple(
        folder for folder in relative.parts[outer:-1] if folder.casefold() not in IMAGE_FOLDERS
    )


def _splits(images: Iterable[tuple[str, ...]]) -> dict[tuple[int, str], str]:
    """The split of each folder that stands for one, by its depth and name; where the words are not
    known its own name: such as a folder beside ``train`` with the same folders in it."""
    inside: dict[int, dict[str, set[str]]] = {}
    for folders in set(images):
        for depth, folder in enumerate(folders):
            inside.setdefault(depth, {}).setdefault(folder, set()).update(folders[depth + 1 :][:1])
    found: dict[tuple[int, str], str] = {}
    for depth, within in inside.items():
        sure = {folder for folder in within if split_name(folder)}
        classes = set().union(*(within[folder] for folder in sure))
        alike = {folder for folder in within if within[folder] & classes}
        meant = meanings(sorted(sure | alike)) if sure else {}
        found |= {(depth, folder): split or folder for folder, split in meant.items()}
    return found


def _described(folders: tuple[str, ...], splits: dict[tuple[int, str], str]) -> dict[str, str]:
    """What the folders say: ``[split/]class/[patient/]image``, the split wherever it stands. A
    patient's folder of one name is one patient, in whatever class it stands."""
    described = {}
    rest = list(folders)
    at = next((place for place in enumerate(folders) if place in splits), None)
    if at is not None:
        described["split"] = splits[at]
        rest.pop(at[0])
    if rest:
        described["label"] = rest[0]
    if len(rest) > 1:
        described["patient_id"] = rest[1]
    return described


def _outer(images: Iterable[Path]) -> int:
    """How many folders stand around all images and are no class: such as hold splits, or classes
    that are known."""
    inner = {image.parts[:-1] for image in images}
    outer = 0
    while len(around := {folders[outer] for folders in inner if len(folders) > outer}) == 1:
        (name,) = around
        below = {folder for folders in inner for folder in folders[outer + 1 : outer + 2]}
        if (
            split_name(name)
            or is_known(name)
            or not any(split_name(f) or is_known(f) for f in below)
        ):
            break
        outer += 1
    return outer
