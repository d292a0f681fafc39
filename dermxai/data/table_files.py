"""Files that hold tables, read to text: delimited, Parquet, JSON, XML and Excel."""

import re
from pathlib import Path

import pandas as pd
from pyarrow.parquet import read_table

from dermxai.core import parquet, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import delimited, json_tables, workbooks, xml_tables
from dermxai.data.table import Problem

SUFFIXES = (
    delimited.SUFFIXES
    | json_tables.SUFFIXES
    | xml_tables.SUFFIXES
    | workbooks.SUFFIXES
    | workbooks.OLD
    | {".parquet"}
)
_UNNAMED = re.compile(r"__index_level_\d+__")


def read_tables(file: Path, headed: bool = True) -> list[tuple[pd.DataFrame, list[Problem]]]:
    """The tables of a file (of a workbook one a sheet) and rows that do not fit.

    Args:
        headed: whether the first line of delimited text names the columns.

    Raises:
        InputError: it cannot be read.
    """
    suffix = file.suffix.lower()
    if suffix in workbooks.OLD:
        raise InputError(f"{file.name} is a spreadsheet that is not read; save it as .xlsx or CSV.")
    if suffix in json_tables.SUFFIXES:
        return [(json_tables.read_json_table(file), [])]
    if suffix in xml_tables.SUFFIXES:
        return [(xml_tables.read_xml_table(file), [])]
    if suffix in workbooks.SUFFIXES:
        return workbooks.read_workbook(file)
    if suffix == ".parquet":
        return [(_parquet(file), [])]
    return [delimited.read_delimited(file, headed)]


def _parquet(file: Path) -> pd.DataFrame:
    place = paths.readable(file)
    try:
        parquet.check(file)
        rows: pd.DataFrame = read_table(place).to_pandas(
            ignore_metadata=True,  # the index as a column
            integer_object_nulls=True,  # a float would lose digits
        )
    except UnusableError as error:
        raise InputError(f"{file.name} {error}.") from error
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(f"{file.name} is not a Parquet file that can be read.") from error
    return rows.drop(columns=[name for name in rows if _UNNAMED.fullmatch(str(name))])
