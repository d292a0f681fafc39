"""Cascading parameter randomisation (MPRT), from the outputs to the input (Adebayo et al. 2018,
arXiv:1810.03292).

All on a copy: the network that visitors share is never touched.
"""

import copy
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from dermxai.models.backbone import parts

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier
    from dermxai.models.multi_head import MultiHeadNetwork
    from dermxai.models.onnx_network import OnnxNetwork

TOKEN_DEVIATION = 0.02  # of class tokens and positions, as transformers begin with them


def cascade(classifier: "Classifier", seed: int) -> Iterator[tuple[str, "Classifier"]]:
    """The name of each stage and the classifier whose weights are random from its outputs down to
    that stage. The heads come first and together: all of them are outputs. The classifiers share a
    network, of which more is random at each stage: use one before the next is asked for.
    """
    from dermxai.models.classifier import Classifier

    network = copy.deepcopy(classifier.network)
    for number, (name, part) in enumerate(stages(network)):
        _randomise(part, torch.Generator().manual_seed(1000 * seed + number))
        yield (
            name,
            Classifier(network, classifier.info, f"{classifier.hash}-random", classifier.path),
        )


def stages(network: "MultiHeadNetwork | OnnxNetwork") -> list[tuple[str, nn.Module]]:
    """Names and parts of a network, from its outputs to its input: the heads, then the backbone's
    parts."""
    return [("heads", network.heads), *reversed(parts(network.backbone))]


def _randomise(part: nn.Module, draws: torch.Generator) -> None:
    """Weights as torch draws them for a new layer, from a generator of their own: the random state
    of the process belongs to all visitors. Other layers (norms) begin with constants."""
    for module in part.modules():
        if isinstance(module, nn.Linear | _ConvNd):
            bound = 1 / math.sqrt(module.weight[0].numel())
            for tensor in (module.weight, module.bias):
                if tensor is not None:
                    fresh = torch.empty(tensor.shape).uniform_(-bound, bound, generator=draws)
                    tensor.data.copy_(fresh)
        elif isinstance(module, nn.ParameterList):
            for tensor in module:
                tensor.data.normal_(0, TOKEN_DEVIATION, generator=draws)
        elif reset := getattr(module, "reset_parameters", None):
            reset()
    part.requires_grad_(False)
