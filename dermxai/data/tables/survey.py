"""The tables of a folder or file: which of them name its images, and in which columns."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.formatting import count, shortened
from dermxai.data import delimited, json_tables, label_columns, xml_tables
from dermxai.data.files import ImageFiles, is_text, scan
from dermxai.data.image_names import ImageNames, parts_of
from dermxai.data.table import COLUMNS, Options, Problem, as_text, folded, normal, recognised
from dermxai.data.table_files import SUFFIXES, read_tables
from dermxai.data.tables.codebooks import Codebook, codebooks_in, decoded

NAMES = ("path", "sample_id")
"""Our columns that name images."""
USUAL = frozenset(name for names in COLUMNS.values() for name in names)
SURE = delimited.SUFFIXES | {".parquet"}
"""Suffixes of files that are tables whatever they hold."""
MOST_SHOWN = 300  # characters of a table's columns
_OWN = ("samples.csv", "samples.parquet")
_DEEPEST = 2  # folders beneath the opened one in which tables are looked for
_MOST_TABLES = 100
_FEW = 100  # cells that tell whether a column names images
_LIKELY = 0.5  # of the cells of a column, where its name does not say that it names images
_SUFFIXED = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\s*$")
_OF_MODELS = re.compile(
    r"(?:.*_)?(?:submissions?|predictions?|preds?|predicted|logits|probs|probabilities|softmax)"
    r"(?:_.*)?"
)
"""Tables of predictions, and those of contests that show how they are to be written."""
_APART = re.compile(r"[\s_\-.()]")


@dataclass(frozen=True)
class Sheet:
    """A table as it is written.

    Attributes:
        columns: ``path`` or ``sample_id`` → the column that names images.
        views: further columns that name images, of which a row has several.
        files: those that it was read from, where they are several.
        note: a sentence, where the images of its rows were guessed.
        codes: a sentence, where another table names its codes.
    """

    file: Path
    rows: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    columns: Mapping[str, str] | None = None
    views: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    note: str = ""
    codes: str = ""


@dataclass(frozen=True)
class Survey:
    """
    Attributes:
        images: tables whose rows are images.
        others: tables beside them.
        unread: tables that say nothing of the images, and why.
    """

    root: Path
    names: ImageNames
    files: ImageFiles
    images: tuple[Sheet, ...] = ()
    others: tuple[Sheet, ...] = ()
    unread: tuple[Problem, ...] = ()


def survey_of(path: Path, options: Options, unused: bool = False) -> Survey:
    """The tables of a file, or of the outermost folders in which some name images."""
    root = path if path.is_dir() else path.parent
    unread: list[Problem] = []
    empty = ImageFiles(root, (), ())
    survey = Survey(root, ImageNames(empty), empty)
    for depth, files in _levels(path):
        if not survey.files.images:
            scanned = scan(root)
            survey = replace(survey, files=scanned, names=ImageNames(scanned))
        alone = path.is_file()
        each_of_one, rest = _of_one_image([] if alone else files, survey.names)
        taken = files if alone else rest[:_MOST_TABLES]
        sheets, wrong = _read_all(taken, survey.names, options)
        beside, wrong_beside = _beside_images(each_of_one)
        sheets += beside
        unread += [*wrong, *wrong_beside]
        if alone and wrong:
            reason = wrong[0].reason.removesuffix("; left out")
            raise InputError(f"{wrong[0].item} {reason}.")
        described = [_described(sheet, survey, options, alone) for sheet in sheets]
        if not any(sheet.columns for sheet in described):
            described = [_keyed(sheet, survey) for sheet in described]
        described = _decoded(described)
        images = tuple(sheet for sheet in described if sheet.columns is not None)
        others = tuple(sheet for sheet in described if sheet.columns is None)
        if images and not unused and (depth == 0 or _cover(images, survey)):
            return replace(survey, images=images, others=others, unread=tuple(unread))
        unread += [no_image(sheet, root) for sheet in described if is_told(sheet.file)]
    return replace(survey, unread=tuple(dict.fromkeys(unread)))


def raw_tables(path: Path) -> Iterator[tuple[Path, pd.DataFrame]]:
    """The tables of a file or folder as they are written, without those that cannot be read."""
    for _, files in _levels(path):
        for file in files[:_MOST_TABLES]:
            with suppress(InputError):
                for rows, _ in read_tables(file):
                    yield file, rows


def _levels(path: Path) -> Iterator[tuple[int, list[Path]]]:
    """Files that may be tables: the path itself, or ``samples.csv`` in it, or else those of each
    depth of its folders."""
    if path.is_file():
        if path.suffix.lower() in SUFFIXES:
            yield 0, [path]
        return
    for name in _OWN:
        if (path / name).is_file():
            yield 0, [path / name]
            return
    around = [path]
    for depth in range(_DEEPEST + 1):
        files, inner = _entries(around)
        if files:
            yield depth, files
        around = inner


def _entries(around: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The tables and folders of several folders, sorted."""
    files: list[Path] = []
    inner: list[Path] = []
    for folder in around:
        with suppress(OSError, InputError), os.scandir(paths.readable(folder)) as found:
            for entry in found:
                if entry.name.startswith((".", "__MACOSX")) or not is_text(entry.name):
                    continue
                suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
                place = folder / entry.name
                if suffix in SUFFIXES and entry.is_file() and paths.is_readable(place):
                    files.append(place)
                elif entry.is_dir() and paths.is_readable(place):
                    inner.append(place)
    return sorted(files), sorted(inner)


