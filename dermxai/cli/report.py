"""``python -m dermxai report``: two classes that are confused, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json, RunFolder
from dermxai.core import paths
from dermxai.core.errors import InputError


def report(
    *,
    run: RunFolder,
    pair: Annotated[tuple[str, str], typer.Option(help="Two class codes, such as EAD SD.")],
    output: Annotated[Path | None, typer.Option(help="HTML file to write.", dir_okay=False)] = None,
    split: Annotated[str | None, typer.Option(help="Only train, validation or test.")] = None,
    most: Annotated[int, typer.Option(help="Images of a kind that are shown.", min=1)] = 24,
    maps: Annotated[
        bool, typer.Option("--maps", help="Average the contrast maps, where that is not done.")
    ] = False,
    json: Json = False,
) -> None:
    """Two classes that are confused: one HTML file with images, for a meeting."""
    from dermxai.report import confusion_analysis
    from dermxai.report.evaluated import evaluated
    from dermxai.report.pair_report import write
    from dermxai.runs import open_run

    if output is None and not json:
        raise InputError("Say where to write it: --output FILE.html, or --json for the numbers.")
    opened = open_run(paths.named_run(run))
    made = confusion_analysis(opened, evaluated(opened, split), *pair, split=split)
    if output is not None:
        if maps:
            foreground("pair", run=str(opened.root), first=pair[0], second=pair[1], split=split)
        write(made, output, most)
    if json:
        console.show_json(made.as_json())
    else:
        print(output)
