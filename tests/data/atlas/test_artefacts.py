import numpy as np
import pytest

from dermxai.data.atlas.artefacts import ARTEFACTS, add_hair

every_artefact = pytest.mark.parametrize("name", ARTEFACTS)


@every_artefact
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (40, 90), (240, 180)])
def test_any_rgb_image(name, shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    before = image.copy()
    out = ARTEFACTS[name](image, np.random.default_rng(1), 12.0)
    assert out.shape == image.shape
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


@every_artefact
@pytest.mark.parametrize("seed", range(4))
def test_it_is_seen_and_leaves_most_of_the_skin_free(name, seed):
    image = np.full((240, 240, 3), 170, np.uint8)
    out = ARTEFACTS[name](image, np.random.default_rng(seed), 12.0)
    changed = (np.abs(out.astype(int) - 170) > 20).any(axis=2).mean()
    assert 0.0005 < changed < 0.5


@every_artefact
def test_the_same_numbers_draw_the_same(name):
    image = np.full((60, 60, 3), 170, np.uint8)
    first, again = (ARTEFACTS[name](image, np.random.default_rng(5), 12.0) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_more_hairs_cover_more():
    image = np.full((200, 200, 3), 170, np.uint8)
    few, many = (add_hair(image, np.random.default_rng(2), count=count) for count in (2, 40))
    assert many.mean() < few.mean() < 170


def test_no_hair_leaves_the_image():
    image = np.full((50, 50, 3), 170, np.uint8)
    np.testing.assert_array_equal(add_hair(image, np.random.default_rng(2), count=0), image)
