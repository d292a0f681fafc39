"""Several tables of the same or of other images as one, under our names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data import label_columns
from dermxai.data.image_names import parts_of
from dermxai.data.split_words import split_name
from dermxai.data.table import COLUMNS, Options, as_text, folded, normal, recognised, renamed
from dermxai.data.tables.survey import NAMES, USUAL, Sheet, Survey, is_told, no_image

_ROW = "row of the table"
_INDEXES = frozenset(("index", "indexes", "indices"))
_KEYS = ("lesion_id", "patient_id")
_BOXES = frozenset(("xmin", "ymin", "xmax", "ymax"))
"""Columns of tables of boxes."""


def joined(
    found: Survey, path: Path, options: Options
) -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """The rows of all tables, sentences on what was guessed, and which columns were taken."""
    _check_columns(found, options)
    notes: list[str] = []
    said: dict[str, str] = {}
    splits = [_split_of(sheet.file, found.root) for sheet in found.images]
    numbered = any(map(_is_index, found.others))
    sheets = [
        _told_apart(sheet, split, found) for sheet, split in zip(found.images, splits, strict=True)
    ]
    parts = [
        _part(sheet, options, notes, said, numbered=numbered, alike=_alike(sheet, sheets))
        for sheet in sheets
    ]
    whole = pd.DataFrame()
    names = ", ".join(dict.fromkeys(sheet.file.name for sheet in found.images))
    refusal = f"{path} holds several tables of images ({names}); open one of them."
    for number, (part, split) in enumerate(zip(parts, splits, strict=True)):
        told = part.assign(split=split) if split and "split" not in part else part
        if number == 0:
            whole = told if len(parts) > 1 else part
        else:
            more = any(name not in whole and name not in NAMES for name in part)
            whole = _with_part(whole, told, more=more, are_splits=all(splits), refusal=refusal)
    for sheet in found.others:
        joined = _with_attributes(whole, sheet, options, notes, said)
        if joined is None and not is_told(sheet.file):
            continue
        if joined is None:
            found_none = no_image(sheet, found.root)
            notes.append(f"{found_none.item}: {found_none.reason}.")
        else:
            whole = joined
    return whole.drop(columns=_ROW, errors="ignore").reset_index(drop=True), notes, said


def _alike(sheet: Sheet, sheets: Sequence[Sheet]) -> list[Sheet]:
    """The tables of the same columns, itself among them."""
    return [each for each in sheets if list(each.rows) == list(sheet.rows)]


def _told_apart(sheet: Sheet, split: str | None, found: Survey) -> Sheet:
    """With the paths, from the root, of images of whose name several are there but one beneath the
    table's own folder, as ``train/1.jpg`` of ``train/metadata.csv``, or in a folder of the split
    that the table is called after, as ``train/1.jpg`` of ``train.csv``."""
    folder = sheet.file.parent
    if not sheet.columns or (folder == found.root and split is None):
        return sheet

    def is_within(path: Path) -> bool:
        if folder != found.root:
            return path.is_relative_to(folder)
        return split in map(split_name, path.relative_to(found.root).parts[:-1])

    (column,) = sheet.columns.values()
    paths_of: dict[str, str] = {}
    for cell in as_text(sheet.rows[column]).dropna().unique():
        named = found.names.candidates(cell)
        within = [path for path in named if path.is_relative_to(found.root) and is_within(path)]
        if len(named) > 1 and len(within) == 1:
            paths_of[cell] = within[0].relative_to(found.root).as_posix()
    if not paths_of:
        return sheet
    cells = as_text(sheet.rows[column]).map(lambda cell: paths_of.get(cell, cell))
    return replace(sheet, rows=sheet.rows.assign(**{column: cells}))


def _split_of(file: Path, root: Path) -> str | None:
    """The split that the name of a table tells (``train.csv``, ``train_labels.csv``), or that of
    its folder beneath the root."""
    inner = file.parent.name if file.parent != root else ""
    words = {split for word in re.split(r"[\s_-]+", file.stem) if (split := split_name(word))}
    in_words = words.pop() if len(words) == 1 else None
    return split_name(file.stem) or in_words or (split_name(inner) if inner else None)


def _is_index(sheet: Sheet) -> bool:
    return len(sheet.rows.columns) == 1 and normal(str(sheet.rows.columns[0])) in _INDEXES


def _check_columns(found: Survey, options: Options) -> None:
    """
    Raises:
        InputError: no table has a column that a person has named.
    """
    sheets = (*found.images, *found.others)
    known = list(dict.fromkeys(str(column) for sheet in sheets for column in sheet.rows))
    for ours, theirs in options.columns.items():
        if ours in COLUMNS and theirs not in known:
            raise InputError(
                f"The table has no column {theirs!r} for {ours}; it has {', '.join(known)}."
            )


def _part(
    sheet: Sheet,
    options: Options,
    notes: list[str],
    said: dict[str, str],
    *,
    numbered: bool = False,
    alike: Sequence[Sheet] = (),
) -> pd.DataFrame:
    """A table under our names, with its labels, a row an image.

    Args:
        alike: tables of the same columns, itself among them; what holds the label is asked of all.
    """
    rows = sheet.rows.assign(**{_ROW: range(len(sheet.rows))}) if numbered else sheet.rows
    own = {ours: theirs for ours, theirs in options.columns.items() if theirs in rows}
    own |= {ours: theirs for ours, theirs in options.columns.items() if ours not in COLUMNS}
    columns = {**(sheet.columns or {}), **own}
    if sheet.note:
        notes.append(sheet.note)
    if sheet.codes:
        notes.append(sheet.codes)
    for column in (sheet.columns or {}).values():
        if normal(column) not in USUAL and not sheet.note:
            notes.append(f"{column} of {sheet.file.name} was taken for the name of the image.")
    rows, columns = _with_label(rows, columns, sheet, notes, said, alike=alike)
    rows = _boxes_as_one(rows, columns, sheet, notes)
    if sheet.views:
        rows, columns = _one_an_image(rows, columns, sheet, notes)
    hidden = set((sheet.columns or {}).values()) if sheet.note else set()
    taken = {ours: theirs for ours, theirs in columns.items() if theirs in rows}
    said.update({ours: theirs for ours, theirs in taken.items() if theirs not in hidden})
    return renamed(rows, columns)


def _with_label(
    rows: pd.DataFrame,
    columns: dict[str, str],
    sheet: Sheet,
    notes: list[str],
    said: dict[str, str],
    *,
    alike: Sequence[Sheet],
) -> tuple[pd.DataFrame, dict[str, str]]:
    if "label" in columns:
        return rows, columns
    usual = {ours: theirs for ours, theirs in recognised(rows.columns).items() if ours != "label"}
    taken = [*columns.values(), *sheet.views, *usual.values()]
    if found_output := label_columns.of_a_model(rows, taken):
        guesses, scores = found_output
        notes.append(
            f"{sheet.file.name} looks like the output of a network ({', '.join(guesses[:4])}): its "
            "classes are not taken for the truth; map the column of the label if they are, or make "
            "a run of them by dermxai import."
        )
        predicted = {name: f"{name} (predicted)" for name in guesses}
        rows, taken = rows.rename(columns=predicted), [*taken, *predicted.values(), *scores]
        alike = ()
    found = _found_label(rows, taken, sheet, alike)
    if found is None:
        return rows, columns
    if found.note:
        notes.append(found.note)
    if len(found.columns) == 1 and found.texts.equals(as_text(rows[found.columns[0]])):
        return rows, {**columns, "label": found.columns[0]}
    if not found.columns:
        return rows, columns
    said["label"] = ", ".join(found.columns)
    rows = rows.rename(columns={"label": "label (table)"})
    return rows.assign(label=found.texts), columns


def _found_label(
    rows: pd.DataFrame, taken: Sequence[str], sheet: Sheet, alike: Sequence[Sheet]
) -> label_columns.Labels | None:
    """The label of each row, told by all tables of the same columns together: a class may be marked
    in one of them only."""
    own = label_columns.find(rows, taken, sheet.file.name)
    if len(alike) < 2:
        return own
    whole = pd.concat([each.rows for each in alike], ignore_index=True)
    found = label_columns.find(whole, taken, sheet.file.name)
    if found is None or len(found.columns) <= len(own.columns if own else ()):
        return own
    position = next(at for at, each in enumerate(alike) if each.file == sheet.file)
    start = sum(len(each.rows) for each in alike[:position])
    texts = found.texts.iloc[start : start + len(rows)]
    return replace(found, texts=texts.set_axis(rows.index))


def _boxes_as_one(
    rows: pd.DataFrame, columns: Mapping[str, str], sheet: Sheet, notes: list[str]
) -> pd.DataFrame:
    """Of a table of boxes, of which an image has several, a row an image; where its boxes are of
    several classes it has no label."""
    names = [column for column in (sheet.columns or {}).values() if column in rows]
    label = columns.get("label", "label")
    if len(names) != 1 or label not in rows or _BOXES - set(map(normal, map(str, rows))):
        return rows
    of_image = rows.groupby(names[0], sort=False)[label]
    several = of_image.transform("nunique") > 1
    one = rows.copy()
    one[label] = rows[label].mask(several)
    one = one.drop_duplicates(names[0])
    if len(one) == len(rows):
        return rows
    lost = int(several[one.index].sum())
    rest = f"; {count(lost, 'image')} with boxes of several classes: without label" if lost else ""
    notes.append(f"{sheet.file.name} holds a row a box, of which an image has several{rest}.")
    return one.reset_index(drop=True)


def _one_an_image(
    rows: pd.DataFrame, columns: dict[str, str], sheet: Sheet, notes: list[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Of a table whose rows name several images a row for each of them; what they share is told by
    ``lesion_id``, where no column tells lesion or patient."""
    (main,) = (sheet.columns or {}).values()
    views = (main, *sheet.views)
    usual = recognised(rows.columns)
    if not {"lesion_id", "patient_id"} & set(usual):
        rows = rows.assign(lesion_id=[f"row {number}" for number in range(1, len(rows) + 1)])
    rest = [column for column in rows if column not in views]
    parts = []
    for column in views:
        part = rows[rest].assign(path=rows[column], view=column)
        parts.append(part[as_text(rows[column]).notna() & (as_text(rows[column]) != "")])
    notes.append(f"Each row names several images ({', '.join(views)}): each of them is a sample.")
    melted = pd.concat(parts).sort_index(kind="stable")
    if "modality" not in usual:
        kinds = melted["view"].str.casefold()
        told = pd.Series(None, index=melted.index, dtype="str")
        told = told.mask(kinds.str.contains("derm"), "dermoscopic")
        told = told.mask(kinds.str.contains("clinic|macro"), "clinical")
        if told.notna().any():
            melted["modality"] = told
    columns = {ours: theirs for ours, theirs in columns.items() if theirs not in views}
    return melted.reset_index(drop=True), {**columns, "path": "path"}


