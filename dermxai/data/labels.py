"""Labels of other taxonomies and a user's own, mapped to class codes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.core.formatting import count, shortened
from dermxai.data.delimited import read_delimited
from dermxai.data.icd10 import SOURCE, icd10, several
from dermxai.data.synonyms import SYNONYMS, is_no_class, key, synonym
from dermxai.data.table import folded

_MOST_MERGED = 6  # labels that a note names
_MOST_SHOWN = 40  # characters of one
_WHY = {"same": "synonym", "kind": "a kind of the class", "group": "a group that holds the class"}
_BARE = "its name without numbers"
_OWN = "in no table; a class of its own"
_SPELT = "in no table; a class of its own, spelt in several ways"
_NARROWED = frozenset((_WHY["kind"], _WHY["group"], _BARE, _SPELT))
"""What may differ from the class, so that labels which become one are named."""


@dataclass(frozen=True)
class Label:
    """What became of one label of a dataset.

    Attributes:
        written: as the dataset writes it.
        code: the class; None where it is none.
        why: by what it was mapped, in words.
        source: who writes the class so; empty where nobody was asked.
    """

    written: str
    code: str | None
    why: str
    source: str = ""


def standard(label: str) -> str:
    """The class code of a label written as a code or name of the table of synonyms, in any case,
    spelling and punctuation; a label of no known taxonomy stays itself."""
    found = synonym(label) or icd10(label)
    return found.code if found else taxonomy.canonical(label)


def standard_classes(names: Sequence[str]) -> tuple[str, ...]:
    """Class codes of a model's classes, in their order. Classes that would become one keep their
    own names, as the model tells them apart."""
    codes = [standard(name) for name in names]
    times = Counter(codes)
    return tuple(
        code if times[code] == 1 else name for name, code in zip(names, codes, strict=True)
    )


def is_known(label: str) -> bool:
    """Whether a label is of a known taxonomy, in whatever writing."""
    return synonym(label) is not None or icd10(label) is not None


def meanings(present: Sequence[str], own: Mapping[str, str]) -> dict[str, Label]:
    """What each label means: by the user's own map where it knows the label, in any case, else by
    the table of synonyms; the map may write diseases as code or name.

    Raises:
        InputError: the user's map knows none of the labels.
    """
    to = {label: taxonomy.canonical(code) for label, code in own.items()}
    known = {folded(label): code for label, code in to.items()} | to
    if own and present and not any(folded(label) in known for label in present):
        raise InputError(
            f"The label map knows none of this dataset's labels ({', '.join(present[:20])}); "
            f"it maps {', '.join(list(own)[:20])}."
        )
    return _spelt_alike({label: _meaning(label, known) for label in present})


def _spelt_alike(meant: dict[str, Label]) -> dict[str, Label]:
    """With one spelling for labels in no table that differ in case or blanks alone."""
    alike: dict[str, set[str]] = {}
    for each in meant.values():
        if each.why == _OWN and each.code:
            alike.setdefault(_bare(each.code), set()).add(each.code)
    chosen = {
        code: min(codes, key=lambda code: (code.isupper(), code.islower(), code))
        for codes in alike.values()
        if len(codes) > 1
        for code in codes
    }
    return {
        label: replace(each, code=chosen[each.code], why=_SPELT)
        if each.why == _OWN and each.code in chosen
        else each
        for label, each in meant.items()
    }


def _bare(code: str) -> str:
    return " ".join(folded(code).split())


def _meaning(label: str, own: Mapping[str, str]) -> Label:
    code = own.get(label, own.get(folded(label)))
    if code is not None:
        return Label(label, code or None, "your label map")
    if found := synonym(label) or icd10(label):
        why = "the class itself" if found.source == "DermXAI" else _WHY[found.relation]
        if found.relation == "same" and key(label) not in SYNONYMS and not icd10(label):
            why = _BARE
        return Label(label, found.code, why, "" if found.source == "DermXAI" else found.source)
    if is_no_class(label):
        return Label(label, None, "no class, but that none is known")
    if held := several(label):
        return Label(label, held[0], f"holds {held[1]}; a class of its own", SOURCE)
    return Label(label, taxonomy.canonical(label) or None, _OWN)


def mapped(labels: pd.Series, own: Mapping[str, str]) -> pd.Series:
    """Class codes by `meanings`; missing where a label is no class. Labels that differ only in how
    their accented letters are put together are one class.

    Raises:
        InputError: the user's map knows none of the labels.
    """
    meant = meanings(list(labels.dropna().unique()), own)
    codes = {label: meaning.code for label, meaning in meant.items()}
    mapped_labels = labels.map(codes).astype("str")
    return mapped_labels.where(mapped_labels != "")


def label_table(samples: pd.DataFrame, own: object = None) -> list[tuple[Label, int]]:
    """What became of each label of a sample table, and of how many images, the most first.

    Args:
        own: the user's map, or its file, as in ``Dataset.options``.
    """
    written = samples.get("source_label", samples["label"])
    counts = written.dropna().value_counts()
    meant = meanings(list(counts.index), own_labels(own))
    return [(meant[str(label)], int(number)) for label, number in counts.items()]


def own_labels(label_map: object) -> Mapping[str, str]:
    """A user's map, read where it is a file."""
    if isinstance(label_map, Mapping):
        return label_map
    return read_label_map(Path(str(label_map))) if label_map else {}


def notes(labels: pd.Series, own: Mapping[str, str]) -> tuple[str, ...]:
    """What is to be known of the mapping before it is relied on: labels that are no class, and
    labels that are one class without being synonyms."""
    counts = labels.value_counts()
    meant = meanings(list(counts.index), own)
    said = []
    none = [label for label, each in meant.items() if each.code is None and label not in own]
    if none:
        said.append(
            f"{_listed(none)}: no class ({count(int(counts[none].sum()), 'image')} without label). "
            "Map a label to itself to make it a class."
        )
    held = (several(label) for label in meant if label not in own)
    said += [
        f"{code} holds {diagnoses}: a class of its own. Map its labels to a class where all of "
        "these images are of one."
        for code, diagnoses in dict.fromkeys(each for each in held if each)
    ]
    by_code: dict[str, list[Label]] = {}
    for each in meant.values():
        if each.code is not None:
            by_code.setdefault(each.code, []).append(each)
    for code, alike in by_code.items():
        if len(alike) > 1 and any(each.why in _NARROWED for each in alike):
            said.append(
                f"{_listed([each.written for each in alike])} are all {code}; source_label tells "
                "them apart. Map a label to itself to make it a class."
            )
    return tuple(said)


def _listed(labels: Sequence[str]) -> str:
    shown = [shortened(label, _MOST_SHOWN) for label in labels[:_MOST_MERGED]]
    more = f" and {len(labels) - _MOST_MERGED} more" if len(labels) > _MOST_MERGED else ""
    return ", ".join(shown) + more


def read_label_map(path: Path) -> dict[str, str]:
    """A table of two columns, ``from`` and ``to``; an empty ``to`` leaves those images unlabelled.

    Raises:
        InputError: the file cannot be read or has other columns.
    """
    rows, _ = read_delimited(path)
    if not {"from", "to"} <= set(rows.columns):
        raise InputError(
            f"{path.name}: a label map has two columns, from and to; "
            f"it has {', '.join(rows.columns)}."
        )
    pairs = rows.dropna(subset="from").fillna("")
    return {row["from"].strip(): row["to"].strip() for _, row in pairs.iterrows()}
