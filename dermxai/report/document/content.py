"""What a document holds before it becomes HTML, LaTeX or Word: sections of texts, tables, drawings
and pictures."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import pandas as pd

from dermxai.core.formatting import jsonable
from dermxai.report.origin import COLUMNS

_INTERVAL = "interval_"


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        kind: "draft" of what an author is to edit; "verbatim" of another's lines.
    """

    words: str
    kind: Literal["plain", "note", "draft", "verbatim"] = "plain"


@dataclass(frozen=True, eq=False)
class Facts:
    """Names and what they are."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Table:
    """
    Attributes:
        name: of its files.
        title: what it shows; safe nowhere.
        shown: texts, for people.
        numbers: the same in full, for programs, with where they come from.
        note: how to read it.
        embedded: whether it stands in the page; else in the files alone.
    """

    name: str
    title: str
    shown: pd.DataFrame
    numbers: pd.DataFrame
    note: str = ""
    embedded: bool = True


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure.

    Attributes:
        name: of its files.
        caption: what it shows.
        svg, pdf: the files.
        embedded: whether it stands in the page; else in the files alone.
    """

    name: str
    caption: str
    svg: bytes
    pdf: bytes
    embedded: bool = True


@dataclass(frozen=True, eq=False)
class Example:
    """An image, and beside it the same under its map.

    Attributes:
        jpegs: the pictures' files; empty where the image cannot be read.
        caption: lines beneath.
    """

    jpegs: tuple[bytes, ...]
    caption: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Gallery:
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Item:
    """One of a reporting guideline.

    Attributes:
        number: as the guideline counts.
        subject: what it asks for, in own words.
        sections: keys of those that answer it; none where it is left to the author.
        left: what of it is left to the author; empty where nothing is.
    """

    number: str
    subject: str
    sections: tuple[str, ...]
    left: str


@dataclass(frozen=True, eq=False)
class Items:
    """Items of a reporting guideline.

    Attributes:
        name: of the guideline.
        source: its publication.
    """

    name: str
    source: str
    rows: tuple[Item, ...]


Block: TypeAlias = Text | Facts | Table | Drawing | Gallery | Items


@dataclass(frozen=True, eq=False)
class Section:
    """
    Attributes:
        key: its anchor.
        blocks: in their order.
        answers: topics of `guidelines` that it really says something of.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    answers: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Document:
    """
    Attributes:
        title, facts: what it is about.
        origin: the run, and all that its numbers depend on.
    """

    title: str
    facts: Facts
    origin: Mapping[str, object]
    sections: tuple[Section, ...]

    @property
    def blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from section.blocks

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Drawing))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that it holds: the same for the same run in the same state."""
        told: list[object] = [self.title, self.facts.rows, self.origin]
        for section in self.sections:
            told += [section.key, section.title, *map(_told, section.blocks)]
        return hashlib.sha256(json.dumps(jsonable(told)).encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Texts and numbers of all sections, for programs."""
        return jsonable(
            {
                "title": self.title,
                "origin": self.origin,
                "digest": self.digest,
                "sections": {section.key: _section_json(section) for section in self.sections},
            }
        )


def _section_json(section: Section) -> dict[str, object]:
    blocks = section.blocks
    return {
        "title": section.title,
        "texts": [block.words for block in blocks if isinstance(block, Text)],
        "facts": dict(row for block in blocks if isinstance(block, Facts) for row in block.rows),
        "tables": {block.name: _table_json(block) for block in blocks if isinstance(block, Table)},
        "figures": [block.name for block in blocks if isinstance(block, Drawing)],
        "guidelines": [
            {
                "name": block.name,
                "source": block.source,
                "items": [asdict(row) for row in block.rows],
            }
            for block in blocks
            if isinstance(block, Items)
        ],
    }


def _table_json(table: Table) -> dict[str, object]:
    """Its rows; once for all of them where they come from, and what their intervals rest on."""
    once = [name for name in (*COLUMNS, "split") if name in table.numbers]
    about = [name for name in table.numbers if str(name).startswith(_INTERVAL)]
    rows = table.numbers.drop(columns=[*once, *about])
    told: dict[str, object] = {"title": table.title, "rows": rows.to_dict("records")}
    if about and len(table.numbers):
        first = table.numbers[about].iloc[0].to_dict()
        told["intervals"] = {str(name).removeprefix(_INTERVAL): of for name, of in first.items()}
    return told


def _told(block: Block) -> object:
    """Whatever tells a block from others, for its digest."""
    match block:
        case Table():
            numbers = block.numbers.astype(object).where(block.numbers.notna(), None)
            return [block.name, block.title, block.note, *_cells(block.shown), *_cells(numbers)]
        case Drawing():
            return [block.name, block.caption, _digest(block.svg)]
        case Gallery():
            return [[*each.caption, *map(_digest, each.jpegs)] for each in block.examples]
        case Items():
            return [block.name, block.source, [asdict(row) for row in block.rows]]
        case Facts():
            return block.rows
    return [block.words, block.kind]


def _cells(table: pd.DataFrame) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in [table.columns, *table.to_numpy(dtype=object)]]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
