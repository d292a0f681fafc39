"""What happens to an image between its file and the network, and the way back for maps.

Geometry: the whole image is squashed to a square. Pixel i of n covers the interval from i/n to
(i + 1)/n of the image's side, its centre lies at (i + ½)/n; resizing and its inverse keep these
fractions, so a point of a map lies over the point of the image that it speaks of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError

Pixel = TypeVar("Pixel", np.uint8, np.float32)

LARGEST = 4096  # pixels
MOST = 1e6  # that a mean or a deviation can be
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Minkowski norm p of each assumption about the light: the p-norm of the scene is grey.
COLOUR_CONSTANCY: Mapping[str, float | None] = {
    "none": None,
    "shades_of_gray": 6,
    "grey_world": 1,
    "max_rgb": float("inf"),
}


@dataclass(frozen=True)
class Preprocessing:
    """How a checkpoint wants its images; travels with the checkpoint.

    Attributes:
        size: side of the network's input in pixels.
        mean, std: of the network's input channels, for values between 0 and 1.
        colour_constancy: a key of ``COLOUR_CONSTANCY``.
        colour_profiles: whether images are read in sRGB, as their embedded colour profiles say
            (`images.read_image`); else as stored, as all were before there was a choice.

    Raises:
        InputError: a size that is not a whole number between 1 and ``LARGEST``, a deviation that is
            not positive, an unknown correction.
    """

    size: int = 380
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    colour_constancy: str = "none"
    colour_profiles: bool = False

    def __repr__(self) -> str:
        """Digests of checkpoints and of prepared images rest on it: what older ones lack is told
        only where it is on."""
        shown = [f"{name}={value!r}" for name, value in vars(self).items() if value is not False]
        return f"Preprocessing({', '.join(shown)})"

    def __post_init__(self) -> None:
        size: object = self.size
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST:
            raise InputError(
                f"An input size of {size!r} pixels; expected a whole number from 1 to {LARGEST}."
            )
        numbers: list[object] = [*self.mean, *self.std]
        finite = all(_is_number(value) for value in numbers)
        if len(self.mean) != 3 or len(self.std) != 3 or not finite or min(self.std) <= 0:
            raise InputError("Mean and deviation need three numbers each, deviations above 0.")
        if self.colour_constancy not in COLOUR_CONSTANCY:
            raise InputError(
                f"Unknown colour constancy {self.colour_constancy!r}; "
                f"expected one of {', '.join(COLOUR_CONSTANCY)}."
            )
        profiles: object = self.colour_profiles
        if not isinstance(profiles, bool):
            raise InputError(f"colour_profiles is {profiles!r}; expected true or false.")

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(height, width, 3) RGB → (size, size, 3) RGB, resized, then colour-corrected."""
        resized = resize(image, (self.size, self.size))
        p = COLOUR_CONSTANCY[self.colour_constancy]
        return resized if p is None else correct_colour(resized, p)

    def normalise(self, prepared: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(size, size, 3) RGB → (3, size, size), the network's input."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        normalised = np.empty((3, *prepared.shape[:2]), np.float32)
        for channel, plane in enumerate(normalised):
            np.multiply(prepared[..., channel], 1 / (255 * std[channel]), out=plane)
            np.subtract(plane, mean[channel] / std[channel], out=plane)
        return normalised

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(height, width, 3) RGB → (3, size, size) float32."""
        return self.normalise(self.prepare(image))

    def to_original(
        self, map_: NDArray[np.floating], shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """A map over the network's input, at any resolution, laid over the original image.

        Args:
            map_: (rows, columns) values whose grid spans the whole input.
            shape: height and width of the original image.
        """
        return resize(np.asarray(map_, dtype=np.float32), shape)


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < MOST and isfinite(value)  # type: ignore[arg-type]


def resize(image: NDArray[Pixel], shape: tuple[int, int]) -> NDArray[Pixel]:
    """(h, w) or (h, w, channels) → the same at another (height, width), free of aliasing: an axis
    that shrinks is averaged over each new pixel's area, one that grows is interpolated linearly."""
    height, width = image.shape[:2]
    shrinks = (min(shape[0], height), min(shape[1], width))
    resized = _resample(image, shrinks, cv2.INTER_AREA)
    return _resample(resized, shape, cv2.INTER_LINEAR)


def fitted(image: NDArray[Pixel], longest: int) -> NDArray[Pixel]:
    """The image with a longer side of so many pixels, its shape kept."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    return resize(image, (max(1, round(height * scale)), max(1, round(width * scale))))


def fit_mask(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at another (height, width): true where at least half of the pixel was."""
    return np.asarray(resize(mask.astype(np.float32), shape) >= 0.5)


def _resample(image: NDArray[Pixel], shape: tuple[int, int], interpolation: int) -> NDArray[Pixel]:
    if image.shape[:2] == shape:
        return image
    height, width = shape
    return cast(
        NDArray[Pixel],
        cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=interpolation),
    )


def correct_colour(image: NDArray[np.uint8], p: float) -> NDArray[np.uint8]:
    """Shades of Gray: the light's colour is taken to be the Minkowski p-norm of each channel, and
    divided out, so that a grey image stays as it is. p = 1 is grey-world, infinity is max-RGB.

    Source: Finlayson and Trezzi, "Shades of Gray and Colour Constancy", CIC 2004; gains scaled by
    the square root of 3 as in Barata et al., IEEE J. Biomed. Health Inform. 19(3), 2015. Works on
    the sRGB values as stored.

    Args:
        image: (height, width, 3) RGB.
        p: order of the norm, 1 or more, or infinity.
    """
    counts = np.stack([_histogram(image, channel) for channel in range(3)])  # (channel, 256)
    values = np.arange(256) / 255
    if np.isinf(p):
        light = (values * (counts > 0)).max(axis=1)
    else:
        light = (counts @ values**p / counts.sum(axis=1)) ** (1 / p)
    if not light.all():  # a channel without light has no colour to correct
        return image
    gains = np.linalg.norm(light) / (np.sqrt(3) * light)
    table = np.clip(np.rint(np.outer(np.arange(256), gains)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), dtype=np.uint8)


def _histogram(image: NDArray[np.uint8], channel: int) -> NDArray[np.float64]:
    counts = cv2.calcHist([image], [channel], None, [256], [0, 256])
    return np.asarray(counts.ravel(), dtype=np.float64)
