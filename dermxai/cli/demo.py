"""``python -m dermxai demo``: the synthetic atlas and its run."""

import os
from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json
from dermxai.core import paths


def demo(
    home: Annotated[Path | None, typer.Option(help="Workspace folder.")] = None,
    images: Annotated[int | None, typer.Option(help="Images of a new atlas.", min=1)] = None,
    json: Json = False,
) -> None:
    """Draw the synthetic atlas and run the embedded checkpoint over it."""
    from dermxai.data.places import demo_dataset
    from dermxai.runs import open_run

    if home:
        os.environ["DERMXAI_HOME"] = str(home.absolute())
        paths.share()
    atlas = demo_dataset()
    there = atlas.exists()
    run = open_run(str(foreground("demo", images=images)["run"]))
    console.show_run(run, json)
    if images and there and (kept := run.manifest["counts"]["images"]) != images:
        console.say(
            f"The atlas of {kept} images was there before and is kept, so that --images {images} "
            f"had no effect; remove {atlas} to draw another."
        )
