"""``python -m dermxai doctor``: what in the workspace is of no use."""

import typer

from dermxai import entries, paths
from dermxai.cli import console
from dermxai.cli.options import Json


def doctor(json: Json = False) -> None:
    """Name every file of the workspace that is of no use, and what to do; exits with 1 if any."""
    from dermxai.doctor import examine

    found = examine()
    if json:
        console.show_json(
            [
                {
                    "path": entries.shown(str(odd.path), None),
                    "reason": odd.reason,
                    "remedy": odd.remedy,
                }
                for odd in found
            ]
        )
    else:
        for odd in found:
            print(f"{entries.shown(str(odd.path), None)}: {odd.reason}. {odd.remedy}")
        if not found:
            print(f"Nothing is wrong with {paths.home()}.")
    if found:
        raise typer.Exit(1)
