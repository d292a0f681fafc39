"""``python -m dermxai jobs``: what is at work, and how to stop it."""

import math
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dermxai import console
from dermxai.jobs import local, worker
from dermxai.jobs.job import Job, State, find_job, list_jobs, open_job

app = typer.Typer(help="Long work in the background.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, as list shows it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """The workspace's jobs, newest first."""
    described = [_described(job) for job in list_jobs()]
    if json:
        console.show_json(described)
        return
    shown = ("id", "state", "title", "submitted")
    console.show_table(shown, [[job[name] for name in shown] for job in described])


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
def logs(job: JobId) -> None:
    """What a job's newest attempt printed."""
    print(find_job(job).log, end="")


@app.command()
def cancel(job: JobId) -> None:
    """Stop a job; what it has finished is kept."""
    print(local.cancel(find_job(job)).state)


@app.command()
def resume(job: JobId) -> None:
    """Start a stopped job again where it was."""
    print(local.resume(find_job(job)).state)


@app.command(hidden=True)
def work(folder: Path, attempt: Annotated[int, typer.Argument(min=1)] = 1) -> None:
    """Do a job in this process."""
    if worker.work(open_job(folder), attempt) is not State.SUCCEEDED:
        raise typer.Exit(1)


def _described(job: Job) -> dict[str, Any]:
    progress = job.progress
    noted = asdict(progress) if progress else None
    if noted and math.isnan(noted["eta"]):
        noted["eta"] = None
    return {
        "id": job.id,
        "state": str(job.state),
        "title": job.title,
        "kind": job.kind,
        "arguments": job.arguments,
        "attempt": job.attempt,
        "submitted": datetime.fromtimestamp(job.submitted).isoformat(" ", timespec="seconds"),
        "progress": noted,
        "result": job.result,
        "error": job.error,
        "folder": str(job.root),
    }
