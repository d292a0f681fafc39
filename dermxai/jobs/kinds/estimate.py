"""What a training would take, from a few timed steps.

Somebody waits in front of a form, so it does not wait for the jobs at work: it has a GPU only where
one is free, and on processors its steps are timed beside what else they do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dermxai.jobs.kinds import Report
from dermxai.jobs.kinds.train import check

LANE = "aside"

__all__ = ["LANE", "check", "run", "title"]


def title(arguments: Mapping[str, Any]) -> str:
    return f"Estimate for {Path(arguments['dataset']).name}"


def run(
    report: Report,
    *,
    dataset: str,
    recipe: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    device: str | None = None,
    devices: int = 1,
    folds: int = 0,
    seeds: int = 1,
    baselines: Sequence[str] = (),
    sweep: Mapping[str, Any] | None = None,
    halving: bool = True,
) -> dict[str, Any]:
    """
    Args:
        all: as of `dermxai.jobs.kinds.train`.

    Returns:
        The fields of `dermxai.training.estimate.Estimate`, and "beside": whether another job was
        computing on the same processors.
    """
    report("loading", 0, 0)
    from dermxai.data import load_dataset
    from dermxai.jobs.job import State, list_jobs
    from dermxai.training.estimate import estimate, estimate_study, estimate_sweep
    from dermxai.training.recipe import chosen

    data = load_dataset(dataset, **(dataset_options or {}))
    settings = chosen("scratch", recipe)
    report("timing", 0, 0)
    if sweep:
        values: dict[str, Any] = {"swept": sweep, "halving": halving}
        found = estimate_sweep(data, settings, device, devices=devices, **values)
    elif folds:
        several: dict[str, Any] = {"folds": folds, "seeds": seeds, "baselines": baselines}
        found = estimate_study(data, settings, device, devices=devices, **several)
    else:
        found = estimate(data, settings, device, devices)
    beside = found.device == "cpu" and any(
        job.lane == "device" and job.where == "local" and job.state is State.RUNNING
        for job in list_jobs()
    )
    return {**asdict(found), "beside": beside}
