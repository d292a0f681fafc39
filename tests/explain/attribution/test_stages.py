from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dermxai.explain import explain
from dermxai.explain.faithfulness.cascade import cascade
from dermxai.models import load_classifier
from dermxai.models.multi_head import MultiHeadNetwork

OF_A_STAGE = ("stage_grad_cam", "grad_cam_plus_plus", "hires_cam", "layer_cam", "eigen_grad_cam")
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each pass that records gradients."""
    found: list[int] = []
    forward = MultiHeadNetwork.forward

    def counted(self, images, maps=False):
        output = forward(self, images, maps)
        if output.logits.requires_grad:
            found.append(len(images))
        return output

    monkeypatch.setattr(MultiHeadNetwork, "forward", counted)
    return found


def test_methods_of_one_question_share_a_pass(tiny_checkpoint: Path, passes: list[int]) -> None:
    classifier = load_classifier(tiny_checkpoint)
    alone = [
        explain(load_classifier(tiny_checkpoint), IMAGE, name, "EAD", "SD").native
        for name in OF_A_STAGE
    ]
    passes.clear()
    told: list[tuple[int, int]] = []
    together = [
        explain(
            classifier, IMAGE, name, "EAD", "SD", progress=lambda *step: told.append(step)
        ).native
        for name in OF_A_STAGE
    ]
    assert passes == [1]
    assert told == [(1, 1)] * len(OF_A_STAGE)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_question_takes_another_pass(tiny_checkpoint: Path, passes: list[int]) -> None:
    classifier = load_classifier(tiny_checkpoint)
    explain(classifier, IMAGE, "hires_cam", "EAD", "SD")
    for how in (
        {"target": "SD", "against": "EAD"},
        {"target": "EAD"},
        {"target": "EAD", "against": "SD", "head": classifier.info.heads[0].name},
        {"target": "EAD", "against": "SD", "settings": {"stages_back": 2}},
    ):
        passes.clear()
        explain(classifier, IMAGE, "hires_cam", **how)
        assert passes == [1]
    passes.clear()
    explain(classifier, 255 - IMAGE, "hires_cam", "EAD", "SD")
    assert passes == [1]


def test_a_network_whose_weights_change_shares_nothing(
    tiny_checkpoint: Path, passes: list[int]
) -> None:
    """Random networks of a cascade have one hash between them."""
    maps = [
        explain(random, IMAGE, "hires_cam", "EAD", "SD").native
        for _, random in cascade(load_classifier(tiny_checkpoint), seed=0)
    ]
    assert len(passes) >= len(maps) > 2
    assert all((one != other).any() for one, other in pairwise(maps))
