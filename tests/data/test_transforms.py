import math
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data.images import read_image
from dermxai.data.transforms import (
    COLOUR_CONSTANCY,
    Preprocessing,
    correct_colour,
    fit_mask,
    resize,
)

Array = NDArray[np.uint8]
sides = st.integers(1, 400)


def centre_of_mass(map_: NDArray[np.float32]) -> tuple[float, float]:
    """As fractions of the sides: pixel i of n lies at (i + ½)/n."""
    rows, columns = np.indices(map_.shape)
    total = map_.sum()
    return (
        float((map_ * (rows + 0.5)).sum() / total / map_.shape[0]),
        float((map_ * (columns + 0.5)).sum() / total / map_.shape[1]),
    )


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(1, 300))
def test_shapes_and_range(height: int, width: int, size: int) -> None:
    image = np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)
    preprocessing = Preprocessing(size=size)
    prepared = preprocessing.prepare(image)
    assert prepared.shape == (size, size, 3)
    assert prepared.dtype == np.uint8
    assert image.min() <= prepared.min() <= prepared.max() <= image.max()
    original = preprocessing.to_original(np.ones((7, 7)), (height, width))
    assert original.shape == (height, width)
    np.testing.assert_allclose(original, 1, atol=1e-5)


@pytest.mark.parametrize("shape", [(450, 600), (601, 449), (223, 225), (97, 500), (31, 33)])
@pytest.mark.parametrize("size", [96, 225])
def test_a_mark_comes_back_where_it_was(shape: tuple[int, int], size: int) -> None:
    """A bright blob of the image, resized as the network sees it and laid back, has its centre
    within half a pixel of the coarser of the two grids."""
    for row, column in ((0.3, 0.25), (0.5, 0.5), (0.71, 0.83)):
        rows, columns = np.indices(shape)
        distance = ((rows + 0.5) / shape[0] - row) ** 2 + ((columns + 0.5) / shape[1] - column) ** 2
        image = np.repeat((250 * np.exp(-distance / 0.005))[..., None], 3, 2).astype(np.uint8)
        preprocessing = Preprocessing(size=size)
        seen = preprocessing.prepare(image)[..., 0].astype(np.float32)
        back = preprocessing.to_original(seen, shape)
        coarse = 0.5 / min(size, *shape)
        np.testing.assert_allclose(centre_of_mass(seen), centre_of_mass(image[..., 0]), atol=coarse)
        np.testing.assert_allclose(centre_of_mass(back), centre_of_mass(image[..., 0]), atol=coarse)


@pytest.mark.parametrize("shape", [(450, 600), (601, 449), (1023, 77)])
def test_a_marked_cell_covers_its_part_of_the_image(shape: tuple[int, int]) -> None:
    """A cell of a coarse map peaks at the same fraction of the image's sides."""
    map_ = np.zeros((12, 12))
    map_[3, 8] = 1
    original = Preprocessing().to_original(map_, shape)
    row, column = centre_of_mass(original)
    assert row == pytest.approx(3.5 / 12, abs=1e-3)
    assert column == pytest.approx(8.5 / 12, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_shrinking_by_whole_numbers_averages(factor: int, height: int, width: int) -> None:
    values = np.random.default_rng(factor).random((height * factor, width * factor))
    means = values.reshape(height, factor, width, factor).mean((1, 3))
    shrunk = resize(values.astype(np.float32), (height, width))
    np.testing.assert_allclose(shrunk, means, atol=1e-5)


def test_a_fine_pattern_does_not_alias() -> None:
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(Preprocessing(size=170).prepare(stripes).astype(int)) < 60


def test_an_image_of_the_right_size_is_left_alone(photograph: Array) -> None:
    square = photograph[:61, :61]
    np.testing.assert_array_equal(Preprocessing(size=61).prepare(square), square)


@pytest.mark.parametrize("p", [1, 6, math.inf])
def test_a_colour_cast_is_removed(photograph: Array, p: float) -> None:
    cast = (photograph * np.array([0.95, 0.7, 0.5])).astype(np.uint8)
    corrected = correct_colour(cast, p).astype(float) / 255
    light = corrected.max((0, 1)) if math.isinf(p) else (corrected**p).mean((0, 1)) ** (1 / p)
    assert np.ptp(light) < 0.02


@pytest.mark.parametrize("p", [1, 6, math.inf])
def test_grey_stays_as_it_is(photograph: Array, p: float) -> None:
    grey = np.repeat(photograph[..., :1], 3, axis=2)
    np.testing.assert_array_equal(correct_colour(grey, p), grey)


def test_shades_of_gray_as_published(photograph: Array) -> None:
    image = photograph // 2
    light = ((image / 255) ** 6).mean((0, 1)) ** (1 / 6)
    gains = 1 / (math.sqrt(3) * light / np.linalg.norm(light))
    expected = np.clip(np.rint(image * gains), 0, 255)
    np.testing.assert_array_equal(correct_colour(image, 6), expected)


def test_a_channel_without_light_changes_nothing() -> None:
    red = np.zeros((3, 3, 3), np.uint8)
    red[..., 0] = 99
    for p in (1, 6, math.inf):
        np.testing.assert_array_equal(correct_colour(red, p), red)


@pytest.mark.parametrize("name", list(COLOUR_CONSTANCY))
def test_a_correction_is_chosen_by_name(photograph: Array, name: str) -> None:
    plain = Preprocessing(size=40).prepare(photograph)
    p = COLOUR_CONSTANCY[name]
    expected = plain if p is None else correct_colour(plain, p)
    chosen = Preprocessing(size=40, colour_constancy=name).prepare(photograph)
    np.testing.assert_array_equal(chosen, expected)


def test_normalisation_is_that_of_the_checkpoint(photograph: Array) -> None:
    preprocessing = Preprocessing(size=30, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    prepared = preprocessing.prepare(photograph)
    expected = (prepared / 255 - [0.1, 0.2, 0.3]) / [0.5, 0.25, 2.0]
    values = preprocessing(photograph)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected.transpose(2, 0, 1), atol=1e-5)


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"std": (1.0, 0.0, 1.0)}, {"mean": (0.5,)}, {"colour_constancy": "x"}]
)
def test_senseless_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Preprocessing(**wrong)  # type: ignore[arg-type]


def test_a_mask_is_fitted_to_another_size() -> None:
    mask = np.zeros((10, 10), bool)
    mask[2:6, 4:8] = True
    np.testing.assert_array_equal(fit_mask(mask, (10, 10)), mask)
    np.testing.assert_array_equal(fit_mask(mask, (5, 5)), mask[::2, ::2])
    assert fit_mask(mask, (40, 60)).mean() == pytest.approx(mask.mean(), abs=0.02)


def test_reading_and_preparing_an_image_is_quick(tmp_path: Path, photograph: Array) -> None:
    """About 5 ms on one core; the bound only catches a change of kind."""
    Image.fromarray(cv2.resize(photograph, (600, 450))).save(tmp_path / "a.jpg", quality=95)
    preprocessing = Preprocessing(size=380, colour_constancy="shades_of_gray")
    times = []
    for _ in range(10):
        started = time.thread_time()
        preprocessing.prepare(read_image(tmp_path / "a.jpg"))
        times.append(time.thread_time() - started)
    assert min(times) < 0.03
