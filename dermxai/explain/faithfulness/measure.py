"""What a faithfulness measure and a control map are.

One file in `dermxai.explain.faithfulness.measures` or ``…controls``, or an entry point of such a
group in another package, holds instances of classes derived from `Measure` or `ControlMap`.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from dermxai.core.components import Component, Kind, Text
from dermxai.core.settings import Settings, setting_faults
from dermxai.data.transforms import resize
from dermxai.explain.attribution.api import find_method
from dermxai.explain.attribution.method import (
    AttributionMethod,
    Made,
    Progress,
    Target,
    attributed,
    description_faults,
)
from dermxai.explain.memory import logits_of

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

Curves = Mapping[str, Sequence[float | str | None]]


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
    shared: dict[object, object] = field(default_factory=dict)

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
    method: AttributionMethod[Settings]
    settings: Settings
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
        settings = self.settings if seed is None else self.settings.replaced(seed=seed)
        native, _ = attributed(
            self.method,
            classifier or self.case.classifier,
            self.case.image if image is None else image,
            self.case.target,
            settings=settings,
            progress=progress,
        )
        return laid_out(native, self.case.size)

    @property
    def has_seed(self) -> bool:
        """Whether chance has a part in the map."""
        return "seed" in type(self.settings).model_fields


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, kw_only=True)
class Measure(Component, Generic[S]):
    """
    Attributes:
        title, source: the measure's name and its publication.
        note: a line on what it asks, a sentence.
        unit: what its value means.
        higher: whether a higher value is better.
        settings: what can be chosen; each has a default. ``Settings`` itself where nothing can.
        share: whether it is 0 or 1 for an image, so that a mean is a share of images.
        compared: whether a map must beat the control maps. Where these are perfect by definition (a
            map that ignores its input is perfectly stable) their values mean nothing.
        limit: the value that a map must keep to where the control maps say nothing, or None.
        needs: the mask that it needs, or None.
        version: raised when the same input gives another value than before.
    """

    title: Text
    source: Text
    note: Text
    unit: Text
    higher: bool
    settings: type[S]
    share: bool = False
    compared: bool = True
    limit: float | None = None
    needs: Literal["lesion", "evidence"] | None = None
    version: int = 1

    @abstractmethod
    def passes(self, classifier: "Classifier", map_passes: int, settings: S) -> int:
        """What a value costs in forward passes, where a map costs ``map_passes``."""

    @abstractmethod
    def measure(
        self, case: Case, candidate: Candidate, settings: S, progress: Progress | None
    ) -> Score:
        """What it says of a map.

        Raises:
            InputError: it cannot say.
        """


@dataclass(frozen=True, kw_only=True)
class ControlMap(AttributionMethod[S]):
    """A map that never sees the image: what a faithful map must beat."""

    source: Text = "Control map"
    complete: bool = False

    @abstractmethod
    def drawn(self, settings: S) -> NDArray[np.float32]:
        """(rows, columns) over the network's input."""

    @override
    def passes(self, classifier: "Classifier", settings: S) -> int:
        return 0

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: S,
        progress: Progress | None,
    ) -> Made:
        return self.drawn(settings), ()


def measure_description_faults(made: Measure[S]) -> Iterator[str]:
    """What loading finds wrong with a measure's description, a sentence each."""
    if not made.note.endswith("."):
        yield f"note is {made.note!r}; expected a sentence that ends with a full stop."
    if made.version < 1:
        yield f"version is {made.version}; expected at least 1."
    yield from setting_faults(made.settings)


def score_faults(found: object) -> Iterator[str]:
    """What is wrong with what ``measure`` gave, a sentence each."""
    if not isinstance(found, Score):
        yield f"measure gives a {type(found).__name__}; expected a Score."
        return
    if not _is_number(found.value):
        kind = type(found.value).__name__
        yield f"The score's value is a {kind}; expected a number, NaN where it is undefined."
    reason: object = found.reason
    if not isinstance(reason, str):
        yield f"The score's reason is a {type(reason).__name__}; expected a text."
    if not _are_curves(found.curves):
        yield (
            'The score\'s curves are no lists by their names, "x" among them, of one length, of '
            "numbers, texts and None."
        )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _are_curves(curves: object) -> bool:
    if not isinstance(curves, Mapping):
        return False
    if not curves:
        return True
    plain = all(
        isinstance(name, str)
        and isinstance(curve, list | tuple)
        and all(each is None or isinstance(each, int | float | str) for each in curve)
        for name, curve in curves.items()
    )
    return plain and "x" in curves and len({len(curve) for curve in curves.values()}) == 1


MEASURES: Kind[Measure[Settings]] = Kind(
    Measure,  # type: ignore[type-abstract]
    "dermxai.explain.faithfulness.measures",
    "faithfulness measure",
    measure_description_faults,
)
CONTROLS: Kind[ControlMap[Settings]] = Kind(
    ControlMap,  # type: ignore[type-abstract]
    "dermxai.explain.faithfulness.controls",
    "control map",
    description_faults,
)


def measures() -> Mapping[str, Measure[Settings]]:
    """The measures by name."""
    return MEASURES.all()


def find_measure(name: str) -> Measure[Settings]:
    """
    Raises:
        InputError: there is no such measure.
    """
    return MEASURES.find(name)


def control_maps() -> Mapping[str, ControlMap[Settings]]:
    """The control maps by name."""
    return CONTROLS.all()


def find_candidate(name: str) -> AttributionMethod[Settings]:
    """An attribution method or a control map.

    Raises:
        InputError: there is neither of that name.
    """
    return control_maps().get(name) or find_method(name)


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
