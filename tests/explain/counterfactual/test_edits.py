import numpy as np

from dermxai.explain.counterfactual.edits import aligned, inpainted, pasted

SIDE = 128
HOLE = np.zeros((SIDE, SIDE), bool)
HOLE[40:70, 50:90] = True


def ramp() -> np.ndarray:
    """Colours that change evenly from left to right."""
    row = np.linspace(60, 200, SIDE)
    return np.repeat(np.tile(row, (SIDE, 1))[..., None], 3, axis=2).astype(np.uint8)


def disc(centre: tuple[int, int], radius: int) -> np.ndarray:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return np.hypot(rows - centre[0], columns - centre[1]) < radius


def test_a_lesion_is_inpainted_as_skin_and_the_rest_stays():
    skin = ramp()
    lesion = skin.copy()
    lesion[HOLE] = 10
    filled = inpainted(lesion, HOLE)
    np.testing.assert_array_equal(filled[~HOLE], skin[~HOLE])
    assert np.abs(filled[HOLE].astype(int) - skin[HOLE]).mean() < 6
    assert filled[HOLE].min() > 60, "nothing of the lesion shines through"


def test_all_of_a_picture_and_nothing_of_it_can_be_inpainted():
    assert inpainted(ramp(), np.ones_like(HOLE)).shape == (SIDE, SIDE, 3)
    np.testing.assert_array_equal(inpainted(ramp(), np.zeros_like(HOLE)), ramp())


def test_a_patch_is_pasted_with_a_soft_edge():
    own, donor = np.full((SIDE, SIDE, 3), 200, np.uint8), np.full((SIDE, SIDE, 3), 100, np.uint8)
    made = pasted(own, donor, HOLE)[..., 0].astype(int)
    assert (made[50:60, 60:80] == 100).all() and (made[:30] == 200).all()
    assert np.abs(np.diff(made, axis=0)).max() < 40
    np.testing.assert_array_equal(pasted(own, donor, np.ones_like(HOLE)), donor)


def test_the_donors_lesion_is_laid_on_ours():
    ours, theirs = disc((50, 80), 24), disc((70, 40), 16)
    donor = np.full((SIDE, SIDE, 3), 220, np.uint8)
    donor[theirs] = 30
    laid = aligned(donor, theirs, ours)[..., 0] < 125
    assert (laid & ours).sum() / (laid | ours).sum() > 0.9
