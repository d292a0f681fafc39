"""How well an image was taken, in eight numbers that no network is needed for.

All are of the image at 256 pixels on its shorter side, so that they compare between cameras:

- ``sharpness``: log10 of the variance of the Laplacian (Pech-Pacheco et al. 2000,
  doi:10.1109/ICPR.2000.903548); lower is more blurred;
- ``brightness`` and ``contrast``: mean and standard deviation of the luminance, 0 to 1;
- ``overexposed``: share of pixels of which a channel is at its end;
- ``dark_border``: share of pixels in near-black areas that touch an edge, as around the field of a
  dermatoscope; these count in none of the others;
- ``vignetting``: how much darker the outermost ring is than the one within, as a share;
- ``hair``: share of pixels on thin, long, dark lines, found by the difference to a morphological
  closing (as in DullRazor, Lee et al. 1997, doi:10.1016/S0010-4825(97)00020-6);
- ``ruler``: how strictly dark marks repeat along an edge, 0 to 1: the autocorrelation of their
  profile at one and at two periods.

They say what is seen, not why: a scaly plaque is sharp, a dark lesion at the edge is a dark border.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MEASURES = (
    "sharpness",
    "brightness",
    "contrast",
    "overexposed",
    "dark_border",
    "vignetting",
    "hair",
    "ruler",
)
VERSION = 1
SIDE = 256
"""Pixels of the shorter side."""
_MOST_SIDE = 4 * SIDE  # of the longer one
_DARK, _BRIGHT = 0.1, 250  # luminance of a black border; value of an overexposed channel
_LINE = 0.06  # that a line is darker than what is beside it
_LONG, _THIN = 24, 4.5  # pixels of a hair
_STRIP, _PERIODS = 0.25, (4, 48)  # of the image along an edge; pixels of a ruler's marks
_MARKS = 12  # pixels of marks that a profile has at least
_FEWEST = 64  # pixels that a mean is of


def image_quality(image: NDArray[np.uint8]) -> Floats:
    """(8,) of `MEASURES`.

    Args:
        image: (height, width, 3) RGB.
    """
    small = _resized(image)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64) / 255
    border = _border(grey)
    inside = ~border
    if np.count_nonzero(inside) < _FEWEST:  # all black
        inside = np.ones_like(border)
    near = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    near = near if np.count_nonzero(near) >= _FEWEST else inside
    laplacian = cv2.Laplacian(grey, cv2.CV_64F)
    lines = _lines(grey) & near
    return np.array(
        [
            np.log10(laplacian[near].var() + 1e-8),
            grey[inside].mean(),
            grey[inside].std(),
            (small.max(axis=2)[inside] >= _BRIGHT).mean(),
            border.mean(),
            _vignetting(grey, inside),
            _hair(lines).mean(),
            _ruler(lines),
        ]
    )


def _resized(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = SIDE / min(height, width)
    size = tuple(min(_MOST_SIDE, max(1, round(scale * side))) for side in (width, height))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), dtype=np.uint8)


def _border(grey: Floats) -> Flags:
    """Near-black areas that touch an edge."""
    dark = (grey < _DARK).astype(np.uint8)
    count, areas = cv2.connectedComponents(dark)
    edges = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    touching = np.zeros(count, dtype=bool)
    touching[np.unique(edges)] = True
    touching[0] = False
    return np.asarray(touching[areas])


def _vignetting(grey: Floats, inside: Flags) -> float:
    """Of rings by their distance from the middle, 1 at the middle of the nearest edge."""
    height, width = grey.shape
    y, x = np.ogrid[:height, :width]
    radius = np.hypot((y - (height - 1) / 2), (x - (width - 1) / 2)) / (min(height, width) / 2)
    outer, inner = inside & (radius > 1), inside & (radius > 0.75) & (radius <= 0.95)
    if min(np.count_nonzero(outer), np.count_nonzero(inner)) < _FEWEST:
        return 0.0
    within = float(np.median(grey[inner]))
    return 1 - float(np.median(grey[outer])) / within if within > 0 else 0.0


def _lines(grey: Floats) -> Flags:
    """Where it is darker than on both sides a few pixels away."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    values = (255 * grey).astype(np.uint8)
    hat = cv2.morphologyEx(values, cv2.MORPH_BLACKHAT, kernel)
    return np.asarray(hat > 255 * _LINE)


def _hair(lines: Flags) -> Flags:
    """Lines that are long and thin."""
    count, areas, found, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8))
    long = np.hypot(found[:, cv2.CC_STAT_WIDTH], found[:, cv2.CC_STAT_HEIGHT])
    hair = (long >= _LONG) & (found[:, cv2.CC_STAT_AREA] <= _THIN * long)
    hair[0] = False
    assert hair.size == count
    return np.asarray(hair[areas])


def _ruler(lines: Flags) -> float:
    height, width = lines.shape
    deep, wide = int(_STRIP * height), int(_STRIP * width)
    strips = (lines[:deep], lines[-deep:], lines[:, :wide].T, lines[:, -wide:].T)
    return max(_repeating(strip.sum(axis=0).astype(np.float64)) for strip in strips)


def _repeating(profile: Floats) -> float:
    """The best autocorrelation at a lag and at its double, 0 to 1."""
    least, most = _PERIODS
    centred = profile - profile.mean()
    power = float((centred**2).sum())
    if power <= 0 or profile.sum() < _MARKS or profile.size < 4 * least:
        return 0.0
    spectrum = np.abs(np.fft.rfft(centred, 2 * profile.size)) ** 2
    alike = np.fft.irfft(spectrum)[: profile.size] / power
    # of shorter parts that overlap as of the whole
    alike *= profile.size / np.arange(profile.size, 0, -1)
    lags = np.arange(least, min(most, profile.size // 4) + 1)
    if not lags.size:
        return 0.0
    peaks = (alike[lags] >= alike[lags - 1]) & (alike[lags] >= alike[lags + 1])
    both = np.where(peaks, np.minimum(alike[lags], alike[2 * lags]), 0)
    return float(np.clip(both.max(), 0, 1))
