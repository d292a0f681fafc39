"""What a network computes on the way to its logits, traced at torch's own operators.

Rules that change how a layer passes gradients on (guided backpropagation, DeepLIFT) hold for
some operations only, and see only those that are modules. Looking at modules would miss what is
written as a function, such as the product of squeeze-and-excitation; so one small forward pass is
traced instead.
"""

from collections.abc import Collection
from contextlib import ExitStack
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import nn

from dermxai.explain.forward import twin
from dermxai.models.capabilities import trial_side
from dermxai.models.operators import Call, OperatorTrace

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

SIDE = 96  # pixels at most; what is computed does not depend on it

RELU, FUNCTIONAL_RELU = "ReLU", "a ReLU that is no module of its own"
PRODUCT, SUM = "products of activations", "sums of activations"
CONCATENATION = "concatenations"
_NAMES = {
    "relu": RELU,
    "silu": "SiLU",
    "gelu": "GELU",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "elu": "ELU",
    "leaky_relu": "leaky ReLU",
    "hardtanh": "ReLU6",
    "clamp_min": "ReLU",
    "hardswish": "hard swish",
    "hardsigmoid": "hard sigmoid",
    "mish": "Mish",
    "softplus": "softplus",
    "softmax": "softmax",
    "_softmax": "softmax",
    "cat": CONCATENATION,
}
_known: "WeakKeyDictionary[Classifier, frozenset[str]]" = WeakKeyDictionary()


def operations(classifier: "Classifier") -> frozenset[str]:
    """Names of the activation functions, products, sums and concatenations on the way to the
    feature map of the final head."""
    if classifier not in _known:
        _known[classifier] = _traced(classifier)
    return _known[classifier]


def relu_only(classifier: "Classifier", rule: str) -> str | None:
    """Why a rule for ReLU layers means nothing for this network; None where all are such."""
    other = operations(classifier) - {RELU, SUM, CONCATENATION}
    if other:
        return f"{rule} is defined for ReLU layers only; this network uses {listed(other)}."
    if RELU not in operations(classifier):
        return f"{rule} is defined for ReLU layers; this network has none."
    return None


def listed(names: Collection[str]) -> str:
    """Names in a sentence."""
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}" if first else last


def _traced(classifier: "Classifier") -> frozenset[str]:
    called: set[nn.Module] = set()
    side = trial_side(classifier.network, classifier.info.preprocessing.size, SIDE)
    image = torch.zeros(1, 3, side, side, device=classifier.device)
    with twin(classifier) as network, ExitStack() as hooks:
        for module in network.modules():
            if isinstance(module, nn.ReLU):
                hook = module.register_forward_hook(lambda module, *_: called.add(module))
                hooks.enter_context(hook)
        with torch.no_grad(), OperatorTrace() as trace:
            network.feature_maps(image.contiguous(memory_format=torch.channels_last))
    names = [call.name for call in trace.calls]
    found = {_NAMES[name] for name in names if name in _NAMES}
    if Call("mul", 2) in trace.calls:
        found.add(PRODUCT)
    if Call("add", 2) in trace.calls:
        found.add(SUM)
    if RELU in found and names.count("relu") != len(called):
        found.add(FUNCTIONAL_RELU)
    return frozenset(found)
