"""Datasets and classifiers as the arguments of a job name them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from dermxai.data import Dataset
    from dermxai.models import Classifier
    from dermxai.runs.manifest import CheckpointOptions


class _DatasetOptions(TypedDict, total=False):
    columns: Mapping[str, str] | None
    label_map: str | Path | Mapping[str, str] | None
    levels: Mapping[str, str] | None
    confine: bool


def opened_dataset(path: str | Path, options: Mapping[str, object] | None) -> "Dataset":
    """
    Args:
        options: those of `load_dataset` that are given, which checks them.

    Raises:
        InputError: as `load_dataset` says.
    """
    from dermxai.data import load_dataset

    return load_dataset(path, **cast(_DatasetOptions, options or {}))


def opened_classifier(path: str | Path, options: Mapping[str, object] | None) -> "Classifier":
    """
    Args:
        options: those of `load_classifier` that are given, which checks them.

    Raises:
        InputError: as `load_classifier` says.
    """
    from dermxai.models import load_classifier

    return load_classifier(path, **cast("CheckpointOptions", options or {}))
