"""The files that a table's rows mean, and what lies with them: masks, folders, images of no row."""

import os
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import folders
from dermxai.data.files import ImageFiles, differ, scan
from dermxai.data.image_names import folders_of
from dermxai.data.table import Problem, as_text, folded
from dermxai.data.tables.survey import Survey

_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
_FILES = ("path", "mask_path", "evidence_path")


def located(rows: pd.DataFrame, found: Survey) -> tuple[pd.DataFrame, list[Problem], list[Path]]:
    """Rows with the absolute path of each image; those that may mean several images, which are left
    out; and these images."""
    for name in ("sample_id", *_FILES):
        if name in rows:
            rows[name] = _names(rows[name], found.images[0].file)
    if "sample_id" not in rows:
        rows.insert(0, "sample_id", _ids(rows["path"]))
    if "path" not in rows:
        rows["path"] = rows["sample_id"]
    bases = dict.fromkeys(sheet.file.parent for sheet in found.images)
    cells = rows["path"].astype("str").str.strip()
    unclear: Mapping[str, list[Path]] = {}
    for name in _FILES:
        if name in rows:
            named = [value for value in rows[name] if isinstance(value, str)]
            folder = _Folder(found, tuple(bases), named)
            given = zip(rows[name], rows[name].notna(), strict=True)
            rows[name] = [folder.locate(str(value)) if there else None for value, there in given]
            if name == "path":
                unclear = folder.unclear
    lost = cells.isin(list(unclear))
    problems = [
        differ(str(sample_id), unclear[cell], found.root)
        for sample_id, cell in zip(rows["sample_id"][lost], cells[lost], strict=True)
    ]
    images = [path for several in unclear.values() for path in several]
    return rows[~lost].reset_index(drop=True), problems, images


class _Folder:
    """Finds the files that a table names, relative to its folder."""

    def __init__(self, found: Survey, bases: tuple[Path, ...], named: Sequence[str]) -> None:
        self._root = bases[0]
        self._bases = tuple(dict.fromkeys((*bases, found.root)))
        self._found = found
        self._named = named
        self._allowed = paths.roots() if paths.is_confined() else None
        self._listed: dict[str, dict[str, list[str]]] = {}
        self.unclear: dict[str, list[Path]] = {}
        """Names that may mean several images, which differ."""

    @cached_property
    def _beside(self) -> frozenset[str]:
        return folders_of(self._named)

    @cached_property
    def _files(self) -> ImageFiles:
        return self._found.files if self._found.files.images else scan(self._found.root)

    def locate(self, name: str) -> str | None:
        """The file's path, where it should be if it is missing; a name may be in another case than
        on disk, or its accents put together otherwise, a bare name or id is looked for in all
        folders beneath the table, and so is the end of a path that leads nowhere."""
        name = name.strip()
        if there := self._as_written(name):
            return there
        direct = os.path.normpath(os.path.join(self._root, name))  # noqa: PTH118
        if "/" not in name and "\\" in name:
            return self.locate(name.replace("\\", "/"))
        if other := self._in_other_case(direct):
            return other
        if "/" in name:
            return self._by_end(name) or direct
        found = self._files.find(name) or self._files.find(Path(name).stem)
        if several := self._files.differing(name) or self._files.differing(Path(name).stem):
            self.unclear[name] = several
            return None
        found = found or self._found.names.only(name)
        return str(found) if found else direct if Path(name).suffix else None

    def _as_written(self, name: str) -> str | None:
        """The file at the path, counted from any of the folders; where it may not be read one in
        them that ends alike, else the path: whether it is there is not said."""
        forms = () if name.isascii() else _FORMS
        for base in self._bases:
            for spelt in (name, *(unicodedata.normalize(form, name) for form in forms)):
                path = os.path.normpath(os.path.join(base, spelt))  # noqa: PTH118
                if self._allowed and not paths.is_within(path, self._allowed):
                    return self._by_end(name) or path
                if os.path.isfile(path):  # noqa: PTH113
                    return path
        return None

    def _by_end(self, name: str) -> str | None:
        found = self._found.names.by_end(name, self._beside)
        return str(found) if found else None

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


def labelled_by_folders(rows: pd.DataFrame, root: Path) -> tuple[pd.DataFrame, str]:
    """With the diagnoses that the images' folders bear, where the table has no column of labels or
    one that numbers them; and a sentence on the latter."""
    if "path" not in rows:
        return rows, ""
    given = as_text(rows["label"]) if "label" in rows else None
    if given is not None and not _are_numbers(given):
        return rows, ""
    place = [Path(path) if isinstance(path, str) else None for path in rows["path"]]
    around = [
        each.relative_to(root).parts[:-1] if each and each.is_relative_to(root) else ()
        for each in place
    ]
    found = folders.interpret(around, {})
    classes = [level for level in found.levels if level.role == "class"]
    if not classes or any(level.guessed for level in classes):
        return rows, ""
    told = [found.described[each].get("label") for each in around]
    labels = pd.Series(told, index=rows.index, dtype="str")
    if given is None:
        return rows.assign(label=labels), ""
    pairs = set(zip(given, labels, strict=True))
    numbers, names = ({pair[side] for pair in pairs} for side in (0, 1))
    if labels.isna().any() or not len(pairs) == len(numbers) == len(names) > 1:
        return rows, ""
    return rows.assign(label=labels), "The table numbers the classes as the folders name them."


def _are_numbers(labels: "pd.Series[str]") -> bool:
    return bool(labels.notna().all() and labels.str.fullmatch(r"\d{1,4}").all())


def beside(
    images: "pd.Series[str]", root: Path, unclear: Sequence[Path], used: Collection[Path]
) -> tuple[list[str | None], list[Problem]]:
    """What lies with the images of a table or in a folder beside theirs, beneath ``root``: the mask
    of each, and images that no row names.

    Args:
        unclear: images that a row may mean.
        used: files of other kinds that were read.
    """
    given = [Path(image) if isinstance(image, str) else None for image in images]
    within = [image if image and image.is_relative_to(root) else None for image in given]
    around = {image.parent for image in within if image}
    closed = {folder for folder in around if not paths.is_readable(folder)}
    within = [None if image and image.parent in closed else image for image in within]
    around -= closed
    if not around:
        return [None] * len(images), list(scan(root).without(used).left_out)
    common = Path(os.path.commonpath(around))
    files = scan(common if common == root else common.parent)
    masks = [files.mask(image) if image else None for image in within]
    rest = files.without(used)
    told = [*rest.left_out, *rest.others, *files.unnamed([*within, *unclear])]
    return [str(mask) if mask else None for mask in masks], told


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


def _ids(named: pd.Series) -> pd.Series:
    """File names without suffix where they tell the files apart, else the paths as written."""
    stems = named.map(lambda path: Path(path.replace("\\", "/")).stem, na_action="ignore")
    return stems if stems.nunique() == named.nunique() else named
