"""A checkpoint over a dataset: writes a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"


def title(arguments: Mapping[str, Any]) -> str:
    return f"{Path(arguments['checkpoint']).name} on {Path(arguments['dataset']).name}"


def run(
    report: Report,
    *,
    checkpoint: str,
    dataset: str,
    checkpoint_options: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
) -> dict[str, str]:
    """
    Args:
        checkpoint_options, dataset_options: for `load_classifier` and `load_dataset`.
        device, precision, batch_size, workers: for `dermxai.runs.infer`.
    """
    report("loading", 0, 0)
    from dermxai.data import load_dataset
    from dermxai.models import load_classifier
    from dermxai.runs import infer

    data = load_dataset(dataset, **(dataset_options or {}))
    classifier = load_classifier(checkpoint, **(checkpoint_options or {}))
    made = infer(
        classifier,
        data,
        device=device,
        precision=precision,
        batch_size=batch_size,
        workers=workers,
        progress=lambda done, total: report("images", done, total),
    )
    return {"run": str(made.root)}
