"""ISIC challenges 2018 (task 3) and 2019: ground truth with a column a class, 1 where it holds."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import delimited, label_columns
from dermxai.data.files import ImageFiles, listed, scan
from dermxai.data.formats import Format
from dermxai.data.table import Options, Problem, Table, recognised, renamed, split_of_file

_IMAGE = "image"
_LOOKED_AT = 200  # rows that tell whether they are truth
_ALWAYS = frozenset({"MEL", "NV", "BCC"})
_CLASSES = _ALWAYS | {"AKIEC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"}


@dataclass(frozen=True, kw_only=True)
class Isic(Format):
    def recognises(self, path: Path) -> bool:
        return bool(_ground_truths(path))

    def read(self, path: Path, options: Options) -> Table:
        truths = _ground_truths(path)
        read_ones = [_read_truth(file) for file in truths]
        rows = pd.concat([rows for rows, _ in read_ones], ignore_index=True)
        if metadata := [_read(file)[0] for file in _metadata(path)]:
            known = pd.concat(metadata, ignore_index=True).groupby(_IMAGE, as_index=False).first()
            new = [column for column in known if column not in rows]
            rows = rows.merge(known[[_IMAGE, *new]], on=_IMAGE, how="left")
        rows = renamed(rows.rename(columns={_IMAGE: "sample_id"}), options.columns)
        files = _images(path)
        rows, unnamed = files.located(rows)
        problems = [problem for _, found in read_ones for problem in found]
        return Table(rows, files.root, (*problems, *files.problems, *unnamed))


ISIC = Isic(
    name="isic",
    expects="ISIC 2018/2019: ground-truth CSV (image, MEL, NV, BCC, …) and the images beside it",
    priority=30,
)


def _read_truth(file: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Image and label (and split, from the file's name); other than one mark is no label."""
    rows, problems = _read(file)
    classes = [column for column in rows if column in _CLASSES]
    marks = rows[classes].apply(pd.to_numeric, errors="coerce") >= 0.5
    one = marks.sum(axis=1) == 1
    problems += [
        Problem(str(image), f"{count} classes are marked in {file.name}; kept without label")
        for image, count in zip(rows[_IMAGE][~one], marks.sum(axis=1)[~one], strict=True)
    ]
    rows = rows.drop(columns=classes).assign(label=marks.idxmax(axis=1).where(one))
    split = split_of_file(file)
    return rows.assign(split=split) if split else rows, problems


def _read(file: Path) -> tuple[pd.DataFrame, list[Problem]]:
    rows, problems = delimited.read_delimited(file)
    return rows.rename(columns=_name), problems


def _columns(file: Path) -> list[str]:
    return [_name(column) for column in delimited.header(file)]


def _name(column: str) -> str:
    """As the challenges write it, however this table does."""
    upper = column.strip().upper()
    return upper if upper in _CLASSES else _IMAGE if upper == _IMAGE.upper() else column


def _ground_truths(path: Path) -> list[Path]:
    return [
        file
        for file in _tables(path)
        if (columns := set(_columns(file))) >= {_IMAGE, *_ALWAYS}
        and len(columns & _CLASSES) >= 7
        and _are_marks(file)
    ]


def _are_marks(file: Path) -> bool:
    """False where the columns hold the probabilities of a network, in the same form."""
    rows = delimited.beginning(file, _LOOKED_AT).rename(columns=_name)
    classes = rows[[column for column in rows if column in _CLASSES]]
    return not label_columns.are_of_a_network(classes)


def _metadata(path: Path) -> list[Path]:
    """Tables of age, sex, site or lesion by image, beside the ground truth."""
    tables = _tables(path.parent if path.is_file() else path)
    columns = {file: _columns(file) for file in tables}
    return [
        file
        for file, names in columns.items()
        if _IMAGE in names and not _ALWAYS.issubset(names) and len(recognised(names)) > 1
    ]


def _tables(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in delimited.SUFFIXES else []
    near = [*listed(path), *listed(path, "*/*")]
    return sorted(file for file in near if file.suffix.lower() in delimited.SUFFIXES)


def _images(path: Path) -> ImageFiles:
    """Images beneath the folder; for a file also in the challenge's folder ``…_Input``."""
    if path.is_dir():
        return scan(path)
    files = scan(path.parent)
    inputs = path.parent.with_name(path.parent.name.replace("GroundTruth", "Input"))
    if not files.images and paths.is_readable(inputs) and inputs.is_dir():
        files = scan(inputs)
    if not files.images:
        raise InputError(
            f"No images beside {path.name}; open the folder that holds both the ground truth "
            "and the images."
        )
    return files
