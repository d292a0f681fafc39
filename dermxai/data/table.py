"""The sample table: what its columns are called, what they may hold, and which rows are fit."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data import split_words
from dermxai.data.split_words import split_name

# Usual names of each column, ours first; compared in lower case with _ for blanks, dots, dashes.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sample_id": ("sample_id", "image_id", "isic_id", "image_name", "img_id", "id", "图像编号"),
    "path": (
        *("path", "image_path", "img_path", "file_path", "filepath", "file_name", "filename"),
        *("file", "image_file", "image", "img", "图像", "图片", "文件名", "路径"),
    ),
    "label": (
        *("label", "class", "class_name", "diagnosis", "diagnostic", "dx", "disease", "category"),
        *("target", "ground_truth", "诊断", "标签", "类别", "疾病"),
    ),
    "patient_id": ("patient_id", "patient", "subject_id", "subject", "患者编号", "患者", "病人"),
    "lesion_id": ("lesion_id", "lesion", "皮损编号"),
    "split": split_words.NAMES,
    "age": ("age", "age_approx", "age_years", "年龄"),
    "sex": ("sex", "gender", "性别"),
    "site": (
        *("site", "localization", "localisation", "location", "body_site", "anatomical_site"),
        *("anatom_site_general", "anatom_site_general_challenge", "region", "部位"),
    ),
    "skin_type": ("skin_type", "fitzpatrick", "fitzpatrick_skin_type", "fitzpatrick_scale"),
    "modality": ("modality", "image_type", "imaging_modality"),
    "mask_path": ("mask_path", "mask", "mask_file", "segmentation"),
    "evidence_path": ("evidence_path", "evidence"),
}
REQUIRED = ("sample_id", "path", "label")
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "<na>", "?"})
_UNKNOWN = _MISSING | {"unknown", "not specified", "不详", "未知"}
_SEXES = {
    **dict.fromkeys(("female", "f", "woman", "女", "女性"), "female"),
    **dict.fromkeys(("w", "weiblich", "weibl.", "weibl", "frau", "femme", "féminin"), "female"),
    **dict.fromkeys(("male", "m", "man", "男", "男性"), "male"),
    **dict.fromkeys(("männlich", "männl.", "männl", "mann", "homme", "masculin"), "male"),
}
_MOST_SPLITS = 30  # a column of more values is about something else
_OLDEST = 120.0
_EXACT = 2.0**53  # the largest whole number up to which a float holds all
_LARGEST = 2.0**63  # beyond every whole number of 64 bits
_AGE = r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>y(?:ea)?rs?|y|months?|m|weeks?|w|days?|d|岁)?"
_UNITS_A_YEAR = {"m": 12.0, "w": 365.25 / 7, "d": 365.25}  # by the unit's first letter


@dataclass(frozen=True)
class Problem:
    """Something of a dataset that cannot be used.

    Attributes:
        item: sample id, file name or line.
        reason: why, in words.
    """

    item: str
    reason: str


@dataclass(frozen=True)
class Options:
    """What a person may say about a dataset that cannot be recognised automatically.

    Attributes:
        columns: our column name → the table's, where it is not a usual one.
    """

    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """What a format reads: rows as they are written, not yet checked.

    Attributes:
        rows: one an image, columns named as in ``COLUMNS``, others kept; ``path`` absolute, or
            missing where no image was found.
        root: the folder that paths are relative to.
        problems: what could not become a row.
    """

    rows: pd.DataFrame
    root: Path
    problems: tuple[Problem, ...] = ()


def split_of_file(file: Path) -> str | None:
    """The split that one of the words of a file's name tells, as in ``…_Test_GroundTruth.csv``."""
    return next((split for word in file.stem.split("_") if (split := split_name(word))), None)


