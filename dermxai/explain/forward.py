"""The network as explanations use it: the one number that they explain, as a function of images,
and copies to hook without harm."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from dermxai.core.errors import InputError
from dermxai.explain.attribution.method import Progress, Target
from dermxai.models.copies import Network, sharing_weights
from dermxai.models.folding import folded

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier
    from dermxai.models.multi_head import MultiHeadNetwork

# Captum says so of every map that needs hooks; they lie on a twin, and go with it.
warnings.filterwarnings("ignore", "Setting (forward, )?backward hooks", UserWarning)


class Value(nn.Module):
    """The target's value (n,) of images (n, 3, size, size), differentiable in them.

    Parameters are frozen and hooks lie on twins, so that any number of threads may ask the same
    network for gradients at once. Every call tells ``progress`` how many of ``total`` images have
    gone through.
    """

    def __init__(
        self,
        classifier: "Classifier",
        target: Target,
        progress: Progress | None = None,
        total: int = 0,
        *,
        network: nn.Module | None = None,
    ) -> None:
        """
        Args:
            network: in place of the classifier's own (`folded_network`), such as a `twin`.
        """
        super().__init__()
        self.network = folded_network(classifier) if network is None else network
        self.without_gradients = classifier.without_gradients if network is None else None
        self.name = classifier.name
        self.target = target
        self.progress = progress
        self.total = total
        self.done = 0

    def forward(self, images: Tensor) -> Tensor:
        """
        Raises:
            InputError: the network does not give finite numbers.
        """
        network = self.network
        if self.without_gradients is not None and not torch.is_grad_enabled():
            network = self.without_gradients
        output = network(images.contiguous(memory_format=torch.channels_last))
        found = self.target.of(output.logits)
        require_finite(found, self.name)
        self.done += len(images)
        if self.progress:
            self.progress(min(self.done, self.total), self.total)
        return found


def require_finite(values: Tensor, name: str) -> None:
    """
    Raises:
        InputError: a value is not a finite number.
    """
    if not bool(torch.isfinite(values).all()):
        raise InputError(
            f"The network {name} gives numbers that are not finite for this image; check its "
            "weights."
        )


def folded_network(classifier: "Classifier") -> nn.Module:
    """The classifier's network with its normalisations folded into its convolutions: the same
    values and gradients up to rounding, for a quarter less work (docs/benchmarks.md). Made once;
    its heads are the classifier's own."""
    known = _folded_networks.setdefault(classifier, {})
    if classifier.device not in known:
        known[classifier.device] = folded(classifier.network, classifier.info.preprocessing.size)
    return known[classifier.device]


@contextmanager
def twin(classifier: "Classifier") -> Iterator["MultiHeadNetwork"]:
    """The classifier's network with modules of its own and the same weights in memory: hooks on it
    touch nobody else. Its activations do not overwrite their input, as hooks need it. Only networks
    with gradients are asked for one.

    Hooks must be gone in the end. A twin is used again, as its making takes longer than a small
    network's forward pass; not after an exception, which may have left hooks.
    """
    idle = _idle.setdefault(classifier, {}).setdefault(classifier.device, [])
    try:
        network = idle.pop()
    except IndexError:
        network = _twin_of(cast("MultiHeadNetwork", classifier.network))
    yield network
    idle.append(network)


_folded_networks: "WeakKeyDictionary[Classifier, dict[torch.device, nn.Module]]" = (
    WeakKeyDictionary()
)
_idle: "WeakKeyDictionary[Classifier, dict[torch.device, list[MultiHeadNetwork]]]" = (
    WeakKeyDictionary()
)


def _twin_of(network: Network) -> Network:
    copy = sharing_weights(network)
    for module in copy.modules():
        if hasattr(module, "inplace"):
            vars(module)["inplace"] = False
    return copy
