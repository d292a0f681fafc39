"""How a dataset may lie on the disk, discovered automatically, see `Format`."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from dermxai.core import paths
from dermxai.core.components import Component, Kind
from dermxai.data.table import Options, Table

LAST = 90
"""Priority of the format that reads what no other recognises: images in folders."""


@dataclass(frozen=True, kw_only=True)
class Format(Component):
    """
    Attributes:
        expects: its name and what it reads, in one line for error messages: "HAM10000: its
            metadata table and its images".
        priority: the lowest is asked first. What one format recognises no other does, but for the
            `LAST`; so the order spares time and decides nothing.
    """

    expects: Annotated[str, StringConstraints(pattern=r"^[^\n:]+: [^\n]+$")]
    priority: Annotated[int, Field(ge=0, le=LAST)]

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Whether this is a dataset of this format: a look at names and headers.

        Args:
            path: a file or folder that is there, and may hold anything: it raises nothing.
        """

    @abstractmethod
    def read(self, path: Path, options: Options) -> Table:
        """The rows of a dataset that it recognises; no image is opened. `Table` says what of
        columns and labels is done for all formats alike.

        Raises:
            InputError: it cannot be read.
        """


def _faults(made: Format) -> Iterator[str]:
    if made.priority < LAST and made.recognises(paths.EMBEDDED_CHECKPOINT):
        yield (
            "It recognises any folder, even one with no image in it; expected a look at what is "
            "there, so that the other formats are asked for theirs."
        )
    if made.priority == LAST and made.name != "class_folders":
        yield f"priority is {LAST}, that of class_folders, which are asked last; give less."


FORMATS: Kind[Format] = Kind(
    Format,  # type: ignore[type-abstract]
    __name__,
    "dataset format",
    _faults,
)


def by_priority() -> list[Format]:
    """All, in the order in which they are asked."""
    return sorted(FORMATS.all().values(), key=lambda each: (each.priority, each.name))
