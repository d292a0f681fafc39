"""What happens to jobs when processes are killed, disks fill up and people change their minds."""

import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State, cancel, delete, find_job, list_jobs, resume, submit
from dermxai.jobs.files import tickets_folder
from dermxai.jobs.launchers.local import worker
from dermxai.jobs.records import process, read
from tests.jobs.conftest import Until

Drill = Callable[..., Job]


def supervisor(job: Job) -> psutil.Process:
    found = process(read(job.files.submit(job.attempt))["supervisor"])
    assert found is not None
    return found


def at_work(job: Job) -> bool:
    return job.progress is not None and job.progress.step > 2


def kill(found: psutil.Process | None) -> None:
    assert found is not None
    found.kill()


def test_a_killed_worker_interrupts_the_job_which_says_so_and_resumes(
    drill: Drill, until: Until
) -> None:
    job = drill(steps=2000)
    until(lambda: at_work(job))
    kill(worker(job, 1))
    until(lambda: not job.state.live and "SIGKILL" in job.reason)
    assert job.state is State.INTERRUPTED
    count = int((Path(job.arguments["folder"]) / "count").read_text())
    resume(job)
    until(lambda: at_work(job))
    assert job.attempt == 2
    assert job.progress is not None
    assert job.progress.step >= count
    assert job.state is State.RUNNING


def test_the_job_goes_on_without_its_supervisor_and_keeps_its_gpu(
    drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "1")
    job = drill(steps=150)
    until(lambda: at_work(job))
    assert not job.reason
    kill(supervisor(job))
    until(lambda: "process that watches it was ended" in job.reason)
    waiting = drill("two", steps=1)
    until(lambda: waiting.reason)
    assert "Waiting for a GPU" in waiting.reason
    assert job.state is State.RUNNING
    assert waiting.state is State.QUEUED
    until(lambda: not waiting.state.live)
    assert (job.state, waiting.state) == (State.SUCCEEDED, State.SUCCEEDED)
    alone(job, waiting)
    assert not job.reason


def test_a_supervisor_killed_while_it_waited_says_what_to_do(
    drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "1")
    first, second = drill(steps=2000), drill("two", steps=1)
    until(lambda: at_work(first) and second.reason)
    kill(supervisor(second))
    until(lambda: not second.state.live)
    assert second.state is State.INTERRUPTED
    assert "while it waited for its turn" in second.reason and "resume it" in second.reason
    cancel(first, grace=20)
    resume(second)
    until(lambda: second.state is State.SUCCEEDED)


def test_a_job_without_supervisor_is_cancelled_too(drill: Drill, until: Until) -> None:
    job = drill(steps=2000)
    until(lambda: at_work(job))
    kill(supervisor(job))
    cancel(job, grace=20)
    assert job.state is State.CANCELLED
    assert worker(job, 1) is None


