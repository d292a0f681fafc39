"""What every attribution method keeps to, as checks that an author of one can run::

    for fault in method_faults(MINE):
        print(fault)

They run the method on small networks with random weights; nothing is downloaded.
"""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from typing_extensions import override

from dermxai.core.components import faults_as_sentences
from dermxai.core.errors import Cancelled
from dermxai.core.settings import Settings
from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution import pass_cache
from dermxai.explain.attribution.api import prepared
from dermxai.explain.attribution.method import (
    ATTENTION,
    AttributionMethod,
    Made,
    Target,
    description_faults,
    map_faults,
)
from dermxai.explain.forward import folded_network, twin
from dermxai.models.capabilities import trial_side
from dermxai.models.classifier import Classifier
from dermxai.models.info import ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork

S = TypeVar("S", bound=Settings)

SIZE = 128  # pixels of the networks' input
SHAPE = (96, 144)  # of the image, which is not square
CUE = (0.65, 0.85)  # row and column of what catches the eye, as shares of height and width
REACH = 0.1  # half its side
SLACK = 1.3  # of passes, and one more, where they are not exact
TARGET = Target(0, 1)


class Trial(NamedTuple):
    """What a method did."""

    made: Made
    passes: float
    steps: list[tuple[int, int]]


@cache
def networks() -> tuple[Classifier, ...]:
    """With auxiliary heads, SiLU and squeeze-and-excitation; of ReLU layers and one head. Layers
    are random; heads look for what the cue of `pictures` adds, so the decision hangs on it."""
    return _random("test_efficientnet", True), _random("resnet10t", False)


@cache
def transformer() -> Classifier:
    """A network whose tokens attend to each other, for methods that need it."""
    return _random("test_vit", False)


def _random(architecture: str, auxiliary: bool) -> Classifier:
    classes = tuple("ABCDE")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = MultiHeadNetwork(architecture, len(classes), auxiliary, size=SIZE)
        with torch.no_grad():
            for _ in range(10):  # batch norms settle, so that logits are of the usual size
                side = trial_side(network, SIZE, 64)
                network(torch.randn(8, 3, side, side))
    heads, preprocessing = network.head_descriptions, Preprocessing(SIZE)
    info = ModelInfo(architecture, heads, classes, preprocessing, name=architecture)
    classifier = Classifier(network, info, f"random {architecture}", Path())
    _look_for_cue(classifier)
    folded_network(classifier)  # whose making takes a pass, which no method is charged with
    return classifier


def _look_for_cue(classifier: Classifier) -> None:
    """Class 0 speaks for the cue in each head, class 1 against it."""
    images = torch.cat([prepared(classifier, each) for each in pictures()])
    pooled = classifier.infer(images).pooled
    channels = [head.channels for head in classifier.info.heads]
    with torch.no_grad():
        for head, values in zip(
            classifier.network.heads, torch.split(pooled, channels, 1), strict=True
        ):
            assert isinstance(head, nn.Linear)
            added = values[0] - values[1]
            direction = added / added.square().sum()
            for row, sign in ((0, 1), (1, -1)):
                head.weight[row] = sign * direction
                head.bias[row] = -sign * float(direction @ values.mean(0))


