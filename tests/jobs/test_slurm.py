"""Jobs on a real SLURM: two nodes on this computer, started for these tests, with two pretended
GPUs each."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State, cancel, list_jobs, resume, submit
from dermxai.jobs.files import slurm_settings_file
from dermxai.jobs.kinds import find_kind
from dermxai.jobs.launchers import slurm
from dermxai.jobs.launchers.local import worker
from dermxai.jobs.records import read
from dermxai.jobs.slurm_settings import SlurmSettings, read_settings
from dermxai.models.files import CheckpointFiles
from dermxai.training.files import TrainingFiles
from tests.generated import generated_run
from tests.jobs.conftest import Until
from tests.jobs.test_shares import content
from tests.nightly import nightly

SCRIPTS = Path(__file__).parent.parent / "slurm"
SETTINGS = """
gpus = 1
time = 10
processors = 1
memory = "2G"
"""
# These nodes have names that only SLURM knows.
FOUND = 'setup = ["export MASTER_ADDR=127.0.0.1"]\n'
TWO_GPUS = SETTINGS.replace("gpus = 1", "gpus = 2") + FOUND
TWO_NODES = SETTINGS + 'nodes = 2\npartition = "both"\n' + FOUND
SECONDS = 60.0  # for a command of SLURM, on a busy machine

Drill = Callable[..., Job]


def ask(*command: str) -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=SECONDS
    ).stdout


def missing() -> str:
    """Why SLURM cannot be started here."""
    absent = [
        name for name in ("sbatch", "slurmctld", "slurmd", "munged") if not shutil.which(name)
    ]
    if absent:
        return f"{', '.join(absent)} not installed: apt-get install slurm-wlm munge"
    return "" if os.geteuid() == 0 else "SLURM's daemons need root"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """Folder of a SLURM that is started for the tests of this file."""
    if why := missing():
        if os.environ.get("DERMXAI_REQUIRE_SLURM"):
            pytest.fail(why)
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="dermxai-slurm-"))
    folder.chmod(0o755)  # munge insists
    environment = os.environ | {"SLURM_TEST_PORT": str(free_port())}
    try:
        subprocess.run([SCRIPTS / "up.sh", folder], check=True, env=environment, timeout=SECONDS)
        yield folder
    finally:
        subprocess.run([SCRIPTS / "down.sh", folder], check=True, timeout=SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def on_cluster(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster / "etc" / "slurm.conf"))
    slurm_settings_file().parent.mkdir(parents=True, exist_ok=True)
    slurm_settings_file().write_text(SETTINGS)


@pytest.fixture
def slurm_drill(on_cluster: None, drill: Drill) -> Drill:
    return lambda name="one", **arguments: drill(name, where="slurm", **arguments)


def free_port() -> int:
    """The first of three neighbours."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def number(job: Job) -> str:
    return str(read(job.files.submit(job.attempt))["slurm"])


def at_work(job: Job) -> bool:
    return job.progress is not None and job.progress.step > 2


def begin_soon(job: Job) -> None:
    """A job that was requeued waits for two minutes otherwise. Within the second of its end slurmd
    would refuse it: "already killed, do not launch"."""
    ask("scontrol", "update", f"jobid={number(job)}", "StartTime=now+3")


def count(job: Job) -> int:
    return int((Path(job.arguments["folder"]) / "count").read_text())


def test_a_job_is_submitted_tagged_and_succeeds(slurm_drill: Drill, until: Until) -> None:
    job = slurm_drill(steps=50)
    until(lambda: at_work(job) or not job.state.live)
    assert job.state is State.RUNNING, job.log
    shown = ask("scontrol", "show", "job", number(job))
    assert f"Comment=dermxai:{job.id}" in shown
    assert re.search(r"gpu[:=]1\b", shown)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert job.result == {"first": 0, "gpus": "0"}
    assert "Job completed successfully" in job.log


def test_jobs_queue_and_are_cancelled_waiting_and_working(slurm_drill: Drill, until: Until) -> None:
    working = [slurm_drill(str(index), steps=5000) for index in range(2)]
    waiting = slurm_drill("waiting")
    until(lambda: all(at_work(job) for job in working))
    until(lambda: "Waiting in the cluster's queue" in waiting.reason)
    assert waiting.state is State.QUEUED
    for job in (waiting, working[0]):
        cancel(job)
        assert job.state is State.CANCELLED
    assert not Path(waiting.arguments["folder"]).exists()
    assert worker(working[0], 1) is None
    ask("scancel", number(working[1]))  # by somebody else
    until(lambda: not working[1].state.live)
    assert working[1].state is State.CANCELLED


