"""What an attribution method is.

One file in `dermxai.explain.attribution.methods`, or an entry point of that group in another
package, holds an instance of a class derived from `AttributionMethod`; `contract` checks one.
"""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from dermxai.core.components import Component, Kind, Text, error_text, lower_first
from dermxai.core.errors import Cancelled, InputError, NoRoomError
from dermxai.core.formatting import percent, signed
from dermxai.core.settings import Settings, setting_faults
from dermxai.core.values import shown

log = logging.getLogger(__name__)

__all__ = [
    "ATTENTION",
    "DECOMPOSITION",
    "GRADIENTS",
    "METHODS",
    "PLACES",
    "STAGES",
    "Attribution",
    "AttributionMethod",
    "Cancelled",
    "Made",
    "Progress",
    "Target",
    "as_attribution",
    "attributed",
    "colours_added",
    "completeness",
    "explained_head",
]

if TYPE_CHECKING:
    from torch import Tensor

    from dermxai.data.transforms import Preprocessing
    from dermxai.models.capabilities import Capabilities
    from dermxai.models.classifier import Classifier

GRADIENTS, STAGES, PLACES = "gradients", "stages", "places"
DECOMPOSITION, ATTENTION = "decomposition", "attention"
NEEDS = ("", GRADIENTS, STAGES, PLACES, DECOMPOSITION, ATTENTION)

Progress = Callable[[int, int], None]
"""Called with passes done and passes in all, with (0, 0) while others' work is waited for; raises
`Cancelled` to stop."""

Classwise = TypeVar("Classwise", "Tensor", NDArray[np.float32], NDArray[np.float64])
"""Values (class, …)."""

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
        return self.among_classes(scores.T)

    def among_classes(self, values: "Classwise") -> "Classwise":
        """The target's part of values (class, …): the class's, less the other's."""
        value: Classwise = values[self.index]
        if self.against is None:
            return value
        other: Classwise = values[self.against]
        return value - other


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
        class_specific: whether the map depends on the target's class.
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
    settings: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    per_area: str = ""
    class_specific: bool = True

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

    def laid_out(self, preprocessing: "Preprocessing", shape: tuple[int, ...]) -> "Attribution":
        """The same with its ``map`` on an image of this shape (height, width, …)."""
        height, width = shape[:2]
        return replace(self, map=preprocessing.to_original(self.native, (height, width)))


Made = tuple[NDArray[np.float32], tuple[str, ...]]
"""A map (rows, columns) over the network's input at the method's own resolution, and notes."""

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, kw_only=True)
class AttributionMethod(Component, Generic[S]):
    """
    Attributes:
        title: the method's name in full.
        unit: what a value of its map means.
        note: a line on what it explains, a sentence.
        source: its publication.
        signed: whether negative values speak against the target, so that exchanging the two classes
            of a contrast turns the sign of the map.
        complete: whether the values of its map add up to the target's logit, less a constant.
        settings: what can be chosen; each has a default. ``Settings`` itself where nothing can.
        per_area: unit in which maps of several resolutions compare, where a value is what one
            position adds: per percent of the image; "" where a value does not depend on the
            resolution.
        one_head: whether its map holds one head's vote only, the final one's where none is chosen.
        passes_exact: whether a map never costs more than ``passes`` says. Not so where it hangs on
            the image, such as on how many regions of like colour there are.
        class_specific: whether the map depends on the class that is explained.
        needs: what the network has to offer besides logits: `GRADIENTS`; `STAGES`, feature maps at
            which gradients are taken; `PLACES`, a last feature map; `DECOMPOSITION`, logits that
            are sums over its places; `ATTENTION` of all tokens to each other; "" where logits
            suffice.
        version: raised when the same input gives another map than before: what was kept of the
            older one is not shown any more.
    """

    title: Text
    unit: Text
    note: Text
    source: Text
    signed: bool
    complete: bool
    settings: type[S]
    per_area: str = ""
    one_head: bool = False
    passes_exact: bool = True
    version: int = 1
    class_specific: bool = True
    needs: str = ""

    def is_compatible(self, capabilities: "Capabilities") -> str | None:
        """Why a network that offers this does not suffice, in a sentence; None where it does."""
        if self.needs == DECOMPOSITION:
            return capabilities.no_decomposition
        if not capabilities.gradients and self.needs in (GRADIENTS, STAGES, ATTENTION):
            what = "attention" if self.needs == ATTENTION else "gradients"
            return f"it needs {what}, and this network gives logits only."
        if self.needs == PLACES and capabilities.layout is None:
            return "the network has no feature map whose places are those of the image."
        if self.needs == STAGES and not capabilities.stages:
            return (
                "no stage of the network gives a feature map whose places are those of the image."
            )
        if self.needs == ATTENTION and not capabilities.attention:
            return (
                "the network has no layers in which all places of the image attend to each other."
            )
        return None

    def unavailable(self, classifier: "Classifier") -> str | None:
        """Why the method means nothing for this very network, in a sentence; None where it is
        valid. Asked where `is_compatible` has nothing against it."""

    def excuse(self, classifier: "Classifier") -> str | None:
        """What `is_compatible` or else ``unavailable`` says; a method that fails to tell, or to
        tell its passes, is not available either, which stops no other."""
        try:
            reason = self.is_compatible(classifier.capabilities) or self.unavailable(classifier)
            cost: object = 0 if reason else self.passes(classifier, self.settings())
        except NoRoomError:
            raise
        except Exception as error:
            log.warning("%s cannot be asked (%s).", self.name, error_text(error))
            log.debug("Its traceback:", exc_info=True)
            return f"It cannot say whether it is valid here ({error_text(error)})."
        if reason is None and type(cost) is not int:
            return f"It says that a map takes {shown(cost)} passes; expected a whole number."
        return reason

    @abstractmethod
    def passes(self, classifier: "Classifier", settings: S) -> int:
        """What a map costs, in forward passes of one image; a backward pass counts as two. The
        dashboard makes a map of few passes without being asked."""

    @abstractmethod
    def attribute(
        self,
        classifier: "Classifier",
        image: "Tensor",
        target: Target,
        settings: S,
        progress: Progress | None,
    ) -> Made:
        """The map of an image (1, 3, size, size), row 0 at the top and column 0 at the left.

        Args:
            classifier: shared by all visitors: hooks lie on a `dermxai.explain.forward.twin`.
            image: normalised; not to be changed.
            settings: an instance of ``self.settings``.
            progress: called with passes done and in all.

        Raises:
            InputError: there is no such map.
            Cancelled: by ``progress``.
        """