def is_told(file: Path) -> bool:
    """Whether a file that names no image is spoken of; text may be anything."""
    return file.suffix.lower() != ".txt"


def _of_one_image(files: Sequence[Path], names: ImageNames) -> tuple[list[Path], list[Path]]:
    """Files that bear the name of one image, as annotations beside it do; and all others."""
    suffixes = json_tables.SUFFIXES | xml_tables.SUFFIXES | {".txt"}
    own = [f for f in files if f.suffix.lower() in suffixes and names.candidates(f.stem)]
    return own, [file for file in files if file not in set(own)]


def _beside_images(files: Sequence[Path]) -> tuple[list[Sheet], list[Problem]]:
    """The JSON files among those of one image each as a table, and the XML files."""
    sheets: list[Sheet] = []
    told: list[Problem] = []
    for suffix, read in (
        (".json", json_tables.read_json_files),
        (".xml", xml_tables.read_xml_files),
    ):
        of_one = tuple(file for file in files if file.suffix.lower() == suffix)
        if of_one:
            found, problems = _of_files(of_one, read)
            sheets += found
            told += problems
    return sheets, told


def _of_files(
    read_ones: tuple[Path, ...],
    read: Callable[[Sequence[Path]], tuple[pd.DataFrame, list[Problem]]],
) -> tuple[list[Sheet], list[Problem]]:
    """Files of one image each as a table."""
    kind = read_ones[0].suffix.lower()
    try:
        rows, problems = read(read_ones)
    except InputError as error:
        return [], [Problem(f"{read_ones[0].name} …", f"{str(error).rstrip('.')}; left out")]
    if not label_columns.find(rows, ["file"], "") and len(recognised(rows.columns)) < 2:
        return [], problems
    number = count(len(read_ones), f"{kind[1:].upper()} file")
    note = f"What is said of each image stands in {number} of its name."
    file = read_ones[0].with_name(f"*{kind}")
    return [Sheet(file, rows, tuple(problems), {"path": "file"}, files=read_ones, note=note)], []


def _read_all(
    files: Sequence[Path], names: ImageNames, options: Options
) -> tuple[list[Sheet], list[Problem]]:
    sheets, problems = [], []
    for file in files:
        if _OF_MODELS.fullmatch(normal(file.stem)) and "label" not in options.columns:
            reason = (
                "its name says predictions or a form for them, which are no truth; left out "
                "(dermxai import makes a run of predictions)"
            )
            problems.append(Problem(file.name, reason))
            continue
        text = file.suffix.lower() in delimited.SUFFIXES
        try:
            found = read_tables(file)
            if text and _has_no_header(found[0][0], names):
                found = read_tables(file, headed=False)
            elif text and (listed := _spaced(found[0][0], names)) is not None:
                found = [(listed, found[0][1])]
            sheets += [
                Sheet(file, rows.set_axis([str(name) for name in rows], axis=1), tuple(wrong))
                for rows, wrong in found
            ]
        except InputError as error:
            if is_told(file) or len(files) == 1:
                reason = str(error).removeprefix(f"{file.name} ").rstrip(".")
                problems.append(Problem(file.name, f"{reason}; left out"))
    return sheets, problems


