"""Labels in JSON as tables: JSON lines, lists of objects, columns, COCO's, FiftyOne's and Label
Studio's exports, objects by file name, lists of files by class or split, and a file an image."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
import pandas as pd

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.split_words import split_name
from dermxai.data.table import COLUMNS, Problem, normal, recognised

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
_LINES = frozenset({".jsonl", ".ndjson"})
MOST_BYTES = 200_000_000
MOST_ROWS = 5_000_000
MOST_COLUMNS = 2_000
_IDS = COLUMNS["sample_id"]
BY_NAME = "by name"
"""Attribute of a table whose columns may be called so by this module, not by the file."""
_EXPECTED = "expected a table of images as JSON, such as a list of objects"
Record = Mapping[str, object]


def read_json_table(path: Path) -> pd.DataFrame:
    """One row a record, cells as text; nested objects as ``outer.inner``, lists as JSON.

    Raises:
        InputError: it is not JSON, larger than is read, or holds no records.
    """
    try:
        if path.suffix.lower() in _LINES:
            records = _lines(entries.read_bytes(path, MOST_BYTES))
        else:
            records = _records(entries.read_json(path, most=MOST_BYTES, zeros=True))
    except UnusableError as error:
        raise InputError(f"{path.name} {error}; {_EXPECTED}.") from error
    if not records:
        raise InputError(f"{path.name} holds no records; {_EXPECTED}.")
    if len(records) > MOST_ROWS:
        raise InputError(f"{path.name} holds more than {MOST_ROWS:,} records; save it as CSV.")
    table = _table([_flat(record) for record in records], path.name)
    table.attrs[BY_NAME] = list(table) in (["file", "label"], ["file", "split"])
    return table


def _table(flat: Sequence[Mapping[str, str]], name: str) -> pd.DataFrame:
    columns = list(dict.fromkeys(column for record in flat for column in record))
    if len(columns) > MOST_COLUMNS:
        raise InputError(
            f"{name} holds {len(columns):,} kinds of values; expected at most {MOST_COLUMNS:,}."
        )
    rows = {column: [record.get(column, "") for record in flat] for column in columns}
    table = pd.DataFrame(rows, dtype="str")
    return table.where(table != "", np.nan)


def read_json_files(files: Sequence[Path]) -> tuple[pd.DataFrame, list[Problem]]:
    """Files of one image each, named as their images are, as one table: a row a file, ``file`` its
    name without suffix, values by the innermost of their names where that tells them apart; and
    files that hold no object.

    Raises:
        InputError: together they are larger than is read.
    """
    flat, problems, left = [], [], MOST_BYTES
    for file in files:
        try:
            content = entries.read_bytes(file, MOST_BYTES)
            left -= len(content)
            if left < 0:
                raise InputError(f"{file.name} and those beside it hold more JSON than is read.")
            record = entries.parse_json(content, dict, zeros=True)
        except UnusableError as error:
            problems.append(Problem(file.name, f"{error}; left out"))
            continue
        said = {"label": _label_of_shapes(record)} if "shapes" in record else record
        values = _by_last(_flat(said))
        ids = {name for name in recognised(values).values() if normal(name) in _IDS}
        flat.append({"file": file.stem} | {n: v for n, v in values.items() if n not in ids})
    return _table(flat, files[0].name), problems


def _by_last(flat: Mapping[str, str]) -> dict[str, str]:
    """Values by the last part of their names, ``meta.clinical.diagnosis`` as ``diagnosis``."""
    last = [name.rpartition(".")[2] for name in flat]
    times = Counter(last)
    return {
        short if times[short] == 1 and short != "file" else f"{name} (record)": value
        for (name, value), short in zip(flat.items(), last, strict=True)
    }


def _label_of_shapes(record: Record) -> str:
    """What labelme has drawn in an image: the one label of all shapes, or a list of several; or the
    one flag that is set."""
    drawn = [_object(each).get("label") for each in _list(record.get("shapes"))]
    marked = [name for name, value in _object(record.get("flags")).items() if value is True]
    return one_or_list([str(each) for each in drawn if each is not None] or marked)


def _object(value: object) -> Record:
    return value if isinstance(value, dict) else {}


def one_or_list(labels: Iterable[str]) -> str:
    """The only one of several labels, else all of them as JSON."""
    distinct = list(dict.fromkeys(labels))
    return distinct[0] if len(distinct) == 1 else json.dumps(distinct) if distinct else ""


def _lines(content: bytes) -> list[Record]:
    records: list[Record] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                records.append(entries.parse_json(line, dict, zeros=True))
            except UnusableError as error:
                raise UnusableError(f"line {number} {error}") from None
    return records


def _records(content: object) -> list[Record]:
    if isinstance(content, list):
        return _of_list(content)
    return _of_object(content) if isinstance(content, dict) else []


def _of_list(content: Sequence[object]) -> list[Record]:
    if tasks := [each for each in content if _is_task(each)]:
        return [_labelled(each) for each in tasks]
    lists = [each for each in content if isinstance(each, list)]
    if lists and len(lists) == len(content):
        return [dict(_numbered(each)) for each in lists]
    return [each for each in content if isinstance(each, dict)]


def _of_object(content: Record) -> list[Record]:
    if isinstance(content.get("images"), list) and "annotations" in content:
        return _coco(content)
    classes, labels = content.get("classes"), content.get("labels")
    if isinstance(classes, list) and isinstance(labels, dict):
        return _fiftyone(classes, labels)
    if columns := _columns(content):
        return columns
    records = {name: value for name, value in content.items() if _are_records(value)}
    splits = [name for name in records if split_name(name)]
    if len(splits) > 1:
        return [{"split": name, **each} for name in splits for each in records[name]]
    lists = list(records.values())
    return max(lists, key=len) if lists else _by_file(content) or _by_list(content)


def _numbered(values: Sequence[object]) -> Iterator[tuple[str, object]]:
    return ((f"column {number}", value) for number, value in enumerate(values, start=1))


def _columns(content: Record) -> list[Record]:
    """Lists, or objects of the same keys, by the names of columns, one of which is that of images;
    as pandas writes a table."""
    names = recognised(map(str, content))
    if not {"path", "sample_id"} & set(names):
        return []
    objects = [each for each in content.values() if isinstance(each, dict)]
    if len(objects) == len(content) and len({frozenset(each) for each in objects}) == 1:
        lists = [[each[key] for key in objects[0]] for each in objects]
    else:
        lists = [each for each in content.values() if isinstance(each, list)]
    if len(lists) < len(content) or len({len(each) for each in lists}) != 1:
        return []
    return [dict(zip(content, row, strict=True)) for row in zip(*lists, strict=True)]


def _by_list(content: Record) -> list[Record]:
    """File names by class, or by split."""
    lists = {name: value for name, value in content.items() if isinstance(value, list)}
    texts = all(isinstance(each, str) for value in lists.values() for each in value)
    if len(lists) < len(content) or len(content) < 2 or not texts:
        return []
    of = "split" if all(map(split_name, content)) else "label"
    return [{"file": each, of: name} for name, value in lists.items() for each in value]


def _is_task(value: object) -> TypeGuard[Record]:
    """Whether a record is a task of Label Studio."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("data"), dict)
        and isinstance(value.get("annotations", value.get("completions")), list)
    )


