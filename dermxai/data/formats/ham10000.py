"""HAM10000: its metadata table, image folders beneath it, masks ``<image>_segmentation.png``."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermxai.data import delimited
from dermxai.data.files import listed, scan, tables
from dermxai.data.formats import Format
from dermxai.data.table import Options, Problem, Table, recognised, renamed, split_of_file

_IMAGE = "image_id"
_COLUMNS = frozenset({_IMAGE, "dx"})
_SUFFIXES = delimited.SUFFIXES | {""}


@dataclass(frozen=True, kw_only=True)
class Ham10000(Format):
    def recognises(self, path: Path) -> bool:
        return bool(_tables(path))

    def read(self, path: Path, options: Options) -> Table:
        root = path if path.is_dir() else path.parent
        used = _tables(path)
        read_ones = [_read(file) for file in used]
        rows = pd.concat([rows for rows, _ in read_ones], ignore_index=True)
        rows = renamed(_once(rows), options.columns)
        if "sample_id" not in rows:  # the mapping calls the images' names paths
            rows["sample_id"] = rows["path"]
        files = scan(root)
        rows, unnamed = files.located(rows)
        problems = [problem for _, found in read_ones for problem in found]
        problems += [
            Problem(file.name, "not read beside HAM10000's own table; left out")
            for file in (tables(path) if path.is_dir() else ())
            if file not in used
        ]
        return Table(rows, root, (*problems, *files.problems, *unnamed))


HAM10000 = Ham10000(
    name="ham10000",
    expects="HAM10000: HAM10000_metadata.csv and its images in folders beside or beneath it",
    priority=20,
)


def _read(file: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """A table, with the split that its name tells."""
    rows, problems = delimited.read_delimited(file)
    split = split_of_file(file)
    return rows.assign(split=split) if split else rows, problems


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one image that agree, in two tables say, complete each other and become one; those
    that differ all stay, so that the rows which are left out are listed."""
    told = rows.groupby(_IMAGE)
    agree = (told.transform("nunique") <= 1).all(axis=1)
    return rows.fillna(told.transform("first").where(agree)).drop_duplicates()


def _tables(path: Path) -> list[Path]:
    """Tables with HAM10000's columns and no paths: the path itself, or those in it and, where their
    name says so, one folder below. The test set of ISIC 2018 is described in the same way."""
    candidates = (
        [path] if path.is_file() else sorted([*listed(path), *listed(path, "*/*_metadata*")])
    )
    return [
        file
        for file in candidates
        if file.suffix.lower() in _SUFFIXES
        and file.is_file()
        and set(columns := delimited.header(file)) >= _COLUMNS
        and "path" not in recognised(columns)
    ]
