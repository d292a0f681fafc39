"""Names of classes that a dataset numbers: ``classes.txt``, ``label_map.json``, YOLO's
``data.yaml`` and the like, in the folder of the dataset."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import delimited
from dermxai.data.files import listed
from dermxai.data.table import as_text, normal

_MOST_BYTES = 1_000_000
_MOST_CLASSES = 5_000
_LONGEST = 200  # characters of a name
_FILES = re.compile(
    r"_?(?:class|classes|class_names?|classnames?|class_list|labels?|label_names?|label_list|names"
    r"|obj|data|dataset|darknet|categories|config|label_?map(?:ping)?|label_encoder|id_?2_?label"
    r"|label_?2_?id|class_?to_?idx|idx_?to_?class|class_?map(?:ping)?|class_?dict|class_indices"
    r"|index_?to_?(?:class|label|name)|mapping)s?"
)
"""What such files are called, as `normal` writes it."""
_JSON, _YAML, _TEXT = (
    frozenset((".json",)),
    frozenset((".yaml", ".yml")),
    frozenset((".txt", ".names")),
)
SUFFIXES = _JSON | _YAML | _TEXT | {".labels"}
_IS_FILE = re.compile(r"\.[A-Za-z]{3,4}(?:\s|$)")
_KEYS = ("id2label", "names", "classes", "class_names", "labels", "label2id", "class_to_idx")
_NUMBERED = re.compile(r"\s*(?P<number>\d{1,4})\s*(?:[:;,=\t]\s*|\s+)(?P<name>\S.*?)\s*")
_NUMBER = re.compile(
    r"(?:class|klasse|classe|clase|label|category|categoria|cls|c)?[\s_-]*(?P<number>\d{1,4})(?:\.0)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ClassNames:
    """
    Attributes:
        file: where they stand.
        names: number → name.
        counted: whether their order tells the numbers, which may then begin with 1.
    """

    file: Path
    names: Mapping[int, str]
    counted: bool = False

    def of(self, numbers: Sequence[int]) -> dict[int, str] | None:
        """The names of numbers; None where one has none."""
        names = dict(self.names)
        if self.counted and numbers and min(numbers) >= 1 and max(numbers) == len(names):
            names = {number + 1: name for number, name in names.items()}
        return {each: names[each] for each in numbers} if set(numbers) <= set(names) else None


def find(folder: Path) -> list[ClassNames]:
    """Files of names in a folder; those that hold none are passed over."""
    files = (file for file in listed(folder) if may_hold(file) and file.is_file())
    return [names for file in files if (names := read(file))]


def may_hold(file: Path) -> bool:
    """Whether a file is called as such files are."""
    return file.suffix.lower() in SUFFIXES and _FILES.fullmatch(normal(file.stem)) is not None


def read(file: Path) -> ClassNames | None:
    """The names in a file, None where there are none."""
    try:
        suffix = file.suffix.lower()
        if suffix in _JSON:
            content: object = entries.read_json(file, most=_MOST_BYTES, zeros=True)
        else:
            text = delimited.decode(entries.read_bytes(file, _MOST_BYTES))
            content = None if text is None else text.splitlines()
            if suffix in _YAML:
                content = yaml.safe_load(text or "")
    except (UnusableError, InputError, OSError, yaml.YAMLError, RecursionError, ValueError):
        return None
    told = _told(content, text=suffix not in _JSON | _YAML)
    if told is None or not 1 < len(told[0]) <= _MOST_CLASSES:
        return None
    names, counted = told
    texts = list(names.values())
    if not all(0 < len(name) <= _LONGEST and not _IS_FILE.search(name) for name in texts):
        return None
    if len(set(texts)) < len(texts):
        return None
    return ClassNames(file, names, counted)


def _told(content: object, text: bool = False) -> tuple[dict[int, str], bool] | None:
    """Number → name, and whether their order tells the numbers."""
    if isinstance(content, list):
        return _listed(content, text)
    if not isinstance(content, Mapping):
        return None
    inner = next((content[key] for key in _KEYS if isinstance(content.get(key), list | dict)), None)
    if inner is not None:
        return _told(inner)
    pairs = list(content.items())
    turned = [(value, key) for key, value in pairs]
    for numbered in (pairs, turned):
        if all(_is_number(number) and isinstance(name, str) for number, name in numbered):
            names = {int(number): name.strip() for number, name in numbered}
            return (names, False) if len(names) == len(numbered) else None
    return None


def _listed(content: Sequence[object], text: bool) -> tuple[dict[int, str], bool] | None:
    lines = [each.strip() for each in content if isinstance(each, str) and each.strip()]
    if text and lines and all(_NUMBERED.fullmatch(line) for line in lines):
        return dict(_numbered(lines)), False
    whole = len(lines) == sum(each is not None and each != "" for each in content)
    return (dict(enumerate(lines)), True) if whole else None


def _numbered(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for line in lines:
        if found := _NUMBERED.fullmatch(line):
            yield int(found["number"]), found["name"]


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and value.strip().isdecimal())


def number_of(label: str) -> int | None:
    """The number of a label that is one, such as "3", "3.0" and "class_3"; None of any other."""
    found = _NUMBER.fullmatch(label.strip())
    return int(found["number"]) if found else None


def named(
    labels: pd.Series, known: Sequence[ClassNames]
) -> "tuple[pd.Series[str], ClassNames] | None":
    """Labels that are numbers by their names, and where those stand; None where a label is no
    number or has no name, or files disagree."""
    texts = as_text(labels)
    number_by_label = {str(text): number_of(str(text)) for text in texts.dropna().unique()}
    numbers = [number for number in number_by_label.values() if number is not None]
    if not numbers or len(numbers) < len(number_by_label):
        return None
    told = [(each, names) for each in known if (names := each.of(numbers)) is not None]
    if not told or any(names != told[0][1] for _, names in told):
        return None
    source, names = told[0]
    by_label = {
        text: names[number] for text, number in number_by_label.items() if number is not None
    }
    return texts.map(by_label).astype("str"), source


def note(source: ClassNames) -> str:
    """What is to be said where they were used."""
    return f"The classes are numbers, named as in {source.file.name}."
