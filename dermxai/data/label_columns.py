"""Which column of a table, or which columns together, hold the diagnosis."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dermxai.core.formatting import count
from dermxai.data import icd10, json_tables, split_words
from dermxai.data.synonyms import is_disease, is_no_class, synonym
from dermxai.data.table import COLUMNS, as_text, is_sex, normal

_LABEL = "label"
_WEAK = ("category", "target", "ground_truth", "benign_malignant", "malignant", "is_malignant")
"""Names of columns that hold a coarser answer where another holds the diagnosis."""
_FAMILY = re.compile(r"(?P<stem>.*(?:diagnosis|diagnose|iddx|dx))_?(?P<depth>\d)", re.IGNORECASE)
_WORDS = ("diagnos", "disease", "label", "class", "condition", "诊断", "疾病", "病名")
_FINAL = ("histol", "pathol", "biops", "consensus", "final", "gold", "truth", "组织")
"""Words of columns that are asked before those of single readers."""
_READER = re.compile(
    r"rater|reader|annotator|expert|observer|grader|labell?er|reviewer|assessor|examiner|physician"
    r"|doctor|clinician|dermatologist|pathologist|specialist|resident|untersucher|befunder|gutachter"
    r"|arzt|ärztin|lecteur|médecin|medecin|lector|médico|medico|lettore|医生|专家|阅片|(?<![a-z])derm\d"
)
_OF_MODELS = re.compile(r"(?:pred|predicted|prediction|predictions|model|output)(?:_|\d|$)")
_SEPARATORS = re.compile(r"[|;,+]")
"""Of several labels in a cell."""
_SCORES = re.compile(
    r"(?:prob|probs|probability|probabilities|logit|logits|softmax|score|scores)(?:_\d+)?"
)
_CERTAINTY = re.compile(r"(?:confidence|conf|certainty)(?:_\d+)?")
_CLASSES = re.compile(
    r"(?:label|class|class_name|prediction|pred|index|target|diagnosis|dx)(?:_\d+)?"
)
"""Columns of a network's output, beside one of `_SCORES`."""
_SUM = 0.02  # by which shares may miss 1
_FEW_DECIMALS = 3
_MOST_VOTES = 30
_LONGEST = 200  # characters of a label
_TRUE = frozenset(("1", "1.0", "true", "yes", "x", "y"))
_FALSE = frozenset(("0", "0.0", "false", "no", "", "n"))
_ONE = 0.9  # rows of which exactly one mark must hold
_MOST_CLASSES = 500
# ISIC 2017, part 3: two tasks, and what is neither is a nevus.
_ISIC_2017 = ("melanoma", "seborrheic_keratosis")
# PH2 numbers its clinical diagnosis (legend of PH2_dataset.txt), ISIC 2016 its test set.
_CODES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("ph2", "clinical", {"0": "Common Nevus", "1": "Atypical Nevus", "2": "Melanoma"}),
    ("isbi2016", "", {"0": "benign", "0.0": "benign", "1": "malignant", "1.0": "malignant"}),
    ("isic_2016", "", {"0": "benign", "0.0": "benign", "1": "malignant", "1.0": "malignant"}),
)


@dataclass(frozen=True)
class Labels:
    """
    Attributes:
        texts: (n,) as written.
        columns: where they were read.
        note: a sentence, where that was a guess or a computation.
    """

    texts: "pd.Series[str]"
    columns: tuple[str, ...]
    note: str = ""


def find(rows: pd.DataFrame, taken: Sequence[str], file: str) -> Labels | None:
    """The diagnosis of each row; None where no column tells it.

    Asked in this order: columns of the usual names; a diagnosis in several columns, of which the
    most specific that has a class counts, or of differentials the first; a column a class with one
    mark a row, or with shares that add up to 1; columns whose names or cells speak of diagnoses;
    coarser columns such as ``target``; the only column that is called as a diagnosis and says yes
    or no. Of columns a class of which rows have several marks it is said that they give no label.

    Args:
        taken: columns that say something else.
        file: name of the table's file.
    """
    free = [str(column) for column in rows if column not in taken]
    usual = [name for name in COLUMNS[_LABEL] if name not in _WEAK]
    return (
        _coded(rows, free, file)
        or _named(rows, free, usual)
        or _family(rows, free)
        or _readers(rows, free)
        or _marks(rows, free)
        or _shares(rows, free)
        or _guessed(rows, free)
        or _malignant(rows, free)
        or _named(rows, free, _WEAK)
        or _one_mark(rows, free)
        or _headless(rows, free)
        or _several_marks(rows, free)
    )


