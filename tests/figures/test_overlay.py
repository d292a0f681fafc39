import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from dermxai.figures import overlay

GREY = np.full((4, 6, 3), 100, np.uint8)


def test_zero_is_clear_and_signs_have_their_hues() -> None:
    values = np.zeros((4, 6), np.float32)
    values[0], values[1] = 2.0, -2.0
    made = overlay.blend(GREY, values, strength=1.0, scale=2.0)
    assert (made[0] == overlay.FOR).all()
    assert (made[1] == overlay.AGAINST).all()
    assert (made[2:] == GREY[2:]).all()


def test_opacity_is_in_proportion_and_ends_at_the_scale() -> None:
    values = np.tile(np.array([0, 1, 2, 4, 8, 16], np.float32), (4, 1))
    made = overlay.blend(GREY, values, strength=0.5, scale=4.0).astype(int)
    change = np.abs(made - 100)[0, :, 0]
    assert change[3] == change[4] == change[5] == round(0.5 * (255 - 100))
    assert change[1] == pytest.approx(change[3] / 4, abs=1)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_no_strength_or_no_scale_leaves_the_image(scale: float) -> None:
    values = np.ones((4, 6), np.float32)
    made = overlay.blend(GREY, values, strength=0.0 if scale else 1.0, scale=scale)
    assert (made == GREY).all()


def test_the_image_given_is_not_changed() -> None:
    image = GREY.copy()
    overlay.blend(image, np.ones((4, 6), np.float32), 1.0, 1.0)
    overlay.outline(image, np.ones((4, 6), bool), (255, 255, 255))
    assert (image == GREY).all()


def test_the_outline_follows_the_edge_of_the_mask_only() -> None:
    image = np.full((60, 60, 3), 100, np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[15:45, 15:45] = True
    drawn = overlay.outline(image, mask, (255, 255, 255))
    changed = (drawn != image).any(axis=2)
    assert (drawn[15, 20:40] == 255).all()
    assert not changed[25:35, 25:35].any()
    assert not changed[:10].any()


def test_where_the_mask_ends_with_the_image_there_is_no_line() -> None:
    image = np.full((60, 80, 3), 100, np.uint8)
    whole = overlay.outline(image, np.ones((60, 80), bool), (255, 255, 255))
    assert (whole == image).all()
    half = np.zeros((60, 80), bool)
    half[:, :40] = True
    changed = (overlay.outline(image, half, (255, 255, 255)) != image).any(axis=2)
    assert changed[:, 37:42].any(axis=1).all()
    assert not changed[:, :30].any() and not changed[:, 50:].any()


def test_contours_run_where_levels_are_reached() -> None:
    image = np.full((40, 400, 3), 100, np.uint8)
    values = np.tile(np.linspace(-1, 1, 400, dtype=np.float32), (40, 1))
    row = (overlay.contours(image, values, 1.0) != image).any(axis=2)[20]
    near = np.abs(np.abs(values[20])[:, None] - np.array(overlay.LEVELS)).min(axis=1) < 0.03
    assert row.any() and not row[~near].any()
    for level in (*overlay.LEVELS, *(-each for each in overlay.LEVELS)):
        assert row[np.abs(values[20] - level) < 0.02].any()
    drawn = overlay.contours(image, values, 1.0)[20]
    blue = drawn[:200].astype(int)
    yellow = drawn[200:].astype(int)
    assert (blue[:, 2] - blue[:, 0]).max() > 100 and (yellow[:, 0] - yellow[:, 2]).max() > 100
    assert (overlay.contours(image, values * 0, 0.0) == image).all()
    assert (overlay.contours(image, np.full((40, 400), 0.9), 1.0) == image).all()


def test_over_grey_only_the_map_has_colour() -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    values = np.zeros((20, 30), np.float32)
    values[:, :10], values[:, 10:20] = 1, -1
    drawn = overlay.over_grey(image, values, 0.5, 1.0).astype(int)
    spread = drawn.max(axis=2) - drawn.min(axis=2)
    assert (spread[:, 20:] == 0).all() and (spread[:, :20] > 40).all()


@pytest.mark.parametrize("skin", [(210, 170, 140), (180, 135, 105), (120, 85, 65), (75, 55, 45)])
def test_on_grey_a_map_at_half_lies_apart_from_all_of_the_image(skin: tuple[int, ...]) -> None:
    """As `benchmarks.overlay_contrast` measures it on images: what it took the default from."""
    noise = np.random.default_rng(0).normal(0, 12, (24, 24, 3))
    image = np.clip(np.asarray(skin) + noise, 0, 255).astype(np.uint8)
    bare = rgb2lab(overlay.grey(image)).reshape(-1, 3)
    for sign in (1, -1):
        drawn = overlay.over_grey(image, np.full((24, 24), sign * 0.5), 0.5, 1.0)
        nearest = deltaE_ciede2000(rgb2lab(drawn).reshape(-1, 1, 3), bare[None]).min(axis=1)
        assert np.percentile(nearest, 5) >= 12


def test_an_empty_mask_has_no_outline() -> None:
    assert (overlay.outline(GREY, np.zeros((4, 6), bool), (255, 255, 255)) == GREY).all()


def test_the_colour_bar_goes_from_against_to_for() -> None:
    bar = overlay.colour_bar(101, 3)
    assert bar.shape == (3, 101, 3)
    assert tuple(bar[0, 0]) == overlay.AGAINST
    assert tuple(bar[0, 50]) == (255, 255, 255)
    assert tuple(bar[0, -1]) == overlay.FOR
    assert tuple(overlay.colour_bar(101, 3, signed=False)[0, 0]) == (255, 255, 255)


def test_blocks_keep_the_values_of_positions() -> None:
    values = np.array([[1, -2], [3, 4]], np.float32)
    made = overlay.blocks(values, (6, 8))
    assert (made[:3, :4] == 1).all() and (made[:3, 4:] == -2).all()
    assert (made[3:, :4] == 3).all() and (made[3:, 4:] == 4).all()
    fine = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    assert overlay.blocks(fine, (32, 32)).mean() == pytest.approx(fine.mean(), abs=1e-5)


def test_full_colour_is_reached_by_one_value_in_a_hundred() -> None:
    values = np.linspace(-1, 1, 1001, dtype=np.float32)
    assert overlay.full_colour(values) == pytest.approx(0.99, abs=0.01)
    assert overlay.full_colour(values, 3 * values) == pytest.approx(2.97, abs=0.03)
    assert overlay.full_colour(np.zeros((3, 3))) == 0


def test_the_smallest_scales_are_shown_as_any_other() -> None:
    image = np.full((2, 2, 3), 200, np.uint8)
    values = np.array([[0, 0.5], [1, -1]], np.float32)
    usual = overlay.blend(image, values, 0.5, 1.0)
    tiny = np.float32(1e-36)
    np.testing.assert_array_equal(overlay.blend(image, values * tiny, 0.5, float(tiny)), usual)
