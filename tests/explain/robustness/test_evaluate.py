import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from dermxai.core.errors import Cancelled, InputError
from dermxai.explain import memory
from dermxai.explain.robustness.evaluate import passes, perturbed, robustness, similarity
from tests.explain.constructed import SIZE, constructed, everywhere, upper_left

TURNS = "Flips and rotations"


@pytest.fixture
def picture() -> np.ndarray:
    """Brighter in the upper left."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    smooth = 190 - 1.2 * rows - 0.8 * columns
    noise = np.random.default_rng(0).integers(0, 9, (SIZE, SIZE, 3))
    return (smooth[..., None] + noise).clip(0, 255).astype(np.uint8)


def test_a_network_that_sees_no_position_is_not_turned_by_flips(picture):
    found = robustness(constructed(everywhere, threshold=0.4), picture)
    turns = found.table[found.table["group"] == TURNS]
    assert len(turns) == 7
    assert not turns["flipped"].any()
    np.testing.assert_allclose(turns["margin"], found.margin, atol=1e-4)
    np.testing.assert_allclose(turns["rank_correlation"], 1)
    np.testing.assert_allclose(turns["overlap"], 1)


def test_a_network_that_sees_one_corner_is(picture):
    found = robustness(constructed(upper_left, threshold=0.145), picture)
    assert found.prediction == "bright"
    turns = found.table[found.table["group"] == TURNS].set_index("name")
    assert turns["flipped"].sum() == 6, "all but the reflection that keeps the corner"
    assert (
        not turns.loc["mirrored, turned 90°", "flipped"]
        or not turns.loc["mirrored, turned 270°", "flipped"]
    )
    assert (turns["flipped"] == (turns["margin"] < 0)).all()
    assert found.groups.loc[TURNS, "flipped"] == 6


def test_colour_constancy_matters_to_a_network_that_reads_one_colour(picture):
    red = constructed(lambda images: images[:, :1], threshold=0.5)
    tinted = (picture * [1.0, 0.6, 0.4]).astype(np.uint8)
    found = robustness(red, tinted).table.set_index(["group", "name"])
    assert found.loc[("Colour constancy", "colour constancy: grey world"), "margin"] < -5
    assert ("Colour constancy", "colour constancy: none") not in found.index


def test_numbers_are_those_of_the_table(picture):
    found = robustness(constructed(upper_left, threshold=0.12), picture)
    assert found.flip_rate == found.table["flipped"].mean()
    assert found.spread == pytest.approx(np.std(found.table["margin"], ddof=1))
    assert found.weakest["margin"] == found.table["margin"].min()
    assert found.groups["count"].sum() == len(found.table)
    pictures = list(perturbed(constructed(upper_left, 0.12).info.preprocessing, picture))
    assert len(pictures) == len(found.table)


def test_the_same_twice_whatever_the_batch_and_another_seed_draws_anew(picture, monkeypatch):
    classifier = constructed(upper_left, threshold=0.12)
    first = robustness(classifier, picture).table
    monkeypatch.setattr(memory, "first_batch", lambda _: 5)
    again = robustness(classifier, picture).table
    np.testing.assert_allclose(first["margin"], again["margin"], atol=1e-5)
    np.testing.assert_allclose(first["overlap"], again["overlap"])
    other = robustness(classifier, picture, seed=1).table
    same = np.isclose(first["margin"], other["margin"], atol=1e-6)
    drawn = first["group"].isin(["Hair", "Ruler", "Ink", "Gel bubbles"]).to_numpy()
    assert same[~drawn].all() and not same[drawn].all()


def test_a_network_of_several_heads_and_another_class(tiny_checkpoint, photograph):
    from dermxai.explain import diagnose
    from dermxai.models import load_classifier

    classifier = load_classifier(tiny_checkpoint)
    found = robustness(classifier, photograph, "SD")
    scores = diagnose(classifier, photograph).scores
    codes = classifier.info.classes
    expected = scores[codes.index(found.prediction)] - scores[codes.index("SD")]
    assert found.margin == pytest.approx(float(expected), abs=1e-4)
    assert found.table["rank_correlation"].between(-1, 1).all()
    assert found.table["overlap"].between(0, 1).all()


def test_similarity_is_spearmans_and_the_share_of_the_top():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(10, 10)), rng.normal(size=(10, 10))
    correlation, overlap = similarity(one, other)
    assert correlation == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-6)
    top = [np.argsort(-each.ravel())[:10] for each in (one, other)]
    assert overlap == len(np.intersect1d(*top)) / 10
    assert similarity(one, one) == pytest.approx((1, 1))
    assert similarity(one, -one)[0] == pytest.approx(-1)
    assert np.isnan(similarity(one, np.zeros((10, 10)))).all()


def test_progress_and_cancelling(picture):
    classifier = constructed(everywhere, threshold=0.4)
    seen = []
    robustness(classifier, picture, progress=lambda *done: seen.append(done))
    assert seen[-1] == (passes(classifier.info.preprocessing),) * 2

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        robustness(classifier, picture, progress=stop)


def test_bad_wishes_are_sentences(picture):
    classifier = constructed(everywhere, threshold=0.4)
    with pytest.raises(InputError, match="set against itself"):
        robustness(classifier, picture, "bright")
    with pytest.raises(InputError, match="bright, dark"):
        robustness(classifier, picture, "mel")
    sick = constructed(lambda images: images.mean(1, keepdim=True) * torch.nan, threshold=0.4)
    with pytest.raises(InputError, match="not finite"):
        robustness(sick, picture)