@pytest.mark.parametrize(
    "command", [("scontrol", "requeue"), ("scancel", "--signal=USR2")], ids=["requeued", "told"]
)
def test_requeued_a_job_goes_on_where_it_was(
    command: tuple[str, ...], slurm_drill: Drill, until: Until
) -> None:
    """By SLURM itself; or told, as before the end of its time, to put itself into the queue."""
    job = slurm_drill(steps=150)
    until(lambda: at_work(job))
    before = worker(job, 1)
    assert before is not None
    ask(*command, number(job))
    until(lambda: job.state is State.QUEUED)
    assert job.progress is None
    counted = count(job)
    begin_soon(job)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert (job.attempt, job.result["first"]) == (1, counted)


def test_a_killed_worker_interrupts_the_job_and_it_resumes(
    slurm_drill: Drill, until: Until
) -> None:
    job = slurm_drill(steps=100)
    until(lambda: at_work(job))
    found = worker(job, 1)
    assert found is not None
    found.kill()
    until(lambda: not job.state.live)
    assert job.state is State.INTERRUPTED
    assert "on the cluster" in job.reason
    counted = count(job)
    resume(job)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert (job.attempt, job.result["first"]) == (2, counted)


def test_a_restart_of_slurmctld_is_survived(
    cluster: Path, slurm_drill: Drill, until: Until
) -> None:
    job = slurm_drill(steps=10_000)
    until(lambda: at_work(job))
    daemon = int((cluster / "run" / "slurmctld.pid").read_text())
    os.kill(daemon, signal.SIGTERM)
    until(lambda: not psutil.pid_exists(daemon))
    until(lambda: "does not answer" in job.reason)
    assert job.state is State.RUNNING
    subprocess.run(["slurmctld"], check=True, timeout=SECONDS)
    until(lambda: not job.reason)
    assert job.state is State.RUNNING
    (Path(job.arguments["folder"]) / "enough").touch()
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log


def test_each_gpu_has_a_task_and_the_first_one_writes(slurm_drill: Drill, until: Until) -> None:
    slurm_settings_file().write_text(SETTINGS.replace("gpus = 1", "gpus = 2"))
    job = slurm_drill(steps=5)
    assert job.arguments["devices"] == 2
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    # The first task speaks for the job; the second may begin after it has ended.
    until(lambda: len(list(Path(job.arguments["folder"]).glob("*.began"))) == 2)


def test_more_gpus_than_a_node_has_are_refused_at_once(slurm_drill: Drill) -> None:
    """They would wait for ever."""
    slurm_settings_file().write_text(SETTINGS.replace("gpus = 1", "gpus = 9"))
    with pytest.raises(InputError, match=r"gpus is 9 .* have at most 2"):
        slurm_drill(devices=9)
    assert list_jobs() == []


def test_what_the_cluster_refuses_is_said_and_leaves_no_job(slurm_drill: Drill) -> None:
    slurm_settings_file().write_text('partition = "no-such"')
    with pytest.raises(InputError, match=r"SLURM refused the job: .*partition"):
        slurm_drill()
    assert list_jobs() == []