_SPACED = (
    re.compile(r"(?P<name>.*?\.[A-Za-z][A-Za-z0-9]{1,4})\s*(?:[:=]|->|\s)\s*(?P<rest>\S.*)"),
    re.compile(r"(?P<name>\S+?)\s*(?:[:=]|->|\s)\s*(?P<rest>\S.*)"),
    re.compile(r"(?P<name>\S.*)\s+(?P<rest>\S+)"),
)
"""Lines of a list that separates image and label by a blank, a colon or an arrow: the name ends at
its suffix, at the first blank, or at the last."""


def _spaced(rows: pd.DataFrame, names: ImageNames) -> pd.DataFrame | None:
    """A list such as ImageNet's, ``path label`` a line, or a table whose cells blanks separate;
    None of others."""
    if len(rows.columns) != 1:
        return None
    lines = [str(each).strip() for each in (rows.columns[0], *rows.iloc[:, 0].dropna())]
    cells = [line.split() for line in lines]
    width = len(cells[0])
    if width > 2 and all(len(each) == width for each in cells):
        table = pd.DataFrame(cells[1:], columns=delimited.distinct(cells[0]), dtype="str")
        if any(names.matches(table[column]).share >= _LIKELY for column in table):
            return table
    best: tuple[float, pd.DataFrame] | None = None
    for pattern in _SPACED:
        parts = pd.DataFrame([_parts(pattern, line) for line in lines], dtype="str")
        share = names.matches(parts[0]).share
        if parts[1].notna().mean() < _LIKELY:
            continue
        if share >= _LIKELY and (best is None or share > best[0]):
            best = (share, parts)
    if best is None:
        return None
    table = best[1]
    header = cells[0]
    if (
        len(table) > 1
        and len(header) == 2
        and not names.candidates(header[0])
        and recognised(header)
    ):
        return table.iloc[1:].set_axis(delimited.distinct(header), axis="columns")
    return table.set_axis(["column 1", "column 2"], axis="columns")


def _parts(pattern: re.Pattern[str], line: str) -> tuple[str | None, str | None]:
    found = pattern.fullmatch(line)
    return (found["name"].strip(), found["rest"]) if found else (line, None)


def _has_no_header(rows: pd.DataFrame, names: ImageNames) -> bool:
    """Whether the name of a column is an image's, as those of its cells are."""
    columns = [column for column in map(str, rows) if normal(column) not in USUAL]
    named = [column for column in columns if names.candidates(column)]
    return any(rows.empty or names.matches(rows[column]).share >= _LIKELY for column in named)


def _described(sheet: Sheet, survey: Survey, options: Options, alone: bool) -> Sheet:
    """With the columns that name images."""
    rows = sheet.rows
    said = {name: options.columns[name] for name in NAMES if name in options.columns}
    if any(column in rows for column in said.values()):
        return replace(sheet, columns={})
    if sheet.columns is not None:
        return sheet
    usual = recognised(rows.columns)
    named = (name for name in NAMES if name in usual)
    by_name = (n for n in named if survey.names.matches(rows[usual[n]]).named)
    name = next(by_name, None)
    if found := {name: usual[name]} if name else _likely(rows, survey):
        return _with_views(replace(sheet, columns=found), survey)
    sure = sheet.file.suffix.lower() in SURE
    if sheet.file.suffix.lower() == ".txt" and not alone:
        sure = False
    if "path" in usual and sure:
        return replace(sheet, columns={"path": usual["path"]})
    if sure and "sample_id" in usual and (alone or not survey.files.images):
        return replace(sheet, columns={"sample_id": usual["sample_id"]})
    return replace(sheet, columns={}) if alone and sure else sheet


