"""``python -m dermxai withdraw``: the end of a dataset and all that was made of it."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json


def withdraw(
    dataset: Annotated[str, typer.Argument(help="Its path, or its name in the workspace.")],
    images: Annotated[
        bool, typer.Option("--images", help="Also the images, where they lie in the workspace.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Remove all that was made of a dataset: runs, maps, arrays, selections, jobs, reader
    studies. Shows it, asks,
    and notes it in the audit log."""
    from dermxai.jobs import withdrawal

    found = withdrawal.find(dataset, images=images)
    if json:
        console.show_json(
            {
                "dataset": str(found.dataset),
                "removed": [{"what": part.what, "path": str(part.path)} for part in found.parts],
                "reader_studies": list(found.studies),
                "lesson_sessions": list(found.sessions),
                "bytes": found.size,
                "stays": list(found.stays),
            }
        )
    else:
        for part in found.parts:
            print(f"{part.what}: {part.path}")
        for name in found.studies:
            print(f"{withdrawal.STUDY}: {console.printable(name)}")
        for session in found.sessions:
            print(f"{withdrawal.SESSION}: {session}")
        for sentence in found.stays:
            console.say(sentence)
    number = len(found.parts) + len(found.studies) + len(found.sessions)
    if not yes and not typer.confirm(f"Remove these {number} ({found.size:,} bytes)?"):
        raise typer.Abort
    withdrawal.remove(found)
