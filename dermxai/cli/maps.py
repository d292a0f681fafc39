"""``python -m dermxai maps``: the maps that pages show first, made ahead."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Device, Json, RunFolder
from dermxai.core import paths


def maps(
    run: RunFolder,
    megabytes: Annotated[
        int, typer.Option(help="Of maps, at which it ends.", min=1, max=4000)
    ] = 500,
    device: Device = None,
    json: Json = False,
) -> None:
    """Make ahead the quick maps of a run's images, so that visitors of its pages wait for none.
    Interrupted, it resumes."""
    found = foreground("maps", run=str(paths.named_run(run)), megabytes=megabytes, device=device)
    problems, size = found["problems"], found["bytes"]
    assert isinstance(problems, list | tuple) and isinstance(size, int)
    console.say_problems(problems)
    if json:
        console.show_json(found)
        return
    left = f"; no room for {found['left']:,} more" if found["left"] else ""
    print(f"{found['images']:,} images, {size / 10**6:,.0f} MB of maps{left}")
