"""Explanations: diagnoses, maps, checks of them, and averages over many images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dermxai.explain.confusion.pair_maps import PairMaps, open_maps
from dermxai.runs import Run
from dermxai.ui.session.caches.memory import Kept

if TYPE_CHECKING:
    from dermxai.explain import Attribution, Diagnosis
    from dermxai.explain.counterfactual.search import Counterfactual
    from dermxai.explain.faithfulness.badge import Check
    from dermxai.explain.robustness.evaluate import Robustness


def diagnoses() -> "Kept[Diagnosis]":
    return Kept("diagnoses")


def attributions() -> "Kept[Attribution]":
    """Maps at their methods' own resolution."""
    return Kept("attributions")


@dataclass(frozen=True)
class Remembered:
    """The map of one wish in `attributions`; see `dermxai.explain.attribution.api.Memory`.

    Attributes:
        key: of the checkpoint, the image and the wish.
    """

    key: tuple[object, ...]

    def get(self) -> "Attribution | None":
        return attributions().get(self.key)

    def put(self, made: "Attribution") -> None:
        attributions().put(self.key, made)


def robustness() -> "Kept[Robustness]":
    """By what went in, as the next two."""
    return Kept("robustness")


def perturbed() -> Kept[list[bytes]]:
    """The perturbed images, as they are shown."""
    return Kept("perturbed")


def counterfactuals() -> "Kept[Counterfactual]":
    return Kept("counterfactuals")


def badges() -> "Kept[tuple[Check, ...]]":
    return Kept("badges")


def pair_maps(opened: Run, first: str, second: str, split: str | None) -> PairMaps | None:
    """Stored averages of contrast maps; None where there are none yet."""
    key = (opened.id, first, second, split)
    known = _pair_maps().get(key)
    if known is None or known.problems:  # which may have been mended meanwhile
        known = open_maps(opened, first, second, split)
        if known is not None:
            _pair_maps().put(key, known)
    return known


def _pair_maps() -> Kept[PairMaps]:
    return Kept("_pair_maps")
