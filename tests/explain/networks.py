"""Small classifiers with random weights, of several kinds of network."""

from pathlib import Path

import torch

from dermxai.data.transforms import Preprocessing
from dermxai.models import Classifier, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.taxonomy import CODES


def random_classifier(architecture: str, auxiliary: bool = False, size: int = 64) -> Classifier:
    """Random weights, batch norms settled, so that logits are of the usual size."""
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, len(CODES), auxiliary, size=size)
    with torch.no_grad():
        for _ in range(10):
            network(torch.randn(8, 3, size, size))
    info = ModelInfo(
        architecture, network.head_descriptions, CODES, Preprocessing(size=size), name=architecture
    )
    return Classifier(network, info, f"random {architecture}", Path())