def recognised(columns: Iterable[str]) -> dict[str, str]:
    """Our column names → the table's, for those that bear a usual name."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_normal(column), column)
    return {
        ours: by_name[usual]
        for ours, names in COLUMNS.items()
        if (usual := next((name for name in names if name in by_name), None))
    }


def renamed(rows: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows with columns under our names: as ``columns`` says, then by usual names. The split is
    what a column's values say, whatever the column is called (see ``split_words``).

    Raises:
        InputError: ``columns`` names a column that does not exist, on either side.
    """
    for ours, theirs in columns.items():
        if ours not in COLUMNS:
            raise InputError(
                f"Unknown column {ours!r} in the mapping; it may name {', '.join(COLUMNS)}."
            )
        if theirs not in rows.columns:
            raise InputError(
                f"The table has no column {theirs!r} for {ours}; "
                f"it has {', '.join(map(str, rows.columns))}."
            )
    rest = [column for column in rows.columns if column not in columns.values()]
    usual = recognised(rest)
    usual.pop("split", None)
    found = {ours: theirs for ours, theirs in usual.items() if ours not in columns}
    new_names = {theirs: ours for ours, theirs in (found | dict(columns)).items()}
    taken = set(new_names.values())
    kept = {name: f"{name} (table)" for name in rest if name in taken and name not in new_names}
    named = rows.rename(columns=new_names | kept)
    for ours, theirs in columns.items():
        if ours not in named:  # one column of the table under two of our names
            named[ours] = rows[theirs]
    return named if "split" in columns else _with_split(named)


