"""A small network whose true map is known, and maps of it: good, bad and hostile ones, by which the
contract of measures and control maps tries them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from dermxai.core.components import Text
from dermxai.core.settings import Settings, setting
from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.method import AttributionMethod, Made, Progress, Target
from dermxai.explain.faithfulness.evaluate import make_case
from dermxai.explain.faithfulness.measure import Candidate, Case, laid_out
from dermxai.models.capabilities import AVERAGE, CHANNELS_FIRST, Capabilities, Layout
from dermxai.models.classifier import Classifier
from dermxai.models.info import Head, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork, Output

SIZE, CORNER = 32, 8  # pixels of the network's input, and of what it looks at
KERNEL = 9  # of the network that is counted: its passes outweigh what a measure computes besides
MAP_PASSES = 3  # of the method whose maps are evaluated again

Map = NDArray[np.float32]


class Corner(nn.Module):
    """Two classes: the mean of the upper left corner, and nothing."""

    def __init__(self, side: int, kernel: int) -> None:
        super().__init__()
        self.side = side
        same = nn.Conv2d(3, 3, kernel, padding=kernel // 2, bias=False)
        self.backbone = nn.Sequential(same)
        self.capabilities = Capabilities(3, True, Layout(CHANNELS_FIRST), AVERAGE)
        self.head = nn.Linear(3, 2, bias=False)
        self.heads = nn.ModuleList([self.head])
        with torch.no_grad():
            same.weight.zero_()
            same.weight[..., kernel // 2, kernel // 2] = torch.eye(3)
            self.head.weight.copy_(torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))

    def constant(self) -> None:
        """Nothing lies between the average and the head."""

    def forward(self, images: Tensor, maps: bool = False) -> Output:
        window = torch.zeros(1, 1, *images.shape[-2:])
        pixels = images.shape[-1] * images.shape[-2]
        window[..., : self.side, : self.side] = pixels / self.side**2
        features = self.backbone(images) * window
        pooled = features.mean((2, 3))
        return Output(self.head(pooled)[:, None], pooled, (features,) if maps else ())


def corner_classifier(side: int = CORNER, kernel: int = 1) -> Classifier:
    """Its first class' logit is how bright the upper left corner is, of this side in pixels.

    Args:
        kernel: of its convolution, which does nothing but cost time.
    """
    heads, preprocessing = (Head("final", 3),), Preprocessing(size=SIZE)
    info = ModelInfo("corner", heads, ("A", "B"), preprocessing, name="corner")
    network = cast(MultiHeadNetwork, Corner(side, kernel))
    return Classifier(network, info, "corner", Path("corner"))


def corner_case(classifier: Classifier, masks: Collection[str] = ("lesion",)) -> Case:
    """An image that is bright in the corner, which the masks outline, and dark elsewhere."""
    image = np.full((SIZE, SIZE, 3), 40, np.uint8)
    image[:CORNER, :CORNER] = 220
    return make_case(classifier, image, Target(0), dict.fromkeys(masks, _corner()), seed=3)


def true_map() -> Map:
    """(SIZE, SIZE): the corner's, with a little noise to order equal values."""
    small = np.random.default_rng(0).uniform(0, 1e-3, (SIZE, SIZE))
    return (_corner() + small).astype(np.float32)


def _corner() -> NDArray[np.bool_]:
    inside = np.zeros((SIZE, SIZE), dtype=bool)
    inside[:CORNER, :CORNER] = True
    return inside


def noise(seed: int) -> Map:
    """(SIZE, SIZE), of 8 × 8 cells."""
    cells = np.random.default_rng(seed).standard_normal((8, 8), dtype=np.float32)
    return laid_out(cells, SIZE)


def _one_pixel() -> Map:
    values = np.zeros((SIZE, SIZE), np.float32)
    values[SIZE // 2, SIZE // 3] = 1
    return values


HOSTILE: dict[str, Callable[[], Map]] = {
    "a map of zeros": lambda: np.zeros((SIZE, SIZE), np.float32),
    "a map that is the same everywhere": lambda: np.ones((SIZE, SIZE), np.float32),
    "a map of one pixel": _one_pixel,
    "a map without positive values": lambda: -1 - true_map(),
    "a map of huge values": lambda: noise(0) * np.float32(1e30),
    "a map of the largest numbers": lambda: np.sign(noise(0)) * np.finfo(np.float32).max,
    "a map of tiny values": lambda: noise(0) * np.float32(1e-38),
}
"""Maps that methods do make, by what they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Method(AttributionMethod[Settings]):
    unit: Text = "none"
    note: Text = "None."
    source: Text = "none"
    signed: bool = True
    complete: bool = False
    settings: type[Settings] = Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fixed(_Method):
    """The same map whatever it is asked."""

    values: Map

    @override
    def passes(self, classifier: Classifier, settings: Settings) -> int:
        return 0

    @override
    def attribute(self, *_: object) -> Made:
        return self.values, ()


class _Seed(Settings):
    seed: int = setting(0, "Of the draw", 0, 2**31)


class _Drawn(_Method):
    """The true map and noise that hangs on the network, the image and the seed."""

    @override
    def passes(self, classifier: Classifier, settings: Settings) -> int:
        return MAP_PASSES

    @override
    def attribute(
        self,
        classifier: Classifier,
        image: Tensor,
        target: Target,
        settings: Settings,
        progress: Progress | None,
    ) -> Made:
        assert isinstance(settings, _Seed)
        for _ in range(MAP_PASSES):
            logits = classifier.infer(image).logits
        parts = [*classifier.network.parameters(), image, logits]
        sums = [float(each.double().square().sum()) for each in parts]
        draws = np.random.default_rng([settings.seed, *np.array(sums).view(np.uint64).tolist()])
        noise = 2 * draws.standard_normal((SIZE, SIZE), dtype=np.float32)
        return true_map() + noise, ()


_DRAWN = _Drawn(name="drawn", title="Drawn", settings=_Seed)


def fixed(case: Case, values: Map) -> Candidate:
    """A candidate whose map is always this one (SIZE, SIZE)."""
    method = _Fixed(name="fixed", title="Fixed", values=values)
    return Candidate(case, method, Settings(), values)


def drawn(case: Case) -> Candidate:
    """A candidate whose map hangs on network, image and seed, and takes `MAP_PASSES`."""
    values, _ = _DRAWN.attribute(case.classifier, case.image, case.target, _Seed(), None)
    return Candidate(case, _DRAWN, _Seed(), values)
