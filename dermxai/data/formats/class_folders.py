"""A folder a class, with or without a folder a patient inside, with or without a folder a split
around; or loose images without labels."""

from pathlib import Path

import pandas as pd

from dermxai.data.files import scan
from dermxai.data.table import Options, Table, split_name

EXPECTS = "class folders: a folder a class, optionally a folder a patient inside; or loose images"
PRIORITY = 90
_NO_CLASS = frozenset({"image", "images", "img", "imgs", "photos", "pictures", "图片"})


def recognises(path: Path) -> bool:
    return path.is_dir()


def read(path: Path, options: Options) -> Table:  # noqa: ARG001
    files = scan(path)
    rows = pd.DataFrame(
        {"path": str(image), **_described(image.relative_to(path))} for image in files.images
    )
    masks = [files.mask(image) for image in files.images]
    if any(masks):
        rows["mask_path"] = [str(mask) if mask else None for mask in masks]
    return Table(rows, path, files.problems)


def _described(relative: Path) -> dict[str, str]:
    """What the folders say: ``[split/]class/[patient/]image``. A patient's folder of one name is
    one patient, in whatever class it stands."""
    described = {"sample_id": relative.as_posix()}
    folders = [folder for folder in relative.parts[:-1] if folder.casefold() not in _NO_CLASS]
    if folders and (split := split_name(folders[0])):
        described["split"] = split
        folders = folders[1:]
    if folders:
        described["label"] = folders[0]
    if len(folders) > 1:
        described["patient_id"] = folders[1]
    return described
