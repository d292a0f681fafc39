"""Counterfactuals on disk."""

from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays, entries
from dermxai.core.entries import UnusableError
from dermxai.explain.attribution import store
from dermxai.explain.counterfactual.search import (
    Counterfactual,
    CounterfactualSettings,
    Donor,
    RandomSets,
)

VERSION = 1
"""Raised where the same input gives another counterfactual."""
_MOST = 64_000_000  # bytes
_ARRAYS = ("picture", "edited", "pieces", "areas", "leads", "random_areas", "random_leads")
_FINITE = _ARRAYS[3:]


class _About(TypedDict):
    prediction: str
    into: str
    donor: str | None
    chosen: list[int]
    flipped: bool
    area: float
    lead: float
    notes: list[str]


def name_of(
    classifier_hash: str,
    image: NDArray[np.uint8],
    into: str,
    *,
    donor: Donor | None,
    mask: NDArray[np.bool_] | None,
    settings: CounterfactualSettings,
) -> str:
    """Names a counterfactual by everything that it depends on.

    Args:
        image: (h, w, 3) RGB.
        donor: its image an array, too.
        mask: (h, w), the lesion of the image.
    """
    of = [VERSION, classifier_hash, store.pixels(image), image.shape, into, settings.model_dump()]
    masks = [mask, *([donor.mask] if donor else [])]
    of += [None if each is None else store.pixels(each.astype(np.uint8)) for each in masks]
    if donor is not None:
        of += [donor.name, store.pixels(np.asarray(donor.image))]
    return store.digest(["counterfactual", *of])


def write(path: Path, made: Counterfactual) -> None:
    """Keeps it where that is possible."""
    about = _About(
        prediction=made.prediction,
        into=made.into,
        donor=made.donor,
        chosen=list(map(int, made.chosen)),
        flipped=made.flipped,
        area=made.area,
        lead=made.lead,
        notes=list(made.notes),
    )
    held = {name: getattr(made, name) for name in _ARRAYS[:5]}
    random = {"random_areas": made.random.areas, "random_leads": made.random.leads}
    store.keep(path, about, held | {"pieces": made.pieces.astype(np.int16)} | random)


def read(path: Path) -> Counterfactual | None:
    """What was kept; None where nothing was, or what is no counterfactual."""
    try:
        held = arrays.load(path, "about", *_ARRAYS, most=_MOST)
        about = entries.parse_json(str(held["about"]).encode("utf-8", "surrogatepass"), _About)
    except UnusableError:
        return None
    if not _agree(held):
        return None
    return Counterfactual(
        prediction=about["prediction"],
        into=about["into"],
        donor=about["donor"],
        picture=held["picture"],
        edited=held["edited"],
        pieces=held["pieces"].astype(np.int64),
        chosen=tuple(about["chosen"]),
        flipped=about["flipped"],
        areas=held["areas"],
        leads=held["leads"],
        area=about["area"],
        lead=about["lead"],
        random=RandomSets(held["random_areas"], held["random_leads"]),
        notes=tuple(about["notes"]),
    )


def _agree(held: dict[str, NDArray[np.generic]]) -> bool:
    """Whether the arrays are those of one counterfactual."""
    picture, pieces, random = held["picture"], held["pieces"], held["random_leads"]
    return (
        picture.dtype == held["edited"].dtype == np.uint8
        and picture.ndim == 3
        and picture.shape == held["edited"].shape == (*pieces.shape, 3)
        and picture.size > 0
        and pieces.dtype.kind == "i"
        and all(held[name].dtype.kind == "f" for name in _FINITE)
        and all(bool(np.isfinite(held[name].astype(float)).all()) for name in _FINITE)
        and held["areas"].ndim == 1
        and held["areas"].shape == held["leads"].shape != (0,)
        and random.ndim == 2
        and random.shape[0] > 0
        and random.shape[1:] == held["random_areas"].shape != (0,)
    )
