"""Predictions in a table: a row for each image, or for each image and fold."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow.parquet import read_table

from dermxai.core import entries, parquet, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data.table import COLUMNS, Problem, as_text, folded
from dermxai.data.table_files import read_tables
from dermxai.runs.predictions import outputs
from dermxai.runs.predictions.file_content import (
    CONCEPT,
    EMBEDDING,
    FOLD,
    IMAGE,
    NOTHING,
    OUTPUT,
    FileContent,
    Floats,
    ImportOptions,
    title,
)
from dermxai.runs.predictions.matching import Matching
from dermxai.runs.predictions.outputs import Classes, Column, described

PARQUET = ".parquet"
MOST_BYTES = 400_000_000
"""Of a table as text; larger ones are better kept as Parquet or ``.npz``."""
_FOLDS = ("fold", "folds", "cv_fold", "member", "model", "seed", "repeat", "tta", "augmentation")
_NUMBERS = 0.5  # share of a column's cells that are numbers, where it is one of numbers
_MAYBE_TRUTH = ("label", "class", "class_name")
_PREDICTED = ("pred", "prediction", "predicted", "predicted_class", "pred_class", "pred_label",
              "predicted_label", *_MAYBE_TRUTH)  # fmt: skip
"""Columns that name the class whose number is beside it."""
_LIST = re.compile(r"\s*\[[-+\d.,eE\sinfa]*\]\s*")  # numbers, inf and nan
_NUMPY = re.compile(r"np\.float\d{2}\(([^()]{1,40})\)")  # in a list that Python has written
_MOST_LISTED = 10_000
_SINGLE = frozenset(("", "confidence", "conf", "certainty"))
_SHOWN = 12  # columns in a sentence


@dataclass(frozen=True, eq=False)
class Understood:
    """What the columns of a table were taken for.

    Attributes:
        ids, folds: the columns that name the image, and the fold or model of a row.
        outputs: columns of the network's outputs.
        names: of what each output is.
        spaces: columns of embeddings and of concepts.
        held: the numbers of each column that holds some.
    """

    ids: str
    folds: str | None
    outputs: tuple[Column, ...]
    names: tuple[str, ...]
    embeddings: tuple[Column, ...]
    concepts: tuple[Column, ...]
    held: Mapping[Hashable, Floats]

    def roles(self, columns: Sequence[str]) -> dict[str, str]:
        """One of `file_content.ROLES` of each column."""
        known = {self.ids: IMAGE} | ({} if self.folds is None else {self.folds: FOLD})
        for role, found in (
            (OUTPUT, self.outputs),
            (EMBEDDING, self.embeddings),
            (CONCEPT, self.concepts),
        ):
            known |= {each.name: role for each in found}
        return {name: known.get(name, NOTHING) for name in columns}


def read_predictions(file: Path, samples: pd.DataFrame, options: ImportOptions) -> FileContent:
    """
    Args:
        samples: of the dataset, whose images and classes tell columns apart.

    Raises:
        InputError: the file cannot be read, names no image of the dataset, or has no outputs.
    """
    rows, problems = rows_in(file)
    return content_of(rows, problems, understood(file, rows, samples, options))


def understood(
    file: Path, rows: pd.DataFrame, samples: pd.DataFrame, options: ImportOptions
) -> Understood:
    """
    Args:
        file: whose name sentences tell.
        rows: of `rows_in`.

    Raises:
        InputError: no column names an image, or there are no outputs.
    """
    present, roles = list(map(str, rows)), options.roles or {}
    if missing := [name for name in roles if name not in present]:
        raise InputError(f"{title(file)} has no column {missing[0]!r}; {columns(rows)}")
    rows = rows.loc[:, [roles.get(name) != NOTHING for name in present]]
    held = {name: values for name in rows if (values := numbers(rows[name])) is not None}
    for role in (OUTPUT, EMBEDDING, CONCEPT):
        if words := [name for name in options.columns(role) if name not in held]:
            raise InputError(
                f"The column {words[0]} of {title(file)} holds no numbers; its role is {role}, "
                "which has some."
            )
    known = Classes(samples)
    ids = _ids(
        file, rows, Matching(samples), options.ids or next(iter(options.columns(IMAGE)), None)
    )
    fold = options.folds or next(iter(options.columns(FOLD)), None)
    described_columns = [described(str(name)) for name in rows if name != ids]
    numeric = [each for each in described_columns if each.name in held and each.name != fold]
    free = [each for each in numeric if each.name not in roles]
    space = _given_role(numeric, options, EMBEDDING) or outputs.embeddings(free)
    concepts = _given_role(numeric, options, CONCEPT) or outputs.concepts(free)
    family = _given_role(numeric, options, OUTPUT)
    if family:
        names = _classes_of_outputs(file, family, options)
    else:
        taken = {each.name for each in (*space, *concepts)}
        rest = [each for each in free if each.name not in taken]
        fractional = {str(name) for name, cells in held.items() if not _whole(cells)}
        families = outputs.families(rest, known, fractional)
        if families:
            _check_all_classes(file, families[0], rows, held)
        family = _family(file, families, known, options, rows)
        names = _names(file, family, known, options)
    if len(family) == 1:
        _check_single(file, family[0], held[family[0].name])
    return Understood(
        ids,
        _folds(file, rows, fold),
        tuple(family),
        names,
        tuple(space),
        tuple(concepts),
        held,
    )


def content_of(rows: pd.DataFrame, problems: Sequence[Problem], found: Understood) -> FileContent:
    """What a table says, as its columns were understood."""
    held = found.held
    values = np.column_stack([held[each.name] for each in found.outputs])[:, None]
    roles = found.roles(list(map(str, rows)))
    unused = [name for name, role in roles.items() if role == NOTHING]
    concepts = found.concepts
    spaces = {"embeddings": found.embeddings, "concepts": concepts if len(concepts) > 1 else ()}
    notes = []
    if unused:
        named = ", ".join(unused[:_SHOWN]) + ", …" * (len(unused) > _SHOWN)
        notes.append(f"Columns that were not used: {named}.")
    if problems:
        notes.append(f"{count(len(problems), 'line')} could not be read ({problems[0].item}).")
    return FileContent(
        names=as_text(rows[found.ids]).to_numpy(dtype=object),
        outputs=found.names,
        numbers=values,
        folds=None if found.folds is None else as_text(rows[found.folds]).to_numpy(dtype=object),
        kind=found.outputs[0].kind,
        concepts={each.rest or each.name: held[each.name] for each in concepts},
        spaces={
            name: np.column_stack([held[each.name] for each in columns]).astype(np.float32)
            for name, columns in spaces.items()
            if columns
        },
        read={
            "ids": found.ids,
            "columns": [each.name for each in found.outputs],
            "folds": found.folds,
        },
        notes=tuple(notes),
    )


def _given_role(columns: Sequence[Column], options: ImportOptions, role: str) -> list[Column]:
    chosen = set(options.columns(role))
    return [each for each in columns if each.name in chosen]


def _classes_of_outputs(
    file: Path, family: Sequence[Column], options: ImportOptions
) -> tuple[str, ...]:
    """Of columns that a person called outputs.

    Raises:
        InputError: their classes are not as many, or a single one has no two.
    """
    classes = options.classes or tuple(each.rest or each.name for each in family)
    if len(classes) != max(len(family), 2):
        raise InputError(
            f"{title(file)} has {count(len(family), 'output')} and {len(classes)} classes came "
            f"({', '.join(classes[:_SHOWN])}); expected one for each, or two for a single output, "
            "the one that it speaks for last."
        )
    return classes


def rows_of(file: Path, samples: pd.DataFrame, asked: str | None) -> tuple[pd.DataFrame, str]:
    """A table, and its column that names images of a dataset.

    Raises:
        InputError: it cannot be read, or has none.
    """
    rows, _ = rows_in(file)
    return rows, _ids(file, rows, Matching(samples), asked)


def rows_in(file: Path) -> tuple[pd.DataFrame, Sequence[Problem]]:
    """A table as it is written, and its lines that cannot be read.

    Raises:
        InputError: it cannot be read, is too large, or holds no rows.
    """
    try:
        entries.check_file(file)
        size = entries.readable(file).stat().st_size
    except (UnusableError, OSError) as error:
        raise InputError(f"{title(file)} {error}; expected a file of predictions.") from error
    if file.suffix.lower() == PARQUET:
        return _named(_parquet(file)), ()
    if size > MOST_BYTES:
        raise InputError(
            f"{title(file)} has {size / 1e6:,.0f} MB; expected at most {MOST_BYTES / 1e6:,.0f} MB "
            "of text: save it as .parquet or .npz."
        )
    tables = read_tables(file)
    if len(tables) > 1:
        raise InputError(
            f"{title(file)} holds {len(tables)} tables; save the one with the predictions as a "
            "file of its own."
        )
    rows, problems = tables[0]
    return _named(rows), problems


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """
    Raises:
        InputError: there are none.
    """
    if rows.empty:
        raise InputError("The table holds no rows; expected one for each image.")
    rows.columns = [str(name) for name in rows.columns]
    for name in list(rows):
        column = described(str(name))
        if column.is_output and not column.rest and (lists := _lists(rows[name])) is not None:
            apart = {f"{name}_{number}": lists[:, number] for number in range(lists.shape[1])}
            new = pd.DataFrame(apart, index=rows.index)
            rows = pd.concat([rows.drop(columns=name), new], axis=1)
    return rows


def _lists(cells: pd.Series) -> Floats | None:
    """(row, output) the numbers of a column of lists of one length, as Python, JSON or NumPy writes
    them; None of others."""
    found = []
    for cell in cells:
        values = cell
        text = _NUMPY.sub(r"\1", cell) if isinstance(cell, str) else ""
        if _LIST.fullmatch(text):
            values = text.strip()[1:-1].replace(",", " ").split()
        if not isinstance(values, list | tuple | np.ndarray) or len(values) > _MOST_LISTED:
            return None
        try:
            found.append(np.asarray(values, dtype=np.float64))
        except (TypeError, ValueError):
            return None
    shapes = {each.shape for each in found}
    alike = len(shapes) == 1 and len(found[0].shape) == 1 and found[0].size > 0
    return np.stack(found) if alike else None


def _parquet(file: Path) -> pd.DataFrame:
    """With its index, which may name the images, as a column."""
    try:
        parquet.check(file)
        rows: pd.DataFrame = read_table(paths.readable(file)).to_pandas(ignore_metadata=True)
    except UnusableError as error:
        raise InputError(f"{title(file)} {error}; expected a file of predictions.") from error
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(f"{title(file)} is not a Parquet file that can be read.") from error
    return rows


def numbers(cells: pd.Series) -> Floats | None:
    """A column's numbers, NaN where a cell holds none; None where most cells are something else."""
    if pd.api.types.is_bool_dtype(cells):
        return np.asarray(cells, dtype=np.float64)
    if pd.api.types.is_numeric_dtype(cells):
        return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if cells.map(lambda cell: isinstance(cell, list | tuple | dict | np.ndarray)).any():
        return None
    texts = as_text(cells).fillna("")
    stated = (texts != "").sum()
    plain = texts.str.removesuffix("%").str.strip()
    decimal = plain.str.replace(",", ".", regex=False)
    values = pd.to_numeric(plain, errors="coerce").fillna(pd.to_numeric(decimal, errors="coerce"))
    found: Floats = np.asarray(values, dtype=np.float64)
    infinite = texts.str.casefold().isin(("inf", "+inf", "-inf", "nan"))
    enough = np.isfinite(found).sum() + infinite.sum() >= max(1, _NUMBERS * stated)
    return found if enough else None


