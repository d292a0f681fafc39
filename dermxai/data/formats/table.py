"""A table with one row an image: CSV, TSV or Parquet."""

import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd
from pyarrow import ArrowException
from pyarrow.parquet import read_schema, read_table

from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import delimited
from dermxai.data.files import TABLES, ImageFiles, scan, tables
from dermxai.data.formats import Format
from dermxai.data.formats.ham10000 import HAM10000
from dermxai.data.formats.isic import ISIC
from dermxai.data.split_words import split_name
from dermxai.data.table import (
    Options,
    Problem,
    Table,
    as_text,
    folded,
    recognised,
    renamed,
)

_OWN = ("samples.csv", "samples.parquet")
_UNNAMED = re.compile(r"__index_level_\d+__")
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
_FILES = ("path", "mask_path", "evidence_path")


@dataclass(frozen=True, kw_only=True)
class TableFile(Format):
    def recognises(self, path: Path) -> bool:
        special = any(each.recognises(path) for each in (HAM10000, ISIC))
        return not special and bool(_tables(path))

    def read(self, path: Path, options: Options) -> Table:
        files = _tables(path)
        splits = [split_name(file.stem) for file in files]
        if len(files) > 1 and not all(splits):
            names = ", ".join(file.name for file in files)
            raise InputError(f"{path} holds several tables of images ({names}); open one of them.")
        parts, problems = [], []
        for file, split in zip(files, splits, strict=True):
            part, found = _read(file)
            part = renamed(part, options.columns)
            if len(files) > 1 and "split" not in part:
                part["split"] = split
            parts.append(part)
            problems += found
        rows = pd.concat(parts, ignore_index=True)
        if "path" not in rows and "sample_id" not in rows:
            raise InputError(
                f"{files[0].name} names no images: it has the columns {', '.join(rows.columns)}; "
                "expected path or image_id, or a mapping such as path = its column."
            )
        for name in ("sample_id", *_FILES):
            if name in rows:
                rows[name] = _names(rows[name], files[0])
        folder = _Folder(files[0].parent)
        if "sample_id" not in rows:
            rows.insert(0, "sample_id", _ids(rows["path"]))
        if "path" not in rows:
            rows["path"] = rows["sample_id"]
        for name in _FILES:
            if name in rows:
                named = zip(rows[name], rows[name].notna(), strict=True)
                rows[name] = [
                    folder.locate(str(value)) if given else None for value, given in named
                ]
        masks, unnamed = _beside(rows["path"], files[0].parent)
        if any(masks) and "mask_path" not in rows:
            rows["mask_path"] = masks
        return Table(rows, files[0].parent, (*problems, *unnamed))


TABLE = TableFile(
    name="table",
    expects="table: a CSV, TSV or Parquet file with a column path (or image_id) and one row an "
    "image",
    priority=40,
)


