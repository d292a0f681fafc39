"""The contract of a measure of the faithfulness of a map.

A measure is one module in `dermxai.explain.faithfulness.measures` with

- ``TITLE``, ``SOURCE`` and ``NOTE``: its name, its publication, one line on what it asks;
- ``UNIT``: what its value means, and ``HIGHER``: whether a higher value is better;
- ``SHARE``: whether it is 0 or 1 for an image, so that a mean is a share of images;
- ``COMPARED``: whether a map must beat the control maps. Where these are perfect by
  definition (a map that ignores its input is perfectly stable) their values mean nothing;
- ``LIMIT``: the value that a map must keep to where the baselines say nothing, or None;
- ``NEEDS``: the mask that it needs ("lesion" or "evidence"), or None;
- ``VERSION``: raised when the same input gives another value than before;
- ``Settings``: a frozen dataclass, each field's metadata giving ``help``, ``low`` and ``high``;
- ``passes`` and ``measure``: see `Measure`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.data.transforms import resize
from dermxai.errors import InputError
from dermxai.explain.api import find_method
from dermxai.explain.memory import logits_of
from dermxai.explain.method import Method, Progress, Target
from dermxai.plugins import modules

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Curves = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Score:
    """What a measure says of a map.

    Attributes:
        value: NaN where it is undefined.
        reason: why it is undefined; empty where it is not.
        curves: what the value sums up: "x", and one list of the same length a curve.
    """

    value: float
    reason: str = ""
    curves: Curves = field(default_factory=dict)

    @classmethod
    def undefined(cls, reason: str) -> "Score":
        return cls(float("nan"), reason)


@dataclass(eq=False)
class Case:
    """An image under a target. What measures of several maps share is computed once.

    Attributes:
        image: (1, 3, size, size), normalised.
        pixels: (size, size, 3) RGB, the same before normalisation.
        masks: by what they outline, (size, size).
        seed: of all draws, the same for every map of the image.
    """

    classifier: "Classifier"
    image: Tensor
    pixels: NDArray[np.uint8]
    target: Target
    masks: Mapping[str, NDArray[np.bool_]]
    seed: int = 0
    shared: dict[Any, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.image.shape[-1]

    def values(self, images: Tensor, progress: Progress | None = None) -> NDArray[np.float64]:
        """The target's value (n,) for normalised images (n, 3, size, size), in batches."""
        logits, _ = logits_of(self.classifier, images, progress)
        found: NDArray[np.float64] = self.target.of(torch.from_numpy(logits).double()).numpy()
        return found

    @cached_property
    def intact(self) -> float:
        """The target's value for the image as it is."""
        return float(self.values(self.image)[0])


@dataclass(frozen=True, eq=False)
class Candidate:
    """A map to be evaluated.

    Attributes:
        values: (size, size), the map laid over the network's input.
    """

    case: Case
    method: Method
    settings: Any
    values: NDArray[np.float32]

    def again(
        self,
        *,
        classifier: "Classifier | None" = None,
        image: Tensor | None = None,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.float32]:
        """The method's map (size, size) of another network, another image or another seed."""
        settings = self.settings if seed is None else replace(self.settings, seed=seed)
        native, _ = self.method.attribute(
            classifier or self.case.classifier,
            self.case.image if image is None else image,
            self.case.target,
            settings,
            progress,
        )
        return laid_out(native, self.case.size)

    @property
    def has_seed(self) -> bool:
        """Whether chance has a part in the map."""
        return any(each.name == "seed" for each in fields(self.settings))


class Measure(Protocol):
    """What a module in `dermxai.explain.faithfulness.measures` offers."""

    TITLE: str
    SOURCE: str
    NOTE: str
    UNIT: str
    HIGHER: bool
    SHARE: bool
    COMPARED: bool
    LIMIT: float | None
    NEEDS: str | None
    VERSION: int
    Settings: type

    def passes(self, classifier: "Classifier", map_passes: int, settings: Any) -> int:
        """What a value costs in forward passes, where a map costs ``map_passes``."""
        ...

    def measure(
        self, case: Case, candidate: Candidate, settings: Any, progress: Progress | None
    ) -> Score: ...


MEASURES = "dermxai.explain.faithfulness.measures"
BASELINES = "dermxai.explain.faithfulness.baselines"


def measures() -> dict[str, Measure]:
    """The measures, by the name of their file."""
    return cast(dict[str, Measure], modules(MEASURES, Measure))


def find_measure(name: str) -> Measure:
    """
    Raises:
        InputError: there is no such measure.
    """
    available = measures()
    if name not in available:
        raise InputError(f"There is no measure {name!r}; choose from {', '.join(available)}.")
    return available[name]


def baselines() -> dict[str, Method]:
    """Control maps, by the name of their file; they keep the contract of an
    attribution method."""
    return cast(dict[str, Method], modules(BASELINES, Method))


def find_candidate(name: str) -> Method:
    """An attribution method or a baseline.

    Raises:
        InputError: there is neither of that name.
    """
    return baselines().get(name) or find_method(name)


def laid_out(native: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """A map (rows, columns) over the network's input (size, size)."""
    return resize(np.asarray(native, dtype=np.float32), (size, size))


def grain(values: NDArray[np.floating]) -> int:
    """Cells across a noise map as fine as this one (size, size): a power of two, or size.

    The ranks of noise in g cells, laid out linearly, have a mean squared step of 3 (g / size)² of
    their variance along each axis.
    """
    size = values.shape[0]
    ranks = np.argsort(np.argsort(values, axis=None, kind="stable")).reshape(values.shape)
    steps = (np.diff(ranks, axis=0) ** 2).mean() + (np.diff(ranks, axis=1) ** 2).mean()
    cells = size * np.sqrt(steps / 2 / ranks.var() / 3)
    ladder = np.array([*(2**power for power in range(2, 10) if 2**power < size), size])
    return int(ladder[np.abs(np.log(ladder / max(cells, 1))).argmin()])
