"""``python -m dermxai compare``: runs side by side on the images that they share."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Combine, Json, Merge, Rule, Split, Target, WithoutLeaks
from dermxai.core import paths


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Folders or ids of runs.")],
    *,
    split: Split = None,
    without_leaks: WithoutLeaks = False,
    rule: Rule = "argmax",
    target: Target = None,
    per: Annotated[
        str,
        typer.Option(
            help="Compare on each image, lesion or patient; the latter join runs over other "
            "images of these, too."
        ),
    ] = "image",
    combine: Combine = "mean",
    merge: Merge = None,
    average: Annotated[
        bool, typer.Option("--average", help="With a model that is the mean of all.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the tables as files.", file_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Compare two to six runs on the same images: measures, paired differences with tests, and how
    far predictions agree."""
    from dermxai.report.comparison import compared, write
    from dermxai.report.measures import point_of
    from dermxai.report.regrouping import regrouping_of
    from dermxai.runs import open_run

    point = point_of(rule, target)
    opened = [open_run(paths.named_run(run)) for run in runs]
    made = compared(
        opened,
        split,
        point=point,
        leaks=not without_leaks,
        regrouping=regrouping_of(opened[0].classes, merge or (), per, combine),
        average=average,
    )
    if output is not None:
        for file in write(made, output):
            console.say(str(file))
    if json:
        console.show_json(made.as_json())
    else:
        console.show_comparison(made)