class _Folder:
    """Finds the files that a table names, relative to its folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._allowed = paths.roots() if paths.is_confined() else None
        self._listed: dict[str, dict[str, list[str]]] = {}

    @cached_property
    def _files(self) -> ImageFiles:
        return scan(self._root)

    def locate(self, name: str) -> str | None:
        """The file's path, where it should be if it is missing; a name may be in another case than
        on disk, or its accents put together otherwise, and a bare name or id is looked for in all
        folders beneath the table."""
        name = name.strip()
        forms = () if name.isascii() else _FORMS
        for spelt in (name, *(unicodedata.normalize(form, name) for form in forms)):
            path = os.path.normpath(os.path.join(self._root, spelt))  # noqa: PTH118
            if self._allowed and not paths.is_within(path, self._allowed):
                return path  # whether it is there is not said
            if os.path.isfile(path):  # noqa: PTH113
                return path
        direct = os.path.normpath(os.path.join(self._root, name))  # noqa: PTH118
        if "/" not in name and "\\" in name:
            return self.locate(name.replace("\\", "/"))
        if other := self._in_other_case(direct):
            return other
        if "/" in name:
            return direct
        found = self._files.find(name)
        return str(found) if found else direct if Path(name).suffix else None

    def _in_other_case(self, path: str) -> str | None:
        """The only file in the path's folder, at or beneath the table's, whose name differs in case
        alone."""
        folder, name = os.path.split(path)
        if not Path(folder).is_relative_to(self._root):
            return None
        if folder not in self._listed:
            self._listed[folder] = _by_lower_case(folder)
        alike = self._listed[folder].get(folded(name), [])
        return os.path.join(folder, alike[0]) if len(alike) == 1 else None  # noqa: PTH118


def _by_lower_case(folder: str) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    with suppress(OSError, InputError):
        for entry in os.scandir(paths.readable(folder)):
            if paths.is_readable(entry.path) and entry.is_file():
                names.setdefault(folded(entry.name), []).append(entry.name)
    return names


def _beside(images: "pd.Series[str]", root: Path) -> tuple[list[str | None], list[Problem]]:
    """What lies with the images of a table or in a folder beside theirs, beneath ``root``: the mask
    of each, and images that no row names."""
    given = [Path(image) if isinstance(image, str) else None for image in images]
    within = [image if image and image.is_relative_to(root) else None for image in given]
    folders = {image.parent for image in within if image}
    closed = {folder for folder in folders if not paths.is_readable(folder)}
    within = [None if image and image.parent in closed else image for image in within]
    folders -= closed
    if not folders:
        return [None] * len(images), []
    common = Path(os.path.commonpath(folders))
    files = scan(common if common == root else common.parent)
    masks = [files.mask(image) if image else None for image in within]
    return [str(mask) if mask else None for mask in masks], files.unnamed(within)


def _names(values: pd.Series, file: Path) -> pd.Series:
    """
    Raises:
        InputError: the cells hold bytes, lists or images instead of names.
    """
    strange = next(
        (v for v in values if isinstance(v, bytes) or not pd.api.types.is_scalar(v)), None
    )
    if strange is not None:
        raise InputError(
            f"{file.name}: the column {values.name} holds values of type {type(strange).__name__}; "
            "expected names or paths of image files, as text."
        )
    return as_text(values)


def _ids(paths: pd.Series) -> pd.Series:
    """File names without suffix where they tell the files apart, else the paths as written."""
    stems = paths.map(lambda path: Path(path.replace("\\", "/")).stem, na_action="ignore")
    return stems if stems.nunique() == paths.nunique() else paths


def _read(file: Path) -> tuple[pd.DataFrame, list[Problem]]:
    if file.suffix.lower() != ".parquet":
        return delimited.read_delimited(file)
    place = paths.readable(file)
    try:
        entries.check_file(file)
        rows: pd.DataFrame = read_table(place).to_pandas(
            ignore_metadata=True,  # the index as a column
            integer_object_nulls=True,  # a float would lose digits
        )
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(f"{file.name} is not a Parquet file that can be read.") from error
    return rows.drop(columns=[name for name in rows if _UNNAMED.fullmatch(str(name))]), []


def _tables(path: Path) -> list[Path]:
    """The path itself, or in a folder ``samples.csv`` or ``samples.parquet``, or else the tables
    that name images."""
    if path.is_file():
        return [path] if path.suffix.lower() in TABLES else []
    for name in _OWN:
        if (path / name).is_file():
            return [path / name]
    return [file for file in tables(path) if _names_images(file)]


def _names_images(file: Path) -> bool:
    """Whether a row of the table is an image: it has a column of paths, or else of ids, and among
    its cells is the name of an image beneath its folder, if there are images."""
    columns = recognised(_header(file))
    if "path" in columns or "sample_id" not in columns:
        return "path" in columns
    files = scan(file.parent)
    rows, _ = _read(file)
    return not files.images or any(files.has_any(as_text(rows[name]).dropna()) for name in rows)


def _header(file: Path) -> list[str]:
    if file.suffix.lower() != ".parquet":
        return delimited.header(file)
    try:
        entries.check_file(file)
        return list(read_schema(entries.readable(file)).names)
    except (OSError, UnusableError, ArrowException):
        return []
