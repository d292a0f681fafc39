"""A checkpoint over a dataset: writes a run."""

from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from dermxai.jobs import shares as sharing
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
    shares: int = 1,
) -> dict[str, str]:
    """
    Args:
        checkpoint_options, dataset_options: for `load_classifier` and `load_dataset`.
        device, precision, batch_size, workers: for `dermxai.runs.infer`.
        shares: processes that share the work, each with a GPU of its own where there are any.

    Raises:
        InputError: as `dermxai.runs.infer` says.
    """
    report("loading", 0, 0)
    asked = {
        "checkpoint": checkpoint,
        "dataset": dataset,
        "checkpoint_options": checkpoint_options,
        "dataset_options": dataset_options,
        "device": device,
        "precision": precision,
        "batch_size": batch_size,
        "workers": workers,
    }
    sharing.together("infer", asked, shares, token_hex(8), report)
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


def check(arguments: Mapping[str, Any]) -> None:
    """
    Raises:
        InputError: a number of shares that cannot be.
    """
    sharing.check(arguments.get("shares", 1))


def share(
    report: Report,
    index: int,
    of: int,
    token: str,
    *,
    checkpoint: str,
    dataset: str,
    checkpoint_options: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    **how: Any,
) -> None:
    """A share of ``run``, see `dermxai.jobs.shares`."""
    report("loading", 0, 0)
    from dermxai.data import load_dataset
    from dermxai.models import load_classifier
    from dermxai.runs import infer_share

    how.pop("shares", None)
    how["spread"] = sharing.spread()
    data = load_dataset(dataset, **(dataset_options or {}))
    classifier = load_classifier(checkpoint, **(checkpoint_options or {}))
    infer_share(
        classifier,
        data,
        index,
        of,
        token=token,
        progress=lambda done, total: report("images", done, total),
        **how,
    )
