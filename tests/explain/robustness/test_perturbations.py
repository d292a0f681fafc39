import numpy as np
import pytest

from dermxai.data.atlas.artefacts import ARTEFACTS
from dermxai.data.transforms import COLOUR_CONSTANCY, Preprocessing
from dermxai.explain.robustness.perturbations import PERTURBATIONS, Perturbation, applicable

SIDE = 96


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.linspace(0, 90, SIDE), np.linspace(0, 60, SIDE))[..., None]
    noise = rng.integers(0, 9, (SIDE, SIDE, 3))
    return (smooth + np.array([90, 70, 60]) + noise).astype(np.uint8)


each = pytest.mark.parametrize("change", PERTURBATIONS, ids=lambda p: f"{p.group} {p.name}")


@each
def test_is_the_same_for_the_same_seed_and_keeps_size_and_input(change: Perturbation, picture):
    before = picture.copy()
    made = change.of(picture, 0)
    assert made.shape == picture.shape and made.dtype == np.uint8
    np.testing.assert_array_equal(made, change.of(picture, 0))
    np.testing.assert_array_equal(picture, before)
    assert change.colour_constancy or not np.array_equal(made, picture)


@each
def test_undo_brings_the_geometry_back(change: Perturbation, picture):
    if change.group == "Flips and rotations":
        np.testing.assert_array_equal(change.undo(change.of(picture, 0)), picture)
    else:
        np.testing.assert_array_equal(change.undo(picture), picture)


def test_the_eight_positions_are_all_different(picture):
    turns = [p for p in PERTURBATIONS if p.group == "Flips and rotations"]
    pictures = [picture, *(turn.of(picture, 0) for turn in turns)]
    assert len({made.tobytes() for made in pictures}) == 8
    for one in turns:  # a group: two after each other are one of the eight
        for other in turns:
            both = other.of(one.of(picture, 0), 0)
            assert any(np.array_equal(both, made) for made in pictures)


def test_what_is_drawn_differs_between_repeats_and_seeds(picture):
    drawn = [p for p in PERTURBATIONS if p.group in ("Hair", "Ruler", "Ink", "Gel bubbles")]
    assert len(drawn) == 3 * len(ARTEFACTS)
    assert len({p.of(picture, seed).tobytes() for p in drawn for seed in (0, 1)}) == 2 * len(drawn)


def test_names_are_unique():
    assert len({(p.group, p.name) for p in PERTURBATIONS}) == len(PERTURBATIONS)


@pytest.mark.parametrize("own", COLOUR_CONSTANCY)
def test_every_other_colour_constancy_is_tried(own: str):
    way = Preprocessing(colour_constancy=own)
    tried = [p.corrected(way) for p in applicable(way) if p.group == "Colour constancy"]
    assert sorted([own, *tried]) == sorted(COLOUR_CONSTANCY)
    others = {p.corrected(way) for p in applicable(way) if p.group != "Colour constancy"}
    assert others == {own}
