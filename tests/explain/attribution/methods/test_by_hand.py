"""Every map against its definition written out, without the library that computes it."""

import copy
from collections.abc import Callable, Iterator
from itertools import product
from math import factorial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dermxai.explain import Target, explain
from dermxai.explain.attribution.api import methods, prepared
from dermxai.explain.attribution.baselines import CHOICES, baseline
from dermxai.explain.attribution.regions import regions_of
from dermxai.models import Classifier
from tests.explain.networks import random_classifier
from tests.verification import verified

TARGET = Target(3, 5)
RELATIVE = 2e-5  # of the largest value: sums of float32 in another order


@pytest.fixture(scope="module")
def with_heads() -> Classifier:
    return random_classifier("test_efficientnet", auxiliary=True)


@pytest.fixture(scope="module")
def of_relus() -> Classifier:
    return random_classifier("resnet10t")


def made(classifier: Classifier, photograph: Any, name: str, **settings: Any) -> np.ndarray:
    codes = classifier.info.classes
    pair = codes[TARGET.index], codes[TARGET.against]
    return explain(classifier, photograph, name, *pair, settings=settings).native


def values(classifier: Classifier, images: Tensor) -> np.ndarray:
    """The target's value (n,), one image at a time."""
    return np.array([float(TARGET.of(classifier.infer(image[None]).logits)) for image in images])


def gradients(network: nn.Module, images: Tensor) -> Tensor:
    """Of the target's value, by autograd (n, 3, h, w)."""
    images = images.clone().requires_grad_()
    return torch.autograd.grad(TARGET.of(network(images).logits).sum(), images)[0]


def added(values: Tensor) -> np.ndarray:
    """(h, w) of one image's colours."""
    return values.detach().double().sum(0).numpy()


def is_the_same(name: str, found: np.ndarray, expected: Any, tolerance: float = RELATIVE) -> None:
    title = f"Map: {methods()[name].title}"
    authority = "the definition, written out"
    verified(title, authority, found, expected, tolerance=tolerance, relative=True)


def test_saliency_and_input_x_gradient(with_heads, photograph):
    image = prepared(with_heads, photograph)
    (gradient,) = gradients(with_heads.network, image)
    is_the_same("saliency", made(with_heads, photograph, "saliency"), added(gradient))
    found = made(with_heads, photograph, "input_x_gradient")
    is_the_same("input_x_gradient", found, added(gradient * image[0]))


@pytest.mark.parametrize("name", CHOICES)
def test_integrated_gradients(with_heads, photograph, name):
    """The path's integral by Gauss and Legendre's rule."""
    image = prepared(with_heads, photograph)
    change = image - baseline(with_heads, image, name)
    points, weights = np.polynomial.legendre.leggauss(8)
    expected = sum(
        weight / 2 * gradients(with_heads.network, image - (1 - (1 + point) / 2) * change)[0]
        for point, weight in zip(points, weights, strict=True)
    )
    found = made(with_heads, photograph, "integrated_gradients", steps=8, baseline=name)
    is_the_same("integrated_gradients", found, added(expected * change[0]))


