"""``python -m dermxai access``: who may come in from the network."""

import json as jsons
import sys
from datetime import datetime
from typing import Annotated

import typer

from dermxai.access import audit, codes
from dermxai.access.codes import ADDRESS, Code
from dermxai.access.roles import Role
from dermxai.cli.options import Json
from dermxai.core.errors import InputError

USUAL = "http://localhost:8501"

app = typer.Typer(
    help="Access codes. As soon as one is made, everybody has to log in, on this computer too.",
    no_args_is_help=True,
)


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="Whom it is for, such as 'Students 2026'.")],
    role: Annotated[
        Role,
        typer.Option(
            help="viewer looks and uploads; operator also starts and cancels own jobs; admin also "
            "deletes, and touches others' jobs."
        ),
    ] = Role.VIEWER,
    days: Annotated[float, typer.Option(help="How long it lasts.")] = 30.0,
    url: Annotated[
        str | None, typer.Option(envvar=ADDRESS, help="Where visitors reach the server.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a code and its link. They are shown this once: kept is a hash."""
    server = server_address(url or USUAL)
    code, text = codes.make(name, role, days)
    audit.note(None, "made code", account=audit.account(), code=code.id, role=code.role)
    link = f"{server}/login#{text}"
    if json:
        print(jsons.dumps({**_described(code), "code": text, "link": link}, indent=1))
        return
    print(f"Code for {code.name} ({code.role}, until {_time(code.expires)}): {text}\nLink: {link}")
    print("Both are shown only now.", file=sys.stderr)


@app.command("list")
def list_(json: Json = False) -> None:
    """The codes that were made, by their ids."""
    described = [_described(code) for code in codes.codes().values()]
    if json:
        print(jsons.dumps(described, indent=1, ensure_ascii=False))
        return
    for code in described:
        print("  ".join(str(code[name]) for name in ("id", "state", "role", "expires", "name")))


@app.command()
def withdraw(code: Annotated[str, typer.Argument(help="Its id, as list shows it.")]) -> None:
    """End a code, and all visits by it, at once."""
    ended = codes.withdraw(code)
    audit.note(None, "withdrew code", account=audit.account(), code=ended.id)
    print(f"{ended.id} ({ended.name}) is withdrawn; whoever came in by it has to log in again.")


@app.command()
def off(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget all codes: nobody has to log in, and only this computer is answered."""
    if not yes and not typer.confirm("Forget all codes, so that nobody has to log in?"):
        raise typer.Abort
    codes.forget_all()
    audit.note(None, "forgot all codes", account=audit.account())


@app.command("log")
def log_(
    last: Annotated[int, typer.Option(help="How many lines.", min=1)] = 50,
    json: Json = False,
) -> None:
    """The end of the audit log, the newest line last."""
    for entry in reversed(audit.entries()[:last]):
        if json:
            print(jsons.dumps(entry, ensure_ascii=False))
        else:
            first = [str(entry.pop(name, "")) for name in ("time", "person", "action")]
            print("  ".join([*first, *(f"{name}={value}" for name, value in entry.items())]))


def _described(code: Code) -> dict[str, object]:
    return {
        "id": code.id,
        "state": code.state,
        "role": str(code.role),
        "expires": _time(code.expires),
        "name": code.name,
        "made": _time(code.made),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ", timespec="minutes")


def server_address(url: str) -> str:
    """
    Raises:
        InputError: it is no address of a server.
    """
    if not url.startswith(("http://", "https://")) or "#" in url or not url.isprintable():
        raise InputError(f"--url is {url!r}; give the server's address, such as {USUAL}.")
    return url.rstrip("/")
