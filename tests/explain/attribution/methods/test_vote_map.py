from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.explain import diagnose, explain
from dermxai.explain.attribution.methods.vote_map import added_up, spreading
from dermxai.models import load_classifier


def test_adds_up_to_the_decision_but_for_the_biases(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    diagnosis = diagnose(classifier, photograph)
    made = explain(classifier, photograph, "vote_map", "EAD", "SD")
    decomposition = diagnosis.decomposition("EAD", "SD")
    expected = decomposition.margin - decomposition.biases.sum()
    assert made.native.sum() == pytest.approx(expected, abs=1e-4 * decomposition.logit_range)


def test_of_one_head_it_is_that_heads_grad_cam(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    one = explain(classifier, photograph, "vote_map", "EAD", head="block 2")
    other = explain(classifier, photograph, "grad_cam", "EAD", head="block 2")
    np.testing.assert_allclose(one.native, other.native, atol=1e-6)


def test_density_does_not_depend_on_the_resolution(tiny_checkpoint: Path, photograph):
    """The mean density of a complete map is its sum over 100 % of the image."""
    classifier = load_classifier(tiny_checkpoint)
    for name in ("vote_map", "grad_cam", "integrated_gradients"):
        made = explain(classifier, photograph, name, "EAD", "SD")
        native_density = made.native * made.native.size / 100
        assert 100 * native_density.mean() == pytest.approx(made.native.sum(), rel=1e-4)
        assert made.density_unit == "logit per % of the image"


@given(st.integers(1, 40), st.integers(0, 60))
def test_spreading_loses_nothing_and_keeps_what_is_even(coarse: int, more: int):
    fine = coarse + more
    weights = spreading(coarse, fine)
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(coarse, coarse)).astype(np.float32)
    grid = added_up([values, np.zeros((fine, fine), np.float32)])
    assert grid.shape == (fine, fine)
    assert grid.sum() == pytest.approx(values.sum(), abs=1e-3)
