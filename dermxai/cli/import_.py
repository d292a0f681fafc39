"""``python -m dermxai import``: a run of predictions that another program has made."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Column, Data, Json, LabelMap, dataset_options, names


def import_(
    *,
    predictions: Annotated[
        Path,
        typer.Argument(help="Table (CSV/TSV, Parquet, Excel, JSON) or .npz file of predictions."),
    ],
    dataset: Data,
    column: Column = None,
    label_map: LabelMap = None,
    numbers: Annotated[
        str | None,
        typer.Option(
            "--as", help="logits, probabilities or percent; told by the numbers if not given."
        ),
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="softmax, or sigmoid where each class stands for itself.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Classes of the outputs, in their order: MN,BCC,…")
    ] = None,
    ids: Annotated[str | None, typer.Option(help="The column that names the image.")] = None,
    folds: Annotated[
        str | None, typer.Option(help="The column of folds or models, whose mean is taken.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="A column's role, column=image, fold, output, embedding, concept or nothing."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a run of predictions without their network; prints the run's folder."""
    from dermxai.core import parsing
    from dermxai.runs import open_run
    from dermxai.runs.predictions import import_summary

    value = foreground(
        "import",
        predictions=str(predictions.absolute()),
        dataset=str(dataset.absolute()),
        dataset_options=dataset_options(column, label_map),
        numbers=numbers,
        activation=activation,
        classes=names(classes) if classes else None,
        ids=ids,
        folds=folds,
        roles=parsing.assigned(role) if role else None,
    )
    run = open_run(str(value["run"]))
    for line in import_summary(run):
        console.say(line)
    console.show_run(run, json)
