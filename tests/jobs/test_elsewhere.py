"""Jobs whose processes are on another computer, or in another container, are left alone."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State, cancel, delete, find_job, queue, resume
from dermxai.jobs.files import JobFiles
from dermxai.jobs.records import elsewhere, here, identity, process, read, write
from dermxai.jobs.submission import declare_gone
from tests.jobs.conftest import DRILLS, Drill, Until

OTHER = {"boot": "another-start", "host": "lab-2", "machine": "another"}


def made(name: str = "one", attempt: int = 1, **known: Any) -> Job:
    """A job whose supervisor is this process, or one that is told otherwise."""
    spec = {
        "kind": "project",
        "arguments": {"run": "somewhere"},
        "title": "Feature map",
        "lane": "processor",
        "submitted": time.time() - 100,
    }
    root = paths.jobs() / name
    write(JobFiles(root).spec, spec)
    write(JobFiles(root).submit(attempt), {"supervisor": identity(os.getpid()) | known})
    return find_job(name)


def test_an_identity_says_where_its_number_is_valid() -> None:
    known = identity(os.getpid())
    assert known["boot"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert known["namespace"].startswith("pid:[")
    assert process(known) is not None
    assert process(known | {"since_boot": known["since_boot"] + 1}) is None
    assert process(known | {"namespace": "pid:[1]"}) is None
    assert process(known | OTHER) is None


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, ""),
        ({"namespace": "pid:[1]"}, "in another container of this computer"),
        (OTHER, "on lab-2"),
        ({"boot": "another-start", "namespace": "pid:[1]"}, "on "),
    ],
)
def test_what_cannot_be_seen_from_here(known: dict[str, Any], said: str) -> None:
    assert elsewhere(identity(os.getpid()) | known).startswith(said)
    assert bool(said) == bool(elsewhere(identity(os.getpid()) | known))


def test_a_computer_that_was_started_anew_has_lost_its_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = {"namespace": "pid:[4026531836]", "machine": "this", "host": "lab-1"}
    monkeypatch.setattr("dermxai.jobs.records.here", lambda: first | {"boot": "now"})
    before = identity(os.getpid()) | {"boot": "before"}
    assert elsewhere(before) == ""
    assert elsewhere(before | {"machine": "another"}) == "on lab-1"
    assert elsewhere(before | {"namespace": "pid:[5]"}) == "on lab-1"
    job = made(**before)
    assert job.state is State.INTERRUPTED
    assert "started anew" in job.reason


@pytest.mark.parametrize("known", [OTHER, {"namespace": "pid:[1]"}])
def test_it_is_said_to_run_elsewhere_and_not_touched(
    known: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("it was touched"))
    monkeypatch.setattr(os, "killpg", lambda *_: pytest.fail("it was touched"))
    job = made(**known)
    assert job.state.live
    assert "cannot be seen from here" in job.elsewhere
    assert job.reason == job.elsewhere
    with pytest.raises(InputError, match="is not touched"):
        delete(job)
    assert resume(job).attempt == 1
    monkeypatch.setattr("dermxai.jobs.submission.MARGIN", 0.1)
    assert cancel(job).state.live
    assert job.files.cancel(1).exists()  # which it sees where it is
    assert job.root.is_dir()


def test_who_knows_that_its_place_is_gone_can_say_so() -> None:
    job = made(**OTHER)
    assert declare_gone(job).state is State.INTERRUPTED
    assert "lab-2" in job.reason
    delete(job)
    assert not job.root.exists()
    with pytest.raises(InputError, match="only one that runs elsewhere"):
        declare_gone(made("two"))


def test_locks_tell_of_containers_of_this_computer() -> None:
    """One system keeps them: a container that is gone holds none."""
    job = made(namespace="pid:[1]")
    descriptor = disk.hold(job.files.alive(1))
    assert job.state.live
    os.close(descriptor)
    assert job.state is State.INTERRUPTED
    far = made("far", **OTHER)
    os.close(disk.hold(far.files.alive(1)))
    assert far.state.live  # a network disk may not tell of the locks of others


def test_tickets_of_elsewhere_neither_wait_here_nor_are_thrown_away() -> None:
    job = made(**OTHER)
    queue.draw("gpu", job.root, 1)
    mine = queue.draw("gpu", made("two").root, 1)
    assert mine.ahead == 0
    assert len(list(mine.path.parent.iterdir())) == 2


IN_A_CONTAINER = """
import sys, time
from dermxai.jobs import submit
job = submit("drill", {"folder": sys.argv[1], "steps": 100_000})
while not (job.progress and job.progress.step > 2):
    time.sleep(0.05)
print(job.id, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(
    os.geteuid() != 0
    or not shutil.which("unshare")
    or subprocess.run(
        ["unshare", "--pid", "--fork", "true"], check=False, capture_output=True
    ).returncode
    != 0,
    reason="a namespace of processes of its own needs the superuser and unshare",
)
def test_a_job_in_another_namespace_of_processes(
    drill: Drill, until: Until, tmp_path: Path
) -> None:
    inside = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    container = subprocess.Popen(
        [*inside, sys.executable, "-c", IN_A_CONTAINER, str(tmp_path / "one")],
        env=os.environ | {"PYTHONPATH": f"{DRILLS}:{paths.PROJECT}"},
        cwd=paths.PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert container.stdout is not None
    job = find_job(container.stdout.readline().strip())
    assert read(job.files.submit(1))["supervisor"]["namespace"] != here()["namespace"]
    assert job.state is State.RUNNING
    assert "another container" in job.elsewhere
    with pytest.raises(InputError, match="is not touched"):
        delete(job)
    waiting = drill("two", steps=1)  # for the processor that the other one has
    until(lambda: waiting.reason)
    assert waiting.state is State.QUEUED
    container.kill()  # and with it all that it held
    container.wait()
    until(lambda: job.state is State.INTERRUPTED)
    until(lambda: not waiting.state.live)
    assert waiting.state is State.SUCCEEDED, waiting.log
    assert json.loads(job.files.spec.read_text())["kind"] == "drill"