def _labelled(task: Record) -> Record:
    """The data of a task with the label that its annotations give, those that were cancelled aside:
    the only choice or the label of all regions, else a list."""
    labels: list[str] = []
    for annotation in map(_object, _list(task.get("annotations", task.get("completions")))):
        if annotation.get("was_cancelled"):
            continue
        for result in map(_object, _list(annotation.get("result"))):
            value = _object(result.get("value"))
            labels += [str(each) for kind in _CHOICES for each in _list(value.get(kind))]
    return {**_object(task["data"]), "label": one_or_list(labels)}


_CHOICES = ("choices", "rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "labels")
"""Where Label Studio keeps what people have chosen."""


def _by_file(content: Record) -> list[Record]:
    """Objects, or labels, by file name."""
    tables = {name: value for name, value in content.items() if isinstance(value, dict)}
    if len(tables) == len(content):
        return [{"file": name, **value} for name, value in tables.items()]
    if all(isinstance(value, str | int) for value in content.values()):
        return [{"file": name, "label": str(value)} for name, value in content.items()]
    return []


def _are_records(value: object) -> TypeGuard[list[Record]]:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _coco(content: Record) -> list[Record]:
    """COCO's images with the one category that all their annotations name."""
    named = {
        each.get("id"): each.get("name")
        for each in _list(content.get("categories"))
        if isinstance(each, dict) and isinstance(each.get("id"), str | int)
    }
    found: dict[str | int, list[str]] = {}
    for each in _list(content["annotations"]):
        if isinstance(each, dict) and isinstance(each.get("image_id"), str | int):
            category = each.get("category_id")
            label = named.get(category, category) if isinstance(category, str | int) else None
            if label is not None:
                labels = found.setdefault(each["image_id"], [])
                if str(label) not in labels:
                    labels.append(str(label))
    return [_with_label(each, found) for each in _list(content["images"]) if isinstance(each, dict)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _with_label(image: Record, found: Mapping[str | int, list[str]]) -> Record:
    number = image.get("id")
    labels = found.get(number, []) if isinstance(number, str | int) else []
    name = {"file_name": image["file_name"]} if "file_name" in image else {}
    rest = {key: value for key, value in image.items() if key not in {"file_name", "id"}}
    return {**name, "label": one_or_list(labels), "coco_id": number, **rest}


def _fiftyone(classes: list[object], labels: Record) -> list[Record]:
    """FiftyOne's ``labels.json`` of classification: an index of ``classes`` by file name."""

    def label(value: object) -> object:
        if isinstance(value, list):
            return [label(each) for each in value]
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(classes):
            return classes[value]
        return value

    return [{"file": name, "label": label(value)} for name, value in labels.items()]


def _flat(record: Record, before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in record.items():
        whole = f"{before}{name}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{whole}.") if value else {}
        else:
            flat[whole] = _text(value)
    return flat


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | int):
        return str(value[0])
    return json.dumps(value, ensure_ascii=False)


def listed(cell: str) -> Iterable[str] | None:
    """The texts of a cell that is a list, as JSON or as Python writes it; None of any other."""
    found = _literal(cell) if cell[:1] == "[" else None
    return [str(each) for each in found] if isinstance(found, list) else None


def weighed(cell: str) -> dict[str, float] | None:
    """The weights of a cell that is an object of numbers; None of any other."""
    found = _literal(cell) if cell[:1] == "{" else None
    if not isinstance(found, dict):
        return None
    numbers = {str(name): value for name, value in found.items() if isinstance(value, int | float)}
    return {name: float(value) for name, value in numbers.items()} if numbers else None


_LONGEST = 10_000  # characters of a cell


def _literal(cell: str) -> object:
    """A literal as JSON or Python write it, never evaluated beyond literals."""
    import ast

    if len(cell) > _LONGEST:
        return None
    try:
        return entries.parse_json(cell.encode())
    except (UnusableError, UnicodeEncodeError):
        pass
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
