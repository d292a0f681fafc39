"""``python -m dermxai shift``: how a run's splits differ, and what lies far from training."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json, RunFolder
from dermxai.core import paths


def shift(
    run: RunFolder,
    *,
    split: Annotated[
        str, typer.Option(help="The split that is compared with the development data.")
    ] = "test",
    space: Annotated[
        str | None, typer.Option(help="Feature space; the network's own if none is named.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare a split with the development data, column by column and by features, and measure how
    far images lie from the training images."""
    from dermxai.report import shift as report
    from dermxai.runs import open_run

    found = report.shift(open_run(paths.named_run(run)), split, space)
    if json:
        console.show_json(found.as_json())
    else:
        console.show_shift(found)