def pictures() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two images (h, w, 3), the same but for a chequered square at `CUE` on the first."""
    rows, columns = SHAPE
    plain = np.random.default_rng(0).integers(110, 140, (rows, columns, 3)).astype(np.uint8)
    cued = plain.copy()
    top, left = round((CUE[0] - REACH) * rows), round((CUE[1] - REACH) * columns)
    height, width = round(2 * REACH * rows), round(2 * REACH * columns)
    chequered = np.indices((height, width)).sum(0) // 4 % 2 * 255
    cued[top : top + height, left : left + width] = chequered[..., None]
    return cued, plain


@faults_as_sentences
def method_faults(method: AttributionMethod[S], settings: S | None = None) -> Iterator[str]:
    """What is wrong with a method, a sentence each.

    Args:
        settings: those to try it with; its defaults if not given.
    """
    if described := list(description_faults(method)):
        yield from described
        return
    values, tried = settings or method.settings(), False
    lies: dict[str, float] = {}
    asked = networks() if method.needs != ATTENTION else (*networks(), transformer())
    for classifier in asked:
        compatible = method.is_compatible(classifier.capabilities)
        reason = method.unavailable(classifier) if compatible is None else compatible
        if reason is not None:
            if not (isinstance(reason, str) and reason.endswith(".")):
                yield f"unavailable gives {reason!r}; expected None or a sentence."
            continue
        tried = True
        yield from _network_faults(method, classifier, values, lies)
    if not tried:
        yield "unavailable gives a reason for every network that it was tried on."
    if lies and (elsewhere := max(lies, key=lies.__getitem__)):
        yield (
            "What changes in the image changes the map at another place, as if the map were "
            f"{elsewhere}: row 0 is at the top, column 0 at the left."
        )


def _network_faults(
    method: AttributionMethod[S],
    classifier: Classifier,
    settings: S,
    lies: dict[str, float],
) -> Iterator[str]:
    """
    Args:
        lies: what `_cue_shares` gives is added to it.
    """
    cued, plain = (prepared(classifier, picture) for picture in pictures())
    passes: object = method.passes(classifier, settings)
    if not isinstance(passes, int) or isinstance(passes, bool) or passes < 0:
        yield f"passes gives {passes!r}; expected a whole number of at least 0."
        return
    given, state, held = cued.clone(), random_state(), weights(classifier)
    found = run(method, classifier, cued, settings)
    if not torch.equal(cued, given):
        yield "attribute changes the image that it is given; work on a clone."
    if random_state() != state:
        yield "attribute draws from the random state of the process; draw from a generator."
    if weights(classifier) != held:
        yield "attribute changes the network, which all visitors share; work on a twin."
    if hooked(classifier):
        yield "attribute leaves hooks on the network; remove them, and put them on a twin."
    most = passes + 0.5 if method.passes_exact else passes * SLACK + 1
    if found.passes > most:
        yield (
            f"attribute makes work of {found.passes:.0f} forward passes where passes says {passes};"
            " a backward pass counts as two."
        )
    if wrong := list(map_faults(found.made)):
        yield from wrong
        return
    yield from _progress_faults(found.steps)
    yield from _cancellation_faults(method, classifier, given, settings)
    yield from _comparison_faults(
        method, classifier, (given, plain), found, settings=settings, lies=lies
    )


def _comparison_faults(
    method: AttributionMethod[S],
    classifier: Classifier,
    images: tuple[Tensor, Tensor],
    found: Trial,
    *,
    settings: S,
    lies: dict[str, float],
) -> Iterator[str]:
    """Of maps among each other: the same image, another target, no cue."""
    cued, plain = images
    values = found.made[0]
    scale = float(np.abs(values).max())
    again = run(method, classifier, cued, settings).made[0]
    if again.shape != values.shape or np.abs(again - values).max() > 1e-5 * scale:
        yield "The same question twice gives two maps; draw from a generator with a fixed seed."
        return
    turned = run(method, classifier, cued, settings, Target(1, 0)).made[0]
    if method.signed and np.abs(turned + values).max() > 1e-3 * scale:
        yield "The map is signed, and exchanging the two classes does not turn its sign."
    without = run(method, classifier, plain, settings).made[0]
    if without.shape == values.shape and not np.abs(values - without).max() > 1e-6 * scale:
        yield "Two images give one map: it does not depend on the image."
        return
    preprocessing = classifier.info.preprocessing
    laid = [preprocessing.to_original(each, SHAPE) for each in (values, without)]
    for change in (laid[0] - laid[1], laid[0] - np.median(laid[0])):
        for name, share in _cue_shares(np.abs(change)).items():
            lies[name] = lies.get(name, 0.0) + share
    if method.complete:
        yield from _completeness_faults(method, classifier, images, (values, without))


def _completeness_faults(
    method: AttributionMethod[S],
    classifier: Classifier,
    images: tuple[Tensor, Tensor],
    maps: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> Iterator[str]:
    head = len(classifier.info.heads) - 1 if method.one_head else None
    target = Target(TARGET.index, TARGET.against, head)
    logits = [float(target.of(classifier.infer(image).logits)) for image in images]
    sums = [float(each.sum(dtype=np.float64)) for each in maps]
    expected, got = logits[0] - logits[1], sums[0] - sums[1]
    if abs(got - expected) > 0.2 * abs(expected) + 1e-3:
        yield (
            f"The map is complete, and its sum changes by {got:.3g} between two images where the "
            f"target's logit changes by {expected:.3g}."
        )


def run(
    method: AttributionMethod[S],
    classifier: Classifier,
    image: Tensor,
    settings: S,
    target: Target = TARGET,
) -> Trial:
    """A method's map, with nothing known from before, and the work that it took."""
    pass_cache.clear()
    steps: list[tuple[int, int]] = []
    with OperationCounter() as work:
        made = method.attribute(
            classifier, image, target, settings, lambda *step: steps.append(step)
        )
    pass_cache.clear()
    return Trial(made, (work.forwards + 2 * work.backwards) / _forward(classifier), steps)


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the floating-point operations of this thread, whichever copy of a network makes them.

    Attributes:
        forwards, backwards: of passes in either direction.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.forwards = self.backwards = 0

    @override
    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        if func is not torch.ops.prim.device.default:
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        result = func(*args, **kwargs)
        operator = func._overloadpacket
        if operator in flop_registry:
            count = flop_registry[operator](*args, **kwargs, out_val=result)
            if "backward" in str(operator):
                self.backwards += count
            else:
                self.forwards += count
        return result


