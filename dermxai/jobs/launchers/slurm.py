"""Jobs on a SLURM cluster, through submitit.

``slurm.toml`` in the workspace says what to ask for, see `dermxai.jobs.slurm_settings`. The
workspace and this project must lie where the nodes see them under the same path. A job that is
pre-empted or runs out of its time puts itself into the queue again and goes on where it was; each
GPU has a task of its own (DistributedDataParallel).
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NotRequired, TypedDict

from dermxai.core import paths
from dermxai.core.components import FOREIGN
from dermxai.core.errors import InputError
from dermxai.jobs.files import slurm_settings_file
from dermxai.jobs.kinds import number
from dermxai.jobs.launchers import MARK, Launcher, Status
from dermxai.jobs.records import noted, read
from dermxai.jobs.shares import SHARED
from dermxai.jobs.slurm_settings import SlurmSettings, read_settings

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

    from dermxai.jobs.job import Job

ANSWER_SECONDS = 5.0  # for a command of SLURM
FRESH_SECONDS = 1.0  # so old may the list of queued jobs be
QUIET_SECONDS = 10.0  # before a cluster that did not answer is asked again
REQUEUES = 1000  # after so many time-outs a job is no longer requeued
POLL = 0.2
LOW = 10_000  # --nice of a job of low priority

_INHERITED = (paths.CONFINED, paths.ROOTS, FOREIGN)
"""In the environment of a server: what its jobs may read, and whose code they run."""
_QUEUED = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
_RUNNING = {"RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED", "RESIZING"}
_ENDS = {
    "TIMEOUT": "Its time on the cluster was over; give it more time in slurm.toml, or resume it.",
    "OUT_OF_MEMORY": "It took more memory than it had asked for; raise memory in slurm.toml.",
    "NODE_FAIL": "Its node failed; resume it.",
    "PREEMPTED": "It had to make room for another job; resume it.",
    "FAILED": "Its process was ended on the cluster; its log may say why.",
}


class Submitted(TypedDict):
    """What ``submit-n.json`` holds."""

    slurm: NotRequired[str]
    array: NotRequired[str]


@dataclass(frozen=True, kw_only=True)
class Slurm(Launcher):
    def available(self) -> str:
        if not shutil.which("sbatch"):
            return (
                "There is no sbatch here; start the dashboard on a computer that submits to SLURM."
            )
        if find_spec("submitit") is None:
            return (
                "Submitting to SLURM needs submitit, which is not installed: pip install submitit."
            )
        return ""

    def size(self) -> dict[str, int]:
        """
        Raises:
            InputError: the settings cannot be read.
        """
        settings = read_settings()
        return {"devices": max(1, settings.gpus), "nodes": settings.nodes}

    def launch(self, job: "Job", attempt: int) -> Mapping[str, object]:
        """
        Raises:
            InputError: the cluster refuses it.
        """
        from submitit.core.utils import FailedJobError, FailedSubmissionError
        from submitit.slurm.slurm import SlurmExecutor

        settings = read_settings()
        _check_gpus(job, settings)
        asked, shares = _parameters(job, settings), number(job.arguments, "shares")
        executor = SlurmExecutor(_folder(job), max_num_timeout=REQUEUES)
        executor.update_parameters(**asked)
        array = ""
        try:
            if shares > 1:
                with executor.batch():
                    tasks = [
                        executor.submit(ShareTask(str(job.root), attempt, index, shares))
                        for index in range(shares)
                    ]
                array = tasks[0].job_id.partition("_")[0]
                more = {**_additional(job, settings), "dependency": f"afterany:{array}"}
                executor.update_parameters(**{**asked, "additional_parameters": more})
            submitted = executor.submit(Task(str(job.root), attempt, shared=shares > 1))
        except (FailedJobError, FailedSubmissionError, subprocess.CalledProcessError) as error:
            if array:
                _ask(["scancel", array])
            raise InputError(f"SLURM refused the job: {_refusal(error)}") from None
        said = {"slurm": submitted.job_id, "settings": settings.model_dump()}
        return said | ({"array": array, "shares": shares} if array else {})

    def withdraw(self, said: Mapping[str, object]) -> None:
        """Takes back what was launched and could not be noted."""
        _ask(["scancel", *(str(said[name]) for name in ("array", "slurm") if name in said)])

    def status(self, job: "Job", attempt: int) -> Status:
        submitted = noted(job.files.submit(attempt), Submitted) or {}
        known = submitted.get("slurm", "")
        said = _state(known)
        if said is None:  # nobody answers: as far as is known it goes on
            begun = job.files.progress(attempt).is_file()
            return Status("running" if begun else "queued", "The cluster does not answer.")
        state, why = said
        array = submitted.get("array", "")
        if state in _QUEUED and array and _queue.runs(array):
            return Status("running")
        if state in _QUEUED:
            return Status("queued", f"Waiting in the cluster's queue ({why})" if why else "")
        if state in _RUNNING:
            return Status("running")
        return Status(None, _ENDS.get(state, ""), cancelled=state == "CANCELLED")

    def stop(self, job: "Job", attempt: int, grace: float) -> None:
        """scancel: SLURM tells the tasks to stop, and ends those left after KillWait."""
        launched = read(job.files.submit(attempt))
        _ask(["scancel", *(str(launched[name]) for name in ("array", "slurm") if name in launched)])
        until = time.monotonic() + grace
        while self.status(job, attempt).state and time.monotonic() < until:
            time.sleep(POLL)

    def log(self, job: "Job", attempt: int) -> Path:
        known = read(job.files.submit(attempt)).get("slurm", "")
        return _folder(job) / f"{known}_0_log.out"


SLURM = Slurm(name="slurm", title="Cluster (SLURM)")


def _check_gpus(job: "Job", settings: SlurmSettings) -> None:
    """
    Raises:
        InputError: no node has as many GPUs as are asked for: the job would wait for ever.
    """
    wanted = _gpus_per_node(job, settings)
    asked = ["sinfo", "-h", "-N", "-o", "%G"]
    nodes = _ask([*asked, "-p", settings.partition] if settings.partition else asked)
    most = max((_gpus(line) for line in nodes.text.splitlines()), default=0)
    if wanted and nodes.ok and nodes.text.strip() and most < wanted:
        where = f" of partition {settings.partition}" if settings.partition else ""
        raise InputError(
            f"gpus is {settings.gpus} in {slurm_settings_file()}, and the nodes{where} have at "
            f"most {most}; ask for {most}, and for more nodes."
        )


def _gpus(offered: str) -> int:
    """GPUs among the generic resources of a node, as sinfo writes them: "gpu:a100:2(S:0-1),…"."""
    found = re.findall(r"(?:^|,)gpu(?::[^:,()]+)?:(\d+)", offered)
    return sum(map(int, found))


class Task:
    """What runs on the cluster: an attempt of the job in a folder."""

    shared = False  # of those that another version has submitted

    def __init__(self, folder: str, attempt: int, *, shared: bool = False) -> None:
        """
        Args:
            shared: whether an array has done the work, so that it is joined.
        """
        self.folder = folder
        self.attempt = attempt
        self.shared = shared

    def __call__(self) -> str:
        from dermxai.core.logs import log_to_stderr
        from dermxai.jobs import notices, worker
        from dermxai.jobs.job import State, open_job

        paths.share()
        if self.shared:
            os.environ[SHARED] = "1"
        if worker.rank() == 0:
            log_to_stderr()
        state = worker.work(open_job(self.folder), self.attempt)
        if state is State.INTERRUPTED:
            raise SystemExit(1)
        if worker.rank() == 0:
            notices.tell(open_job(self.folder), self.attempt)
        return str(state)

    def checkpoint(self) -> "DelayedSubmission":
        """For submitit, when the job is about to be requeued: the same again, which resumes."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class ShareTask:
    """A task of the array that shares a job's work."""

    def __init__(self, folder: str, attempt: int, index: int, of: int) -> None:
        self.folder, self.attempt, self.index, self.of = folder, attempt, index, of

    def __call__(self) -> str:
        from dermxai.core.logs import log_to_stderr
        from dermxai.jobs import worker
        from dermxai.jobs.job import open_job

        paths.share()
        log_to_stderr()
        worker.share(open_job(self.folder), self.attempt, self.index, self.of)
        return "done"

    def checkpoint(self) -> "DelayedSubmission":
        """As of `Task`."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _folder(job: "Job") -> Path:
    return job.files.logs / "slurm"


def _parameters(job: "Job", settings: SlurmSettings) -> dict[str, object]:
    """For `SlurmExecutor.update_parameters`. Work that does not know of several devices has one."""
    asked = {
        "job_name": f"dermxai-{job.kind}",
        "comment": f"dermxai:{job.id}",
        "partition": settings.partition or None,
        "nodes": number(job.arguments, "nodes"),
        "ntasks_per_node": number(job.arguments, "devices"),
        "gpus_per_node": _gpus_per_node(job, settings) or None,
        "cpus_per_task": settings.processors,
        "time": settings.time,
        "mem": settings.memory or None,
        "signal_delay_s": settings.notice,
        "stderr_to_stdout": True,
        "setup": [
            f"cd {_quoted(paths.PROJECT)}",
            *(f"export {name}={_quoted(value)}" for name, value in _environment(job).items()),
            *settings.setup,
        ],
        "additional_parameters": _additional(job, settings),
    }
    return {name: value for name, value in asked.items() if value is not None}


def _gpus_per_node(job: "Job", settings: SlurmSettings) -> int:
    tasks = number(job.arguments, "devices")
    return min(settings.gpus, tasks) if job.lane != "processor" else 0


def _additional(job: "Job", settings: SlurmSettings) -> dict[str, object]:
    """Options of sbatch that submitit has no parameter for."""
    return {"requeue": True, **_nice(job), **settings.extra}


def _environment(job: "Job") -> dict[str, str]:
    """What a job's processes are told by their environment, where the cluster hands on none, too
    (``--export=NONE``): who submits confines them as himself."""
    told = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    here = {"DERMXAI_HOME": str(paths.home()), MARK: str(job.root)}
    return told | here | {"SLURM_EXPORT_ENV": "ALL"}  # to the tasks what the script has


def _nice(job: "Job") -> dict[str, int]:
    """A user of SLURM may place his jobs behind others only."""
    return {"nice": LOW} if job.priority == "low" else {}


def _quoted(text: str | Path) -> str:
    import shlex

    return shlex.quote(str(text))


def _refusal(error: Exception) -> str:
    """The words of sbatch."""
    lines = [line for line in str(error).splitlines() if "error:" in line]
    return re.sub(r"^.*error: ", "", lines[-1] if lines else str(error)).strip()


def _state(job_id: str) -> tuple[str, str] | None:
    """State and reason of a job of the cluster; None where the cluster does not answer."""
    queue = _queue.read()
    if queue is None:
        return None
    if job_id in queue:
        return queue[job_id]
    shown = _ask(["scontrol", "--oneliner", "show", "job", job_id])
    if shown.ok:
        return _field(shown.text, "JobState"), _field(shown.text, "Reason")
    if shutil.which("sacct"):
        accounted = _ask(["sacct", "-n", "-X", "-P", "-j", job_id, "-o", "State"])
        if accounted.ok and accounted.text.strip():
            return accounted.text.split()[0], ""
    return "UNKNOWN", ""


def _field(shown: str, name: str) -> str:
    found = re.search(rf"\b{name}=(\S+)", shown)
    return found.group(1) if found else ""


@dataclass(frozen=True)
class _Answer:
    ok: bool
    text: str


def _ask(command: list[str]) -> _Answer:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Answer(False, str(error))
    return _Answer(done.returncode == 0, done.stdout)


class _Queue:
    """The user's jobs that wait or run, asked for once a second at most: a page shows many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stale = 0.0
        self._jobs: dict[str, tuple[str, str]] | None = None

    def read(self) -> dict[str, tuple[str, str]] | None:
        """State and reason by job id; None where the cluster does not answer."""
        with self._lock:
            if time.monotonic() >= self._stale:
                answer = _ask(["squeue", "-h", "-u", str(os.getuid()), "-o", "%i|%T|%r"])
                rows = (line.split("|") for line in answer.text.splitlines())
                self._jobs = {row[0]: (row[1], row[2]) for row in rows} if answer.ok else None
                self._stale = time.monotonic() + (FRESH_SECONDS if answer.ok else QUIET_SECONDS)
            return self._jobs

    def runs(self, array: str) -> bool:
        """Whether a task of an array is at work."""
        known = self.read() or {}
        return any(
            name.partition("_")[0] == array and state in _RUNNING
            for name, (state, _) in known.items()
        )


_queue = _Queue()
