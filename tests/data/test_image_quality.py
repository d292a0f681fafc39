"""Each number finds the distortion that it is for, on images of the atlas."""

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dermxai.data.atlas.artefacts import add_hair, add_ruler
from dermxai.data.image_quality import MEASURES, SIDE, image_quality
from tests.verification import verified

N = 16


def skin(seed: int) -> np.ndarray:
    """Uneven skin with a darker blot."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    lesion = np.exp(-(((x - rng.normal(0, 0.05)) ** 2 + y**2) / rng.uniform(0.01, 0.04)))
    base = np.array([205, 160, 140]) * rng.uniform(0.85, 1.05)
    noise = cv2.resize(rng.normal(0, 7, (64, 64)), (SIDE, SIDE)) + rng.normal(0, 3, (SIDE, SIDE))
    return np.clip(base * (1 - 0.5 * lesion[..., None]) + noise[..., None], 0, 255).astype(np.uint8)


def radius() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.hypot(y - SIDE / 2, x - SIDE / 2)[..., None] / (SIDE / 2)


RNG = np.random.default_rng(0)
DISTORTED = {
    "sharpness": lambda image: cv2.GaussianBlur(image, (0, 0), 2),
    "brightness": lambda image: (image * 0.6).astype(np.uint8),
    "contrast": lambda image: (image * 0.5 + 80).astype(np.uint8),
    "overexposed": lambda image: np.clip(image * 1.5, 0, 255).astype(np.uint8),
    "dark_border": lambda image: np.where(radius() > 1, 4, image).astype(np.uint8),
    "vignetting": lambda image: (image * (1 - 0.5 * np.clip(radius() - 0.8, 0, 1))).astype(
        np.uint8
    ),
    "hair": lambda image: add_hair(image, RNG, count=12),
    "ruler": lambda image: add_ruler(image, RNG),
}
LOWER = ("sharpness", "brightness", "contrast")


@pytest.mark.parametrize("measure", MEASURES)
def test_a_planted_distortion_is_told_from_none(measure: str) -> None:
    images = [skin(seed) for seed in range(N)]
    made = [DISTORTED[measure](image) for image in images]
    at = MEASURES.index(measure)
    values = np.array([image_quality(image)[at] for image in (*images, *made)])
    area = roc_auc_score(np.arange(2 * N) >= N, -values if measure in LOWER else values)
    assert area > (0.85 if measure in ("hair", "ruler") else 0.95)


def test_they_are_what_their_definitions_say() -> None:
    image = skin(3)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) / 255
    found = dict(zip(MEASURES, image_quality(image), strict=True))
    pixels = np.pad(grey, 1, mode="reflect")
    laplacian = (
        pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:] - 4 * grey
    )
    expected = {
        "brightness": grey.mean(),
        "contrast": grey.std(),
        "sharpness": np.log10(laplacian.var() + 1e-8),
    }
    for name, value in expected.items():
        verified(
            "Image quality",
            f"definition written out, {name}",
            [found[name]],
            [value],
            tolerance=1e-9,
        )
    half = image.copy()
    half[: SIDE // 4] = 255
    assert dict(zip(MEASURES, image_quality(half), strict=True))["overexposed"] == 0.25
    half[: SIDE // 4] = 0
    assert dict(zip(MEASURES, image_quality(half), strict=True))["dark_border"] == 0.25


def test_a_border_counts_in_none_of_the_others() -> None:
    image = skin(1)
    bordered = np.where(radius() > 1, 0, image).astype(np.uint8)
    inside = image[np.broadcast_to(radius() <= 1, image.shape)].reshape(-1, 3)
    grey = cv2.cvtColor(inside[None], cv2.COLOR_RGB2GRAY)[0] / 255
    found = dict(zip(MEASURES, image_quality(bordered), strict=True))
    assert found["brightness"] == pytest.approx(grey.mean(), abs=1e-3)
    assert found["contrast"] == pytest.approx(grey.std(), abs=1e-3)
    assert found["hair"] == pytest.approx(image_quality(image)[6], abs=0.01)


def test_they_compare_between_sizes() -> None:
    image = skin(2)
    larger = cv2.resize(image, (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_allclose(image_quality(larger), image_quality(image), atol=1e-3)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((50, 50, 3), np.uint8),
        np.full((50, 50, 3), 255, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((2, 900, 3), np.uint8),
        np.random.default_rng(0).integers(0, 255, (30, 2000, 3), dtype=np.uint8),
    ],
    ids=["black", "white", "one pixel", "a line", "a strip"],
)
def test_degenerate_images_have_finite_numbers(image: np.ndarray) -> None:
    found = image_quality(image)
    assert np.isfinite(found).all() and found.shape == (len(MEASURES),)
    shares = found[
        [MEASURES.index(name) for name in ("overexposed", "dark_border", "hair", "ruler")]
    ]
    assert ((shares >= 0) & (shares <= 1)).all()
