"""Runs: what a classifier said about a dataset, written once and read by everything after it."""

from typing import TYPE_CHECKING

from dermxai.runs.listing import list_runs
from dermxai.runs.run import Run, open_run, run_id

if TYPE_CHECKING:
    from dermxai.runs.inference import infer, infer_share

__all__ = ["Run", "infer", "infer_share", "list_runs", "open_run", "run_id"]


def __getattr__(name: str) -> object:
    """Imports torch only when something is to be inferred."""
    if name in ("infer", "infer_share"):
        from dermxai.runs import inference

        return getattr(inference, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
