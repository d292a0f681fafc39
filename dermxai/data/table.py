"""The sample table: what its columns are called, what they may hold, and which rows are fit."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data import split_words
from dermxai.data.split_words import split_name

# Usual names of each column, ours first; compared in lower case with _ for blanks, dots, dashes.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sample_id": (
        *("sample_id", "image_id", "isic_id", "image_name", "img_id", "md5hash", "id"),
        *("bild_id", "bildnummer", "id_image", "id_imagen", "图像编号", "图片编号", "编号"),
    ),
    "path": (
        *("path", "image_path", "img_path", "file_path", "filepath", "file_name", "filename"),
        *("file", "image_file", "image", "img", "图像", "图片", "文件名", "路径"),
        *(
            "ddi_file",
            "bcn_filename",
            "dateiname",
            "datei",
            "bilddatei",
            "bildname",
            "bild",
            "pfad",
        ),
        *("fichier", "nom_fichier", "nom_du_fichier", "chemin", "archivo", "nombre_archivo"),
        *("imagen", "ruta", "immagine", "arquivo", "imagem", "图片名", "图片名称", "图像名称"),
    ),
    "label": (
        *("label", "class", "class_name", "diagnosis", "diagnostic", "dx", "disease", "category"),
        *("target", "ground_truth", "诊断", "标签", "类别", "疾病"),
        *("diagnose", "hauptdiagnose", "befund", "krankheit", "klasse", "diagnostique", "maladie"),
        *("classe", "pathologie", "diagnostico", "diagnóstico", "enfermedad", "clase", "diagnosi"),
        *("malattia", "doença", "class_label", "label_name", "disease_name", "skin_condition"),
        *(
            "ground_truth_label",
            "true_label",
            "y_true",
            "gt_label",
            "labels",
            "conditions_passion",
            "patologia",
            "patología",
            "doenca",
        ),
        *("dermatologist_skin_condition_on_label_name", "诊断结果", "疾病名称", "病名"),
    ),
    "patient_id": (
        *("patient_id", "patient", "subject_id", "subject", "患者编号", "患者", "病人"),
        *(
            "pat_nr",
            "pat_id",
            "patienten_id",
            "patientennummer",
            "patienten_nr",
            "id_patient",
            "id_paciente",
        ),
        *("numero_patient", "paciente", "paziente", "id_paziente", "病人编号", "患者id", "病历号"),
    ),
    "lesion_id": (
        *("lesion_id", "lesion", "case_id", "case_num", "case", "皮损编号", "läsion"),
        *("läsions_id", "id_lésion", "id_lesion", "lésion", "病灶编号"),
    ),
    "split": split_words.NAMES,
    "age": (
        *("age", "age_approx", "age_years", "age_approximate", "alter", "âge", "edad", "年龄"),
        *("idade", "età", "patientenalter", "patient_age", "age_at_diagnosis"),
    ),
    "sex": (
        "sex",
        "gender",
        "sex_at_birth",
        "geschlecht",
        "geschl",
        "sexe",
        "sexo",
        "sesso",
        "género",
        "gênero",
        "性别",
    ),
    "site": (
        *("site", "localization", "localisation", "location", "body_site", "anatomical_site"),
        *("anatom_site_general", "anatom_site_general_challenge", "region", "部位"),
        *("körperstelle", "lokalisation", "localisation_anatomique", "localización", "localização"),
        *("localizzazione", "sede", "body_loc", "body_location"),
    ),
    "skin_type": (
        *("skin_type", "fitzpatrick", "fitzpatrick_skin_type", "fitzpatrick_scale", "fitspatrick"),
        *("skin_tone", "skin_tone_class", "hauttyp", "phototype"),
    ),
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
    **dict.fromkeys(("mujer", "femenino", "femenina", "hembra", "mulher", "feminino"), "female"),
    **dict.fromkeys(("feminina", "donna", "femmina", "femminile", "fem."), "female"),
    **dict.fromkeys(("hombre", "masculino", "varón", "varon", "homem", "uomo"), "male"),
    **dict.fromkeys(("maschio", "maschile", "masc."), "male"),
}
_BY_LETTERS: Mapping[frozenset[str], Mapping[str, str]] = {
    frozenset("hm"): {"h": "male", "m": "female"},  # hombre, mujer
    frozenset("hf"): {"h": "male", "f": "female"},  # homme, femme
}
"""Sexes of columns that hold these letters and no others."""
_MOST_SPLITS = 30  # a column of more values is about something else
_OLDEST = 120.0
_EXACT = 2.0**53  # the largest whole number up to which a float holds all
_LARGEST = 2.0**63  # beyond every whole number of 64 bits
_AGE = (
    r"(?P<number>\d+(?:[.,]\d+)?)[\s-]*(?P<unit>[^\W\d_]+(?:[./]o)?)?\.?(?:[\s-]*(?:old|alt)\.?)?"
)
_DAYS, _WEEKS, _MONTHS, _YEARS = 365.25, 365.25 / 7, 12.0, 1.0
_UNITS_A_YEAR: Mapping[str, float] = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years", "yo", "y.o", "y/o", "lat", "år"), _YEARS),
    **dict.fromkeys(("j", "jahr", "jahre", "jahren", "jaar", "a", "an", "ans"), _YEARS),
    **dict.fromkeys(
        ("año", "años", "ano", "anos", "anni", "anno", "岁", "歳", "歲", "周岁"), _YEARS
    ),
    **dict.fromkeys(("m", "mo", "mos", "mon", "month", "months", "monat", "monate"), _MONTHS),
    **dict.fromkeys(("monaten", "mois", "mes", "meses", "mese", "mesi", "月", "个月"), _MONTHS),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks", "woche", "wochen", "wo"), _WEEKS),
    **dict.fromkeys(("sem", "semaine", "semaines", "semana", "semanas"), _WEEKS),
    **dict.fromkeys(("settimana", "settimane", "周"), _WEEKS),
    **dict.fromkeys(("d", "day", "days", "tag", "tage", "tagen", "jour", "jours"), _DAYS),
    **dict.fromkeys(("día", "días", "dia", "dias", "giorno", "giorni", "天", "日"), _DAYS),
}
_FRENCH = frozenset(("an", "ans", "mois", "semaine", "semaines", "jour", "jours"))
"""Units beside which "j" are days; else they are years, as in German."""


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
        levels: level of folders, from "1", the outermost → one of `LEVEL_ROLES`.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)


LEVEL_ROLES = ("class", "patient", "split", "nothing")
"""What the folders of one level may be."""


@dataclass(frozen=True)
class Level:
    """How folders of one level around the images were read.

    Attributes:
        level: 1 is the outermost, beneath the dataset's own folder.
        role: one of `LEVEL_ROLES`.
        folders: how many of the level have this role.
        examples: names of some of them.
        guessed: whether no name told it, nor a person.
    """

    level: int
    role: str
    folders: int
    examples: tuple[str, ...]
    guessed: bool


@dataclass(frozen=True)
class Reading:
    """How a dataset was understood where that was not plain.

    Attributes:
        levels: of the folders, the outermost first; a level whose folders differ stands several
            times.
        columns: our column name → where it was read, such as "DDI_file" of a table.
        notes: sentences on what was guessed.
    """

    levels: tuple[Level, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a format reads: rows as they are written, not yet checked.

    Attributes:
        rows: one an image, columns named as in ``COLUMNS``, others kept; ``path`` absolute, or
            missing where no image was found.
        root: the folder that paths are relative to.
        problems: what could not become a row.
        reading: how it was understood.
    """

    rows: pd.DataFrame
    root: Path
    problems: tuple[Problem, ...] = ()
    reading: Reading = Reading()