def _keys(rows: pd.DataFrame) -> "pd.Series[str]":
    """What tells the image of a row: its name, in whatever case, without folders and suffix."""
    names = as_text(rows["path"] if "path" in rows else rows["sample_id"])
    return names.map(lambda cell: folded(Path(parts_of(cell)[-1]).stem), na_action="ignore").astype(
        "str"
    )


def _are_apart(whole: pd.DataFrame, part: pd.DataFrame) -> bool:
    """Whether no image of one table is one of the other's, as their folders tell: each path begins
    with a folder, and none of these is in both."""
    tops = []
    for rows in (whole, part):
        names = as_text(rows["path"] if "path" in rows else rows["sample_id"]).dropna()
        around = [parts_of(cell) for cell in names]
        tops.append({parts[0] for parts in around if len(parts) > 1})
        if any(len(parts) < 2 for parts in around):
            return False
    return not tops[0] & tops[1]


def _with_part(
    whole: pd.DataFrame,
    part: pd.DataFrame,
    *,
    more: bool,
    are_splits: bool,
    refusal: str,
) -> pd.DataFrame:
    """Two tables of images as one: of other images, or with new columns of the same.

    Args:
        more: whether the second has columns of its own that the first has not.

    Raises:
        InputError: they speak of the same images, and differ or say the same.
    """
    mine, theirs = _keys(whole), _keys(part)
    shared = set(mine.dropna()) & set(theirs.dropna())
    if not shared or (are_splits and not more) or _are_apart(whole, part):
        return pd.concat([whole, part], ignore_index=True)
    agree = _agree(whole, part, mine, theirs) if "label" in whole and "label" in part else True
    if not more or theirs.duplicated().any() or not agree:
        raise InputError(refusal)
    told = part.set_index(theirs)
    new = [str(name) for name in part if name not in whole and name not in NAMES]
    joined = whole.assign(**{column: mine.map(told[column]) for column in new})
    for column in whole.columns:
        if column in part and column not in NAMES:
            joined[column] = joined[column].where(joined[column].notna(), mine.map(told[column]))
    return pd.concat([joined, part[~theirs.isin(shared)]], ignore_index=True)