def noisy(image: Tensor, deviation: float, count: int, seed: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        yield image + deviation * torch.randn(image.shape, generator=generator)


def test_smooth_grad(with_heads, photograph):
    image = prepared(with_heads, photograph)
    drawn = [gradients(with_heads.network, each)[0] for each in noisy(image, 0.2, 7, seed=5)]
    found = made(with_heads, photograph, "smooth_grad", samples=7, noise=0.2, seed=5)
    is_the_same("smooth_grad", found, added(torch.stack(drawn).mean(0)))


def test_gradient_shap(with_heads, photograph):
    image = prepared(with_heads, photograph)
    pictures = [baseline(with_heads, image, name) for name in CHOICES]
    draws = np.random.RandomState(3)
    chosen, shares = draws.choice(len(pictures), 11), draws.uniform(0, 1, 11)
    total = torch.zeros_like(image)
    for each, index, share in zip(noisy(image, 0.1, 11, seed=3), chosen, shares, strict=True):
        point = pictures[index] + float(share) * (each - pictures[index])
        total += (each - pictures[index]) * gradients(with_heads.network, point)
    found = made(with_heads, photograph, "gradient_shap", samples=11, noise=0.1, seed=3)
    is_the_same("gradient_shap", found, added(total[0] / 11))


def test_occlusion(with_heads, photograph):
    """A pixel's value is the mean loss over the squares that cover it."""
    image = prepared(with_heads, photograph)
    black = baseline(with_heads, image, "black")
    (intact,) = values(with_heads, image)
    lost, covering = np.zeros((64, 64)), np.zeros((64, 64))
    for top, left in product(range(0, 64 - 26 + 13, 13), repeat=2):
        covered = image.clone()
        at = (slice(None), slice(None), slice(top, top + 26), slice(left, left + 26))
        covered[at] = black[at]
        lost[at[2:]] += intact - values(with_heads, covered)
        covering[at[2:]] += 1
    found = made(with_heads, photograph, "occlusion", window=40, overlap=50, baseline="black")
    is_the_same("occlusion", found, lost / covering, 1e-4)


def superpixels(classifier: Classifier, image: Tensor) -> tuple[Tensor, int, Tensor]:
    regions = regions_of(image, classifier.info.preprocessing, 9)[0, 0]
    return regions, int(regions.max()) + 1, baseline(classifier, image, "blurred")


def left_with(image: Tensor, blurred: Tensor, regions: Tensor, kept: Any) -> Tensor:
    """The image (3, h, w) with the regions that are kept, the others blurred."""
    return torch.where(torch.as_tensor(np.asarray(kept, bool))[regions], image[0], blurred[0])


def test_feature_ablation(with_heads, photograph):
    image = prepared(with_heads, photograph)
    regions, count, blurred = superpixels(with_heads, image)
    (intact,) = values(with_heads, image)
    without = [left_with(image, blurred, regions, np.arange(count) != k) for k in range(count)]
    expected = intact - values(with_heads, torch.stack(without))
    found = made(with_heads, photograph, "feature_ablation", superpixels=9)
    is_the_same("feature_ablation", found, expected[regions.numpy()], 1e-4)


def test_kernel_shap_is_the_shapley_value_but_for_its_draws(with_heads, photograph):
    """The mean gain over all orders, from all subsets of the regions."""
    image = prepared(with_heads, photograph)
    regions, count, blurred = superpixels(with_heads, image)
    subsets = np.array(list(product((False, True), repeat=count)))
    game = values(
        with_heads, torch.stack([left_with(image, blurred, regions, kept) for kept in subsets])
    )
    powers = 2 ** np.arange(count)[::-1]
    sizes = subsets.sum(axis=1)
    expected = np.zeros(count)
    for k in range(count):
        out = np.flatnonzero(~subsets[:, k])
        share = [factorial(s) * factorial(count - s - 1) / factorial(count) for s in sizes[out]]
        expected[k] = np.array(share) @ (game[out + powers[k]] - game[out])
    found = made(with_heads, photograph, "kernel_shap", superpixels=9, samples=800)
    title = f"Map: {methods()['kernel_shap'].title}"
    verified(
        title,
        "Shapley values over all subsets of regions; the difference is chance, of 800 draws",
        found,
        expected[regions.numpy()],
        tolerance=0.02,
        relative=True,
    )


def test_lime(with_heads, photograph):
    """Weighted ridge regression by its normal equations; weights by the cosine distance."""
    image = prepared(with_heads, photograph)
    regions, count, blurred = superpixels(with_heads, image)
    generator = torch.Generator().manual_seed(2)
    half = torch.full((1, count), 0.5)
    kept = np.vstack([torch.bernoulli(half, generator=generator).numpy() for _ in range(60)])
    pictures = torch.stack([left_with(image, blurred, regions, each) for each in kept])
    flat, whole = pictures.flatten(1).double().numpy(), image.flatten().double().numpy()
    cosine = flat @ whole / np.linalg.norm(flat, axis=1) / np.linalg.norm(whole)
    weights = np.diag(np.exp(-((1 - cosine) ** 2) / 2))
    design = np.column_stack([np.ones(60), kept])
    penalty = np.diag([0.0, *np.ones(count)])
    solved = np.linalg.solve(
        design.T @ weights @ design + penalty, design.T @ weights @ values(with_heads, pictures)
    )
    found = made(with_heads, photograph, "lime", superpixels=9, samples=60, seed=2)
    is_the_same("lime", found, solved[1:][regions.numpy()], 1e-4)


def bilinear(places: int, cells: int) -> np.ndarray:
    """Weights (places, cells) of the cells at places between their centres."""
    at = ((np.arange(places) + 0.5) * cells / places - 0.5).clip(0, cells - 1)
    return (1 - abs(at[:, None] - np.arange(cells))).clip(0, None)


def test_rise(with_heads, photograph):
    """The sum of the target's value, less its mean, times the mask, over the masks that may be
    expected to leave a pixel."""
    image = prepared(with_heads, photograph)
    white = baseline(with_heads, image, "white")
    generator = torch.Generator().manual_seed(4)
    masks = []
    for _ in range(40):
        grid = torch.rand(1, 1, 5, 5, generator=generator)[0, 0].numpy() < 0.3
        down, right = torch.randint(13, (2,), generator=generator)  # 64 pixels: cells of 13
        weights = bilinear(6 * 13, 5)
        masks.append(weights[down : down + 64] @ grid @ weights[right : right + 64].T)
    seen = torch.from_numpy(np.stack(masks)).float()[:, None]
    found = values(with_heads, seen * image + (1 - seen) * white)
    expected = np.tensordot(found - found.mean(), np.stack(masks), 1) / (40 * 0.3)
    rise = made(
        with_heads, photograph, "rise", masks=40, cells=5, kept=30, baseline="white", seed=4
    )
    is_the_same("rise", rise, expected, 1e-4)


class Rule(torch.autograd.Function):
    """A ReLU whose gradient is that of the rule."""

    @staticmethod
    def forward(context: Any, given: Tensor, rule: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        context.save_for_backward(given)
        context.rule = rule
        return given.clamp(min=0)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.rule(context.saved_tensors[0], gradient), None


class Ruled(nn.Module):
    def __init__(self, rule: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.rule = rule

    def forward(self, given: Tensor) -> Tensor:
        return Rule.apply(given, self.rule)


def with_rule(network: nn.Module, rule: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, Ruled(rule))
    return network


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("guided_backprop", lambda given, gradient: gradient.clamp(min=0) * (given > 0)),
        ("deconvolution", lambda given, gradient: gradient.clamp(min=0)),
    ],
)
def test_rules_for_relu_layers(of_relus, photograph, name, rule):
    image = prepared(of_relus, photograph)
    (expected,) = gradients(with_rule(of_relus.network, rule), image)
    is_the_same(name, made(of_relus, photograph, name), added(expected))


def test_deep_lift(photograph):
    """The rescale rule: the output's change by the input's, image and baseline side by side."""
    classifier = random_classifier("resnet10t")
    classifier.network.backbone.maxpool = nn.AvgPool2d(3, 2, 1)

    def rescale(given: Tensor, gradient: Tensor) -> Tensor:
        change, rise = given[0] - given[1], given[0].clamp(min=0) - given[1].clamp(min=0)
        slope = torch.where(change.abs() > 1e-7, rise / change, (given[0] > 0).float())
        return gradient * slope

    image = prepared(classifier, photograph)
    black = baseline(classifier, image, "black")
    both = torch.cat([image, black]).requires_grad_()
    value = TARGET.of(with_rule(classifier.network, rescale)(both).logits)[0]
    multipliers = torch.autograd.grad(value, both)[0].sum(0)
    found = made(classifier, photograph, "deep_lift", baseline="black")
    is_the_same("deep_lift", found, added(multipliers * (image - black)[0]), 1e-4)


@pytest.fixture(scope="module")
def third_stage(with_heads) -> Callable[[Any], tuple[np.ndarray, np.ndarray]]:
    """Activation and gradient (channels, h, w) at the stage of the third head, in float64."""

    def at(photograph: Any) -> tuple[np.ndarray, np.ndarray]:
        output = with_heads(prepared(with_heads, photograph).requires_grad_(), maps=True)
        (gradient,) = torch.autograd.grad(TARGET.of(output.logits).sum(), output.maps[2])
        return tuple(each[0].detach().double().numpy() for each in (output.maps[2], gradient))

    return at


def plus_plus(activation: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Chattopadhay et al. 2018, equations 10 and 19, channel by channel."""
    total = np.zeros(activation.shape[1:])
    for a, g in zip(activation, gradient, strict=True):
        alpha = g**2 / (2 * g**2 + a.sum() * g**3)
        total += (alpha * np.maximum(g, 0)).sum() * a
    return total


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("hires_cam", lambda a, g: (a * g).sum(0)),
        ("stage_grad_cam", lambda a, g: np.tensordot(g.mean((1, 2)), a, 1)),
        ("layer_cam", lambda a, g: (a * np.maximum(g, 0)).sum(0)),
        ("grad_cam_plus_plus", plus_plus),
    ],
)
def test_stage_by_stage(with_heads, photograph, third_stage, name, formula):
    found = made(with_heads, photograph, name, stages_back=3)
    is_the_same(name, found, formula(*third_stage(photograph)), 1e-4)


def test_eigen_grad_cam(with_heads, photograph, third_stage):
    """By the singular value decomposition of the centred products, as pytorch-grad-cam does."""
    activation, gradient = third_stage(photograph)
    products = (activation * gradient).reshape(len(activation), -1).T  # (position, channel)
    centred = products - products.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=True)
    component = (centred @ directions[0]).reshape(activation.shape[1:])
    hires = (activation * gradient).sum(0)
    found = made(with_heads, photograph, "eigen_grad_cam", stages_back=3)
    component *= np.sign(np.corrcoef(component.ravel(), hires.ravel())[0, 1])
    is_the_same("eigen_grad_cam", found, component, 1e-4)
    assert abs(found.mean()) < 1e-6 * np.abs(found).max()  # no constant offset


def test_score_cam(with_heads, photograph):
    """Channel by channel, of the image under the activation scaled to between 0 and 1."""
    image = prepared(with_heads, photograph)
    maps = with_heads.infer(image, maps=True).maps[-1][0]
    chosen = np.argsort(-maps.flatten(1).std(1).numpy(), kind="stable")[:8]
    (covered,) = values(with_heads, torch.zeros_like(image))
    expected = np.zeros(maps.shape[1:])
    for channel in maps[chosen]:
        share = (channel - channel.min()) / (channel.max() - channel.min())
        seen = nn.functional.interpolate(share[None, None], (64, 64), mode="bilinear")
        expected += (values(with_heads, seen * image)[0] - covered) * channel.double().numpy()
    found = made(with_heads, photograph, "score_cam", channels=8)
    is_the_same("score_cam", found, expected, 1e-4)


def test_grad_cam_and_vote_map(with_heads, photograph):
    """By autograd, head by head; the vote map adds the heads' up on the finest grid, a position's
    value laid on its axis as a tent that reaches to its neighbours' centres."""
    output = with_heads(prepared(with_heads, photograph).requires_grad_(), maps=True)
    votes = TARGET.among_classes(output.logits[0].T)
    side = max(each.shape[-1] for each in output.maps)
    total = np.zeros((side, side))
    for vote, map_ in zip(votes, output.maps, strict=True):
        (gradient,) = torch.autograd.grad(vote, map_, retain_graph=True)
        part = added((gradient * map_)[0])
        fine = (np.arange(side) + 0.5) * len(part) / side - 0.5
        spread = [np.interp(fine, np.arange(len(part)), each) for each in np.eye(len(part))]
        spread = [each / each.sum() for each in spread]
        for (row, column), value in np.ndenumerate(part):
            total += value * np.outer(spread[row], spread[column])
    is_the_same("grad_cam", made(with_heads, photograph, "grad_cam"), part)
    is_the_same("vote_map", made(with_heads, photograph, "vote_map"), total)