@cache
def _forward(classifier: Classifier) -> int:
    """Floating-point operations of a forward pass of one image."""
    with OperationCounter() as work:
        classifier.infer(torch.zeros(1, 3, SIZE, SIZE), maps=True)
    return int(work.forwards)


def _progress_faults(steps: list[tuple[int, int]]) -> Iterator[str]:
    told = [step for step in steps if step != (0, 0)]
    if not told:
        yield "attribute never calls progress, so it cannot be cancelled."
    elif told[-1][0] != told[-1][1] or len({total for _, total in told}) > 1:
        yield f"progress ends with {told[-1][0]} of {told[-1][1]}; expected all of one total."


def _cancellation_faults(
    method: AttributionMethod[S], classifier: Classifier, image: Tensor, settings: S
) -> Iterator[str]:
    asked = 0

    def stop(*_: int) -> None:
        nonlocal asked
        asked += 1
        raise Cancelled

    pass_cache.clear()
    try:
        method.attribute(classifier, image.clone(), TARGET, settings, stop)
    except Cancelled:
        pass
    else:
        if asked:
            yield "attribute catches what progress raises, and goes on."
    if hooked(classifier):
        yield "attribute leaves hooks on the network when it is cancelled."


def _cue_shares(change: NDArray[np.floating]) -> dict[str, float]:
    """By how a map would have to lie, "" as it is: how much of its change (h, w) would then be at
    the cue, relative to all places where it could be."""
    row, column = CUE
    places = {
        "": (row, column),
        "mirrored": (row, 1 - column),
        "upside down": (1 - row, column),
        "turned by half": (1 - row, 1 - column),
        "transposed": (column, row),
        "transposed and mirrored": (column, 1 - row),
        "transposed and upside down": (1 - column, row),
        "transposed and turned by half": (1 - column, 1 - row),
    }
    found = {name: _mean_around(change, *place) for name, place in places.items()}
    total = sum(found.values())
    return {name: each / total if total else 0.0 for name, each in found.items()}


def _mean_around(change: NDArray[np.floating], row: float, column: float) -> float:
    height, width = change.shape
    rows = slice(max(0, round((row - REACH) * height)), round((row + REACH) * height))
    columns = slice(max(0, round((column - REACH) * width)), round((column + REACH) * width))
    return float(change[rows, columns].mean())


def random_state() -> tuple[bytes, bytes]:
    """That of the process, torch's and NumPy's."""
    numpy = pickle.dumps(np.random.get_state())  # noqa: NPY002
    return torch.get_rng_state().numpy().tobytes(), numpy


def weights(classifier: Classifier) -> tuple[float | bool, ...]:
    """What tells a network from one that was changed."""
    network = classifier.network
    held = [*network.parameters(), *network.buffers()]
    asks = any(each.requires_grad or each.grad is not None for each in network.parameters())
    return (network.training, asks, *(float(each.double().abs().sum()) for each in held))


def hooked(classifier: Classifier) -> bool:
    """Whether hooks lie on the network or on a twin that is used again."""
    with twin(classifier) as network:
        modules = [*classifier.network.modules(), *network.modules()]
    return any(
        each._forward_hooks or each._forward_pre_hooks or each._backward_hooks for each in modules
    )
