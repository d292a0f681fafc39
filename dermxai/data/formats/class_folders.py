"""A folder a class, with or without a folder a patient inside, with or without a folder a split
around; or loose images without labels."""

from pathlib import Path

import pandas as pd

from dermxai.data.files import IMAGE_FOLDERS, scan
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
    rows = pd.DataFrame(
        {"path": str(image), **_described(image.relative_to(path))} for image in files.images
    )
    masks = [files.mask(image) for image in files.images]
    if any(masks):
        rows["mask_path"] = [str(mask) if mask else None for mask in masks]
    alone = [
        Problem(str(mask.relative_to(path)), "named as a mask, but its image is not there")
        for mask in files.without_image()
    ]
    return Table(rows, path, (*files.problems, *alone))


def _described(relative: Path) -> dict[str, str]:
    """What the folders say: ``[split/]class/[patient/]image``. A patient's folder of one name is
    one patient, in whatever class it stands."""
    described = {"sample_id": relative.as_posix()}
    folders = [folder for folder in relative.parts[:-1] if folder.casefold() not in IMAGE_FOLDERS]
    if folders and (split := split_name(folders[0])):
        described["split"] = split
        folders = folders[1:]
    if folders:
        described["label"] = folders[0]
    if len(folders) > 1:
        described["patient_id"] = folders[1]
    return described