def _agree(
    whole: pd.DataFrame, part: pd.DataFrame, mine: "pd.Series[str]", theirs: "pd.Series[str]"
) -> bool:
    """Whether two tables give no image two labels."""
    one = whole.set_index(mine)["label"].dropna()
    other = part.set_index(theirs)["label"].dropna()
    one, other = (each[~each.index.duplicated()] for each in (one, other))
    both = one.index.intersection(other.index)
    return bool((as_text(one[both]) == as_text(other[both])).all())


def _with_attributes(
    whole: pd.DataFrame, sheet: Sheet, options: Options, notes: list[str], said: dict[str, str]
) -> pd.DataFrame | None:
    """With what a table says of lesions or patients, or of rows by their number; None where it says
    nothing of these images."""
    if _is_index(sheet):
        return _with_split_of_rows(whole, sheet)
    told = _part(replace(sheet, columns={}), options, [], {})
    for mine, theirs in _pairs(whole, told):
        keys = as_text(told[theirs])
        asked = as_text(whole[mine])
        if keys.dropna().duplicated().any() or asked.dropna().isin(set(keys.dropna())).mean() < 0.5:
            continue
        _part(replace(sheet, columns={}), options, notes, said)
        known = told[keys.notna().to_numpy()].set_index(keys.dropna())
        new = [str(name) for name in told if name not in whole and name != theirs]
        joined = whole.assign(**{column: asked.map(known[column]) for column in new})
        if "label" in told and "label" in whole and whole["label"].isna().all():
            joined["label"] = asked.map(known["label"])
        notes.append(f"{sheet.file.name} was joined by {mine}.")
        return joined
    return None


def _pairs(whole: pd.DataFrame, told: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Columns by which two tables may be joined."""
    for key in _KEYS:
        if key in whole and key in told:
            yield key, key
    for column in map(str, whole):
        if column in told and column not in (*_KEYS, *NAMES, "label"):
            yield column, column
    for key in _KEYS:
        if key in whole and "sample_id" in told:
            yield key, "sample_id"


def _with_split_of_rows(whole: pd.DataFrame, sheet: Sheet) -> pd.DataFrame | None:
    """With the split of rows that a table lists by their number, from 0, as Derm7pt does."""
    split = split_name(sheet.file.stem.replace("indexes", "").replace("indices", "").strip("_- "))
    numbers = pd.to_numeric(sheet.rows.iloc[:, 0], errors="coerce")
    origin = whole.get(_ROW)
    if split is None or numbers.isna().any() or origin is None:
        return None
    given = whole.get("split", pd.Series(None, index=whole.index, dtype="str"))
    return whole.assign(split=given.mask(origin.isin(set(numbers)), split))
