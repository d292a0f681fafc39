"""Whose turn it is."""

import os
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.jobs import find_job, queue, submit
from dermxai.jobs.files import JobFiles, tickets_folder
from dermxai.jobs.launchers import local, slurm
from dermxai.jobs.records import identity, read, write


def draw(name: str, priority: str = queue.NORMAL) -> queue.Ticket:
    """The ticket of a job that this process is taken for the supervisor of."""
    write(JobFiles(paths.jobs() / name).submit(1), {"supervisor": identity(os.getpid())})
    return queue.draw("gpu", paths.jobs() / name, 1, priority)


def test_who_waits_is_served_by_priority_and_in_it_by_time() -> None:
    tickets = {
        name: draw(name, priority)
        for name, priority in (
            ("low", "low"),
            ("normal", "normal"),
            ("later", "normal"),
            ("high", "high"),
            ("higher", "high"),
        )
    }
    ahead = {name: ticket.ahead for name, ticket in tickets.items()}
    assert ahead == {"high": 0, "higher": 1, "normal": 2, "later": 3, "low": 4}
    tickets["high"].give_back()
    assert tickets["low"].ahead == 3


def test_tickets_of_an_earlier_version_come_first_and_are_understood() -> None:
    old = tickets_folder("gpu") / "01764000000000000000-old"
    write(old, {"job": str(paths.jobs() / "old"), "attempt": 1})
    write(JobFiles(paths.jobs() / "old").submit(1), {"supervisor": identity(os.getpid())})
    assert draw("high", "high").ahead == 1
    JobFiles(paths.jobs() / "old").submit(1).unlink()
    assert draw("other", "high").ahead == 1, "one that nobody holds is thrown away"
    assert not old.exists()


def test_a_submission_says_its_priority_and_another_version_may_say_what_it_likes(
    monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    monkeypatch.setattr(local, "detached", lambda *_: os.getpid())
    job = submit("project", {"run": "/nowhere"}, priority="high")
    assert Path(read(job.files.submit(1))["ticket"]).name.startswith("1")
    assert slurm._nice(job) == {}
    assert slurm._nice(submit("project", {"run": "/low"}, priority="low")) == {"nice": slurm.LOW}
    spec = read(job.files.spec)
    write(job.files.spec, spec | {"priority": "utmost"})
    said = local.LOCAL.launch(find_job(job.id), 2)
    assert Path(said["ticket"]).name.startswith("2")
