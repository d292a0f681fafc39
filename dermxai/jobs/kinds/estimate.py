"""What a training would take, from a few timed steps."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"


def title(arguments: Mapping[str, Any]) -> str:
    return f"Estimate for {Path(arguments['dataset']).name}"


def run(
    report: Report,
    *,
    dataset: str,
    recipe: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    device: str | None = None,
) -> dict[str, Any]:
    """
    Args:
        recipe: fields of `dermxai.training.recipe.Recipe`.
        dataset_options: for `load_dataset`.

    Returns:
        The fields of `dermxai.training.estimate.Estimate`.
    """
    report("loading", 0, 0)
    from dermxai.data import load_dataset
    from dermxai.training.estimate import estimate
    from dermxai.training.recipe import chosen

    data = load_dataset(dataset, **(dataset_options or {}))
    report("timing", 0, 0)
    return asdict(estimate(data, chosen("scratch", recipe), device))
