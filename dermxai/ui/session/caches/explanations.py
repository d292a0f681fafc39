"""Explanations: diagnoses, maps, checks of them, and averages over many images."""

from typing import TYPE_CHECKING, Any

from dermxai.explain.confusion.pair_maps import PairMaps, open_maps
from dermxai.runs import Run
from dermxai.ui.session.caches.rooms import Kept

if TYPE_CHECKING:
    from dermxai.explain import Attribution, Diagnosis
    from dermxai.explain.faithfulness.badge import Check


def diagnoses() -> "Kept[Diagnosis]":
    return Kept("diagnoses")


def attributions() -> "Kept[Attribution]":
    """Maps at their methods' own resolution."""
    return Kept("attributions")


def probes() -> Kept[Any]:
    """Results of the pages that change an image, by what went in."""
    return Kept("probes")


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
