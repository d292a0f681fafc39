"""``python -m dermxai readers``: studies in which people and a network take the same exam."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dermxai.access.codes import ADDRESS
from dermxai.cli import console
from dermxai.cli.access import USUAL, server_address
from dermxai.cli.options import Json

app = typer.Typer(help="Reader studies, see docs/reader-studies.md.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Of the study.")]


@app.command()
def new(
    definition: Annotated[Path, typer.Argument(help="A TOML file that defines the study.")],
) -> None:
    """Make a study: draw its cases, and read each of their images once."""
    from dermxai.access.audit import account
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    settings = studies.read_definition(definition)
    with console.bars() as told:
        made = studies.make(database(), settings, account(), told)
    console.say(f"{made.name}: {made.cases:,} cases of {len(made.classes)} classes.")


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the studies, the newest first."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    found = studies.all_of(database())
    if json:
        console.show_json([_told(each) for each in found])
        return
    rows = [
        (
            each.name,
            "open" if each.is_open else "closed",
            each.cases,
            each.readers,
            f"{each.answered} of {each.turns}",
            _time(each.made_at),
        )
        for each in found
    ]
    console.show_table(("study", "state", "cases", "readers", "answers", "made"), rows)


@app.command()
def show(name: Name, *, json: Json = False) -> None:
    """Show a study and how far its readers are."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    study = studies.find(database(), name)
    readers = studies.readers_of(database(), name)
    if json:
        told = [
            {
                "reader": each.number,
                "code": each.code_id,
                "arms": list(each.arms),
                "answered": each.answered,
                "of": each.turns,
                "withdrawn": each.withdrawn,
            }
            for each in readers
        ]
        console.show_json({**_told(study), "readers": told})
        return
    console.say(
        f"{study.name}: {study.cases:,} cases, classes {', '.join(study.classes)}, "
        f"{'open' if study.is_open else 'closed'}."
    )
    rows = [
        (
            each.number,
            each.code_id,
            ", ".join(each.arms),
            f"{each.answered} of {each.turns}",
            "withdrawn" if each.withdrawn else "",
        )
        for each in readers
    ]
    console.show_table(("reader", "code", "arms", "answers", ""), rows)


@app.command()
def codes(
    name: Name,
    count: Annotated[int, typer.Option(help="For how many further readers.")] = 1,
    url: Annotated[
        str | None, typer.Option(envvar=ADDRESS, help="Where readers reach the server.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Make readers' codes and links. They are shown this once: kept are hashes."""
    from dermxai.access import audit
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    server = server_address(url or USUAL)
    made = studies.make_codes(database(), name, count)
    audit.note(None, "made readers' codes", account=audit.account(), codes=len(made))
    links = [(each.number, each.text, f"{server}/reader#{each.text}") for each in made]
    if json:
        console.show_json(
            [{"reader": number, "code": code, "link": link} for number, code, link in links]
        )
        return
    for number, code, link in links:
        print(f"{number}\t{code}\t{link}")
    console.say("They are shown only now.")


@app.command()
def withdraw(code: Annotated[str, typer.Argument(help="Its id, as show names it.")]) -> None:
    """End a reader's code; what was answered stays."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    studies.withdraw(database(), code)


@app.command()
def close(name: Name) -> None:
    """Close a study: it takes no answer any more."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    studies.set_open(database(), name, False)


@app.command("open")
def open_(name: Name) -> None:
    """Open a closed study again."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    studies.set_open(database(), name, True)


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a study with its readers and all answers, for good."""
    from dermxai.readers import studies
    from dermxai.readers.store.database import database

    study = studies.find(database(), name)
    sentence = f"Remove {study.name!r} with {study.answered:,} answers, for good?"
    if not yes and not typer.confirm(sentence):
        raise typer.Abort
    studies.remove(database(), name)


@app.command()
def answers(
    name: Name,
    output: Annotated[Path, typer.Option(help="CSV file to write.")],
    changes: Annotated[
        bool, typer.Option("--changes", help="Every change of mind, a row each.")
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="A row each reader, case and arm, for analyses.")
    ] = False,
) -> None:
    """Write all answers as CSV, the network's among them."""
    from dermxai.core.errors import InputError
    from dermxai.core.spreadsheet import write_csv
    from dermxai.readers import stored_answers
    from dermxai.readers.store.database import database

    if changes and long:
        raise InputError("Give --changes or --long, not both.")
    made = (
        stored_answers.changes
        if changes
        else stored_answers.long_form
        if long
        else stored_answers.answers
    )
    table = made(database(), name)
    write_csv(table, output, digits=9)
    console.say(f"{len(table):,} rows in {output}.")


@app.command("import")
def import_(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV of answers, see docs/reader-studies.md.")],
) -> None:
    """Keep the answers of a study that was done elsewhere."""
    from dermxai.access.audit import account
    from dermxai.readers import importing
    from dermxai.readers.store.database import database

    made = importing.import_answers(database(), name, file, account())
    console.say(f"{made.name}: {made.readers:,} readers, {made.answered:,} answers.")


def _told(study: object) -> dict[str, object]:
    from dermxai.readers.studies import StudyInfo

    assert isinstance(study, StudyInfo)
    return {
        "name": study.name,
        "open": study.is_open,
        "made": _time(study.made_at),
        "cases": study.cases,
        "classes": list(study.classes),
        "readers": study.readers,
        "answered": study.answered,
        "of": study.turns,
        "faults": study.faults,
        "settings": study.settings.model_dump(mode="json"),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
