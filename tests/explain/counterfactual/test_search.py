"""Networks that read the brightness of one corner: the set that flips them must lie there."""

import numpy as np
import pytest

from dermxai.core.errors import Cancelled, InputError
from dermxai.explain import memory
from dermxai.explain.counterfactual.search import (
    CounterfactualSettings,
    Donor,
    RandomSets,
    find_counterfactual,
    passes,
)
from tests.explain.constructed import SIZE, constructed, upper_left

QUICK = CounterfactualSettings(pieces=16, draws=10)


@pytest.fixture
def picture() -> np.ndarray:
    """Grey skin with a bright spot in the upper left, and another, which the network does not see,
    in the lower right."""
    made = np.full((SIZE, SIZE, 3), 90, np.uint8)
    made[8:24, 8:24] = 250
    made[40:56, 40:56] = 250
    made += np.random.default_rng(0).integers(0, 4, made.shape, dtype=np.uint8)
    return made


@pytest.fixture
def classifier():
    return constructed(upper_left, threshold=0.11)


def test_the_set_is_what_the_network_looks_at(classifier, picture):
    found = find_counterfactual(classifier, picture, "dark", settings=QUICK)
    assert found.prediction == "bright" and found.flipped and found.lead < 0
    spot = (picture[..., 0] > 200) & (np.add.outer(np.arange(SIZE), np.arange(SIZE)) < SIZE)
    assert (found.mask & spot).sum() > 0.5 * spot.sum()
    assert not found.mask[SIZE // 2 :, SIZE // 2 :].any()
    assert found.area == pytest.approx(100 * found.mask.mean())
    np.testing.assert_array_equal(found.edited[~found.mask], found.picture[~found.mask])


def test_the_edited_picture_is_read_as_the_other_class(classifier, picture):
    from dermxai.explain import diagnose

    found = find_counterfactual(classifier, picture, "dark", settings=QUICK)
    scores = diagnose(classifier, found.edited).scores
    assert scores[1] > scores[0]
    assert scores[0] - scores[1] == pytest.approx(found.lead, abs=1e-5)


def test_no_piece_can_be_left_out(classifier, picture):
    from dermxai.explain import diagnose
    from dermxai.explain.counterfactual.edits import inpainted

    found = find_counterfactual(
        classifier, picture, "dark", settings=CounterfactualSettings(pieces=60, draws=5)
    )
    for piece in found.chosen:
        fewer = np.isin(found.pieces, [k for k in found.chosen if k != piece])
        assert diagnose(classifier, inpainted(found.picture, fewer)).ranking[0] == "bright"


def test_random_sets_have_the_area_and_flip_less_often(classifier, picture):
    found = find_counterfactual(
        classifier, picture, "dark", settings=CounterfactualSettings(pieces=16, draws=40)
    )
    share, low, high = found.random.flip_rate
    assert low <= share <= high < 0.6
    assert found.random.areas[-1] == pytest.approx(found.area)
    assert (found.random.band[0] <= found.random.band[2]).all()
    assert found.random.band[1, -1] > found.lead


def test_patches_of_an_image_of_the_other_class(classifier, picture):
    donor = Donor("other", np.full((30, 40, 3), 60, np.uint8))
    found = find_counterfactual(classifier, picture, "dark", donor=donor, settings=QUICK)
    assert found.flipped and found.donor == "other"
    inside = found.edited[found.mask].astype(int)
    assert np.abs(inside - 60).mean() < np.abs(inside - picture[found.mask]).mean()
    assert "same position" in found.notes[0]


def test_patches_are_laid_lesion_on_lesion_where_both_have_masks(classifier, picture):
    donor_mask = np.zeros((30, 40), bool)
    donor_mask[5:10, 25:30] = True
    mask = picture[..., 0] > 200
    donor = Donor("other", np.full((30, 40, 3), 60, np.uint8), donor_mask)
    found = find_counterfactual(classifier, picture, "dark", donor=donor, mask=mask, settings=QUICK)
    assert "laid on" in found.notes[0]
    empty = Donor("other", donor.image, np.zeros((30, 40), bool))
    found = find_counterfactual(classifier, picture, "dark", donor=empty, mask=mask, settings=QUICK)
    assert "same position" in found.notes[0]


def test_says_where_nothing_flips_it(picture):
    stubborn = constructed(lambda images: images.mean(1, keepdim=True) * 0 + 0.5, threshold=0.1)
    found = find_counterfactual(stubborn, picture, "dark", settings=QUICK)
    assert not found.flipped and found.lead == pytest.approx(found.leads[0]) and found.lead > 0
    assert found.areas[-1] <= QUICK.most
    assert found.random.flipped == 0


def test_area_stays_below_the_limit(picture):
    classifier = constructed(lambda images: images.mean(1, keepdim=True), threshold=0.0)
    found = find_counterfactual(
        classifier, picture, "dark", settings=CounterfactualSettings(pieces=16, most=20, draws=5)
    )
    assert not found.flipped and 0 < found.areas[-1] <= 20


def test_the_same_twice_and_whatever_the_batch(classifier, picture, monkeypatch):
    first = find_counterfactual(classifier, picture, "dark", settings=QUICK)
    monkeypatch.setattr(memory, "first_batch", lambda _: 3)
    again = find_counterfactual(classifier, picture, "dark", settings=QUICK)
    assert first.chosen == again.chosen
    np.testing.assert_allclose(first.random.leads, again.random.leads, atol=1e-5)
    other = find_counterfactual(
        classifier, picture, "dark", settings=CounterfactualSettings(pieces=16, draws=10, seed=1)
    )
    assert other.chosen == first.chosen
    assert not np.allclose(other.random.leads, first.random.leads)


def test_progress_counts_up_and_can_cancel(classifier, picture):
    seen: list[tuple[int, int]] = []
    find_counterfactual(
        classifier, picture, "dark", settings=QUICK, progress=lambda *done: seen.append(done)
    )
    assert all(done <= total for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1] <= passes(QUICK)

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        find_counterfactual(classifier, picture, "dark", settings=QUICK, progress=stop)


def test_bad_wishes_are_sentences(classifier, picture):
    with pytest.raises(InputError, match="predicted as bright already"):
        find_counterfactual(classifier, picture, "bright")
    with pytest.raises(InputError, match="bright, dark"):
        find_counterfactual(classifier, picture, "mel")
    with pytest.raises(InputError, match="at least 8"):
        find_counterfactual(classifier, picture[:4], "dark")


def test_a_network_of_eight_heads(tiny_checkpoint, photograph):
    """Random weights: whatever is found keeps its promises."""
    from dermxai.explain import diagnose
    from dermxai.models import load_classifier

    classifier = load_classifier(tiny_checkpoint)
    ranking = diagnose(classifier, photograph).ranking
    found = find_counterfactual(classifier, photograph, ranking[1], settings=QUICK)
    assert found.flipped == (diagnose(classifier, found.edited).ranking[0] == ranking[1])


def test_interval_of_the_flip_rate_is_wilsons():
    """Against the formula of Wilson 1927 for 2 of 20."""
    sets = RandomSets(np.array([10.0]), np.r_[-np.ones(2), np.ones(18)][:, None])
    share, low, high = sets.flip_rate
    assert (share, low, high) == pytest.approx((0.1, 0.0278665, 0.3010336), abs=1e-6)


def test_the_edit_is_laid_on_a_sharper_rendition(classifier, picture):
    found = find_counterfactual(classifier, picture, "dark", settings=QUICK)
    sharp = picture.repeat(3, 0).repeat(3, 1)
    laid = found.laid_on(sharp)
    far = np.ones(sharp.shape[:2], bool)
    far[: 3 * SIZE // 2 + 30, : 3 * SIZE // 2 + 30] = False
    np.testing.assert_array_equal(laid[far], sharp[far])
    assert laid[30:60, 30:60].mean() < sharp[30:60, 30:60].mean()


def test_random_sets_are_not_larger_than_the_found_one():
    from dermxai.explain.counterfactual.search import _random_sets

    class Counted:
        def expect(self, more: int) -> None: ...

    areas = np.random.default_rng(0).dirichlet(np.full(40, 8.0)) * 100
    at = np.array([2.5, 5.0, 20.0])
    random = _random_sets(
        lambda sets: np.array([areas[list(some)].sum() for some in sets]),
        Counted(),
        areas,
        at,
        CounterfactualSettings(draws=200),
    )
    assert np.abs(random.leads.mean(axis=0) - at).max() < 0.4
