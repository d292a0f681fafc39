"""Runs without a network: predictions that another program has made."""

from typing import TYPE_CHECKING

from dermxai.runs.predictions.file_content import import_summary

if TYPE_CHECKING:
    from dermxai.runs.predictions.importing import import_predictions

__all__ = ["import_predictions", "import_summary"]


def __getattr__(name: str) -> object:
    """Imports what reads files only when something is to be imported."""
    if name == "import_predictions":
        from dermxai.runs.predictions.importing import import_predictions

        return import_predictions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
