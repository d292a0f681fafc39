"""A folder a class, with or without a folder a patient inside, with or without a folder a split
around; or loose images without labels."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dermxai.data.files import IMAGE_FOLDERS, scan, tables
from dermxai.data.labels import is_known
from dermxai.data.table import Options, Problem, Table, split_name
from dermxai.errors import InputError

EXPECTS = "class folders: a folder a class, optionally a folder a patient inside; or loose images"
PRIORITY = 90


def recognises(path: Path) -> bool:
    return path.is_dir()


def read(path: Path, options: Options) -> Table:
    if options.columns:
        raise InputError(
            f"{path} has no table whose columns could be mapped; leave the mapping out, or open a "
            "folder with a table."
        )
    files = scan(path)
    images = [image.relative_to(path) for image in files.images]
    outer = _outer(images)
    rows = pd.DataFrame({"path": str(path / image), **_described(image, outer)} for image in images)
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


def _described(relative: Path, outer: int) -> dict[str, str]:
    """What the folders say: ``[split/]class/[patient/]image``, the split wherever it stands. A
    patient's folder of one name is one patient, in whatever class it stands.

    Args:
        outer: how many of the first folders say nothing.
    """
    described = {"sample_id": relative.as_posix()}
    folders = [
        folder for folder in relative.parts[outer:-1] if folder.casefold() not in IMAGE_FOLDERS
    ]
    at = next((place for place, folder in enumerate(folders) if split_name(folder)), None)
    if at is not None:
        described["split"] = str(split_name(folders.pop(at)))
    if folders:
        described["label"] = folders[0]
    if len(folders) > 1:
        described["patient_id"] = folders[1]
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
