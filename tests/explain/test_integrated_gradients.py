from pathlib import Path

import numpy as np
import pytest
import torch

from dermxai.explain import Cancelled, explain
from dermxai.explain.attribution.methods.integrated_gradients import (
    IntegratedGradientsSettings as Settings,
)
from dermxai.models import load_classifier


def test_map_accounts_for_the_change_of_the_logit(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    size = classifier.info.preprocessing.size
    square = photograph[:60, :60].repeat(2, 0).repeat(2, 1)[:size, :size]
    attribution = explain(
        classifier,
        square,
        "integrated_gradients",
        "BCC",
        settings=Settings(steps=128),
    )
    image = torch.from_numpy(classifier.info.preprocessing(square))[None]
    ends = torch.cat([image, torch.zeros_like(image)])
    top, bottom = classifier.infer(ends).logits.sum(1)[:, classifier.info.classes.index("BCC")]
    assert attribution.map.sum() == pytest.approx(float(top - bottom), rel=0.05)
    assert "Completeness gap" in attribution.notes[-1]


def test_cancelling_leaves_the_classifier_as_it_was(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done > 8:
            raise Cancelled

    with pytest.raises(Cancelled):
        explain(classifier, photograph, "integrated_gradients", "EAD", progress=stop)
    assert seen[0][0] < seen[-1][0] <= seen[-1][1]
    assert all(p.grad is None and not p.requires_grad for p in classifier.network.parameters())
    hooks = [m for m in classifier.network.modules() if m._forward_hooks or m._backward_hooks]
    assert hooks == []


def test_contrast_is_the_difference_of_two_maps(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    maps = {
        (target, against): explain(
            classifier, photograph, "integrated_gradients", target, against
        ).map
        for target, against in (("EAD", None), ("SD", None), ("EAD", "SD"))
    }
    difference = maps["EAD", None] - maps["SD", None]
    scale = np.abs(difference).max()
    np.testing.assert_allclose(maps["EAD", "SD"], difference, atol=1e-4 * scale)
