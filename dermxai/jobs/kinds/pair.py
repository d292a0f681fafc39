"""Contrast maps of two classes, averaged over the images of each confusion cell."""

from collections.abc import Mapping
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"


def title(arguments: Mapping[str, Any]) -> str:
    return f"Averaged maps, {arguments['first']} against {arguments['second']}"


def run(
    report: Report,
    *,
    run: str,
    first: str,
    second: str,
    split: str | None = None,
    most: int | None = None,
    device: str | None = None,
) -> dict[str, str]:
    """
    Args:
        run: a run's folder.
        first, second: two of its classes.
        split, most: for `dermxai.explain.averaging.average_maps`.
        device: as torch names it; a GPU where there is one.
    """
    report("loading", 0, 0)
    from dermxai.explain.averaging import average_maps
    from dermxai.explain.pair_maps import MOST
    from dermxai.models import load_classifier
    from dermxai.models.devices import usable_device
    from dermxai.runs import open_run

    opened = open_run(run)
    made_by = opened.manifest["checkpoint"]
    average_maps(
        opened,
        lambda: load_classifier(made_by["path"], **made_by.get("options", {})).to(
            usable_device(device)
        ),
        first,
        second,
        split=split,
        most=MOST if most is None else most,
        progress=lambda done, total: report("images", done, total),
    )
    return {"run": run, "first": first, "second": second}