def _ids(file: Path, rows: pd.DataFrame, images: Matching, asked: str | None) -> str:
    """The column that names the most images; of several one of texts, as those of numbers may count
    something else; of these the one with the most usual name.

    Raises:
        InputError: none names an image, or not the one that was asked for.
    """
    if asked is not None and asked not in rows:
        raise InputError(f"{title(file)} has no column {asked!r}; {columns(rows)}")
    found: dict[str, int] = {}
    for name in map(str, rows if asked is None else [asked]):
        texts = as_text(rows[name]) if rows[name].dtype != object else rows[name].astype("str")
        at = images.positions(pd.unique(texts.dropna()))
        if matched := int((at >= 0).sum()):
            found[name] = matched
    if not found:
        first = rows.iloc[0].dropna()
        raise InputError(
            f"No column of {title(file)} names images of the dataset; {columns(rows)} Its "
            f"first row holds {', '.join(str(cell)[:40] for cell in first.iloc[:4])}; expected "
            "sample ids or file names in one column."
        )
    usual = [*COLUMNS["sample_id"], *COLUMNS["path"]]

    def rank(name: str) -> tuple[int, bool, int]:
        plain = "_".join(folded(name).replace("-", " ").replace(".", " ").split())
        counts = numbers(rows[name]) is not None
        return -found[name], counts, usual.index(plain) if plain in usual else len(usual)

    return min(found, key=rank)


