"""``python -m dermxai report``: a run, or two classes that are confused, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json, Merge, RunFolder, Target
from dermxai.core import paths
from dermxai.core.errors import InputError


def report(
    *,
    run: RunFolder,
    pair: Annotated[
        tuple[str, str] | None, typer.Option(help="Only two class codes, such as EAD SD.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="HTML file to write; of a run, report-RUN.html if not given, and a .zip of "
            "figures and tables beside it.",
            dir_okay=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Only train, validation or test. Usually of a run its test images, of a pair all; "
            "all: of a run, all."
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(help="Images that are shown; of a pair, of a kind [8; 24 of a pair].", min=0),
    ] = None,
    images: Annotated[
        bool | None,
        typer.Option(
            help="Of a run: whether images are in it. Usually only where all are drawn; others are "
            "patients'."
        ),
    ] = None,
    pairs: Annotated[
        int, typer.Option(help="Of a run: pairs of classes whose causes are tested.", min=0)
    ] = 3,
    rule: Annotated[
        str,
        typer.Option(
            help="Of a run: operating point beside argmax: youden, sensitivity, specificity, "
            "equal_error, cost_ratio."
        ),
    ] = "youden",
    target: Target = None,
    merge: Merge = None,
    maps: Annotated[
        bool,
        typer.Option("--maps", help="Of a pair: average the contrast maps, where not done."),
    ] = False,
    json: Json = False,
) -> None:
    """Report on a run: one HTML file with figures and tables beside it, for a paper; or, with
    --pair, on two classes that are confused, for a meeting."""
    from dermxai.report.document.collect import collect
    from dermxai.report.document.files import write
    from dermxai.report.written import of_run, options_of
    from dermxai.runs import open_run

    folder = paths.named_run(run)
    if pair is not None:
        _pair(folder, pair, output, split, 24 if most is None else most, maps=maps, json=json)
        return
    options = options_of(
        split, most, images=images, pairs=pairs, rule=rule, target=target, merge=merge or ()
    )
    opened = open_run(folder)
    if json:
        with console.bars() as bars:
            document = collect(opened, options, bars)
        if output is not None:
            write(document, output)
        console.show_json(document.as_json())
        return
    made = foreground(
        "report",
        run=str(opened.root),
        output=str(of_run(opened, output)),
        split=split,
        examples=most,
        images=images,
        pairs=pairs,
        rule=rule,
        target=target,
        merge=merge or (),
    )
    print(made["page"])
    print(made["archive"])


def _pair(
    folder: Path,
    pair: tuple[str, str],
    output: Path | None,
    split: str | None,
    most: int,
    *,
    maps: bool,
    json: bool,
) -> None:
    from dermxai.report import confusion_analysis
    from dermxai.report.evaluated import evaluated
    from dermxai.report.written import write
    from dermxai.runs import open_run

    if output is None and not json:
        raise InputError("Say where to write it: --output FILE.html, or --json for the numbers.")
    opened = open_run(folder)
    made = confusion_analysis(opened, evaluated(opened, split), *pair, split=split)
    if output is not None:
        if maps:
            foreground("pair", run=str(opened.root), first=pair[0], second=pair[1], split=split)
        write(made, output, most)
    if json:
        console.show_json(made.as_json())
    else:
        print(output)
