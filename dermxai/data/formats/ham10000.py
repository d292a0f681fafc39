"""HAM10000: its metadata table, image folders beneath it, masks ``<image>_segmentation.png``."""

from pathlib import Path

from dermxai.data import delimited
from dermxai.data.files import scan
from dermxai.data.table import Options, Table, recognised, renamed

EXPECTS = "HAM10000: HAM10000_metadata.csv and its images in folders beside or beneath it"
PRIORITY = 20
_COLUMNS = frozenset({"image_id", "dx"})
_SUFFIXES = delimited.SUFFIXES | {""}


def recognises(path: Path) -> bool:
    return _metadata(path) is not None


def read(path: Path, options: Options) -> Table:
    metadata = _metadata(path)
    assert metadata is not None
    root = path if path.is_dir() else path.parent
    rows, problems = delimited.read_delimited(metadata)
    rows = renamed(rows, options.columns)
    if "sample_id" not in rows:  # the mapping calls the images' names paths
        rows["sample_id"] = rows["path"]
    files = scan(root)
    images = [files.find(str(image)) for image in rows["sample_id"]]
    masks = [files.mask(image) if image else None for image in images]
    rows["path"] = [str(image) if image else None for image in images]
    if any(masks):
        rows["mask_path"] = [str(mask) if mask else None for mask in masks]
    return Table(rows, root, (*problems, *files.problems))


def _metadata(path: Path) -> Path | None:
    """The first table with HAM10000's columns and no paths: the path itself, or in it or one
    folder below."""
    candidates = (
        [path] if path.is_file() else sorted([*path.glob("*"), *path.glob("*/*_metadata*")])
    )
    return next(
        (
            file
            for file in candidates
            if file.suffix.lower() in _SUFFIXES
            and file.is_file()
            and set(columns := delimited.header(file)) >= _COLUMNS
            and "path" not in recognised(columns)
        ),
        None,
    )