def _family(
    file: Path,
    found: list[list[Column]],
    known: Classes,
    options: ImportOptions,
    rows: pd.DataFrame,
) -> list[Column]:
    """The columns that are the outputs.

    Raises:
        InputError: there are none, or nobody tells which class they are of.
    """
    if options.classes is not None:
        return _named_outputs(file, found, known, options.classes, rows)
    for family in found:
        if family[0].number is None and (len(family) > 1 or family[0].rest):
            return family
    if found and len(found[0]) > 1:
        example = ",".join(known.written) or "MEL,NV,…"
        raise InputError(
            f"The outputs of {title(file)} have no class names ({found[0][0].name} … "
            f"{found[0][-1].name}); give them in their order, often the "
            f"alphabet's, such as --classes {example}."
        )
    if found:
        two = known.present if len(known.present) == 2 else ("benign", "malignant")
        raise InputError(
            f"{title(file)} has one number for each image ({found[0][0].name}); give the two "
            f"classes, the one that it speaks for last, such as --classes {','.join(two)}."
        )
    raise InputError(
        f"{title(file)} has no outputs of a network: {columns(rows)} Expected a column of logits "
        "or probabilities for each class, named as the class (mel, prob_mel, p(mel)), or "
        "--classes. Predicted classes alone are not enough."
    )