def _keyed(sheet: Sheet, survey: Survey) -> Sheet:
    """A table of patients, lesions or cases as one of their images, a row each: of those whose
    names begin with a cell (``P01_2.jpg``), or, where the table tells a diagnosis, whose folders
    bear it; as it is where there are none, or a column names images."""
    rows, images = sheet.rows, survey.files.images
    if not images or rows.empty or rows.attrs.get(json_tables.BY_NAME):
        return sheet
    best: tuple[int, str, dict[Path, int]] | None = None
    for column in map(str, rows):
        texts = _as_names(rows[column])
        if texts is None or texts.dropna().duplicated().any() or normal(column) in _NO_KEYS:
            continue
        if survey.names.matches(texts).share >= _LIKELY:
            return sheet
        cells = {
            folded(cell): at for at, cell in enumerate(texts) if isinstance(cell, str) and cell
        }
        found = {path: at for path in images if (at := _key_of(path.stem, cells)) is not None}
        if len(found) < _LIKELY * len(images) and _tells_label(rows, column, sheet.file):
            around = {path: path.relative_to(survey.root).parts[-2::-1] for path in images}
            by_folder = {
                path: cells[innermost[0]]
                for path, names in around.items()
                if (innermost := [folded(name) for name in names if folded(name) in cells])
            }
            found = by_folder if len(by_folder) > len(found) else found
        if len(found) >= _LIKELY * len(images) and (best is None or len(found) > best[0]):
            best = (len(found), column, found)
    if best is None:
        return sheet
    _, column, found = best
    used = len(set(found.values()))
    few = used < _LIKELY * len(rows) and len(found) < _NEARLY_ALL * len(images)
    if few or used < 2:
        return sheet
    keys = {path: folded(str(rows[column].iloc[at]).strip()) for path, at in found.items()}
    by_name = all(folded(path.stem).startswith(key) for path, key in keys.items())
    return _an_image_each(sheet, survey.root, column, found, "name" if by_name else "folder")


