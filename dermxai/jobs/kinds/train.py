"""A recipe over a dataset: writes a checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"


def title(arguments: Mapping[str, Any]) -> str:
    return f"Training on {Path(arguments['dataset']).name}"


def run(
    report: Report,
    *,
    dataset: str,
    output: str,
    recipe: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    device: str | None = None,
) -> dict[str, str]:
    """
    Args:
        output: the checkpoint's folder; an interrupted training there goes on.
        recipe: fields of `dermxai.training.recipe.Recipe`.
        dataset_options: for `load_dataset`.
    """
    report("loading", 0, 0)
    from dermxai.data import load_dataset
    from dermxai.training.fit import fit
    from dermxai.training.recipe import Recipe

    data = load_dataset(dataset, **(dataset_options or {}))
    return {"checkpoint": str(fit(data, Recipe(**(recipe or {})), output, report, device))}
