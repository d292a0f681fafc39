"""What a job asks a SLURM cluster for: ``slurm.toml`` of the workspace."""

import re
from collections.abc import Mapping

from pydantic import model_validator

from dermxai.core.settings import Settings, setting
from dermxai.core.settings_file import read_settings as read_file
from dermxai.core.values import Scalar, SettingError, shown
from dermxai.jobs.files import slurm_settings_file

_YEAR = 366 * 24 * 60  # minutes
_MEMORY = 'a size with its unit, such as "64G"'


class SlurmSettings(Settings):
    """The keys of ``slurm.toml``; numbers are bounded by what clusters have."""

    partition: str = setting(
        "", "Name of the partition; empty: the cluster's default", words="the name of a partition"
    )
    gpus: int = setting(1, "On each node; 0 for training on processors", 0, 1024)
    nodes: int = setting(1, "For each job", 1, 65_536)
    time: int = setting(
        24 * 60, "Afterwards the job is requeued and goes on", 1, _YEAR, unit="minutes"
    )
    memory: str = setting(
        "", "Of each node, with its unit; empty: the cluster's default", words=_MEMORY
    )
    processors: int = setting(8, "For each task, those that read images among them", 1, 4096)
    notice: int = setting(
        120, "Before the end of its time a job is told to stop", 0, 60 * _YEAR, unit="seconds"
    )
    setup: tuple[str, ...] = setting(
        (),
        "Shell commands before the work",
        words='a list of shell commands, such as ["module load cuda"]',
    )
    extra: Mapping[str, Scalar] = setting(
        {},
        "Further options of sbatch, such as account or qos",
        words="a table of options of sbatch",
    )

    @model_validator(mode="after")
    def _go_together(self) -> "SlurmSettings":
        if not re.fullmatch(r"([0-9]+[KMGT])?", self.memory):
            raise SettingError("memory", f"is {shown(self.memory)}; expected {_MEMORY}.")
        if self.notice >= 60 * self.time:
            raise SettingError(
                "notice",
                f"is {self.notice}; expected fewer seconds than the time of a job, "
                f"{60 * self.time}.",
            )
        return self


def read_settings() -> SlurmSettings:
    """Those of the workspace, the defaults where it has none.

    Raises:
        InputError: the file is not TOML, or has an unknown key or value.
    """
    return read_file(SlurmSettings, slurm_settings_file(), "docs/jobs.md")
