"""``python -m dermxai doctor``: what in the workspace is of no use, and which plug-ins."""

import typer

from dermxai.cli import console
from dermxai.cli.options import Json
from dermxai.core import entries, paths

_MEND = "Mend it, or uninstall the package that offers it."


def doctor(json: Json = False) -> None:
    """Name every file of the workspace that is of no use, and what to do; and every plug-in that
    cannot be used. Exits with 1 if any."""
    from dermxai.doctor import examine, plugins_left_out

    found, plugins = examine(), plugins_left_out()
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
            + [
                {"plugin": f"{kind} {each.name}", "reason": each.reason, "remedy": _MEND}
                for kind, each in plugins
            ]
        )
    else:
        for odd in found:
            print(f"{entries.shown(str(odd.path), None)}: {odd.reason}. {odd.remedy}")
        for kind, each in plugins:
            print(f"The {kind} {each.name} is left out. {each.reason} {_MEND}")
        if not found:
            print(f"Nothing is wrong with {paths.home()}.")
    if found or plugins:
        raise typer.Exit(1)