def _with_split(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose ``split`` is what their columns say; without one where none says it."""
    found: dict[str, pd.Series[str]] = {}
    flags: dict[str, pd.Series[str]] = {}
    others = [str(column) for column in rows if column == "split" or column not in COLUMNS]
    for column in sorted(others, key=_trust):
        texts = as_text(rows[column])
        texts = texts.where(~texts.str.casefold().isin(_UNKNOWN))
        if (flag := split_words.read_flag(column, texts)) is not None:
            flags[column] = flag
        elif (told := _split_in(column, texts)) is not None:
            found[column] = told
    if (marked := split_words.flagged(flags.values())) is not None:
        found[next(iter(flags))] = marked
    if not found:
        return rows.rename(columns={"split": "split (table)"})
    first = next(iter(found))
    split = reduce(split_words.joined, found.values())
    rest = rows.drop(columns=first) if _normal(first) in split_words.NAMES else rows
    return rest.rename(columns={"split": "split (table)"}).assign(split=split)


def _split_in(column: str, texts: "pd.Series[str]") -> "pd.Series[str] | None":
    """A column's values as splits; None where it tells none."""
    named = _normal(column) in split_words.NAMES
    if not named and texts.nunique() > _MOST_SPLITS:
        return None
    told = split_words.read(texts)
    if told is None or named:
        return told
    kinds = set(told.dropna())
    splits = {split_words.TRAIN, split_words.VALIDATION, split_words.TEST}
    if kinds <= splits and len(kinds) > 1:
        return told
    # values beside them that are no split: where a training and a test are told, one in plain words
    plain = any(split_name(value) for value in texts.dropna().unique())
    return told if plain and {split_words.TRAIN, split_words.TEST} <= kinds else None


def _trust(column: str) -> tuple[int, str]:
    names = split_words.NAMES
    normal = _normal(column)
    return (names.index(normal) if normal in names else len(names), column)


def validated(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows with their columns typed and ordered, without those that lack an id or repeat one.

    Text columns hold text or missing; ``age`` is float in years, NaN where it is no age; ``sex``
    is female, male or missing. A column of another name becomes numeric where nothing is lost.
    """
    rows = rows.reset_index(drop=True)
    rows.columns = [str(column) for column in rows.columns]
    typed = {name: _typed(name, rows[name]) for name in COLUMNS if name in rows}
    for name in REQUIRED:
        typed.setdefault(name, pd.Series(np.nan, index=rows.index, dtype="str"))
    ordered = {name: typed[name] for name in COLUMNS if name in typed}
    others = {name: _plain(rows[name]) for name in rows if name not in ordered}
    table = pd.DataFrame(ordered | others)

    nameless = table["sample_id"].isna()
    repeated = table["sample_id"].duplicated() & ~nameless
    written = table["path"].fillna("")
    problems = [
        Problem(f"row {row + 1}", f"has no sample id {written[row]}".rstrip())
        for row in np.flatnonzero(nameless)
    ]
    problems += [
        Problem(
            table["sample_id"][row],
            f"an earlier row has this id and is kept, not row {row + 1} {written[row]}".rstrip(),
        )
        for row in np.flatnonzero(repeated)
    ]
    for name, wanted in (("age", "no age in years"), ("sex", "neither female nor male")):
        if name in table:
            problems += _unread(name, rows[name], table[name], wanted)
    return table[~nameless & ~repeated].reset_index(drop=True), problems


def _normal(name: str) -> str:
    words = "".join(" " if char in "_-." else char for char in name.strip().casefold()).split()
    return "_".join(words)


def _typed(name: str, values: pd.Series) -> pd.Series:
    if name == "age":
        return _years(values)
    texts = as_text(values)
    if name in {"sample_id", "path"}:
        return texts.where(texts != "")
    if name in {"patient_id", "lesion_id"}:
        texts = _whole(texts)
    lower = texts.str.casefold()
    if name == "sex":
        return lower.map(_SEXES).astype("str")
    if name == "split":
        told = split_words.read(texts.where(~lower.isin(_UNKNOWN)), asked=True)
        return texts if told is None else told
    if name == "modality":
        texts = texts.mask(lower.str.startswith(("dermosc", "dermatosc"), na=False), "dermoscopic")
        texts = texts.mask(lower.str.startswith("clinic", na=False), "clinical")
    return texts.where(~lower.isin(_MISSING if name == "label" else _UNKNOWN))


def _unread(name: str, given: pd.Series, read: pd.Series, wanted: str) -> list[Problem]:
    """How many values of a column are stated and were not understood, with the first."""
    stated = as_text(given)
    strange = stated[read.isna() & ~stated.str.casefold().isin({*_UNKNOWN, np.nan})]
    if strange.empty:
        return []
    number = "1 value is" if len(strange) == 1 else f"{len(strange):,} values are"
    return [Problem(name, f"{number} {wanted}, such as {strange.iloc[0]!r}; taken as unknown")]


def _years(values: pd.Series) -> pd.Series:
    """Ages such as 45, 45.5, "45,5", "45 years" and DICOM's "045Y" and "006M"."""
    parts = as_text(values).str.casefold().str.extract(f"^{_AGE}$")
    numbers = pd.to_numeric(parts["number"].str.replace(",", "."))
    ages = numbers / parts["unit"].str[0].map(_UNITS_A_YEAR).fillna(1.0)
    return ages.astype("float64").where(ages.between(0, _OLDEST))


def folded(name: str) -> str:
    """The same for names that differ in case, or in how accented letters are put together: as one
    character, or as on a Macintosh's disk as a letter and its accent."""
    return unicodedata.normalize("NFC", name).casefold()


def as_text(values: pd.Series) -> pd.Series:
    """Text without outer blanks; whole numbers that a file stored as floats without ``.0``."""
    if pd.api.types.is_float_dtype(values):
        stated = values.dropna()
        if (stated % 1 == 0).all() and (stated.abs() < _LARGEST).all():
            values = values.astype("Int64")
    return values.astype("string").str.strip().astype("str")


def _whole(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Numbers without the ".0" that a table with an empty cell gives each of them, so that an id is
    the same in tables with and without one."""
    stated = texts[~texts.str.casefold().isin(_UNKNOWN)].dropna()
    if stated.empty or not stated.str.fullmatch(r"\d+\.0").all():
        return texts
    return texts.str.removesuffix(".0")


def _plain(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values
    texts = as_text(values.map(str, na_action="ignore") if values.dtype == object else values)
    texts = texts.where(~texts.str.casefold().isin(_MISSING))
    present = texts.dropna()
    numbers: pd.Series[Any] = pd.to_numeric(texts, errors="coerce")
    leading_zero = present.str.match(r"[+-]?0\d").any()
    if present.empty or leading_zero or numbers[present.index].isna().any():
        return texts
    if pd.api.types.is_float_dtype(numbers):  # as they are where a cell is empty
        large = present[numbers[present.index].abs() > _EXACT]
        if large.str.fullmatch(r"[+-]?\d+").any():
            return texts
    return numbers
