"""``python -m dermxai explain``: attribution maps as files."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import (
    Architecture,
    Checkpoint,
    Classes,
    Column,
    Device,
    Json,
    LabelMap,
    Setting,
    Shares,
    Size,
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
    method: Annotated[str, typer.Option(help="Attribution method.")] = "grad_cam",
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
    common_scale: Annotated[
        bool, typer.Option("--common-scale", help="One colour scale for all figures.")
    ] = False,
    setting: Setting = None,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    device: Device = None,
    shares: Shares = 1,
    json: Json = False,
) -> None:
    """Attribution maps: figures (.png, .svg) and numbers (.npz). Interrupted, it resumes."""
    from dermxai.explain.attribution.api import methods

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
        selection=selection,
        common_scale=common_scale,
        device=device,
        settings=method_settings(methods(), method, setting),
        checkpoint_options=checkpoint_options(architecture, classes, size),
        dataset_options=dataset_options(column, label_map),
        shares=shares,
    )
    console.say_problems(value["problems"])
    if json:
        console.show_json(value)
    else:
        print("\n".join(value["written"]))


def _lines(file: Path) -> list[str]:
    """
    Raises:
        InputError: the file is not text.
    """
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{file} is not a text of sample ids, one a line.") from None