def _decoded(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Tables with what their codes mean, without the tables that tell it."""
    kept = list(sheets)
    for book in sheets:
        others = [each for each in kept if each is not book]
        columns = frozenset(normal(str(column)) for each in others for column in each.rows)
        for told in codebooks_in(book.rows, columns):
            changed = [each if each is book else _with_names(each, told, book) for each in kept]
            if any(new is not old for new, old in zip(changed, kept, strict=True)):
                kept = [each for each in changed if each is not book]
                break
    return kept


def _with_names(sheet: Sheet, told: Codebook, book: Sheet) -> Sheet:
    if not sheet.columns:
        return sheet
    rows, columns = decoded(sheet.rows, [*sheet.columns.values(), *sheet.views], told)
    if not columns:
        return sheet
    headings = shortened(", ".join(map(str, book.rows.columns)), MOST_SHOWN)
    codes = f"What the codes of {', '.join(columns)} mean stands in {book.file.name} ({headings})."
    return replace(sheet, rows=rows, codes=codes)


_NO_KEYS = frozenset(
    name for ours in ("age", "sex", "label", "split", "site", "skin_type") for name in COLUMNS[ours]
)


def _tells_label(rows: pd.DataFrame, key: str, file: Path) -> bool:
    return label_columns.find(rows, [key], file.name) is not None


def _key_of(stem: str, cells: Mapping[str, int]) -> int | None:
    """The row whose cell an image's name begins with, the longest such."""
    name = folded(stem)
    ends = [len(name), *(found.start() for found in _APART.finditer(name))]
    return next(
        (cells[name[:end]] for end in sorted(ends, reverse=True) if name[:end] in cells), None
    )


def _an_image_each(
    sheet: Sheet, root: Path, column: str, found: Mapping[Path, int], by: str
) -> Sheet:
    rows = sheet.rows.iloc[list(found.values())].reset_index(drop=True)
    usual, known = recognised([column]), recognised(rows.columns)
    if "sample_id" in usual or not {"patient_id", "lesion_id"} & set(usual):
        groups = (name for name in ("patient_id", "lesion_id") if name not in known)
        several = len(set(found.values())) < len(found)
        rows = rows.rename(columns={column: next(groups, _KEY) if several else _KEY})
    names = [path.relative_to(root).as_posix() for path in found]
    first = next(iter(found))
    told = f"names begin with it, such as {first.name}"
    told = told if by == "name" else f"folder bears it, such as {names[0]}"
    note = f"{column} of {sheet.file.name} was taken for that of the images whose {told}."
    rows = rows.assign(**{_IMAGE: names})
    return replace(sheet, rows=rows, columns={"path": _IMAGE}, note=note)


_IMAGE, _KEY = "image of the row", "key (table)"
_NEARLY_ALL = 0.9  # of the images


def _likely(rows: pd.DataFrame, survey: Survey) -> dict[str, str] | None:
    """The column of another name whose cells name most images: one of file names before one of ids,
    and numbers, which may be those of rows, last."""
    best: tuple[tuple[bool, bool, int], str] | None = None
    for column in map(str, rows):
        texts = _as_names(rows[column])
        if texts is None or normal(column) in (*COLUMNS["mask_path"], *COLUMNS["evidence_path"]):
            continue
        found = survey.names.matches(texts)
        enough = found.named >= _LIKELY * min(found.of, len(survey.files.images))
        numbers = texts.dropna().str.fullmatch(r"\d{1,4}(?:\.0)?").all()
        if numbers and (texts.duplicated().any() or found.share < _LIKELY):
            continue
        first = next(iter(texts.dropna()), "")
        rank = (_SUFFIXED.search(first) is not None, not first.isdecimal(), found.named)
        if found.named and enough and (best is None or rank > best[0]):
            best = (rank, column)
    if best is None:
        return None
    first = next(iter(as_text(rows[best[1]]).dropna()), "")
    return {"path" if "." in parts_of(first)[-1] else "sample_id": best[1]}


def _as_names(values: pd.Series) -> "pd.Series[str] | None":
    """Cells as text; None where they are bytes, lists or images."""
    if any(isinstance(v, bytes) or not pd.api.types.is_scalar(v) for v in values):
        return None
    return as_text(values)


def _with_views(sheet: Sheet, survey: Survey) -> Sheet:
    """With further columns that name other images than the first."""
    (main,) = (sheet.columns or {"": ""}).values()
    rows = sheet.rows
    suffixed = _SUFFIXED.search(next(iter(as_text(rows[main]).dropna()), "")) is not None
    views = []
    for column in map(str, rows):
        if column == main or normal(column) in USUAL - set(COLUMNS["path"]):
            continue
        texts = _as_names(rows[column])
        if texts is None or survey.names.matches(texts, _FEW).share < _LIKELY:
            continue
        first = next(iter(texts.dropna()), "")
        if first.isdecimal() or suffixed != (_SUFFIXED.search(first) is not None):
            continue  # a number of the row, say
        pairs = zip(as_text(rows[main]), texts, strict=True)
        both = [(a, b) for a, b in pairs if isinstance(a, str) and isinstance(b, str)]
        if both and not any(_same(a, b, survey.names) for a, b in both[:100]):
            views.append(column)
    return replace(sheet, views=tuple(views))


def _same(first: str, second: str, names: ImageNames) -> bool:
    one, other = names.candidates(first), names.candidates(second)
    return not one or not other or bool(set(one) & set(other))


def _cover(images: Sequence[Sheet], survey: Survey) -> bool:
    """Whether tables that lie in inner folders speak of most of the images."""
    named: set[Path] = set()
    for sheet in images:
        for column in (sheet.columns or {}).values():
            for cell in as_text(sheet.rows[column]).dropna():
                named.update(survey.names.candidates(cell))
    return len(named) >= _LIKELY * len(survey.files.images)


def no_image(sheet: Sheet, root: Path) -> Problem:
    columns = shortened(", ".join(map(str, sheet.rows.columns)), MOST_SHOWN)
    if sheet.rows.attrs.get(json_tables.BY_NAME):
        reason = "neither its names nor its values are names of images here; left out"
    elif sheet.columns is not None:
        reason = f"names fewer than half of the images ({columns}); left out"
    else:
        reason = f"no cell of its columns ({columns}) is the name of an image here; left out"
    return Problem(str(sheet.file.relative_to(root)), reason)
