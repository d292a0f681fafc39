"""Class activation maps of chosen stages: where they coincide, and what they add."""

import numpy as np
import pytest
import torch

from dermxai.explain import explain
from dermxai.explain.attribution import pass_cache
from dermxai.explain.attribution.api import methods, prepared
from dermxai.explain.attribution.stages import StageSettings
from dermxai.models import Classifier
from tests.explain.networks import random_classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return random_classifier("test_efficientnet", auxiliary=True)


@pytest.mark.parametrize("name", ["hires_cam", "stage_grad_cam"])
@pytest.mark.parametrize("head", ["block 1", "block 3", "final"])
def test_on_a_heads_own_map_they_are_its_grad_cam(classifier, photograph, name, head):
    expected = explain(classifier, photograph, "grad_cam", "EAD", "SD", head=head).native
    own = {"stages_back": 0}
    made = explain(classifier, photograph, name, "EAD", "SD", head=head, settings=own).native
    np.testing.assert_allclose(made, expected, atol=1e-5 * np.abs(expected).max())


def test_hires_cam_is_gradient_times_activation(classifier, photograph):
    """By autograd on the forward pass itself, at the third stage, of the summed logits."""
    output = classifier(prepared(classifier, photograph).requires_grad_(), maps=True)
    value = output.logits.sum(1)[0, classifier.info.classes.index("EAD")]
    (gradient,) = torch.autograd.grad(value, output.maps[2])
    expected = (gradient * output.maps[2]).sum(1)[0].detach().numpy()
    made = explain(classifier, photograph, "hires_cam", "EAD", settings={"stages_back": 3})
    np.testing.assert_allclose(made.native, expected, atol=1e-5 * np.abs(expected).max())
    assert made.notes[-2].startswith("At block 3")


STAGED = [name for name, each in methods().items() if each.settings is StageSettings]


@pytest.mark.parametrize("name", STAGED)
@pytest.mark.parametrize("back", [0, 1, 3])
def test_it_is_said_whose_votes_the_map_holds(photograph, name, back):
    """Heads before the stage may say what they like; one more silent head is seen."""
    classifier = random_classifier("test_efficientnet", auxiliary=True)
    heads = classifier.network.heads
    held, before = 1 + back, len(heads) - 1 - back
    settings = {"stages_back": back}

    def ask():
        pass_cache.clear()  # the network is changed below
        return explain(classifier, photograph, name, "EAD", "SD", settings=settings)

    made = ask()
    assert any(
        f"Holds {'one vote' if held == 1 else f'{held} votes'} of 6" in n for n in made.notes
    )
    for head in heads[:before]:
        head.weight.zero_()
    np.testing.assert_array_equal(ask().native, made.native)
    heads[before].weight.zero_()
    assert np.abs(ask().native - made.native).max() > 1e-3 * np.abs(made.native).max()


def test_layer_cam_is_the_part_of_hires_cam_with_positive_gradients(classifier, photograph):
    output = classifier(prepared(classifier, photograph).requires_grad_(), maps=True)
    value = output.logits.sum(1)[0, classifier.info.classes.index("EAD")]
    (gradient,) = torch.autograd.grad(value, output.maps[3])
    expected = (gradient.clamp(min=0) * output.maps[3]).sum(1)[0].detach().numpy()
    made = explain(classifier, photograph, "layer_cam", "EAD", settings={"stages_back": 2})
    np.testing.assert_allclose(made.native, expected, atol=1e-5 * np.abs(expected).max())


def test_a_stage_before_the_first_is_the_first_and_says_so(classifier, photograph):
    far, first = (
        explain(
            classifier, photograph, "hires_cam", "MN", head="block 3", settings={"stages_back": n}
        )
        for n in (7, 2)
    )
    np.testing.assert_array_equal(far.native, first.native)
    assert far.notes[-1] == "Only 2 stages lie before the head's own; this is the first."


@pytest.mark.parametrize("architecture", ["resnet10t", "test_resnet", "test_efficientnet"])
def test_single_head_networks_have_stages_too(architecture, photograph):
    classifier = random_classifier(architecture, size=64)
    expected = explain(classifier, photograph, "grad_cam", "EAD", "SD").native
    made = explain(
        classifier, photograph, "hires_cam", "EAD", "SD", settings={"stages_back": 0}
    ).native
    np.testing.assert_allclose(made, expected, atol=1e-5 * np.abs(expected).max())
    earlier = explain(
        classifier, photograph, "hires_cam", "EAD", "SD", settings={"stages_back": 3}
    ).native
    assert earlier.size > made.size


def test_hires_cam_is_not_what_rounding_leaves_before_a_layer_normalisation():
    """Of a stage that a layer normalisation follows, gradient times activation is 0 everywhere: the
    stage before is taken, which is said and costs a second pass."""
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    transformer = random_classifier("test_vit")
    own = explain(transformer, image, "hires_cam", "MN")
    before = explain(transformer, image, "hires_cam", "MN", settings={"stages_back": 2})
    assert any("layer normalisation follows" in note for note in own.notes)
    assert not any("layer normalisation follows" in note for note in before.notes)
    assert np.ptp(own.map) > 0
    np.testing.assert_allclose(own.map, before.map, rtol=1e-4, atol=1e-12)
    assert (
        np.abs(own.map).max()
        > 1e-3 * np.abs(explain(transformer, image, "layer_cam", "MN").map).max()
    )


def test_hires_cam_is_empty_and_says_so_where_every_stage_is_normalised():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    made = explain(random_classifier("convnext_atto"), image, "hires_cam", "MN")
    assert not made.map.any() and any("the map is empty" in note for note in made.notes)
