"""Where jobs lie, what they wait for, and what the cluster and the notices are set to."""

from dataclasses import dataclass
from pathlib import Path

from dermxai.core.paths import home, jobs


def submission_lock() -> Path:
    return jobs() / ".submission.lock"


def slot_lock(slot: str) -> Path:
    """Held by the job that has a GPU, or a lane of the processor; the others of that lane wait."""
    return jobs() / f".{slot}.lock"


def tickets_folder(queue: str) -> Path:
    """Folder of the jobs that wait in a queue, one file each, named in the order of their turn."""
    return jobs() / ".tickets" / queue


def slurm_settings_file() -> Path:
    """What to ask the cluster for."""
    return home() / "slurm.toml"


def notify_settings_file() -> Path:
    """Whom to tell that a job has ended."""
    return home() / "notify.toml"


def withdrawn_folder() -> Path:
    """What is being removed for good; beside what it was, so that it goes at once."""
    return home() / ".withdrawn"


@dataclass(frozen=True)
class JobFiles:
    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "spec.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def metrics(self) -> Path:
        return self.root / "metrics"

    def submit(self, attempt: int) -> Path:
        return self.root / f"submit-{attempt}.json"

    @property
    def labels(self) -> Path:
        """Tags and notes that people have written on it."""
        return self.root / "labels.json"

    def supervisor(self, attempt: int) -> Path:
        return self.root / f"supervisor-{attempt}.json"

    def progress(self, attempt: int) -> Path:
        return self.root / f"progress-{attempt}.json"

    def share(self, attempt: int, index: int) -> Path:
        """How far one of the tasks is that share the work of an attempt."""
        return self.root / f"share-{attempt}-{index}.json"

    def result(self, attempt: int) -> Path:
        return self.root / f"result-{attempt}.json"

    def cancel(self, attempt: int) -> Path:
        """A flag: this attempt is to stop."""
        return self.root / f"cancel-{attempt}"

    def told(self, attempt: int) -> Path:
        """A flag: of this attempt's end was told."""
        return self.root / f"told-{attempt}"

    def alive(self, attempt: int) -> Path:
        """Held by the processes of an attempt on a computer, for those who cannot see them."""
        return self.root / f".alive-{attempt}.lock"

    def gone(self, attempt: int) -> Path:
        """A flag: somebody says that the computer of this attempt is no more."""
        return self.root / f"gone-{attempt}"

    def log(self, attempt: int) -> Path:
        return self.logs / f"{attempt}.log"

    def figures(self, attempt: int) -> Path:
        """The numbers that an attempt reported, one JSON object a line."""
        return self.metrics / f"figures-{attempt}.jsonl"

    def hardware(self, attempt: int) -> Path:
        """What an attempt used of the machine, one row every few seconds."""
        return self.metrics / f"hardware-{attempt}.csv"

    def reserve(self, attempt: int) -> Path:
        """Room on the disk, given back when it is full so that the job can still say so."""
        return self.root / f".reserve-{attempt}"
