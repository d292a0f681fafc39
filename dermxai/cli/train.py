"""``python -m dermxai train``: a classifier, or several to compare."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import (
    Column,
    Data,
    Device,
    LabelMap,
    LevelRole,
    Setting,
    Slice,
    WithoutSlice,
    dataset_options,
)
from dermxai.jobs.arguments import recipe_of, swept_of


def train(
    *,
    dataset: Data,
    output: Annotated[Path, typer.Option(help="Checkpoint folder to write.", file_okay=False)],
    recipe: Annotated[str, typer.Option(help="paper, light, scratch or quick.")] = "scratch",
    setting: Setting = None,
    column: Column = None,
    label_map: LabelMap = None,
    level: LevelRole = None,
    only: Slice = None,
    leave_out: WithoutSlice = None,
    device: Device = None,
    devices: Annotated[int, typer.Option(help="Processes, each with its own GPU.", min=1)] = 1,
    folds: Annotated[int, typer.Option(help="Cross-validate by patient; 0: do not.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="Seeds of each fold.", min=1)] = 1,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            "--baseline",
            help="Comparison network: resnet101, efficientnet_b4+heads",
        ),
    ] = None,
    halving: Annotated[
        bool, typer.Option(help="Of several values of a setting stop the worse half early.")
    ] = True,
) -> None:
    """Train a classifier, or several to compare: networks by --folds, or values of settings, as in
    --set learning_rate=1e-3,5e-4. Interrupted, it resumes."""
    pairs, swept = swept_of([*(setting or []), *_named(dataset, only, leave_out)])
    try:
        value = foreground(
            "train",
            dataset=str(dataset.absolute()),
            output=str(output.absolute()),
            recipe=recipe_of(recipe, pairs),
            sweep=swept or None,
            halving=halving,
            dataset_options=dataset_options(column, label_map, level),
            device=device,
            devices=devices,
            folds=folds,
            seeds=seeds,
            baselines=compare,
        )
    except KeyboardInterrupt:
        console.say("Stopped; the same command resumes after the last completed epoch.")
        raise
    print(*value.values())


def _named(dataset: Path, only: str | None, leave_out: str | None) -> list[str]:
    """Settings of the recipe that name the images of slices."""
    from dermxai.slices import selected

    asked = {"only": only, "leave_out": leave_out}
    return [f"{name}={selected(dataset, each)}" for name, each in asked.items() if each is not None]
