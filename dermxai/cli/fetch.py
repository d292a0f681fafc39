"""``python -m dermxai fetch``: a public set by name, into the workspace."""

import json as jsonlib
import sys
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json
from dermxai.core.errors import InputError


def fetch(
    name: Annotated[
        str | None, typer.Argument(help="A set's name, or isic-NUMBER; without one all are listed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the licence.")] = False,
    most: Annotated[
        int | None, typer.Option(help="Images of a collection of the ISIC archive.", min=1)
    ] = None,
    json: Json = False,
) -> None:
    """Fetch a public set of skin images into the workspace, its licence shown first."""
    from dermxai.data.published import fetch as fetching
    from dermxai.data.published.download import Network
    from dermxai.data.published.sets import ISIC, SETS, find

    if name is None:
        if json:
            print(jsonlib.dumps({"sets": [vars(each) | {"files": []} for each in SETS.values()]}))
            return
        for each in SETS.values():
            console.say(f"{each.name}: {each.title}; {each.licence}.")
        console.say(f"{ISIC}NUMBER: a collection of the ISIC archive, such as isic-212.")
        console.say("dermxai fetch NAME shows the licence and the size first.")
        return
    wanted, network = find(name), Network()
    place = fetching.place(wanted)
    console.say(f"{wanted.title}.")
    console.say(f"Licence: {wanted.licence}.")
    console.say(f"To cite: {wanted.source}.")
    with console.bars() as bars:
        found = fetching.contents(wanted, network, most, bars)
    size = (
        "a size that its host does not tell"
        if found.size is None
        else f"{found.size / 1e6:,.1f} MB"
    )
    files = "1 file" if len(found.files) == 1 else f"{len(found.files):,} files"
    console.say(f"{files} of {size}, into {place}.")
    if not yes:
        if json or not sys.stdin.isatty():
            raise InputError(f"Accept the licence of {name} to fetch it: add --yes.")
        typer.confirm("Do you accept the licence?", abort=True, err=True)
    with console.bars() as bars:
        path = fetching.fetch(wanted, found, network, bars)
    if json:
        print(
            jsonlib.dumps({"path": str(path), "files": len(found.files), "licence": wanted.licence})
        )
    else:
        console.say(f"Fetched: {path}; dermxai labels and the dashboard open it there.")
