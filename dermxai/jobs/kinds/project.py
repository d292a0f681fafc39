"""A map of a run's features."""

from collections.abc import Mapping
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "processor"


def title(arguments: Mapping[str, Any]) -> str:
    return f"Feature map ({arguments.get('method', 'umap')})"


def run(
    report: Report,
    *,
    run: str,
    method: str = "umap",
    settings: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """
    Args:
        run: a run's folder.
        method, settings: for `dermxai.projection.project`.
    """
    report("loading", 0, 0)
    from dermxai.projection import project
    from dermxai.runs import open_run

    project(open_run(run), method, settings, lambda done, total: report("map", done, total))
    return {"run": run, "method": method}
