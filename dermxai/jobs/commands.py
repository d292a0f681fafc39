"""``python -m dermxai jobs``: what is at work, and how to stop it."""

import inspect
import json as jsons
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from dermxai import console, paths
from dermxai.errors import InputError
from dermxai.jobs import labels, listing, shares, submission, supervisor, worker
from dermxai.jobs.job import Job, State, find_job, find_jobs, open_job
from dermxai.jobs.kinds import allowed, find_kind
from dermxai.jobs.queue import NORMAL
from dermxai.logs import log_to_stderr

POLL = 0.5  # seconds
# The arguments that name a file or folder, and where it lies.
_PLACES: Mapping[str, Callable[[str], Path]] = {
    "checkpoint": paths.named_checkpoint,
    "run": paths.named_run,
    "start_from": paths.named_checkpoint,
    **dict.fromkeys(("dataset", "images", "label_map", "output", "weights"), paths.named),
}

app = typer.Typer(help="Long work in the background.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, as list shows it.")]
Tag = Annotated[list[str] | None, typer.Option(help="A word to find it by; again for more.")]
Notes = Annotated[str | None, typer.Option(help="What is to be remembered of it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command()
def submit(
    *,
    kind: Annotated[str, typer.Argument(help="infer, train, project, explain, …")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE")] = None,
    where: Annotated[str, typer.Option(help="local or slurm.")] = "local",
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = NORMAL,
    tag: Tag = None,
    notes: Notes = None,
    json: Json = False,
) -> None:
    """Start a job; recipe=paper recipe.epochs=5 takes a recipe and changes a setting. Prints its
    id."""
    given = _arguments(find_kind(kind), console.assigned(arguments or []))
    job = submission.submit(
        kind, given, where=where, priority=priority, tags=tag or (), notes=notes or ""
    )
    if json:
        console.show_json(_described(job))
    else:
        print(job.id)


@app.command("list")
def list_(
    search: Annotated[
        str, typer.Option(help="Words that occur in title, tags, notes, owner, state, names.")
    ] = "",
    sort: Annotated[str, typer.Option(help=f"By {', '.join(listing.ORDERS)}.")] = "newest",
    json: Json = False,
) -> None:
    """The workspace's jobs, newest first."""
    known, odd = find_jobs()
    described = [_described(job) for job in listing.found(known, search, sort)]
    if odd:
        console.say(f"Left out: {', '.join(each.name for each in odd)}; see dermxai doctor.")
    if json:
        console.show_json(described)
        return
    shown = ("id", "state", "title", "owner", "tags", "submitted", "account")
    rows = [job | {"tags": ", ".join(job["tags"])} for job in described]
    console.show_table(shown, [[row[name] for name in shown] for row in rows])


@app.command()
def label(job: JobId, tag: Tag = None, notes: Notes = None) -> None:
    """Write tags or notes on a job, in place of those that it has; --tag "" takes them away."""
    if tag is None and notes is None:
        raise InputError("Say what to write: --tag NAME, several times for several, or --notes.")
    labels.label(find_job(job), tags=tag, notes=notes)


@app.command()
def show(job: JobId, json: Json = False) -> None:
    """All that is known of a job."""
    described = _described(find_job(job))
    if json:
        console.show_json(described)
        return
    for name, value in described.items():
        if value not in (None, "", {}):
            print(f"{name}: {value}")


@app.command()
def logs(
    job: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until the job ends.")] = False,
) -> None:
    """What a job's newest attempt printed."""
    found, shown = find_job(job), 0
    while True:
        live, text = found.state.live, found.printed(shown)
        print(text.decode("utf-8", errors="replace"), end="", flush=True)
        shown += len(text)
        if not (follow and live):
            return
        time.sleep(POLL)


@app.command()
def cancel(
    job: JobId,
    attempt: Annotated[int | None, typer.Option(help="Only if this attempt is at work.")] = None,
    gone: Annotated[
        bool,
        typer.Option("--gone", help="It ran on a computer or in a container that is no more."),
    ] = False,
) -> None:
    """Stop a job; what it has finished is kept."""
    found = find_job(job)
    if gone:
        print(submission.declare_gone(found).state)
        return
    stopped = submission.cancel(found, attempt=attempt)
    print(stopped.state)
    if unseen := stopped.elsewhere:
        console.say(f"It was asked to stop. {unseen}")


@app.command()
def resume(job: JobId) -> None:
    """Start a stopped job again where it was."""
    print(submission.resume(find_job(job)).state)


@app.command()
def delete(job: JobId) -> None:
    """Forget a job that has ended; the run or checkpoint that it made stays."""
    submission.delete(find_job(job))


@app.command(hidden=True)
def supervise(folder: Path, attempt: Annotated[int, typer.Argument(min=1)] = 1) -> None:
    """Wait for a GPU, and see a job through."""
    log_to_stderr()
    supervisor.supervise(open_job(folder), attempt)


@app.command(hidden=True)
def share() -> None:
    """Do the share of a job that standard input tells of."""
    log_to_stderr()
    shares.serve()


@app.command(hidden=True)
def work(folder: Path, attempt: Annotated[int, typer.Argument(min=1)] = 1) -> None:
    """Do a job in this process."""
    if worker.rank() == 0:
        log_to_stderr()
    if worker.work(open_job(folder), attempt) is not State.SUCCEEDED:
        raise typer.Exit(1)


def _arguments(kind: ModuleType, texts: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of a kind from texts: ``name``, or ``name.part`` for a part of one. A recipe is one
    of the ready ones by its name, and parts replace its settings.

    Raises:
        InputError: a value of another kind, both a value and parts, a file that is not there, no
            such recipe or setting.
    """
    parameters = inspect.signature(kind.run).parameters
    arguments: dict[str, Any] = {}
    parts: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        name, _, part = key.partition(".")
        if part:
            parts.setdefault(name, {})[part] = text
        elif name == "recipe" or name not in parameters:
            arguments[name] = text
        else:
            arguments[name] = _typed(name, text, allowed(parameters[name].annotation))
    if "recipe" in parameters:
        pairs = [f"{setting}={text}" for setting, text in parts.pop("recipe", {}).items()]
        pairs, swept = swept_of(pairs)
        arguments["recipe"] = recipe_of(arguments.get("recipe", "scratch"), pairs)
        arguments |= {"sweep": swept} if swept else {}
    for name, settings in parts.items():
        whole = arguments.setdefault(name, {})
        if not isinstance(whole, dict):
            raise InputError(f"{name} has a value and parts; give either.")
        for part, text in settings.items():
            whole[part] = _absolute(part, text) if part in _PLACES else _value(text)
    return arguments


def _typed(name: str, text: str, kinds: Sequence[Any]) -> Any:
    if str in kinds:
        return _absolute(name, text)
    if Sequence in kinds and not text.startswith("["):
        return [_absolute(name, part.strip()) for part in text.split(",") if part.strip()]
    if Sequence in kinds or Mapping in kinds:
        return _value(text)
    return console.as_kind(kinds[0], name, text)


def recipe_of(name: str, pairs: Sequence[str]) -> dict[str, Any]:
    """The settings of a ready recipe, replaced where texts such as epochs=5 say so. Its first
    weights are named as files and checkpoints are everywhere, and known by their absolute path.

    Raises:
        InputError: no such recipe, setting, file or checkpoint, or a value that is not allowed.
    """
    from dermxai.training.recipe import IMAGENET, Recipe, chosen

    given = console.typed(Recipe, pairs)
    for setting in ("start_from", "weights"):
        if given.get(setting) not in (None, "", IMAGENET):
            given[setting] = _absolute(setting, given[setting])
    return asdict(chosen(name, given))


def swept_of(pairs: Sequence[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Texts such as epochs=5 without those that name several values, as learning_rate=1e-3,5e-4
    does; and these, by setting.

    Raises:
        InputError: a value of another kind.
    """
    from dermxai.training.combinations import NOT_SWEPT
    from dermxai.training.recipe import Recipe

    given = console.assigned(pairs)
    several = {
        name: [part.strip() for part in text.split(",")]
        for name, text in given.items()
        if "," in text and name not in NOT_SWEPT
    }
    swept = {
        name: [console.typed(Recipe, [f"{name}={part}"])[name] for part in parts]
        for name, parts in several.items()
    }
    return [f"{name}={text}" for name, text in given.items() if name not in swept], swept


def _absolute(name: str, text: str) -> str:
    """A text as a kind wants it: what names a file or folder is its absolute path.

    Raises:
        InputError: what is to be read is not there.
    """
    if name not in _PLACES:
        return text
    place = _PLACES[name](text)
    if name != "output" and not place.exists():
        raise InputError(f"{name} is {text!r}, and there is no such file or folder.")
    return str(place)


def _value(text: str) -> Any:
    """What JSON takes the text for, else the text."""
    try:
        return jsons.loads(text)
    except ValueError:
        return text


def _described(job: Job) -> dict[str, Any]:
    progress = job.progress
    return {
        "id": job.id,
        "state": str(job.state),
        "title": job.title,
        "account": job.account,
        "kind": job.kind,
        "arguments": job.arguments,
        "where": job.where,
        "priority": job.priority,
        "owner": listing.owner(job),
        **asdict(labels.labels(job)),
        "attempt": job.attempt,
        "submitted": datetime.fromtimestamp(job.submitted).isoformat(" ", timespec="seconds"),
        "progress": asdict(progress) if progress else None,
        "result": job.result,
        "reason": job.reason,
        "folder": str(job.root),
    }
