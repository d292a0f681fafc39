"""``python -m dermxai lesson``: lessons that a class goes through together."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dermxai.access.codes import ADDRESS
from dermxai.cli import console
from dermxai.cli.access import USUAL, server_address
from dermxai.cli.options import Json

app = typer.Typer(help="Lessons, see docs/lessons.md.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Of the lesson.")]
File = Annotated[Path, typer.Argument(help="A TOML or JSON file that holds a lesson.")]
Code = Annotated[str, typer.Argument(help="By which students join the session.")]
Url = Annotated[str | None, typer.Option(envvar=ADDRESS, help="Where students reach the server.")]


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the lessons."""
    from dermxai.lessons import library
    from dermxai.readers.store.database import database

    found = library.all_of(database())
    if json:
        console.show_json(
            [
                {
                    "name": each.name,
                    "steps": len(each.lesson.steps),
                    "minutes": each.lesson.minutes,
                    "sessions": each.sessions,
                    "changed": _time(each.changed_at),
                }
                for each in found
            ]
        )
        return
    rows = [
        (each.name, len(each.lesson.steps), each.lesson.minutes, each.sessions) for each in found
    ]
    console.show_table(("lesson", "steps", "minutes", "sessions"), rows)


@app.command()
def check(file: File) -> None:
    """Check a lesson's file; nothing is kept."""
    from dermxai.lessons import library

    lesson = library.read_file(file)
    console.say(f"{lesson.name}: {len(lesson.steps)} steps, as it should be.")


@app.command("import")
def import_(file: File) -> None:
    """Keep the lesson in a file."""
    from dermxai.access.audit import account
    from dermxai.lessons import library
    from dermxai.readers.store.database import database

    made = library.make(database(), library.read_file(file), account())
    console.say(f"{made.name}: {len(made.lesson.steps)} steps.")


@app.command()
def ready(
    name: Annotated[str, typer.Argument(help="Which to keep; without one they are listed.")] = "",
    *,
    json: Json = False,
) -> None:
    """List the lessons that come with DermXAI, or keep one of them."""
    from dermxai.access.audit import account
    from dermxai.lessons import library
    from dermxai.lessons.ready import find, ready
    from dermxai.readers.store.database import database

    if name:
        made = library.make(database(), find(name).lesson, account())
        console.say(f"{made.name}: {len(made.lesson.steps)} steps.")
        return
    if json:
        console.show_json(
            [{"key": e.key, "name": e.lesson.name, "about": e.lesson.about} for e in ready()]
        )
        return
    rows = [(e.key, e.lesson.name, len(e.lesson.steps), e.lesson.minutes) for e in ready()]
    console.show_table(("key", "lesson", "steps", "minutes"), rows)


@app.command()
def export(
    name: Name, output: Annotated[Path | None, typer.Option(help="File to write.")] = None
) -> None:
    """Write a lesson as JSON, to share it."""
    from dermxai.lessons import definition, library
    from dermxai.readers.store.database import database

    written = definition.written(library.find(database(), name).lesson)
    if output is None:
        print(written, end="")
        return
    output.write_text(written, "utf-8")
    console.say(f"{name} in {output}.")


@app.command()
def start(
    name: Name,
    run: Annotated[str, typer.Option(help="Run that it shows, where the lesson names none.")] = "",
    url: Url = None,
    *,
    json: Json = False,
) -> None:
    """Start a session: a code for students and a key for the teacher, which is shown this once."""
    from dermxai.access import audit
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database

    server = server_address(url or USUAL)
    with console.bars() as told:
        made = sessions.start(
            database(), name, run, audit.account(), lambda done, of: told("quizzes", done, of)
        )
    audit.note(None, "started lesson", account=audit.account())
    link = f"{server}/lesson#{made.code}"
    if json:
        console.show_json({"code": made.code, "link": link, "key": made.key})
        return
    print(f"code\t{made.code}\nlink\t{link}\nkey\t{made.key}")
    console.say("The key, by which the teacher leads, is shown only now.")


@app.command("sessions")
def sessions_(name: Name, *, json: Json = False) -> None:
    """List the sessions of a lesson, the newest first."""
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database

    found = sessions.of_lesson(database(), name)
    if json:
        console.show_json(
            [
                {
                    "code": each.code,
                    "open": each.is_open,
                    "begun": _time(each.made_at),
                    "run": each.run,
                    "students": each.attending,
                    "answers": each.answers,
                }
                for each in found
            ]
        )
        return
    rows = [
        (
            each.code,
            "open" if each.is_open else "closed",
            each.attending,
            each.answers,
            _time(each.made_at),
        )
        for each in found
    ]
    console.show_table(("code", "state", "students", "answers", "begun"), rows)


@app.command()
def close(code: Code) -> None:
    """Close a session: nobody joins, and it takes no answer any more."""
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database

    sessions.set_open(database(), sessions.by_code(database(), code).id, False)


@app.command("open")
def open_(code: Code) -> None:
    """Open a closed session again."""
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database

    sessions.set_open(database(), sessions.by_code(database(), code).id, True)


@app.command("delete-answers")
def delete_answers(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Close all sessions of a lesson, and delete their students with all answers, for good."""
    from dermxai.lessons import sessions
    from dermxai.readers.store.database import database

    given = sum(each.answers for each in sessions.of_lesson(database(), name))
    if not yes and not typer.confirm(f"Delete {given:,} answers of {name!r}, for good?"):
        raise typer.Abort
    console.say(f"{sessions.delete_answers_of(database(), name):,} answers deleted.")


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a lesson with its sessions and all their answers, for good."""
    from dermxai.lessons import library
    from dermxai.readers.store.database import database

    found = library.find(database(), name)
    sentence = f"Remove {name!r} with {found.sessions:,} sessions and their answers, for good?"
    if not yes and not typer.confirm(sentence):
        raise typer.Abort
    library.remove(database(), name)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