def _filled(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Without what is no class."""
    none = [value for value in texts.dropna().unique() if is_no_class(value)]
    return texts.where(~texts.isin(none))


def _named(rows: pd.DataFrame, free: Sequence[str], names: Sequence[str]) -> Labels | None:
    """The first column of one of the names that tells of a class."""
    by_name: dict[str, str] = {}
    for column in free:
        by_name.setdefault(normal(column), column)
    present = [by_name[name] for name in names if name in by_name]
    for column in present:
        texts = as_text(rows[column])
        if _filled(texts).notna().any():
            return _single(column, texts, rows)
    return None


def _single(column: str, texts: "pd.Series[str]", rows: pd.DataFrame) -> Labels:
    """A column's labels; of cells that hold several the one of the largest weight, where a column
    of weights is there, else none."""
    several = {cell: found for cell in texts.dropna().unique() if (found := _several(cell))}
    if not several:
        return Labels(texts, (column,))
    weights = next((w for name in rows if (w := _weights(rows[name])) is not None), None)
    only = {cell: each[0] if len(each) == 1 else None for cell, each in several.items()}
    values = texts.map(lambda cell: only.get(cell, cell), na_action="ignore").astype("str")
    columns: tuple[str, ...] = (column,)
    if weights is not None:
        heaviest, name = weights
        values = values.where(values.notna() | texts.isna(), heaviest)
        columns = (column, name)
    lost = int((values.isna() & texts.notna() & (texts != "[]")).sum())
    note = f"{column} holds several labels in a cell"
    how = f": the one of the largest weight in {columns[1]} counts" if len(columns) > 1 else ""
    rest = f"; {count(lost, 'row')} without one that leads: no label" if lost else ""
    return Labels(values, columns, f"{note}{how}{rest}.")


def _several(cell: str) -> list[str] | None:
    """The labels of a cell that lists them, or separates diagnoses of several classes."""
    found = json_tables.listed(cell)
    if found is not None:
        return list(found) or [""]
    parts = [part.strip() for part in _SEPARATORS.split(cell)]
    if len(parts) < 2 or synonym(cell) is not None:
        return None
    meant = [synonym(part) for part in parts]
    return parts if all(meant) and len({each.code for each in meant if each}) > 1 else None


def _weights(values: pd.Series) -> "tuple[pd.Series[str], str] | None":
    """The label of the largest weight of each row, missing where two are equal, and the column."""
    texts = as_text(values)
    first = next(iter(texts.dropna()), "")
    if json_tables.weighed(first) is None and not first.startswith("{"):
        return None

    def heaviest(cell: str) -> str | None:
        weights = json_tables.weighed(cell) or {}
        most = max(weights.values(), default=0.0)
        leading = [name for name, weight in weights.items() if weight == most]
        return leading[0] if len(leading) == 1 else None

    return texts.map(heaviest, na_action="ignore").astype("str"), str(values.name)


def _family(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """diagnosis_1, diagnosis_2, …: the deepest that is filled."""
    families: dict[str, dict[int, str]] = {}
    for column in free:
        if named := _FAMILY.fullmatch(column.strip()):
            families.setdefault(named["stem"].casefold(), {})[int(named["depth"])] = column
    for family in families.values():
        columns = [family[depth] for depth in sorted(family)]
        if len(columns) < 2:
            continue
        texts = [_filled(as_text(rows[column])) for column in columns]
        if _are_alternatives(texts):
            note = f"{columns[0]} to {columns[-1]} name the same diagnoses, as differentials do: "
            note += f"{columns[0]} is the label."
            return Labels(texts[0], (columns[0],), note)
        values = _known(texts[-1])
        for each in texts[-2::-1]:
            values = values.fillna(_known(each))
        for each in reversed(texts):
            values = values.fillna(each)
        if values.notna().any():
            note = (
                f"Of {columns[0]} to {columns[-1]} the most specific that has a class is the "
                "label, else the most specific that is filled."
            )
            return Labels(values, tuple(columns), note)
    return None


def _known(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Only what has a class."""
    known = [value for value in texts.dropna().unique() if synonym(value) is not None]
    return texts.where(texts.isin(known))


def _are_alternatives(texts: Sequence["pd.Series[str]"]) -> bool:
    """Whether the first two columns give a diagnosis another place in other rows, or two classes in
    one row, as levels of one hierarchy do not."""
    one, other = (each.str.casefold() for each in texts[:2])
    apart = one[other.notna() & (one != other)]
    if set(one.dropna()) & set(other.dropna()) & set(apart.dropna()):
        return True
    pairs = set(zip(one[apart.index].dropna(), other[apart.index].dropna(), strict=False))
    meant = [(synonym(a), synonym(b)) for a, b in pairs]
    return any(a and b and a.relation != "group" and a.code != b.code for a, b in meant)


def _readers(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """A column a reader, each with diagnoses: what most of those say who say anything; none where
    two diagnoses have as many. A column of histology, consensus or truth is asked before."""
    columns = [column for column in free if _READER.search(normal(column))]
    texts = {column: _filled(as_text(rows[column])) for column in columns}
    told = {column: each for column, each in texts.items() if _are_diagnoses(each)}
    agreed = (c for c in free if c not in told and any(w in normal(c) for w in _FINAL))
    if len(told) < 2 or any(_are_diagnoses(_filled(as_text(rows[each]))) for each in agreed):
        return None
    votes = pd.DataFrame({column: _classes(each) for column, each in told.items()})
    leading = votes.mode(axis=1)
    one = leading.notna().sum(axis=1) == 1
    values = pd.Series(None, index=rows.index, dtype="str")
    for column, written in told.items():
        values = values.fillna(written.where(one & (votes[column] == leading[0])))
    lost = int((votes.notna().any(axis=1) & ~one).sum())
    rest = f" {count(lost, 'row')} where none leads: no label." if lost else ""
    shown = ", ".join([*told][:6]) + (" …" if len(told) > 6 else "")
    note = (
        f"{shown} are what several readers say: the label is what most of them say.{rest} Map one "
        "of these columns to the label to take that reader's word."
    )
    return Labels(values, tuple(told), note)


def _classes(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Class codes, so that writings of one diagnosis are alike."""
    codes = {value: found.code for value in texts.dropna().unique() if (found := synonym(value))}
    return texts.map(lambda cell: codes.get(cell, cell), na_action="ignore").astype("str")


def _are_diagnoses(texts: "pd.Series[str]") -> bool:
    values = texts.dropna().unique()
    if not 1 <= len(values) <= _MOST_CLASSES or any(map(_is_no_text, values)):
        return False
    return sum(map(is_disease, values)) >= len(values) / 2


def _marks(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """A column a class, marked in one of them a row."""
    texts = {column: as_text(rows[column]).fillna("").str.casefold() for column in free}
    binary = [column for column in free if _is_binary(column, texts[column])]
    by_name = {normal(column): column for column in binary}
    if set(_ISIC_2017) <= set(by_name) and len(binary) == len(_ISIC_2017):
        return _isic_2017(rows, [by_name[name] for name in _ISIC_2017])
    if len(binary) < 2 or len(binary) > _MOST_CLASSES:
        return None
    known = [column for column in binary if is_disease(column) or is_no_class(column)]
    for columns in (binary, known, *_runs(free, binary)):
        if len(columns) < 2 or (len(columns) == 2 and len(known) < 2):
            continue
        marks = pd.DataFrame({column: texts[column].isin(_TRUE) for column in columns})
        one = marks.sum(axis=1) == 1
        if one.mean() >= _ONE:
            values = marks.idxmax(axis=1).where(one).astype("str")
            lost = int((~one).sum())
            rest = f" {count(lost, 'row')} with none or several: no label." if lost else ""
            note = f"The marked one of the columns {', '.join(columns[:6])}"
            more = " …" if len(columns) > 6 else ""
            return Labels(values, tuple(columns), f"{note}{more} is the label.{rest}")
    return None


def _several_marks(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """Columns a diagnosis, of which rows have several marks: no label, and why."""
    known = [column for column in free if is_disease(column)]
    marks = {column: as_text(rows[column]).fillna("").str.casefold() for column in known}
    marked = {each: texts.isin(_TRUE) for each, texts in marks.items() if _is_binary(each, texts)}
    several = int((pd.DataFrame(marked).sum(axis=1) > 1).sum()) if len(marked) > 1 else 0
    if not several:
        return None
    shown = ", ".join([*marked][:6]) + (" …" if len(marked) > 6 else "")
    note = (
        f"{shown} mark several diagnoses in {count(several, 'row')}: no label. Name a column of "
        "one diagnosis an image as the label."
    )
    return Labels(pd.Series(None, index=rows.index, dtype="str"), (), note)


def of_a_model(rows: pd.DataFrame, taken: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The columns of classes in a table that looks like the output of a network, and those beside
    them that say how probable they are; None where it does not look so."""
    free = {normal(str(column)): str(column) for column in rows if column not in taken}
    scores = [column for name, column in free.items() if _SCORES.fullmatch(name)]
    scores += [
        column
        for name, column in free.items()
        if _CERTAINTY.fullmatch(name) and _are_computed(as_text(rows[column]))
    ]
    classes = [column for name, column in free.items() if _CLASSES.fullmatch(name)]
    said = any(_are_scores(as_text(rows[column])) for column in scores)
    return (classes, scores) if classes and said else None


def _are_scores(texts: "pd.Series[str]") -> bool:
    """Whether cells are probabilities that are not all 0 or 1, or lists of numbers."""
    present = texts.dropna()
    if not present.empty and present.str.startswith("[").all():
        return True
    numbers = pd.to_numeric(present, errors="coerce")
    return bool(not present.empty and numbers.between(0, 1).all() and (numbers % 1 != 0).any())


def _are_computed(texts: "pd.Series[str]") -> bool:
    """Whether cells are shares of more digits than people write."""
    return _are_scores(texts) and int((_decimals(texts) > _FEW_DECIMALS).sum()) * 2 > len(texts)


def _decimals(texts: "pd.Series[str]") -> "pd.Series[int]":
    return texts.dropna().str.partition(".")[2].str.rstrip("0").str.len()


def _shares(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """A column a class with the share of votes or the probability, which add up to 1 a row: the
    largest is the label. Those of a network, told by their many digits, are none."""
    texts = {column: as_text(rows[column]).str.replace(",", ".") for column in free}
    numbers = {column: pd.to_numeric(each, errors="coerce") for column, each in texts.items()}
    fit = [
        column
        for column, each in numbers.items()
        if each.notna().all() and each.between(0, 1).all()
    ]
    known = [column for column in fit if is_disease(column) or is_no_class(column)]
    for columns in (fit, known):
        if len(columns) < 2 or len(columns) > _MOST_CLASSES:
            continue
        table = pd.DataFrame({column: numbers[column] for column in columns})
        ones = (table.sum(axis=1) - 1).abs() <= _SUM
        if ones.mean() < _ONE or not (table % 1 != 0).any(axis=None):
            continue
        shown = ", ".join(columns[:6]) + (" …" if len(columns) > 6 else "")
        if not of_people(table, pd.concat([texts[column] for column in columns])):
            note = (
                f"{shown} look like the probabilities of a network, which are no truth: no label. "
                "dermxai import makes a run of them."
            )
            return Labels(pd.Series(None, index=rows.index, dtype="str"), (), note)
        leads = table.eq(table.max(axis=1), axis=0).sum(axis=1) == 1
        values = table.idxmax(axis=1).where(leads & ones).astype("str")
        lost = int(values.isna().sum())
        rest = f" {count(lost, 'row')} where none leads: no label." if lost else ""
        note = f"{shown} are shares of each class: the largest is the label.{rest}"
        return Labels(values, tuple(columns), note)
    return None


def are_of_a_network(classes: pd.DataFrame) -> bool:
    """Whether columns of classes, as they are written, hold probabilities of a network."""
    texts = [as_text(classes[column]) for column in classes]
    numbers = {at: pd.to_numeric(each, errors="coerce") for at, each in enumerate(texts)}
    table = pd.DataFrame(numbers).dropna()
    if table.empty or not (table % 1 != 0).any(axis=None):
        return False
    return not of_people(table, pd.concat(texts))


def of_people(table: pd.DataFrame, texts: "pd.Series[str]") -> bool:
    """Whether shares of classes are votes, or marks that were softened: few digits, few values, or
    parts of a small number of votes."""
    if len(set(table.to_numpy().ravel())) <= len(_SOFT) or _decimals(texts).max() <= _FEW_DECIMALS:
        return True
    values = table.to_numpy()
    return any(
        bool((abs(values * votes - (values * votes).round()) < 0.01).all())
        for votes in range(2, _MOST_VOTES + 1)
    )


_SOFT = ("marked", "not marked", "neither")
"""Values of marks that were softened."""


def _malignant(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """A column ``malignant`` of yes and no."""
    column = next((c for c in free if normal(c) in ("malignant", "is_malignant")), None)
    if column is None:
        return None
    texts = as_text(rows[column]).str.casefold()
    told = texts.where(texts != "")
    if not set(told.dropna().unique()) <= _TRUE | _FALSE or told.isna().all():
        return None
    values = told.map(lambda cell: "malignant" if cell in _TRUE else "benign", na_action="ignore")
    return Labels(values.astype("str"), (column,), f"{column} says yes or no: malignant or benign.")


def _one_mark(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """The only column that is called as a diagnosis and says yes or no."""
    texts = {column: as_text(rows[column]).str.casefold() for column in free if synonym(column)}
    marks = [name for name, each in texts.items() if _is_binary(name, each.fillna(""))]
    if len(marks) != 1:
        return None
    (column,) = marks
    told = texts[column].where(texts[column] != "")
    no = f"no {column}"
    values = told.map(lambda cell: column if cell in _TRUE else no, na_action="ignore")
    return Labels(values.astype("str"), (column,), f"{column} says yes or no: {column} or {no}.")


def _isic_2017(rows: pd.DataFrame, columns: list[str]) -> Labels:
    marks = [as_text(rows[column]).str.casefold().isin(_TRUE) for column in columns]
    values = pd.Series("nevus", index=rows.index, dtype="str")
    for column, mark in zip(columns, marks, strict=True):
        values = values.where(~mark, column)
    values = values.where(~(marks[0] & marks[1]))
    note = f"What is marked neither in {columns[0]} nor in {columns[1]} is a nevus (ISIC 2017)."
    return Labels(values, tuple(columns), note)


def _is_binary(column: str, texts: "pd.Series[str]") -> bool:
    if is_sex(column) or split_words.split_name(column) or column.strip() == "":
        return False
    values = set(texts.unique())
    return values <= _TRUE | _FALSE and bool(values & _TRUE)


def _runs(free: Sequence[str], binary: Sequence[str]) -> list[list[str]]:
    """Binary columns that stand side by side, the longest runs first."""
    runs: list[list[str]] = [[]]
    for column in free:
        if column in binary:
            runs[-1].append(column)
        elif runs[-1]:
            runs.append([])
    return sorted((run for run in runs if len(run) > 2), key=len, reverse=True)


def _guessed(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """A column most of whose values are diagnoses, or whose name speaks of one."""
    best: tuple[float, str] | None = None
    for column in free:
        texts = _filled(as_text(rows[column]))
        values = texts.dropna().unique()
        if not 1 <= len(values) <= _MOST_CLASSES or _is_binary(column, texts.fillna("")):
            continue
        if _OF_MODELS.match(normal(column)) or any(map(_is_no_text, values)):
            continue
        known = sum(synonym(value) is not None or is_disease(value) for value in values)
        share = 1.0 if icd10.are_codes(values) else known / len(values)
        named = speaks_of_diagnoses(column)
        words = not pd.to_numeric(pd.Series(values), errors="coerce").notna().any()
        repeated = len(values) < texts.notna().sum() or len(values) <= 2
        score = share + (0.5 if named and words and repeated else 0.0)
        score += 0.25 if share and any(word in normal(column) for word in _FINAL) else 0.0
        if score >= 0.5 and (best is None or score > best[0]):
            best = (score, column)
    if best is None:
        return None
    texts = as_text(rows[best[1]])
    note = f"{best[1]} was taken as the label: its cells are diagnoses."
    mine = _classes(_filled(texts))
    for column in free:
        other = _filled(as_text(rows[column]))
        if column == best[1] or _is_binary(column, other.fillna("")) or not _are_diagnoses(other):
            continue
        theirs = _classes(other)
        differ = int((mine.notna() & theirs.notna() & (mine != theirs)).sum())
        if differ:
            note += f" {column} holds diagnoses, too, others in {count(differ, 'row')}."
    return Labels(texts, (best[1],), note)


def speaks_of_diagnoses(column: str) -> bool:
    """Whether a column is called as a diagnosis, in whatever words."""
    return any(word in normal(column) for word in _WORDS)


def _is_no_text(cell: str) -> bool:
    """Whether a cell is a record of another program, or prose, and no label."""
    return len(cell) > _LONGEST or cell.startswith(("{", "[{", "[["))


def _headless(rows: pd.DataFrame, free: Sequence[str]) -> Labels | None:
    """The only other column of a table without a header."""
    if len(free) != 1 or not free[0].startswith("column "):
        return None
    texts = as_text(rows[free[0]])
    if not 1 <= texts.nunique() <= _MOST_CLASSES:
        return None
    return Labels(texts, (free[0],), f"{free[0]} of a table without header was taken as the label.")


def _coded(rows: pd.DataFrame, free: Sequence[str], file: str) -> Labels | None:
    """Numbers as the names that the publishers of a set give them."""
    for start, word, names in _CODES:
        if file.casefold().startswith(start):
            for column in (column for column in free if word in column.casefold()):
                texts = as_text(rows[column])
                if set(texts.dropna().unique()) <= set(names) and texts.notna().any():
                    note = f"{column} numbers the diagnoses, named as by those who published them."
                    return Labels(texts.map(names).astype("str"), (column,), note)
    return None
