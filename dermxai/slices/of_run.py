"""Slices of the dataset that a run is over."""

from dermxai.core.errors import InputError
from dermxai.runs import Run


def dataset_path(run: Run) -> str:
    """Path of the run's dataset, which names its slices.

    Raises:
        InputError: the run does not say.
    """
    told = run.manifest["dataset"].get("path")
    if not isinstance(told, str):
        raise InputError(
            f"Run {run.id} does not say where its dataset lies, whose slices are asked for; infer "
            "again."
        )
    return told
