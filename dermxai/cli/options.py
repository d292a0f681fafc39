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
LevelRole = Annotated[
    list[str] | None,
    typer.Option("--level", help="A level of folders=class, patient, split or nothing: 1=class."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; a GPU where there is one.")]
Setting = Annotated[list[str] | None, typer.Option("--set", help="A setting as name=value.")]
Shares = Annotated[int, typer.Option(help="Processes that share the work, one a GPU.", min=1)]
Rule = Annotated[
    str,
    typer.Option(
        help="Decision rule: argmax, or the operating point of each class, chosen on validation "
        "patients: youden, sensitivity, specificity, equal_error, cost_ratio."
    ),
]
Target = Annotated[
    float | None,
    typer.Option(
        help="Sensitivity or specificity to reach (0.9), or the cost of a missed image in false "
        "alarms (5)."
    ),
]
Slice = Annotated[
    str | None, typer.Option("--slice", help="Only the images of this slice of the dataset.")
]
WithoutSlice = Annotated[
    str | None, typer.Option("--without-slice", help="Without the images of this slice.")
]
Split = Annotated[str | None, typer.Option(help="Only train, validation or test.")]
WithoutLeaks = Annotated[
    bool, typer.Option("--without-leaks", help="Leave out what leaks from training.")
]
Per = Annotated[str, typer.Option(help="Measure each image, lesion or patient.")]
Combine = Annotated[
    str, typer.Option(help="Images of a lesion or patient: mean of logits, majority or maximum.")
]
Merge = Annotated[
    list[str] | None,
    typer.Option(
        help="Classes to take as one, as EAD+SD; groups: the kinds of disease; eight: all but the "
        "reader study's eight."
    ),
]
Architecture = Annotated[
    str | None, typer.Option(help="timm name, where foreign weights do not tell.")
]
Classes = Annotated[str | None, typer.Option(help="Class codes of foreign weights: MN,BCC,…")]
Size = Annotated[int | None, typer.Option(help="Input size of foreign weights, in pixels.", min=1)]
Activation = Annotated[
    str | None,
    typer.Option(help="Of foreign weights: sigmoid, each class by itself; softmax if not given."),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="Which of several sets in a file, as state_dict; an average if there is one."
    ),
]

Mean = Annotated[
    str | None, typer.Option(help="Of foreign weights, for values from 0 to 1: 0.485,0.456,0.406.")
]
Std = Annotated[str | None, typer.Option(help="Of foreign weights, as --mean.")]
Layout = Annotated[
    str | None,
    typer.Option(help="Of an ONNX file that leaves it open: channels_first or channels_last."),
]


class CheckpointOptions(TypedDict, total=False):
    """What `load_classifier` is told beside the path."""

    architecture: str
    classes: list[str]
    size: int
    activation: str
    weights: str
    mean: list[float]
    std: list[float]
    layout: str


class DatasetOptions(TypedDict, total=False):
    """What `load_dataset` is told beside the path."""

    columns: dict[str, str]
    label_map: str
    levels: dict[str, str]


class Configurable(Protocol):
    """A method or measure that has settings."""

    @property
    def settings(self) -> type[Settings]: ...


def checkpoint_options(
    *,
    architecture: str | None = None,
    classes: str | None = None,
    size: int | None = None,
    activation: str | None = None,
    weights: str | None = None,
    mean: str | None = None,
    std: str | None = None,
    layout: str | None = None,
) -> CheckpointOptions:
    """Those that were given.

    Raises:
        InputError: mean or deviation are no three numbers.
    """
    options = CheckpointOptions()
    if architecture is not None:
        options["architecture"] = architecture
    if classes:
        options["classes"] = [code.strip() for code in classes.split(",")]
    if size is not None:
        options["size"] = size
    if activation is not None:
        options["activation"] = activation
    if weights is not None:
        options["weights"] = weights
    if mean is not None:
        options["mean"] = parsing.three_numbers(mean, "mean")
    if std is not None:
        options["std"] = parsing.three_numbers(std, "std")
    if layout is not None:
        options["layout"] = layout
    return options


def dataset_options(
    column: list[str] | None, label_map: Path | None, level: list[str] | None = None
) -> DatasetOptions:
    """Those that were given.

    Raises:
        InputError: a column or level is not name=value.
    """
    options = DatasetOptions()
    if column:
        options["columns"] = parsing.assigned(column)
    if label_map:
        options["label_map"] = str(label_map.absolute())
    if level:
        options["levels"] = parsing.assigned(level)
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
