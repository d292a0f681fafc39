"""A classifier whose true attribution is known: its logit is the brightness of one corner."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.method import Target
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.measure import Candidate, Case, control_maps
from dermxai.models import Classifier, ModelInfo
from dermxai.models.info import Head
from dermxai.models.multi_head import Output

SIZE, CORNER = 32, 8


class Corner(nn.Module):
    """Two classes: the mean of the upper left corner, and nothing."""

    def __init__(self, side: int = CORNER) -> None:
        super().__init__()
        self.side = side
        self.backbone = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False))
        self.heads = nn.ModuleList([nn.Linear(3, 2, bias=False)])
        with torch.no_grad():
            self.backbone[0].weight.copy_(torch.eye(3)[..., None, None])
            self.heads[0].weight.copy_(torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))

    def forward(self, images: torch.Tensor, maps: bool = False) -> Output:
        window = torch.zeros(1, 1, *images.shape[-2:])
        pixels = images.shape[-1] * images.shape[-2]
        window[..., : self.side, : self.side] = pixels / self.side**2
        features = self.backbone(images) * window
        pooled = features.mean((2, 3))
        return Output(self.heads[0](pooled)[:, None], pooled, (features,) if maps else ())


def corner_classifier(side: int = CORNER) -> Classifier:
    info = ModelInfo(
        "corner", (Head("final", 3),), ("A", "B"), Preprocessing(size=SIZE), name="corner"
    )
    return Classifier(Corner(side), info, "corner", Path("corner"))


@pytest.fixture
def classifier() -> Classifier:
    return corner_classifier()


@pytest.fixture
def case(classifier: Classifier) -> Case:
    """An image that is bright in the corner, dark elsewhere."""
    image = np.full((SIZE, SIZE, 3), 40, np.uint8)
    image[:CORNER, :CORNER] = 220
    lesion = np.zeros((SIZE, SIZE), dtype=bool)
    lesion[:CORNER, :CORNER] = True
    return evaluate.make_case(classifier, image, Target(0), {"lesion": lesion}, seed=3)


class Fixed:
    """A method that always gives the same map."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def attribute(self, *_: object) -> tuple[np.ndarray, tuple[str, ...]]:
        return self.values, ()


def fixed(case: Case, values: np.ndarray) -> Candidate:
    settings = control_maps()["centred_gaussian"].settings()
    return evaluate.candidate(case, Fixed(values.astype(np.float32)), settings)


@pytest.fixture
def truth(case: Case) -> Candidate:
    """The corner's contributions, a little noise to order equal ones."""
    noise = np.random.default_rng(0).uniform(0, 1e-3, (SIZE, SIZE))
    return fixed(case, case.masks["lesion"] + noise)


@pytest.fixture
def noise(case: Case) -> Candidate:
    method = control_maps()["smooth_noise"]
    return evaluate.candidate(case, method, method.settings(cells=8, seed=1))