def description_faults(made: AttributionMethod[S]) -> Iterator[str]:
    """What loading finds wrong with a method's description, a sentence each."""
    if not made.note.endswith("."):
        yield f"note is {made.note!r}; expected a sentence that ends with a full stop."
    if made.needs not in NEEDS:
        yield f"needs is {made.needs!r}; expected one of {', '.join(map(repr, NEEDS))}."
    if made.version < 1:
        yield f"version is {made.version}; expected at least 1."
    if made.complete and not made.per_area:
        yield "complete maps add up over positions; per_area names the unit of their density."
    yield from setting_faults(made.settings)


def map_faults(made: object) -> Iterator[str]:
    """What is wrong with what ``attribute`` gave, a sentence each."""
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], tuple)):
        yield f"attribute gives a {type(made).__name__}; expected a map and a tuple of notes."
        return
    values, notes = made
    if type(values) is not np.ndarray:
        yield f"The map is a {type(values).__name__}; expected a NumPy array."
    elif values.ndim != 2 or not values.size or values.dtype != np.float32:
        yield (
            f"The map is an array {values.shape} of {values.dtype}; expected (rows, columns) of "
            "float32."
        )
    elif not np.isfinite(values).all():
        yield (
            f"{np.count_nonzero(~np.isfinite(values))} of the map's values are not finite; check "
            "the network's weights."
        )
    if not all(isinstance(note, str) for note in notes):
        yield "A note is no text."


def attributed(
    method: AttributionMethod[S],
    classifier: "Classifier",
    image: "Tensor",
    target: Target,
    *,
    settings: S,
    progress: Progress | None = None,
) -> Made:
    """A method's map, if it is one.

    Raises:
        InputError: there is no such map, or what the method gives is none.
    """
    made = method.attribute(classifier, image, target, settings, progress)
    for fault in map_faults(made):
        raise InputError(f"{method.title} gives no map for {classifier.name}: {lower_first(fault)}")
    return made


METHODS: Kind[AttributionMethod[Settings]] = Kind(
    AttributionMethod,  # type: ignore[type-abstract]
    "dermxai.explain.attribution.methods",
    "attribution method",
    description_faults,
)


def as_attribution(
    method: AttributionMethod[S],
    native: NDArray[np.float32],
    *,
    target: str,
    against: str | None,
    head: str | None,
    settings: Settings | None = None,
    notes: tuple[str, ...] = (),
) -> Attribution:
    """A method's map (rows, columns) with what the method says of it, not laid over an image yet.

    Args:
        head: whose logit it explains; None for the sum of all.
    """
    return Attribution(
        map=native,
        native=native,
        method=method.name,
        target=target,
        against=against,
        head=head,
        unit=method.unit,
        signed=method.signed,
        complete=method.complete,
        per_area=method.per_area,
        settings={} if settings is None else settings.model_dump(),
        notes=(method.note, *notes),
    )


def explained_head(
    method: AttributionMethod[S], head: str | None, heads: Sequence[str]
) -> str | None:
    """The head whose logit a map explains where ``head`` was asked for; None for the sum of all."""
    return heads[-1] if head is None and method.one_head and len(heads) > 1 else head


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
