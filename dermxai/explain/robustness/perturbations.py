"""Small changes that a picture may undergo without another diagnosis: one table.

Each works on an image at the size of the network's input, before the colours are corrected, so that
a blur of one pixel is the same for every image. A new one is one more line in ``PERTURBATIONS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TypeVar
from zlib import crc32

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dermxai.data.atlas.artefacts import ARTEFACTS
from dermxai.data.atlas.canvas import FIELD_MM
from dermxai.data.transforms import COLOUR_CONSTANCY, Preprocessing
from dermxai.explain.predictions import Picture

Value = TypeVar("Value", bound=np.generic)
REPEATS = 3  # of what is drawn at random


@dataclass(frozen=True)
class Perturbation:
    """
    Attributes:
        apply: the changed picture; what is random in it comes from the generator alone.
        undo: brings a map (h, w) of the changed picture back to the geometry of the original.
        colour_constancy: what replaces the checkpoint's own; None leaves it.
    """

    group: str
    name: str
    apply: Callable[[Picture, Generator], Picture] = lambda picture, _: picture
    undo: Callable[[NDArray[np.float32]], NDArray[np.float32]] = lambda map_: map_
    colour_constancy: str | None = None

    def of(self, picture: Picture, seed: int) -> Picture:
        """The changed picture; the same for the same seed, whatever else is done."""
        rng = np.random.default_rng([seed, crc32(f"{self.group} {self.name}".encode())])
        return self.apply(picture, rng)

    def corrected(self, preprocessing: Preprocessing) -> str:
        """The colour constancy that is in force."""
        return self.colour_constancy or preprocessing.colour_constancy


def turned(picture: NDArray[Value], quarters: int, mirrored: bool) -> NDArray[Value]:
    """Turned to the left by quarters, after it was mirrored left to right."""
    return np.ascontiguousarray(np.rot90(picture[:, ::-1] if mirrored else picture, quarters))


def turned_back(picture: NDArray[Value], quarters: int, mirrored: bool) -> NDArray[Value]:
    """The inverse of ``turned``."""
    back = np.rot90(picture, -quarters)
    return np.ascontiguousarray(back[:, ::-1] if mirrored else back)


def blurred(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur; sigma in pixels of the network's input."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def compressed(picture: Picture, quality: int) -> Picture:
    """Saved as JPEG and read again."""
    _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(read[..., ::-1])


def brightened(picture: Picture, factor: float) -> Picture:
    """Every value times the factor, up to 255."""
    return np.asarray(np.clip(np.rint(picture * factor), 0, 255), dtype=np.uint8)


def _turn(quarters: int, mirrored: bool) -> Perturbation:
    words = [
        *(["mirrored"] if mirrored else []),
        *([f"turned {90 * quarters}°"] if quarters else []),
    ]
    return Perturbation(
        "Flips and rotations",
        ", ".join(words),
        lambda picture, _: turned(picture, quarters, mirrored),
        lambda map_: turned_back(map_, quarters, mirrored),
    )


def _fixed(group: str, name: str, change: Callable[[Picture], Picture]) -> Perturbation:
    return Perturbation(group, name, lambda picture, _: change(picture))


def _drawn(group: str, artefact: str, number: int) -> Perturbation:
    draw = ARTEFACTS[artefact]
    return Perturbation(group, f"{group} {number}", lambda p, rng: draw(p, rng, FIELD_MM))


_ADDED = {"Hair": "hair", "Ruler": "ruler", "Ink": "ink", "Gel bubbles": "bubbles"}

_TURNS = [place for place in product((False, True), range(4)) if any(place)]

PERTURBATIONS: tuple[Perturbation, ...] = (
    *(_turn(quarters, mirrored) for mirrored, quarters in _TURNS),
    *(
        Perturbation(
            "Colour constancy", f"colour constancy: {name.replace('_', ' ')}", colour_constancy=name
        )
        for name in COLOUR_CONSTANCY
    ),
    *(
        _fixed("Blur", f"blur σ {sigma:g} px", partial(blurred, sigma=sigma))
        for sigma in (0.5, 1, 1.5)
    ),
    *(
        _fixed("JPEG", f"JPEG quality {quality}", partial(compressed, quality=quality))
        for quality in (90, 70, 50, 30)
    ),
    *(
        _fixed("Brightness", f"brightness × {factor:g}", partial(brightened, factor=factor))
        for factor in (0.8, 0.9, 1.1, 1.2)
    ),
    *(
        _drawn(group, artefact, number)
        for group, artefact in _ADDED.items()
        for number in range(1, REPEATS + 1)
    ),
)


def applicable(preprocessing: Preprocessing) -> tuple[Perturbation, ...]:
    """Those that change something: the checkpoint's own colour constancy does not."""
    return tuple(
        each for each in PERTURBATIONS if each.colour_constancy != preprocessing.colour_constancy
    )
