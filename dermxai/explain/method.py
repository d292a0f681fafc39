"""The contract of an attribution method.

A method is one module in `dermxai.explain.methods` with

- ``TITLE``, ``UNIT`` and ``NOTE``: its name in full, what a value of its map means, one line on
  what it explains;
- ``Settings``: a frozen dataclass, each field's metadata giving ``help`` and bounds;
- ``attribute``: the signed map of one image, see `Method`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dermxai.errors import Cancelled

__all__ = ["Attribution", "Cancelled", "Method", "Progress", "Target"]

if TYPE_CHECKING:
    from torch import Tensor

    from dermxai.models.classifier import Classifier

Progress = Callable[[int, int], None]
"""Called with passes done and passes in all; raises `Cancelled` to stop."""


@dataclass(frozen=True)
class Target:
    """What is explained: the summed logit of a class, or how far it lies above another's.

    Attributes:
        index, against: positions in the classifier's classes.
    """

    index: int
    against: int | None = None

    def of(self, scores: "Tensor") -> "Tensor":
        """The target's value (n,) from scores (n, class)."""
        value = scores[:, self.index]
        return value if self.against is None else value - scores[:, self.against]


@dataclass(frozen=True)
class Attribution:
    """A signed map on the original image.

    Attributes:
        map: (h, w) float32, positive where the image speaks for the target.
        target, against: class codes.
        unit: what a value means.
        notes: what the method has to say of this map, such as a completeness gap.
    """

    map: NDArray[np.float32]
    method: str
    target: str
    against: str | None
    unit: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Method(Protocol):
    """What a module in `dermxai.explain.methods` offers."""

    TITLE: str
    UNIT: str
    NOTE: str
    Settings: type

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
