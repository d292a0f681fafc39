"""What the processes of a training are told."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from dermxai.data.splits import groups
from dermxai.data.transforms import Preprocessing
from dermxai.training.data.examples import Examples
from dermxai.training.data.prepared import Prepared
from dermxai.training.loop.hardware import Hardware
from dermxai.training.recipe import Recipe

Progress = Callable[[str, int, int, dict[str, float]], None]
"""Called with phase ("images" or "training"), done, total and the newest figures; what it raises
ends the training."""


class TrainingData(TypedDict):
    """What model.json says of the data that a network learns from."""

    name: str
    fingerprint: str
    training_images: int
    validation_images: int
    training_images_by_class: dict[str, int]
    training_patients: NotRequired[int]
    training_patients_by_class: NotRequired[dict[str, int]]
    notes: NotRequired[list[str]]
    unreadable_images: NotRequired[dict[str, str]]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that the processes of a training need to know; can be handed to another process."""

    recipe: Recipe
    examples: Examples
    prepared: Prepared
    preprocessing: Preprocessing
    output: Path
    data: TrainingData
    hardware: Hardware
    until: int | None = None
    """The epoch, counted from 1, with which it pauses; None: none."""

    @property
    def training(self) -> NDArray[np.int64]:
        return usable(self.examples.rows("train"), self.prepared)

    @property
    def units(self) -> NDArray[np.object_]:
        """The patient of each image, or whatever is independent."""
        return groups(self.examples.table).to_numpy(dtype=object)

    @property
    def validation(self) -> NDArray[np.int64]:
        return usable(self.examples.rows("validation"), self.prepared)


def usable(rows: NDArray[np.int64], prepared: Prepared) -> NDArray[np.int64]:
    """The rows whose images could be read."""
    return rows[prepared.usable[rows]]
