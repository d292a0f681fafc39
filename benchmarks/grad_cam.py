"""Grad-CAM of 14 classes: DermXAI's closed form beside pytorch-grad-cam and Captum.

    python -m benchmarks.grad_cam [--json FILE]

EfficientNet-B4 with random weights at 380 px, one image, in one process. Prints medians and, since
machines differ, ratios.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import timm
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.methods.grad_cam import all_classes
from dermxai.models import Classifier, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.taxonomy import CODES

SIZE = 380
N = len(CODES)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time after one warm-up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()

    torch.manual_seed(0)
    image = torch.randn(1, 3, SIZE, SIZE)
    network = MultiHeadNetwork("efficientnet_b4", N, auxiliary=True)
    info = ModelInfo("efficientnet_b4", network.head_descriptions, CODES, Preprocessing(size=SIZE))
    classifier = Classifier(network, info, "benchmark", Path())
    peer = timm.create_model("efficientnet_b4", num_classes=N).eval()
    cam = GradCAM(model=peer, target_layers=[peer.bn2])
    captum_cam = LayerGradCam(peer, peer.bn2)

    def plain_forward() -> None:
        classifier.infer(image)

    def ours() -> np.ndarray:
        output = classifier.infer(image, maps=True)
        return all_classes(output.maps[-1][0], classifier.head_weights(-1)[0]).numpy()

    def maps_alone() -> np.ndarray:
        return all_classes(features, classifier.head_weights(-1)[0]).numpy()

    def pytorch_grad_cam() -> None:
        for index in range(N):
            cam(input_tensor=image, targets=[ClassifierOutputTarget(index)])

    def captum() -> None:
        for index in range(N):
            captum_cam.attribute(image, target=index)

    features = classifier.infer(image, maps=True).maps[-1][0]
    repeats = arguments.repeats
    times = {
        "one forward pass": seconds(plain_forward, repeats),
        "DermXAI, forward pass and 14 maps": seconds(ours, repeats),
        "DermXAI, the 14 maps alone": seconds(maps_alone, 10 * repeats),
        "pytorch-grad-cam, 14 classes": seconds(pytorch_grad_cam, max(1, repeats // 3)),
        "Captum LayerGradCam, 14 classes": seconds(captum, max(1, repeats // 3)),
    }
    base = times["DermXAI, forward pass and 14 maps"]
    print(f"{'':36}{'seconds':>10}{'ratio':>9}")
    for name, value in times.items():
        print(f"{name:36}{value:10.4f}{value / base:9.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"size": SIZE, "seconds": times}, indent=2) + "\n")


if __name__ == "__main__":
    main()
