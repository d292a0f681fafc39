"""``python -m dermxai causes``: why two classes are confused."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json, RunFolder
from dermxai.core import paths
from dermxai.core.errors import InputError


def causes(
    run: RunFolder,
    first: Annotated[str, typer.Argument(help="A class code, such as EAD.")],
    second: Annotated[str, typer.Argument(help="Another one, such as SD.")],
    *,
    split: Annotated[
        str | None, typer.Option(help="Only errors of train, validation or test.")
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(help="Runs over the same images to compare; the newest if none is named."),
    ] = None,
    json: Json = False,
) -> None:
    """Test why two classes are confused: border, head, features, labels, the image itself,
    shortcuts, class balance, too little data; kept with the run."""
    from dermxai.confusion.card import open_card
    from dermxai.report.causes import as_json, conclusion, table
    from dermxai.runs import open_run

    folder = str(paths.named_run(run))
    named = [str(paths.named_run(each)) for each in beside] if beside else None
    foreground("causes", run=folder, first=first, second=second, split=split, beside=named)
    opened = open_run(folder)
    card = open_card(opened, first, second, split)
    if card is None:
        raise InputError(f"The causes in {folder} were removed while they were read; try again.")
    if json:
        console.show_json(as_json(card, opened))
        return
    shown = table(card)
    console.show_table([str(name) for name in shown], shown.to_numpy().tolist())
    for sentence in conclusion(card):
        print(sentence)