@pytest.mark.parametrize("settings", [SETTINGS, TWO_NODES], ids=["one node", "two nodes"])
def test_a_training_is_requeued_and_ends_as_it_would_have(
    on_cluster: None, tmp_path: Path, until: Until, settings: str
) -> None:
    """The real thing: a tiny network through the kind ``train``."""
    slurm_settings_file().write_text(settings)
    data = generated_run(tmp_path / "data", images=60, classes=("EAD", "SD"), heads={"final": 1})
    recipe = {"architecture": "test_efficientnet", "size": 32, "epochs": 6, "batch_size": 8}
    job = submit(
        "train",
        {
            "dataset": str(data.root / "dataset.csv"),
            "output": str(tmp_path / "trained"),
            "recipe": recipe,
        },
        where="slurm",
    )
    history = TrainingFiles(tmp_path / "trained").history
    until(lambda: history.is_file() or not job.state.live)
    assert job.state is State.RUNNING, job.log
    ask("scancel", "--signal=USR2", number(job))
    until(lambda: job.state is State.QUEUED)
    before = history.read_text().splitlines()
    assert len(before) < 7
    begin_soon(job)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert history.read_text().splitlines()[: len(before) - 1] == before[:-1]
    assert pd.read_csv(history)["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert CheckpointFiles(Path(job.result["checkpoint"])).weights.is_file()


@pytest.mark.parametrize(
    ("settings", "on"),
    [(TWO_GPUS, "node1"), (TWO_NODES, "node[1-2]")],
    ids=["two GPUs", "two nodes"],
)
def test_a_training_in_two_tasks_is_one_training(
    on_cluster: None, tmp_path: Path, until: Until, settings: str, on: str
) -> None:
    """Lightning joins the tasks that SLURM has started (gloo, as there is no GPU)."""
    slurm_settings_file().write_text(settings)
    data = generated_run(tmp_path / "data", images=24, classes=("EAD", "SD"), heads={"final": 1})
    output = tmp_path / "trained"
    recipe = {"architecture": "test_efficientnet", "size": 32, "epochs": 1, "batch_size": 4}
    dataset = str(data.root / "dataset.csv")
    arguments = {"dataset": dataset, "output": str(output), "recipe": recipe}
    job = submit("train", arguments, where="slurm")
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    shown = ask("scontrol", "--oneliner", "show", "job", number(job))
    assert f" NodeList={on} " in shown
    both = "".join(log.read_text() for log in (job.files.logs / "slurm").glob("*_log.*"))
    assert {"MEMBER: 1/2", "MEMBER: 2/2"} <= set(re.findall(r"MEMBER: \d/\d", both))
    assert Path(job.result["checkpoint"]) == output
    assert pd.read_csv(TrainingFiles(output).history)["epoch"].tolist() == [1]
    written = sorted(path.parent for path in tmp_path.rglob(CheckpointFiles(output).weights.name))
    assert written == [output, output / "last"]


def test_an_array_over_both_nodes_is_joined_to_the_same_run_to_the_last_bit(
    on_cluster: None, tiny_checkpoint: Path, tmp_path: Path, until: Until
) -> None:
    slurm_settings_file().write_text(SETTINGS + 'partition = "both"\n')
    generated_run(tmp_path / "data", images=1000, heads={"final": 1})
    arguments = {
        "checkpoint": str(tiny_checkpoint),
        "dataset": str(tmp_path / "data" / "dataset.csv"),
    }
    alone = Path(find_kind("infer").run(lambda *_: None, **arguments)["run"])
    expected = content(alone)
    shutil.rmtree(alone)
    job = submit("infer", {**arguments, "shares": 4}, where="slurm")
    said = read(job.files.submit(1))
    shown = ask("scontrol", "--oneliner", "show", "job", said["slurm"])
    assert f"Dependency=afterany:{said['array']}" in shown
    states = set()
    until(lambda: states.add(job.state) or not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert State.RUNNING in states
    assert Path(job.result["run"]) == alone
    assert content(alone) == expected
    tasks = ask("scontrol", "--oneliner", "show", "job", said["array"]).splitlines()
    assert len(tasks) == 4
    assert {node for line in tasks for node in re.findall(r" NodeList=(\S+)", line)} == {
        "node1",
        "node2",
    }
    done = [read(job.files.share(1, index)) for index in range(4)]
    assert all(each["step"] == each["total"] > 0 for each in done)
    assert sum(each["total"] for each in done) == 1000, "the array did it all, each once"


@nightly
def test_maps_by_an_array_are_the_same_files(
    on_cluster: None, tiny_checkpoint: Path, tmp_path: Path, until: Until
) -> None:
    slurm_settings_file().write_text(SETTINGS + 'partition = "both"\n')
    generated_run(tmp_path / "data", images=6, heads={"final": 1}, files=6)
    arguments = {
        "checkpoint": str(tiny_checkpoint),
        "images": [str(tmp_path / "data" / "dataset.csv")],
        "device": "cpu",
    }
    find_kind("explain").run(lambda *_: None, **arguments, output=str(tmp_path / "alone"))
    shared = str(tmp_path / "shared")
    job = submit("explain", {**arguments, "output": shared, "shares": 3}, where="slurm")
    assert read(job.files.submit(1))["shares"] == 3
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("alone", "shared")
    )
    assert len(one) == 18 and one == other
    done = [read(job.files.share(1, index)) for index in range(3)]
    assert all(each["step"] == each["total"] > 0 for each in done), "each did its own"


def test_a_server_confines_its_jobs_on_a_cluster_that_hands_on_no_environment(
    on_cluster: None,
    tiny_checkpoint: Path,
    tmp_path: Path,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slurm_settings_file().write_text(SETTINGS + '[extra]\nexport = "NONE"\n')
    inside, outside = tmp_path / "open", tmp_path / "closed"
    for place in (inside, outside):
        generated_run(place, images=4, heads={"final": 1}, files=4)
    monkeypatch.setenv("DERMXAI_CONFINED", "1")
    monkeypatch.setenv("DERMXAI_ROOTS", os.pathsep.join([str(inside), str(tiny_checkpoint)]))
    asked = {"checkpoint": str(tiny_checkpoint)}
    closed = submit("infer", {**asked, "dataset": str(outside / "dataset.csv")}, where="slurm")
    opened = submit("infer", {**asked, "dataset": str(inside / "dataset.csv")}, where="slurm")
    until(lambda: not (closed.state.live or opened.state.live))
    assert opened.state is State.SUCCEEDED, opened.log
    assert closed.state is State.FAILED
    assert "DERMXAI_ROOTS" in closed.error


def test_the_script_of_a_job_confines_it_whatever_environment_it_finds(
    drill: Drill, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its first lines, in a shell with nothing in its environment."""
    look = (
        "import os; from dermxai.core import paths;"
        "print(paths.is_confined(), paths.home(), *paths.roots(), os.environ['DERMXAI_PLUGINS'])"
    )
    root = tmp_path / "it's; touch hacked"
    monkeypatch.setenv("DERMXAI_CONFINED", "1")
    monkeypatch.setenv("DERMXAI_ROOTS", str(root))
    monkeypatch.setenv("DERMXAI_PLUGINS", "off")
    home = str(paths.home())
    lines = slurm._parameters(drill(), SlurmSettings())["setup"]
    script = "\n".join([*lines, f"{sys.executable} -c {shlex.quote(look)}"])
    said = subprocess.run(
        ["bash", "-c", script], env={}, check=True, capture_output=True, text=True, timeout=SECONDS
    ).stdout
    assert said.startswith(f"True {home} ")
    assert str(root) in said and said.endswith(" off\n")
    assert not list(tmp_path.rglob("hacked"))
    for name in ("DERMXAI_CONFINED", "DERMXAI_ROOTS", "DERMXAI_PLUGINS"):
        monkeypatch.delenv(name)
    lines = slurm._parameters(drill(), SlurmSettings())["setup"]
    assert not any("CONFINED" in line or "ROOTS" in line for line in lines)


def test_an_array_is_cancelled_with_its_job(
    on_cluster: None, tiny_checkpoint: Path, tmp_path: Path, until: Until
) -> None:
    generated_run(tmp_path / "data", images=3000, heads={"final": 1})
    dataset = str(tmp_path / "data" / "dataset.csv")
    asked = {"checkpoint": str(tiny_checkpoint), "dataset": dataset, "shares": 3}
    job = submit("infer", asked, where="slurm")
    cancel(job)
    assert job.state is State.CANCELLED
    until(lambda: ask("squeue", "-h", "-o", "%i").strip() == "")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("gpu = 1", "'gpu' of .*slurm.toml; there are partition, gpus"),
        ("gpus = -1", "expected a whole number from 0 to 1024"),
        ("gpus = true", "expected a whole number"),
        ("partition = main", "is not TOML"),
        ("partition = 5", "expected the name"),
        ("memory = 64", 'expected a size with its unit, such as "64G"'),
        ('memory = "64"', "expected a size with its unit"),
        ('notice = "x"', "expected a whole number"),
        ("notice = 100000", "expected fewer seconds than the time of a job, 86400"),
        ('setup = "module load cuda"', "expected a list of shell commands"),
        ("extra = 3", "expected a table"),
    ],
)
def test_a_wrong_setting_is_named(written: str, complaint: str) -> None:
    slurm_settings_file().parent.mkdir(parents=True, exist_ok=True)
    slurm_settings_file().write_text(written)
    with pytest.raises(InputError, match=complaint):
        read_settings()


def test_without_sbatch_it_is_refused(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="no sbatch"):
        drill(where="slurm")
