import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dermxai.core.errors import InputError
from dermxai.explain.decomposition import decomposition
from dermxai.metrics.set_decomposition import set_decomposition, set_difference

HEADS = ("block 1", "block 2", "final")
CLASSES = ("EAD", "SD", "Pso", "LP")


def logits(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3, 4)).astype(np.float32)


def averaged(values, target="SD", against="EAD", units=None, **options):
    units = np.arange(len(values)) if units is None else units
    return set_decomposition(values, HEADS, CLASSES, target, against, units=units, **options)


def test_of_one_image_it_is_the_ledger_of_that_image():
    values = logits(1)
    one = decomposition(
        logits=values[0],
        cams=(),
        biases=np.zeros((3, 4), np.float32),
        heads=HEADS,
        classes=CLASSES,
        target="SD",
        against="EAD",
    )
    many = averaged(values)
    np.testing.assert_array_equal(many.votes, one.votes)
    assert many.margin == pytest.approx(one.margin, abs=1e-12)
    assert [h for h, flips in zip(HEADS, many.flips, strict=True) if flips] == list(one.decisive)
    assert np.isnan([many.margin_low, *many.low, *many.flip_low]).all()  # one patient: no interval


@given(n=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_mean_votes_add_up_to_the_mean_margin(n, seed):
    values = logits(n, seed)
    scores = values.sum(axis=1, dtype=np.float64)
    made = averaged(values)
    assert made.votes.sum() == pytest.approx(made.margin, abs=1e-12)
    assert made.margin == pytest.approx((scores[:, 1] - scores[:, 0]).mean(), abs=1e-12)


def test_exchanging_the_classes_turns_the_signs():
    values, units = logits(30), np.arange(30) // 2
    one, other = averaged(values, "SD", "EAD", units), averaged(values, "EAD", "SD", units)
    np.testing.assert_allclose(one.votes, -other.votes, atol=1e-15)
    np.testing.assert_allclose(one.low, -other.high, atol=1e-12)
    np.testing.assert_array_equal(one.flips, other.flips)


def test_without_its_only_head_a_network_decides_nothing():
    values = logits(20)[:, -1:]
    made = set_decomposition(values, HEADS[-1:], CLASSES, "SD", "EAD", units=np.arange(20))
    assert made.flips.size == made.turned.size == made.flip_low.size == made.flip_high.size == 0
    assert made.votes == pytest.approx([made.margin])


def test_flips_are_the_decisions_that_change_without_a_head():
    values = logits(50)
    read = values.sum(axis=1).argmax(axis=1)
    made = averaged(values)
    for head in range(3):
        without = np.delete(values, head, axis=1).sum(axis=1).argmax(axis=1)
        assert made.flips[head] == (without != read).sum()
        assert made.turned[head] == ((without != read) & (without == 0)).sum()
    share = made.flips / 50
    assert (made.flip_low <= share).all() and (share <= made.flip_high).all()


def test_intervals_of_independent_images_are_those_of_scipy():
    values = logits(60)
    votes = (values[..., 1] - values[..., 0]).astype(np.float64)
    made = averaged(values)
    peer = stats.bootstrap(
        (votes,), np.mean, axis=0, n_resamples=4000, method="percentile", random_state=1
    ).confidence_interval
    width = (peer.high - peer.low).max()
    np.testing.assert_allclose(made.low, peer.low, atol=0.06 * width)
    np.testing.assert_allclose(made.high, peer.high, atol=0.06 * width)


def test_images_of_one_patient_count_as_one():
    values = np.repeat(logits(12), 20, axis=0)
    together = averaged(values, units=np.repeat(np.arange(12), 20))
    apart = averaged(values)
    assert (together.units, apart.units) == (12, 240)
    assert ((together.high - together.low) > 3 * (apart.high - apart.low)).all()
    single = averaged(logits(12))
    np.testing.assert_allclose(together.low, single.low, atol=1e-12)  # the same draw of patients


def test_a_difference_is_that_of_the_options_and_its_interval_covers_it():
    values, chosen, units = logits(80), np.arange(80) < 30, np.arange(80) // 4
    values[chosen, 1, 1] += 2  # block 2 speaks for SD in the chosen
    made = set_difference(values, HEADS, CLASSES, "SD", "EAD", chosen=chosen, units=units)
    one, other = averaged(values[chosen]), averaged(values[~chosen])
    np.testing.assert_allclose(made.votes, one.votes - other.votes, atol=1e-12)
    assert made.margin == pytest.approx(one.margin - other.margin)
    assert made.driver == "block 2"
    assert (made.low < made.votes).all() and (made.votes < made.high).all()
    assert made.images == (30, 50) and made.units == (8, 13)  # one patient has images in both


def test_sets_that_share_their_patients_are_drawn_together():
    """Each patient adds the same to both of its images: the difference does not vary with it."""
    patient = np.random.default_rng(0).normal(0, 10, (20, 1, 1))
    pairs = np.concatenate([logits(20) * 0.01 + patient * [0, 1, 0, 0]] * 2)
    chosen, units = np.arange(40) < 20, np.tile(np.arange(20), 2)
    made = set_difference(pairs, HEADS, CLASSES, "SD", "EAD", chosen=chosen, units=units)
    np.testing.assert_allclose(made.votes, 0, atol=1e-9)
    assert np.isnan([made.low, made.high]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": "mel"}, "no class 'mel'; it has EAD, SD"),
        ({"against": "SD"}, "SD came twice"),
        ({"values": logits(0)}, "has no image"),
        ({"values": logits(3)[:, :2]}, "for 3 heads and 4 classes"),
    ],
)
def test_bad_input_is_a_sentence(change, words):
    given_ = {"values": logits(3), "target": "SD", "against": "EAD"} | change
    with pytest.raises(InputError, match=words):
        averaged(given_["values"], given_["target"], given_["against"])


def test_a_comparison_needs_two_sets():
    with pytest.raises(InputError, match="3 and 0 images"):
        options = {"chosen": [True] * 3, "units": range(3)}
        set_difference(logits(3), HEADS, CLASSES, "SD", "EAD", **options)
