"""Checkpoints and the classifiers in them. Reading a description (`info`) needs no torch."""

from typing import TYPE_CHECKING

from dermxai.models.info import Head, ModelInfo, list_checkpoints, list_foreign, read_info

if TYPE_CHECKING:
    from dermxai.models.checkpoint import load_classifier, save_checkpoint
    from dermxai.models.classifier import Classifier, Output

__all__ = [
    "Classifier",
    "Head",
    "ModelInfo",
    "Output",
    "list_checkpoints",
    "list_foreign",
    "load_classifier",
    "read_info",
    "save_checkpoint",
]


def __getattr__(name: str) -> object:
    """Imports torch only when a classifier is asked for."""
    if name in ("Classifier", "Output"):
        from dermxai.models import classifier

        return getattr(classifier, name)
    if name in ("load_classifier", "save_checkpoint"):
        from dermxai.models import checkpoint

        return getattr(checkpoint, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
