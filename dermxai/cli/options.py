"""Arguments and options that several verbs share, and what their texts stand for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol, TypedDict

import typer

from dermxai.core import parsing
from dermxai.core.settings import Settings

Checkpoint = Annotated[
    str, typer.Argument(help="Checkpoint folder, foreign weights, or a checkpoint's name.")
]
Data = Annotated[Path, typer.Argument(help="Folder, table or archive of images.")]
RunFolder = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or id.")]
Column = Annotated[list[str] | None, typer.Option(help="Our column=the table's, such as label=dx.")]
LabelMap = Annotated[
    Path | None, typer.Option(help="Table of two columns: from, to.", dir_okay=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; a GPU where there is one.")]
Setting = Annotated[list[str] | None, typer.Option("--set", help="A setting as name=value.")]
Shares = Annotated[int, typer.Option(help="Processes that share the work, one a GPU.", min=1)]
Architecture = Annotated[
    str | None, typer.Option(help="timm name, where foreign weights do not tell.")
]
Classes = Annotated[str | None, typer.Option(help="Class codes of foreign weights: MN,BCC,…")]
Size = Annotated[int | None, typer.Option(help="Input size of foreign weights, in pixels.", min=1)]


class CheckpointOptions(TypedDict, total=False):
    """What `load_classifier` is told beside the path."""

    architecture: str
    classes: list[str]
    size: int


class DatasetOptions(TypedDict, total=False):
    """What `load_dataset` is told beside the path."""

    columns: dict[str, str]
    label_map: str


class Configurable(Protocol):
    """A method or measure that has settings."""

    @property
    def settings(self) -> type[Settings]: ...


def checkpoint_options(
    architecture: str | None, classes: str | None, size: int | None
) -> CheckpointOptions:
    """Those that were given."""
    options = CheckpointOptions()
    if architecture is not None:
        options["architecture"] = architecture
    if classes:
        options["classes"] = [code.strip() for code in classes.split(",")]
    if size is not None:
        options["size"] = size
    return options


def dataset_options(column: list[str] | None, label_map: Path | None) -> DatasetOptions:
    """Those that were given.

    Raises:
        InputError: a column is not name=value.
    """
    options = DatasetOptions()
    if column:
        options["columns"] = parsing.assigned(column)
    if label_map:
        options["label_map"] = str(label_map.absolute())
    return options


def method_settings(
    known: Mapping[str, Configurable], method: str, pairs: list[str] | None
) -> dict[str, object]:
    """Settings of a method from texts such as steps=4; none of a method that is not known, of which
    the work itself tells.

    Raises:
        InputError: no such setting, or a value of another kind.
    """
    return parsing.typed(known[method].settings, pairs or []) if method in known else {}


def names(text: str | None) -> list[str]:
    """Those of a text such as grad_cam,vote_map."""
    return [name.strip() for name in text.split(",") if name.strip()] if text else []
