"""A network's passes without gradients by OpenVINO, on a CPU: the same numbers up to rounding."""

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from types import ModuleType
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dermxai.core.errors import InputError
from dermxai.core.formatting import shortened
from dermxai.data.transforms import Preprocessing
from dermxai.models.classifier import Classifier
from dermxai.models.folding import TOLERANCE
from dermxai.models.fusing import BFLOAT16

HINTS = {torch.float32: "f32", torch.bfloat16: "bf16"}
"""OpenVINO's names of the precisions that it computes in here."""
_TELEMETRY = "openvino_telemetry"
_trace: Callable[..., nn.Module] = torch.jit.trace


class Model(Protocol):
    """OpenVINO's graph of a network."""

    def reshape(self, shapes: Mapping[int, Sequence[int]]) -> None: ...


CompiledModel = Callable[[NDArray[np.uint8]], Mapping[int, NDArray[np.float32]]]
"""OpenVINO's network for one processor: its outputs by position."""
Pass = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From images (n, size, size, 3) uint8 to logits (n, head, class) and pooled (n, Σ channels)."""


def check(classifier: Classifier, device: torch.device, dtype: torch.dtype) -> None:
    """
    Raises:
        InputError: OpenVINO is not installed, or does not compute such a network, precision or
            device here.
    """
    if device.type != "cpu":
        raise InputError(f"OpenVINO computes on a CPU here, not on {device}; leave the engine out.")
    if not classifier.capabilities.gradients:
        raise InputError(
            f"{classifier.name} is computed by onnxruntime, not by PyTorch or OpenVINO; leave the "
            "engine out."
        )
    if dtype not in HINTS:
        raise InputError(
            f"OpenVINO does not compute in {str(dtype).removeprefix('torch.')} here; expected "
            "float32 or bfloat16."
        )
    known = getattr(torch.ops.mkldnn, BFLOAT16, None)
    if dtype == torch.bfloat16 and not (known is not None and known()):
        raise InputError(
            "This processor has no units for bfloat16, and OpenVINO would compute in float32; "
            "take the precision float32."
        )
    library()


def library() -> ModuleType:
    """OpenVINO, which reports nothing to anybody.

    Raises:
        InputError: it is not installed.
    """
    with _without_telemetry():
        try:
            import openvino
        except ImportError as error:
            raise InputError(
                'OpenVINO is not installed: pip install "dermxai[openvino]" (180 MB), or leave '
                "the engine out."
            ) from error
    found: ModuleType = openvino
    return found


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Within it the package by which OpenVINO tells its makers of each import, and of each network
    that it converts, cannot be imported; OpenVINO then has a silent stand-in."""
    before = dict(sys.modules)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_TELEMETRY]
        if _TELEMETRY in before:
            sys.modules[_TELEMETRY] = before[_TELEMETRY]


@contextmanager
def _with_our_log() -> Iterator[None]:
    """After it the root logger is what it was: OpenVINO leaves it without warnings where a network
    could not be converted."""
    root = logging.getLogger()
    level, filters, handlers = root.level, list(root.filters), list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.filters, root.handlers = filters, handlers


def compiled(classifier: Classifier, dtype: torch.dtype, part: int) -> Pass:
    """A pass of ``part`` images at once; an image's numbers do not depend on its neighbours.

    Raises:
        InputError: as `check`; OpenVINO cannot compute the network, or computes something else.
    """
    check(classifier, torch.device("cpu"), dtype)
    size = classifier.info.preprocessing.size
    network = deepcopy(classifier.network).cpu()
    eight_bit = _EightBit(network, classifier.info.preprocessing).eval()
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (part, size, size, 3), dtype=torch.uint8, generator=generator)
    with torch.inference_mode():
        expected = [values.numpy() for values in eight_bit(noise[:1])]
    try:
        model = _converted(eight_bit, noise)
        exact = _compiled(model, torch.float32)
        found = [values[:1] for values in _values(exact, noise)]
    except Exception as error:  # OpenVINO has a class of its own for each reason
        why = " ".join(str(error).rpartition("-- ")[2].split())  # after where in its own source
        raise _fault(classifier, f"says “{shortened(why, 200)}”") from error
    for wanted, got in zip(expected, found, strict=True):
        if not np.abs(wanted - got).max() <= TOLERANCE * max(np.abs(wanted).max(), 1e-6):
            raise _fault(classifier, "computes other values than PyTorch")
    rounded = exact if dtype == torch.float32 else _compiled(model, dtype)

    def run(images: Tensor) -> tuple[Tensor, Tensor]:
        parts = [_values(rounded, some, part) for some in torch.split(images, part)]
        logits, pooled = (np.concatenate(values) for values in zip(*parts, strict=True))
        return torch.from_numpy(logits), torch.from_numpy(pooled)

    return run


class _EightBit(nn.Module):
    """A network that normalises its images itself."""

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network = network
        mean, std = (
            torch.tensor(values).view(1, 3, 1, 1)
            for values in (preprocessing.mean, preprocessing.std)
        )
        self.register_buffer("scale", 1 / 255 / std)
        self.register_buffer("shift", mean / std)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(n, size, size, 3) uint8 → logits and pooled."""
        pixels = images.permute(0, 3, 1, 2).float()
        output = self.network(pixels * self.scale - self.shift)
        return output.logits, output.pooled


def _converted(network: nn.Module, images: Tensor) -> Model:
    """OpenVINO's graph of a network, for as many images at once."""
    openvino = library()
    with _without_telemetry(), _with_our_log(), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and what OpenVINO reads best
        graph = _trace(network, images, check_trace=False)
        model: Model = openvino.convert_model(graph, example_input=images)
    model.reshape({0: list(images.shape)})
    return model


def _compiled(model: Model, dtype: torch.dtype) -> CompiledModel:
    how = {
        "INFERENCE_PRECISION_HINT": HINTS[dtype],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # else two processes share one core, and the next has none
    }
    network: CompiledModel = library().compile_model(model, "CPU", how)
    return network


def _values(network: CompiledModel, images: Tensor, part: int = 0) -> list[NDArray[np.float32]]:
    """What a compiled network gives of images, filled up to a whole part."""
    given, count = images.numpy(), len(images)
    if part > count:
        given = np.concatenate([given, np.repeat(given[-1:], part - count, 0)])
    found = network(given)
    return [np.array(found[index][:count], np.float32) for index in range(2)]


def _fault(classifier: Classifier, what: str) -> InputError:
    return InputError(
        f"OpenVINO {what} for the network {classifier.info.architecture}; leave the engine out."
    )