def split_of_file(file: Path) -> str | None:
    """The split that one of the words of a file's name tells, as in ``…_Test_GroundTruth.csv``."""
    return next((split for word in file.stem.split("_") if (split := split_name(word))), None)


def recognised(columns: Iterable[str]) -> dict[str, str]:
    """Our column names → the table's, for those that bear a usual name."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(normal(column), column)
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
    rest = rows.drop(columns=first) if normal(first) in split_words.NAMES else rows
    return rest.rename(columns={"split": "split (table)"}).assign(split=split)


def _split_in(column: str, texts: "pd.Series[str]") -> "pd.Series[str] | None":
    """A column's values as splits; None where it tells none."""
    named = normal(column) in split_words.NAMES
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
    name = normal(column)
    return (names.index(name) if name in names else len(names), column)


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


def is_sex(name: str) -> bool:
    """Whether a text says female or male."""
    return name.strip().casefold() in _SEXES


def normal(name: str) -> str:
    """A column's name as the usual ones are written: in lower case, with ``_`` for blanks, dots and
    dashes."""
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
        held = frozenset(lower[~lower.isin(_UNKNOWN)].dropna())
        return lower.map(_BY_LETTERS.get(held, _SEXES)).astype("str")
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
    """Ages such as 45, 45.5, "45,5", "45 years", "54 J." and DICOM's "045Y" and "006M"; NaN where
    the unit is not known."""
    given = as_text(values)
    distinct = pd.Series(given.dropna().unique(), dtype="str")
    written = distinct.str.normalize("NFKC")
    texts = written.str.casefold()
    parts = texts.str.extract(f"^{_AGE}$")
    numbers = pd.to_numeric(parts["number"].str.replace(",", "."))
    units = parts["unit"].fillna("y")
    a_year = units.map(_UNITS_A_YEAR)
    if units.isin(_FRENCH).any():
        a_year = a_year.mask((units == "j") & ~written.str.contains("J", na=False), _DAYS)
    ages = (numbers / a_year).astype("float64")
    ages = ages.where(ages.between(0, _OLDEST))
    by_text = pd.Series(ages.to_numpy(), index=distinct.to_numpy(), dtype="float64")
    return given.map(by_text).astype("float64")


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
    numbers: pd.Series = pd.to_numeric(texts, errors="coerce")
    leading_zero = present.str.match(r"[+-]?0\d").any()
    if present.empty or leading_zero or numbers[present.index].isna().any():
        return texts
    if pd.api.types.is_float_dtype(numbers):  # as they are where a cell is empty
        large = present[numbers[present.index].abs() > _EXACT]
        if large.str.fullmatch(r"[+-]?\d+").any():
            return texts
    return numbers
