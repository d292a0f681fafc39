"""Maps of our wrapper against Captum called directly, with its own random state seeded."""

from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from torch import Tensor, nn

from dermxai.explain import Target, explain
from dermxai.explain.attribution.api import methods, prepared
from dermxai.explain.attribution.baselines import CHOICES, baseline
from dermxai.explain.attribution.regions import regions_of
from dermxai.models import Classifier
from tests.explain.networks import random_classifier

RELATIVE = 1e-5  # of the largest value
TARGET = Target(3, 5)


class Summed(nn.Module):
    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.network = classifier.network

    def forward(self, images: Tensor) -> Tensor:
        return TARGET.of(self.network(images).logits)


@pytest.fixture(scope="module")
def with_heads() -> Classifier:
    return random_classifier("test_efficientnet", auxiliary=True)


@pytest.fixture(scope="module")
def of_relus() -> Classifier:
    classifier = random_classifier("resnet10t")
    for module in classifier.network.modules():  # Captum's hooks need it so
        if hasattr(module, "inplace"):
            module.inplace = False
    return classifier


def compare(
    classifier: Classifier,
    photograph: Any,
    name: str,
    settings: dict[str, Any],
    direct: Callable[[nn.Module, Tensor], Tensor],
) -> None:
    codes = classifier.info.classes
    pair = codes[TARGET.index], codes[TARGET.against]
    made = explain(classifier, photograph, name, *pair, settings=settings).native
    torch.manual_seed(settings.get("seed", 0))
    np.random.seed(settings.get("seed", 0))  # noqa: NPY002
    image = prepared(classifier, photograph).requires_grad_()
    expected = direct(Summed(classifier), image).detach()[0].numpy()
    np.testing.assert_allclose(made, expected, rtol=0, atol=RELATIVE * np.abs(expected).max())


def test_saliency(with_heads, photograph):
    def direct(model, image):
        return captum.attr.Saliency(model).attribute(image, abs=False).sum(1)

    compare(with_heads, photograph, "saliency", {}, direct)


def test_input_x_gradient(with_heads, photograph):
    def direct(model, image):
        return captum.attr.InputXGradient(model).attribute(image).sum(1)

    compare(with_heads, photograph, "input_x_gradient", {}, direct)


@pytest.mark.parametrize("name", CHOICES)
def test_integrated_gradients(with_heads, photograph, name):
    def direct(model, image):
        covered = baseline(with_heads, image.detach(), name)
        return captum.attr.IntegratedGradients(model).attribute(image, covered, n_steps=8).sum(1)

    compare(with_heads, photograph, "integrated_gradients", {"steps": 8, "baseline": name}, direct)


@pytest.mark.parametrize("samples", [8, 6, 7])
def test_smooth_grad(with_heads, photograph, samples):
    def direct(model, image):
        tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(model))
        return tunnel.attribute(image, nt_samples=samples, stdevs=0.2, abs=False).sum(1)

    settings = {"samples": samples, "noise": 0.2, "seed": 5}
    compare(with_heads, photograph, "smooth_grad", settings, direct)


def test_gradient_shap(with_heads, photograph):
    def direct(model, image):
        pictures = torch.cat([baseline(with_heads, image.detach(), name) for name in CHOICES])
        method = captum.attr.GradientShap(model)
        return method.attribute(image, pictures, n_samples=11, stdevs=0.1).sum(1)

    settings = {"samples": 11, "noise": 0.1, "seed": 3}
    compare(with_heads, photograph, "gradient_shap", settings, direct)


def test_occlusion(with_heads, photograph):
    def direct(model, image):
        method = captum.attr.Occlusion(model)
        black = baseline(with_heads, image.detach(), "black")
        return method.attribute(image, (3, 26, 26), (3, 13, 13), baselines=black)[:, 0]

    settings = {"window": 40, "overlap": 50, "baseline": "black"}
    compare(with_heads, photograph, "occlusion", settings, direct)


def regions_and_blur(classifier: Classifier, image: Tensor) -> dict[str, Tensor]:
    image = image.detach()
    return {
        "feature_mask": regions_of(image, classifier.info.preprocessing, 12),
        "baselines": baseline(classifier, image, "blurred"),
    }


def test_feature_ablation(with_heads, photograph):
    def direct(model, image):
        method = captum.attr.FeatureAblation(model)
        return method.attribute(image, **regions_and_blur(with_heads, image))[:, 0]

    compare(with_heads, photograph, "feature_ablation", {"superpixels": 12}, direct)


def test_kernel_shap(with_heads, photograph):
    def direct(model, image):
        method = captum.attr.KernelShap(model)
        return method.attribute(image, n_samples=40, **regions_and_blur(with_heads, image))[:, 0]

    settings = {"superpixels": 12, "samples": 40, "seed": 2}
    compare(with_heads, photograph, "kernel_shap", settings, direct)


def test_lime(with_heads, photograph):
    def direct(model, image):
        method = captum.attr.Lime(model, interpretable_model=SkLearnRidge(alpha=1.0))
        return method.attribute(image, n_samples=40, **regions_and_blur(with_heads, image))[:, 0]

    settings = {"superpixels": 12, "samples": 40, "seed": 2}
    compare(with_heads, photograph, "lime", settings, direct)


@pytest.mark.parametrize("name", ["guided_backprop", "deconvolution"])
def test_rules_for_relu_layers(of_relus, photograph, name):
    kind = {"guided_backprop": "GuidedBackprop", "deconvolution": "Deconvolution"}[name]

    def direct(model, image):
        return getattr(captum.attr, kind)(model).attribute(image).sum(1)

    compare(of_relus, photograph, name, {}, direct)


def test_deep_lift_and_its_completeness(of_relus, photograph):
    assert methods()["deep_lift"].unavailable(of_relus) is None

    def direct(model, image):
        return captum.attr.DeepLift(model).attribute(image, torch.zeros_like(image)).sum(1)

    compare(of_relus, photograph, "deep_lift", {}, direct)


def test_deep_lift_is_complete_but_for_max_pooling(photograph, monkeypatch):
    """With average pooling in its place nothing is missed; a gap that is too wide is a reason."""
    method = methods()["deep_lift"]
    monkeypatch.setattr("dermxai.explain.attribution.methods.deep_lift.TOLERANCE", 1e-4)
    classifier = random_classifier("resnet10t")
    assert "misses" in method.unavailable(classifier)
    smooth = random_classifier("resnet10t")
    smooth.network.backbone.maxpool = nn.AvgPool2d(3, 2, 1)
    assert method.unavailable(smooth) is None
    made = explain(smooth, photograph, "deep_lift", "EAD", "SD")
    image = prepared(smooth, photograph)
    value = Target(*(smooth.info.classes.index(code) for code in ("EAD", "SD")))
    top, bottom = value.of(smooth.infer(torch.cat([image, torch.zeros_like(image)])).logits)
    assert made.native.sum() == pytest.approx(float(top - bottom), rel=1e-3)


@pytest.mark.parametrize("index", [0, 2, 4])
def test_grad_cam_of_each_stage(with_heads, photograph, index):
    """Of the summed logits, so that gradients of later heads pass through the stage."""
    blocks = [*with_heads.network.backbone.blocks, with_heads.network.backbone.bn2]

    def direct(model, image):
        return captum.attr.LayerGradCam(model, blocks[index]).attribute(image)[:, 0]

    compare(with_heads, photograph, "stage_grad_cam", {"stages_back": 5 - index}, direct)
