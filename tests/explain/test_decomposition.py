"""The additive decomposition, against the forward pass and against autograd."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dermxai.core import paths
from dermxai.explain import diagnose
from dermxai.explain.decomposition import decomposition
from dermxai.models import load_classifier
from tests.explain.networks import random_classifier

CODES = ("A", "B", "C")


@pytest.mark.parametrize(("target", "against"), [("EAD", "SD"), ("BCC", "MN"), ("LP", "Pso")])
def test_margin_is_the_sum_of_heads_positions_and_biases(
    tiny_checkpoint: Path, photograph, target: str, against: str
):
    diagnosis = diagnose(load_classifier(tiny_checkpoint), photograph)
    made = diagnosis.decomposition(target, against)
    one, other = diagnosis.classes.index(target), diagnosis.classes.index(against)
    assert made.margin == pytest.approx(diagnosis.scores[one] - diagnosis.scores[other], rel=1e-5)
    assert made.votes.sum() == pytest.approx(made.margin)
    assert made.residual < 1e-4
    for vote, bias, map_ in zip(made.votes, made.biases, made.maps, strict=True):
        assert map_.sum() + bias == pytest.approx(vote, abs=1e-5)


@pytest.mark.parametrize("network", ["the embedded EfficientNet-B4", "one head"])
def test_nothing_but_rounding_is_left_over(photograph, network: str):
    """In float32, of every class against every other."""
    if network == "one head":
        classifier = random_classifier("resnet10t")
    else:
        classifier = load_classifier(paths.EMBEDDED_CHECKPOINT)
    diagnosis = diagnose(classifier, photograph)
    assert len(diagnosis.heads) == (1 if network == "one head" else 8)
    for target, against in permutations(diagnosis.classes, 2):
        made = diagnosis.decomposition(target, against)
        assert made.residual < 1e-4
        assert made.logit_range == pytest.approx(float(np.ptp(diagnosis.scores)))
        assert made.margin == pytest.approx(
            float(made.from_image.sum() + made.biases.sum()), abs=1e-4 * made.logit_range
        )


def test_contributions_of_a_head_are_those_of_its_gradient(tiny_checkpoint: Path, photograph):
    """Gradient times activation by autograd, for a stage in the middle of the network."""
    classifier = load_classifier(tiny_checkpoint)
    made = diagnose(classifier, photograph).decomposition("EAD", "SD")
    tensor = torch.from_numpy(classifier.info.preprocessing(photograph))[None]
    features = classifier.infer(tensor, maps=True).maps[1].clone().requires_grad_()
    votes = classifier.network.heads[1](features.mean((2, 3)))[0]
    classes = classifier.info.classes
    (votes[classes.index("EAD")] - votes[classes.index("SD")]).backward()
    expected = (features.grad * features).sum(1)[0].detach().numpy()
    np.testing.assert_allclose(made.maps[1], expected, atol=1e-5 * np.abs(expected).max())


@given(
    st.lists(st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3), min_size=1, max_size=8)
)
def test_leaving_a_head_out_is_the_argmax_of_the_others(rows: list[list[float]]):
    logits = np.array(rows, dtype=np.float32)
    heads = tuple(f"head {index}" for index in range(len(rows)))
    made = decomposition(
        logits=logits,
        cams=tuple(np.zeros((3, 1, 1), np.float32) for _ in heads),
        biases=logits,
        heads=heads,
        classes=CODES,
        target="A",
        against="B",
    )
    if len(heads) == 1:
        assert made.without == made.decisive == ()
        return
    for index, head in enumerate(heads):
        others = np.delete(logits.astype(np.float64), index, axis=0).sum(axis=0)
        close = np.sort(others)[-2:]
        if np.ptp(close) > 1e-9:
            assert made.without[index] == CODES[int(others.argmax())]
        assert (head in made.decisive) == (made.without[index] != made.decision)