def _named_outputs(
    file: Path,
    found: list[list[Column]],
    known: Classes,
    classes: tuple[str, ...],
    rows: pd.DataFrame,
) -> list[Column]:
    """The outputs of the classes that were named."""
    wanted = {folded(code) for code in classes} | {folded(known.code(code)) for code in classes}

    def meant(each: Column) -> bool:
        return folded(each.rest) in wanted or folded(known.code(each.rest)) in wanted

    for family in found:
        named = [each for each in family if meant(each)]
        if len(named) == len(classes):
            return named
    plain = {folded(str(name)): str(name) for name in rows}
    present = [code for code in classes if folded(code) in plain]
    if len(present) == len(classes):
        return [Column(plain[folded(code)], (), code) for code in classes]
    if len(present) == 1 and len(classes) == 2:  # the other one's is what is left to 1
        column = plain[folded(present[0])]
        if numbers(rows[column]) is not None:
            return [Column(column, (), present[0])]
    for family in found:
        if family[0].number is not None and len(family) == len(classes):
            return family
        if len(family) == 1 and len(classes) == 2:
            return family
    raise InputError(
        f"{title(file)} has no outputs of the {len(classes)} classes {', '.join(classes)}; "
        f"{columns(rows)}"
    )


def _names(
    file: Path, family: Sequence[Column], known: Classes, options: ImportOptions
) -> tuple[str, ...]:
    """
    Raises:
        InputError: a single number speaks for one class, and nobody tells which the other is.
    """
    first = family[0]
    if len(family) == 1:
        classes = options.classes or known.present
        others = [code for code in classes if known.code(code) != known.code(first.rest)]
        if len(classes) == 2 and len(others) == 1:
            return (others[0], first.rest)
        if options.classes is not None:
            return options.classes
        raise InputError(
            f"{title(file)} has one number for each image ({first.name}); give the two classes, "
            f"the one that it speaks for last, such as --classes other,{first.rest}."
        )
    if options.classes is not None and first.number is not None:
        return options.classes
    return tuple(each.rest for each in family)


def _check_all_classes(
    file: Path, family: Sequence[Column], rows: pd.DataFrame, held: Mapping[Hashable, Floats]
) -> None:
    """
    Raises:
        InputError: each number is of the class that another column names: of the predicted one, or
            of the best few.
    """
    first = family[0]
    mine = {each.name for each in family}
    ends = f"_{first.number}" if first.number is not None else ""
    names = {folded(name): name for name in map(str, rows) if name not in mine}
    found = [names[f"{start}{ends}"] for start in _PREDICTED if f"{start}{ends}" in names]
    if not found or not (first.number is not None or first.rest in _SINGLE):
        return
    classes = as_text(rows[found[0]]).nunique()
    values = held[first.name]
    sure = classes == 2 and found[0] not in _MAYBE_TRUTH and np.nanmin(values) >= 0.5
    if classes > 2 or sure:
        raise InputError(
            f"{title(file)} has in {first.name} the number of one class alone, which {found[0]} "
            "names; expected one row an image and a column for each class."
        )


def _check_single(file: Path, column: Column, values: Floats) -> None:
    """
    Raises:
        InputError: it holds predicted classes, no scores.
    """
    if _whole(values):
        raise InputError(
            f"The column {column.name} of {title(file)} holds predicted classes, no scores; "
            "expected logits or probabilities: without them there is no ROC curve, no AUC and no "
            "order of images."
        )


def _whole(values: Floats) -> bool:
    stated = values[np.isfinite(values)]
    return bool((stated % 1 == 0).all())


def _folds(file: Path, rows: pd.DataFrame, asked: str | None) -> str | None:
    if asked is not None:
        if asked not in rows:
            raise InputError(f"{title(file)} has no column {asked!r}; {columns(rows)}")
        return asked
    names = {folded(str(name)).replace(" ", "_"): str(name) for name in rows}
    return next((names[usual] for usual in _FOLDS if usual in names), None)


def columns(rows: pd.DataFrame) -> str:
    more = f" and {rows.shape[1] - _SHOWN} more" if rows.shape[1] > _SHOWN else ""
    return f"it has {', '.join(map(str, list(rows)[:_SHOWN]))}{more}."
