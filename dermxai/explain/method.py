"""The contract of an attribution method.

A method is one module in `dermxai.explain.methods` with

- ``TITLE``, ``SOURCE`` and ``NOTE``: its name in full, its publication, one line on what it
  explains;
- ``UNIT``: what a value of its map means;
- ``PER_AREA``: the unit in which maps of several resolutions compare, where a value is what one
  position adds: per percent of the image; "" where a value does not depend on the resolution;
- ``SIGNED``: whether negative values speak against the target, so that exchanging the two classes
  of a contrast turns the sign of the map;
- ``COMPLETE``: whether the values of its map add up to the target's logit, less a constant;
- ``ONE_HEAD``: whether its map holds one head's vote only, the final one's where none is chosen;
- ``VERSION``: raised when the same input gives another map than before: what was kept of the older
  one is not shown any more;
- ``Settings``: a frozen dataclass, each field's metadata giving ``help`` and bounds (``low`` and
  ``high``) or ``choices``;
- ``unavailable``, ``passes`` and ``attribute``: see `Method`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dermxai.errors import Cancelled
from dermxai.formatting import percent, signed

__all__ = [
    "Attribute",
    "Attribution",
    "Cancelled",
    "Method",
    "Progress",
    "Target",
    "always_available",
    "completeness",
    "whose",
]

if TYPE_CHECKING:
    from torch import Tensor

    from dermxai.models.classifier import Classifier

Progress = Callable[[int, int], None]
"""Called with passes done and passes in all, with (0, 0) while others' work is waited for; raises
`Cancelled` to stop."""

DENSITY_UNIT = "logit per % of the image"


@dataclass(frozen=True)
class Target:
    """What is explained: the logit of a class, or how far it lies above another's.

    Attributes:
        index, against: positions in the classifier's classes.
        head: position in the classifier's heads; None for the sum of all, which decides.
    """

    index: int
    against: int | None = None
    head: int | None = None

    def of(self, logits: "Tensor") -> "Tensor":
        """The target's value (n,) from logits (n, head, class)."""
        scores = logits.sum(1) if self.head is None else logits[:, self.head]
        value: Tensor = self.among_classes(scores.T)
        return value

    def among_classes(self, values: Any) -> Any:
        """The target's part of values (class, …): the class's, less the other's."""
        value = values[self.index]
        return value if self.against is None else value - values[self.against]


@dataclass(frozen=True)
class Attribution:
    """A map on the original image.

    Attributes:
        map: (h, w) float32, positive where the image speaks for the target.
        native: the same at the method's own resolution.
        target, against: class codes.
        head: whose logit is explained; None for the sum of all.
        unit: what a value means.
        signed: whether negative values speak against the target.
        complete: whether ``native`` adds up to the target's logit, less a constant.
        notes: what the method has to say of this map, such as a completeness gap.
        per_area: unit of ``density`` where it is taken per area; "" where it is the map as it is.
    """

    map: NDArray[np.float32]
    native: NDArray[np.float32]
    method: str
    target: str
    against: str | None
    head: str | None
    unit: str
    signed: bool
    complete: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    per_area: str = ""

    @property
    def density(self) -> NDArray[np.float32]:
        """The map (h, w) in a unit that does not depend on its resolution."""
        if not self.per_area:
            return self.map
        values: NDArray[np.float32] = self.map * np.float32(self.native.size / 100)
        return values

    @property
    def density_unit(self) -> str:
        return self.per_area or self.unit


class Method(Protocol):
    """What a module in `dermxai.explain.methods` offers."""

    TITLE: str
    UNIT: str
    PER_AREA: str
    NOTE: str
    SOURCE: str
    SIGNED: bool
    COMPLETE: bool
    ONE_HEAD: bool
    VERSION: int
    Settings: type

    def unavailable(self, classifier: "Classifier") -> str | None:
        """Why the method means nothing for this network, in a sentence; None where it is valid."""
        ...

    def passes(self, classifier: "Classifier", settings: Any) -> int:
        """What a map costs, in forward passes of one image; a backward pass counts as two."""
        ...

    def attribute(
        self,
        classifier: "Classifier",
        image: "Tensor",
        target: Target,
        settings: Any,
        progress: Progress | None,
    ) -> "tuple[NDArray[np.float32], tuple[str, ...]]":
        """The map (h, w) at the method's own resolution for an image (1, 3, size, size), and
        notes."""
        ...


Attribute = Callable[
    ["Classifier", "Tensor", Target, Any, Progress | None],
    tuple[NDArray[np.float32], tuple[str, ...]],
]
"""A method's ``attribute``; see `Method`."""


def whose(method: Method, head: str | None, heads: Sequence[str]) -> str | None:
    """The head whose logit a map explains where ``head`` was asked for; None for the sum of all."""
    return heads[-1] if head is None and method.ONE_HEAD and len(heads) > 1 else head


def completeness(total: float, change: float) -> str:
    """What a map that adds up to ``total`` leaves of the logit's ``change`` unexplained."""
    gap = total - change
    share = abs(gap / change) if change else float("nan")
    return (
        f"Completeness gap {signed(gap, 3)} of a change of {signed(change, 3)} ({percent(share)})."
    )


def colours_added(values: "Tensor") -> NDArray[np.float32]:
    """The map (size, size) of values (1, 3, size, size) of each pixel's colours."""
    added: NDArray[np.float32] = values[0].detach().sum(0).float().cpu().numpy()
    return added


def always_available(classifier: "Classifier") -> None:
    """For methods that are valid for every network with linear heads."""
