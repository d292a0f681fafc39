"""Titles, tags, notes, owners: how a job is found among many."""

import json
import os
import pwd
from typing import Any

import pytest

from dermxai.cli import jobs as commands
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, find_job, labels, list_jobs, listing, submit
from dermxai.jobs.arguments import recipe_of
from dermxai.jobs.files import JobFiles
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.launchers import local
from dermxai.jobs.records import identity, write


@pytest.fixture(autouse=True)
def _launched(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = {"supervisor": identity(os.getpid())}
    monkeypatch.setattr(local.Local, "launch", lambda self, job, attempt: supervisor)


def make(name: str, title: str = "", dataset: str = "/data/lite", at: float = 1.0) -> Job:
    arguments = {"dataset": dataset, "output": str(paths.checkpoints() / name)}
    spec = {"kind": "train", "arguments": arguments, "title": title, "lane": "device"}
    write(JobFiles(paths.jobs() / name).spec, spec | {"submitted": at})
    write(JobFiles(paths.jobs() / name).submit(1), {})
    return find_job(name)


@pytest.mark.parametrize(
    ("recipe", "title"),
    [
        ({}, "Scratch on lite"),
        (None, "Scratch on lite"),
        ({"learning_rate": 5e-4}, "Scratch on lite: learning rate 0.0005"),
        (
            {"seed": 1, "epochs": 30, "start_from": "/x/atlas-b4", "mixup": 0.2, "cutmix": 0.1},
            "Scratch on lite: from atlas-b4, epochs 30, seed 1, mixup 0.2, 1 more",
        ),
        ({"auxiliary": False, "deterministic": True}, "Scratch on lite: no auxiliary, "
         "deterministic"),
    ],
)  # fmt: skip
def test_a_training_is_called_by_its_recipe_and_what_differs(
    recipe: dict[str, Any] | None, title: str
) -> None:
    arguments = {"dataset": "/data/lite", "recipe": recipe}
    assert find_kind("train").title(arguments) == title


def test_ready_recipes_are_known_and_three_trainings_are_told_apart() -> None:
    titles = {
        find_kind("train").title(
            {"dataset": "/data/lite/table.csv", "recipe": recipe_of(name, pairs)}
        )
        for name, pairs in (("quick", []), ("quick", ["epochs=9"]), ("paper", ["seed=3"]))
    }
    assert titles == {
        "Quick on lite/table.csv",
        "Quick on lite/table.csv: epochs 9",
        "Paper on lite/table.csv: seed 3",
    }


def test_jobs_are_found_by_all_words_and_sorted() -> None:
    one = make("one", "Quick on lite", at=1.0)
    two = make("two", "Paper on lite: epochs 9", at=2.0)
    make("three", "Paper on other", dataset="/data/other", at=3.0)
    labels.label(one, tags=["Baseline"], notes="Lower rate\nthan before")
    assert [job.id for job in listing.found(list_jobs())] == ["three", "two", "one"]
    assert [job.id for job in listing.found(list_jobs(), order="oldest")] == ["one", "two", "three"]
    assert [job.id for job in listing.found(list_jobs(), "LITE paper")] == ["two"]
    assert [job.id for job in listing.found(list_jobs(), "baseline rate")] == ["one"]
    assert [job.id for job in listing.found(list_jobs(), "lite", "title")] == ["two", "one"]
    assert listing.found(list_jobs(), "nowhere") == []
    assert next(iter(listing.found(list_jobs(), order="tags"))) == one
    with pytest.raises(InputError, match="newest"):
        listing.found([two], order="colour")
    account = pwd.getpwuid(os.getuid()).pw_name
    assert listing.owner(one) == account
    assert len(listing.found(list_jobs(), account)) == 3


def test_labels_of_a_submission_are_kept_and_changed(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {"run": "/nowhere"}
    job = submit("project", arguments, tags=[" a ", "b", "a", ""], notes=" First. ")
    assert labels.labels(job) == labels.Labels(("a", "b"), "First.")
    commands.label(job.id, tag=["c"])
    assert labels.labels(job) == labels.Labels(("c",), "First.")
    commands.label(job.id, tag=[""], notes="Second.")
    assert labels.labels(job) == labels.Labels((), "Second.")
    commands.list_(search="second", sort="newest", json=True)
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["notes"], listed["priority"]) == (job.id, "Second.", "normal")
    with pytest.raises(InputError, match="--tag"):
        commands.label(job.id)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"tags": ["x" * 41]}, "cannot be a tag"),
        ({"tags": ["a\nb"]}, "cannot be a tag"),
        ({"tags": [str(number) for number in range(21)]}, "20 at most"),
        ({"notes": "x" * 4001}, "4,000 at most"),
        ({"notes": "a\udcff"}, "no text"),
        ({"tags": ["a\udcff"]}, "cannot be a tag"),
        ({"priority": "highest"}, "high, normal, low"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_no_job(
    given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        submit("project", {"run": "/nowhere"}, **given)
    assert list_jobs() == []


@pytest.mark.parametrize("held", ["[1]", '{"tags": "abc", "notes": 3}', '{"tags": [1, "x"]}', "{"])
def test_damaged_labels_break_nothing(held: str) -> None:
    job = make("one")
    job.files.labels.write_text(held)
    assert set(labels.labels(job).tags) <= {"x"}
    assert labels.labels(job).notes == ""
    assert listing.found(list_jobs(), "one", "tags") == [job]