def test_the_job_survives_the_server_that_started_it(
    drill: Drill, until: Until, tmp_path: Path
) -> None:
    code = (
        "import os, signal; from dermxai.jobs import submit;"
        f"print(submit('drill', {{'folder': {str(tmp_path / 'one')!r}}}).id, flush=True);"
        "os.killpg(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=paths.PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == -signal.SIGKILL
    job = find_job(done.stdout.strip())
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log


def test_two_gpus_take_two_jobs_each_one_and_in_order(
    drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "2")
    jobs = [drill(str(number), steps=20) for number in range(5)]
    until(lambda: not any(job.state.live for job in jobs))
    assert {job.state for job in jobs} == {State.SUCCEEDED}
    assert {job.result["gpus"] for job in jobs} == {"0", "1"}
    for gpu in ("0", "1"):
        alone(*(job for job in jobs if job.result["gpus"] == gpu))
    began = [period(job)[0] for job in jobs]
    assert max(began[:2]) < min(began[2:])
    assert max(began[:4]) < began[4]


def test_a_job_for_two_gpus_waits_for_both_and_is_not_overtaken(
    drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "2")
    first = drill("first", steps=40)
    both = drill("both", steps=5, devices=2)
    late = drill("late", steps=5)
    until(lambda: not late.state.live)
    assert both.result["gpus"] == "0,1"
    alone(first, both, late)
    with pytest.raises(InputError, match="asks for 3 GPUs"):
        drill("greedy", devices=3)
    assert len(list_jobs()) == 3


@pytest.mark.parametrize(("gpus", "had"), [("", ""), ("1", ""), ("2", "1")])
def test_a_job_aside_does_not_wait_for_those_at_work(
    gpus: str, had: str, drill: Drill, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a GPU where one is free, else none."""
    monkeypatch.setenv("DERMXAI_GPUS", gpus)
    first = drill("first", steps=5000)
    waiting = drill("waiting", steps=5000, devices=int(gpus or 1))
    until(lambda: at_work(first))
    aside = submit("aside", {"folder": str(paths.home() / "aside"), "steps": 3})
    until(lambda: not aside.state.live)
    assert (aside.state, aside.result["gpus"]) == (State.SUCCEEDED, had)
    assert (first.state, waiting.state) == (State.RUNNING, State.QUEUED)


def test_cancelled_while_it_waits_a_job_never_starts(drill: Drill, until: Until) -> None:
    first = drill("first", steps=2000)
    second = drill("second")
    until(lambda: second.reason)
    assert second.state is State.QUEUED
    cancel(second)
    assert second.state is State.CANCELLED
    assert not Path(second.arguments["folder"]).exists()
    assert first.state.live


@pytest.mark.parametrize(("mode", "grace"), [("count", 20.0), ("load", 20.0), ("deaf", 0.5)])
def test_cancelled_at_work_a_job_is_gone(
    mode: str, grace: float, drill: Drill, until: Until
) -> None:
    """In the middle of a step; while it loads and reports nothing; when it does not listen."""
    job = drill(steps=2000, mode=mode)
    until(lambda: job.progress and job.progress.phase in ("work", "loading"))
    found = worker(job, 1)
    assert found is not None
    with pytest.raises(InputError, match="cancel it"):
        delete(job)
    cancel(job, grace=grace)
    assert job.state is State.CANCELLED
    assert not found.is_running() or found.status() == psutil.STATUS_ZOMBIE
    delete(job)
    assert list_jobs() == []


def test_cancelling_need_not_be_waited_for(drill: Drill, until: Until) -> None:
    job = drill(steps=2000)
    until(lambda: at_work(job))
    cancel(job, wait=False)
    assert job.stopping or job.state is State.CANCELLED
    until(lambda: not job.state.live)
    assert job.state is State.CANCELLED


def test_a_late_cancel_leaves_the_attempt_that_was_resumed_alone(
    drill: Drill, until: Until
) -> None:
    """The process that cancels starts after a second or two; by then the job may be resumed."""
    job = drill(steps=2000)
    until(lambda: at_work(job))
    cancel(job)
    resume(job)
    cancel(job, attempt=1)
    until(lambda: at_work(job))
    assert (job.state, job.stopping, job.attempt) == (State.RUNNING, False, 2)


def test_two_jobs_never_write_one_output(drill: Drill, until: Until, tmp_path: Path) -> None:
    """Neither submitted nor resumed, however the folder is spelled."""
    first = drill("first", steps=2000, output=str(tmp_path / "o"))
    until(lambda: at_work(first))
    with pytest.raises(InputError, match="is writing"):
        drill("second", output=str(tmp_path / "more" / ".." / "o"))
    cancel(first)
    second = drill("second", steps=2000, output=str(tmp_path / "o"))
    with pytest.raises(InputError, match=second.id):
        resume(first)
    assert (first.attempt, first.state) == (1, State.CANCELLED)


def test_a_full_disk_fails_the_job_with_a_sentence(drill: Drill, until: Until) -> None:
    """No file of the job may grow beyond 4 MB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, hard))
    try:
        job = drill(mode="fill", steps=30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    until(lambda: not job.state.live)
    assert job.state is State.FAILED
    assert "The disk is full" in job.error
    resume(job)
    until(lambda: not job.state.live)
    assert job.result["first"] > 0, "what it had counted is kept"


def test_two_windows_that_press_at_once_start_one_job(drill: Drill, until: Until) -> None:
    """Two processes, four threads each."""
    code = (
        "import sys; from concurrent.futures import ThreadPoolExecutor;"
        "from dermxai.jobs import submit;"
        "ask = lambda _: submit('drill', {'folder': sys.argv[1]}, token='form').id;"
        "print(*ThreadPoolExecutor(4).map(ask, range(4)))"
    )
    folder = str(paths.home() / "drill")
    windows = [
        subprocess.Popen(
            [sys.executable, "-c", code, folder],
            cwd=paths.PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [window.communicate()[0].split() for window in windows]
    (job,) = list_jobs()
    assert said == [[job.id] * 4] * 2
    until(lambda: not job.state.live)
    assert submit("drill", {"folder": folder}, token="form").id == job.id, "when it has ended, too"
    assert submit("drill", {"folder": folder}, token="another form").id != job.id


def test_two_threads_resume_once(drill: Drill, until: Until) -> None:
    job = drill(steps=2000)
    until(lambda: at_work(job))
    cancel(job)
    threads = [threading.Thread(target=resume, args=(job,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert job.attempt == 2
    assert job.state.live


def period(job: Job) -> tuple[int, int]:
    """When a drill began and ended, in nanoseconds."""
    folder = Path(job.arguments["folder"])
    (began,) = folder.glob("*.began")
    (ended,) = folder.glob("*.ended")
    return int(began.stem), int(ended.stem)


def alone(*jobs: Job) -> None:
    """No two of the jobs were at work at one time."""
    for (_, ended), (began, _) in pairwise(sorted(period(job) for job in jobs)):
        assert ended < began


def test_figures_and_what_was_asked_are_kept(drill: Drill, until: Until) -> None:
    job = drill(steps=80)
    until(lambda: not job.state.live)
    kept = [json.loads(line) for line in job.files.figures(1).read_text().splitlines()]
    assert [line["step"] for line in kept] == sorted(line["step"] for line in kept)
    assert all(line["loss"] == 1 / (line["step"] + 1) for line in kept)
    assert not list(job.root.rglob("*.tmp"))
    assert not list(tickets_folder("device").iterdir())
