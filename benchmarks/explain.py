"""Explanations beside a bare forward pass and beside Captum called directly.

    python -m benchmarks.explain [--json FILE] [--repeats 11] [--only forward captum layout]
                                [--cpu]

The embedded EfficientNet-B4 at its own size and at 380 px, one image, in one process; a ResNet-101
for methods that need ReLU layers. Both sides of a row run in turn, the median of the ratios counts.
On a busy machine, ``--cpu`` measures the processor's time of one thread instead of the wall's.

1. ``forward``: Grad-CAM of all classes in all heads and the additive decomposition, from the image
on, by a
   a bare forward pass of the same network.
2. ``captum``: each method of Captum through `dermxai.explain.explain`, from the image on, by Captum
   on the same network with the same settings, from the network's input on.
3. ``layout``: Integrated Gradients as DermXAI asks for them (channels_last, frozen, normalisations
   folded), by Captum on the default layout with parameters that ask for gradients.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import captum.attr
import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from torch import Tensor, nn

from dermxai.core import paths
from dermxai.data.transforms import Preprocessing
from dermxai.explain import Target, diagnose, explain
from dermxai.explain.attribution.api import prepared
from dermxai.explain.attribution.baselines import CHOICES, baseline
from dermxai.explain.attribution.regions import regions_of
from dermxai.explain.memory import first_batch, gradient_batch
from dermxai.models import Classifier, ModelInfo, load_classifier
from dermxai.models.multi_head import MultiHeadNetwork

LARGE = 380  # pixels, as in the paper
RELUS = "resnet101"  # a baseline of the paper
MOST_FORWARD, MOST_CAPTUM, MOST_LAYOUT = 1.25, 1.05, 1.0
Work = Callable[[], object]
clock = time.perf_counter


@dataclass(frozen=True)
class Row:
    name: str
    ours: float  # seconds
    peer: float
    ratio: float
    most: float


class Summed(nn.Module):
    """A class's logit, summed over heads: what Captum is given."""

    def __init__(self, network: nn.Module, target: Target) -> None:
        super().__init__()
        self.network = network
        self.target = target

    def forward(self, images: Tensor) -> Tensor:
        return self.target.of(self.network(images).logits)


def compare(name: str, ours: Work, peer: Work, most: float, repeats: int) -> Row:
    """Median seconds and median ratio, after a warm-up; who comes first changes."""
    ours(), peer()
    times: list[tuple[float, float]] = []
    for turn in range(repeats):
        took = [0.0, 0.0]
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            start = clock()
            (ours, peer)[side]()
            took[side] = clock() - start
        times.append((took[0], took[1]))
    one, other = (median(each) for each in zip(*times, strict=True))
    row = Row(name, one, other, median(a / b for a, b in times), most)
    verdict = "" if row.ratio <= most else "  missed"
    print(f"{name:44}{one:9.3f}{other:9.3f}{row.ratio:8.3f}{most:7.2f}{verdict}", flush=True)
    return row


def sized(classifier: Classifier, size: int) -> Classifier:
    """The same network, told to look at images of another size."""
    preprocessing = replace(classifier.info.preprocessing, size=size)
    info = replace(classifier.info, preprocessing=preprocessing)
    return Classifier(classifier.network, info, f"{classifier.hash} {size}", classifier.path)


def forward(classifier: Classifier, image: np.ndarray, repeats: int) -> Iterator[Row]:
    one, other = classifier.info.classes[:2]
    for size in (classifier.info.preprocessing.size, LARGE):
        looking = sized(classifier, size)
        tensor = prepared(looking, image).contiguous(memory_format=torch.channels_last)

        def bare(tensor: Tensor = tensor) -> None:
            with torch.inference_mode():
                classifier.network(tensor)

        def ours(looking: Classifier = looking) -> None:
            diagnose(looking, image).decomposition(one, other)

        name = f"all classes, heads and decomposition, {size} px"
        yield compare(name, ours, bare, MOST_FORWARD, 4 * repeats)


