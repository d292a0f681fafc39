"""``python -m dermxai infer``: a run of a checkpoint over a dataset."""

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
    Data,
    Device,
    Json,
    LabelMap,
    Layout,
    LevelRole,
    Mean,
    Shares,
    Size,
    Std,
    Weights,
    checkpoint_options,
    dataset_options,
)
from dermxai.core import paths


def infer(
    *,
    checkpoint: Checkpoint,
    dataset: Data,
    column: Column = None,
    label_map: LabelMap = None,
    level: LevelRole = None,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    activation: Activation = None,
    weights: Weights = None,
    mean: Mean = None,
    std: Std = None,
    layout: Layout = None,
    device: Device = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16 or float16; float32 on a CPU.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="torch, or openvino with the extra openvino: faster on a CPU."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images at a time.", min=1)] = None,
    workers: Annotated[int | None, typer.Option(help="Threads that read images.", min=1)] = None,
    shares: Shares = 1,
    json: Json = False,
) -> None:
    """Run a checkpoint over a dataset; prints the run's folder. Interrupted, it resumes."""
    from dermxai.runs import open_run

    value = foreground(
        "infer",
        checkpoint=str(paths.named_checkpoint(checkpoint)),
        dataset=str(dataset.absolute()),
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
        device=device,
        precision=precision,
        engine=engine,
        batch_size=batch_size,
        workers=workers,
        shares=shares,
    )
    console.show_run(open_run(str(value["run"])), json)
