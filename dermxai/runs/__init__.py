"""Runs: what a classifier said about a dataset, written once and read by everything after it."""

from typing import TYPE_CHECKING

from dermxai.runs.run import Run, list_runs, open_run, run_id

if TYPE_CHECKING:
    from dermxai.runs.inference import infer

__all__ = ["Run", "infer", "list_runs", "open_run", "run_id"]


def __getattr__(name: str) -> object:
    """Imports torch only when something is to be inferred."""
    if name == "infer":
        from dermxai.runs import inference

        return inference.infer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
