"""``python -m dermxai jobs``: what is at work, and how to stop it."""

import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json
from dermxai.core import parsing
from dermxai.core.errors import InputError
from dermxai.core.logs import log_to_stderr
from dermxai.jobs import labels, listing, shares, submission, supervisor, worker
from dermxai.jobs.arguments import arguments_of
from dermxai.jobs.job import Job, State, find_job, find_jobs, open_job
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.queue import NORMAL

POLL = 0.5  # seconds

app = typer.Typer(help="Long work in the background.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, as list shows it.")]
Tag = Annotated[list[str] | None, typer.Option(help="A word to find it by; again for more.")]
Notes = Annotated[str | None, typer.Option(help="What is to be remembered of it.")]


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
    given = arguments_of(find_kind(kind), parsing.assigned(arguments or []))
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
    found = listing.found(known, search, sort)
    described = [_described(job) for job in found]
    if odd:
        console.say(f"Left out: {', '.join(each.name for each in odd)}; see dermxai doctor.")
    if json:
        console.show_json(described)
        return
    shown = ("id", "state", "title", "owner", "tags", "submitted", "account")
    tags = [", ".join(labels.labels(job).tags) for job in found]
    rows = [row | {"tags": each} for row, each in zip(described, tags, strict=True)]
    console.show_table(shown, [[row[name] for name in shown] for row in rows])
    console.say_reasons([job for job in described if job["state"] != State.QUEUED])


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


def _described(job: Job) -> dict[str, object]:
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