def captum_methods(classifier: Classifier, image: Tensor, target: Target) -> dict[str, Any]:
    """Of each method its settings and Captum's call for the network's input (1, 3, s, s)."""
    model = Summed(classifier.network, target)
    batch, half = first_batch(classifier), gradient_batch(classifier)
    preprocessing = classifier.info.preprocessing

    def saliency() -> Tensor:
        return captum.attr.Saliency(model).attribute(image, abs=False)

    def input_x_gradient() -> Tensor:
        return captum.attr.InputXGradient(model).attribute(image)

    def smooth_grad() -> Tensor:
        tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(model))
        return tunnel.attribute(
            image, nt_samples=8, nt_samples_batch_size=half, stdevs=0.2, abs=False
        )

    def integrated_gradients() -> Tensor:
        return captum.attr.IntegratedGradients(model).attribute(
            image,
            torch.zeros_like(image),
            n_steps=8,
            internal_batch_size=half,
            return_convergence_delta=True,
        )

    def gradient_shap() -> Tensor:
        pictures = torch.cat([baseline(classifier, image.detach(), name) for name in CHOICES])
        return captum.attr.GradientShap(model).attribute(
            image, pictures, n_samples=8, stdevs=0.1, return_convergence_delta=True
        )

    def occlusion() -> Tensor:
        side = round(image.shape[-1] * 0.5)
        return captum.attr.Occlusion(model).attribute(
            image,
            (3, side, side),
            (3, round(side * 0.5), round(side * 0.5)),
            baselines=torch.zeros_like(image),
            perturbations_per_eval=batch,
        )

    def covering() -> dict[str, Any]:
        seen = image.detach()
        return {
            "feature_mask": regions_of(seen, preprocessing, 16),
            "baselines": baseline(classifier, seen, "blurred"),
            "perturbations_per_eval": batch,
        }

    def feature_ablation() -> Tensor:
        return captum.attr.FeatureAblation(model).attribute(image, **covering())

    def kernel_shap() -> Tensor:
        return captum.attr.KernelShap(model).attribute(image, n_samples=32, **covering())

    def lime() -> Tensor:
        ridge = SkLearnRidge(alpha=1.0)
        method = captum.attr.Lime(model, interpretable_model=ridge)
        return method.attribute(image, n_samples=32, **covering())

    regions = {"superpixels": 16}
    return {
        "saliency": ({}, saliency),
        "input_x_gradient": ({}, input_x_gradient),
        "smooth_grad": ({"samples": 8, "noise": 0.2}, smooth_grad),
        "integrated_gradients": ({"steps": 8}, integrated_gradients),
        "gradient_shap": ({"samples": 8}, gradient_shap),
        "occlusion": ({"window": 50, "overlap": 50}, occlusion),
        "feature_ablation": (regions, feature_ablation),
        "kernel_shap": ({**regions, "samples": 32}, kernel_shap),
        "lime": ({**regions, "samples": 32}, lime),
    }


def relu_methods(classifier: Classifier, image: Tensor, target: Target) -> dict[str, Any]:
    """The same for a network of ReLU layers, made ready for Captum's hooks."""
    network = deepcopy(classifier.network)
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    model = Summed(network, target)

    def deep_lift() -> Tensor:
        return captum.attr.DeepLift(model).attribute(
            image, torch.zeros_like(image), return_convergence_delta=True
        )

    return {
        "deep_lift": ({}, deep_lift),
        "guided_backprop": ({}, lambda: captum.attr.GuidedBackprop(model).attribute(image)),
        "deconvolution": ({}, lambda: captum.attr.Deconvolution(model).attribute(image)),
    }


def against_captum(classifier: Classifier, image: np.ndarray, repeats: int) -> Iterator[Row]:
    network = MultiHeadNetwork(RELUS, len(classifier.info.classes), auxiliary=False)
    info = ModelInfo(
        RELUS, network.head_descriptions, classifier.info.classes, Preprocessing(size=224)
    )
    of_relus = Classifier(network, info, "benchmark", Path())
    code = classifier.info.classes[0]
    for each, peers in ((classifier, captum_methods), (of_relus, relu_methods)):
        tensor = prepared(each, image).contiguous(memory_format=torch.channels_last)
        tensor = tensor.requires_grad_()
        for name, (settings, direct) in peers(each, tensor, Target(0)).items():

            def ours(each: Classifier = each, name: str = name, settings: Any = settings) -> None:
                explain(each, image, name, code, settings=settings)

            yield compare(f"{name}, {each.info.architecture}", ours, direct, MOST_CAPTUM, repeats)


def layout(classifier: Classifier, image: np.ndarray, repeats: int) -> Iterator[Row]:
    looking = sized(classifier, LARGE)
    plain = deepcopy(classifier.network).to(memory_format=torch.contiguous_format)
    model = Summed(plain.requires_grad_(), Target(0))
    tensor = prepared(looking, image)

    def ours() -> None:
        explain(
            looking, image, "integrated_gradients", looking.info.classes[0], settings={"steps": 8}
        )

    def peer() -> None:
        captum.attr.IntegratedGradients(model).attribute(
            tensor,
            torch.zeros_like(tensor),
            n_steps=8,
            internal_batch_size=gradient_batch(looking),
            return_convergence_delta=True,
        )

    name = f"Integrated Gradients, {LARGE} px"
    yield compare(name, ours, peer, MOST_LAYOUT, max(1, repeats // 2))


PARTS = {"forward": forward, "captum": against_captum, "layout": layout}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    if arguments.cpu:
        global clock  # noqa: PLW0603
        clock = time.process_time
        torch.set_num_threads(1)

    classifier = load_classifier(paths.EMBEDDED_CHECKPOINT)
    generator = np.random.default_rng(0)
    image = generator.integers(0, 255, (450, 600, 3), dtype=np.uint8)
    print(f"{'':44}{'seconds':>9}{'peer':>9}{'ratio':>8}{'most':>7}")
    rows = [
        row for part in arguments.only for row in PARTS[part](classifier, image, arguments.repeats)
    ]
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
