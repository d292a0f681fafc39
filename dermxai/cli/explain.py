"""``python -m dermxai explain``: attribution maps as files."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import (
    Activation,
    Architecture,
    Checkpoint,
    Classes,
    Column,
    Device,
    Json,
    LabelMap,
    Layout,
    LevelRole,
    Mean,
    Setting,
    Shares,
    Size,
    Slice,
    Std,
    Weights,
    checkpoint_options,
    dataset_options,
    method_settings,
)
from dermxai.core import paths
from dermxai.core.errors import InputError


def explain(
    *,
    checkpoint: Checkpoint,
    images: Annotated[list[Path], typer.Argument(help="Image files and datasets.")],
    output: Annotated[Path, typer.Option(help="Folder for the maps.", file_okay=False)],
    column: Column = None,
    label_map: LabelMap = None,
    level: LevelRole = None,
    method: Annotated[
        str | None,
        typer.Option(help="Attribution method; else Grad-CAM, or the first that the network has."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="Class code; else what is predicted.")] = None,
    against: Annotated[str | None, typer.Option(help="Explain target minus this class.")] = None,
    head: Annotated[str | None, typer.Option(help="Only this head's vote.")] = None,
    split: Annotated[str | None, typer.Option(help="Of datasets only this split.")] = None,
    label: Annotated[str | None, typer.Option("--class", help="Only images so labelled.")] = None,
    ids: Annotated[
        Path | None, typer.Option(help="File of sample ids, one a line.", dir_okay=False)
    ] = None,
    selection: Annotated[
        str | None, typer.Option(help="Only a selection: what follows sel= in the address.")
    ] = None,
    slice_: Slice = None,
    common_scale: Annotated[
        bool, typer.Option("--common-scale", help="One colour scale for all figures.")
    ] = False,
    setting: Setting = None,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    activation: Activation = None,
    weights: Weights = None,
    mean: Mean = None,
    std: Std = None,
    layout: Layout = None,
    device: Device = None,
    shares: Shares = 1,
    json: Json = False,
) -> None:
    """Attribution maps: figures (.png, .svg) and numbers (.npz). Interrupted, it resumes."""
    from dermxai.explain.attribution.api import methods

    if setting and method is None:
        raise InputError(f"--set {setting[0]} is of no method; name one by --method.")
    value = foreground(
        "explain",
        checkpoint=str(paths.named_checkpoint(checkpoint)),
        images=[str(path.absolute()) for path in images],
        output=str(output.absolute()),
        method=method,
        target=target,
        against=against,
        head=head,
        split=split,
        label=label,
        sample_ids=_lines(ids) if ids else None,
        selection=selection if slice_ is None else _selected(images, selection, slice_),
        common_scale=common_scale,
        device=device,
        settings=method_settings(methods(), method, setting) if method else None,
        checkpoint_options=checkpoint_options(
            architecture=architecture,
            classes=classes,
            size=size,
            activation=activation,
            weights=weights,
            mean=mean,
            std=std,
            layout=layout,
        ),
        dataset_options=dataset_options(column, label_map, level),
        shares=shares,
    )
    problems, written = value["problems"], value["written"]
    assert isinstance(problems, list | tuple) and isinstance(written, list | tuple)
    console.say_problems(problems)
    if why := value["method_chosen"]:
        console.say(str(why))
    if json:
        console.show_json(value)
    else:
        print("\n".join(written))


def _selected(images: list[Path], selection: str | None, name: str) -> str:
    """The slice of the one dataset as a selection.

    Raises:
        InputError: there is none, or a selection is named, too.
    """
    from dermxai.slices import selected

    if selection is not None:
        raise InputError("Both --selection and --slice came; give one of the two.")
    if len(images) != 1:
        raise InputError(f"A slice is of one dataset; {len(images)} datasets and images came.")
    return selected(images[0], name)


def _lines(file: Path) -> list[str]:
    """
    Raises:
        InputError: the file is not text.
    """
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{file} is not a text of sample ids, one a line.") from None
