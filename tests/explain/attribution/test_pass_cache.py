from pathlib import Path

import numpy as np
import torch

from dermxai.explain import explain
from dermxai.explain.attribution import pass_cache
from dermxai.models import load_classifier


def test_two_methods_of_one_question_take_one_pass_and_another_question_its_own(
    tiny_checkpoint: Path, photograph, monkeypatch
):
    classifier = load_classifier(tiny_checkpoint)
    made: list[object] = []
    put = pass_cache.Bounded.put
    monkeypatch.setattr(
        pass_cache.Bounded,
        "put",
        lambda self, key, value: made.append(key) or put(self, key, value),
    )
    steps: list[tuple[int, int]] = []
    for method in ("saliency", "input_x_gradient"):
        explain(
            classifier,
            photograph,
            method,
            "EAD",
            progress=lambda *step: steps.append(step),
            keep=False,
        )
    assert len(made) == 1 and steps == [(1, 1), (1, 1)]
    explain(classifier, photograph, "saliency", "SD", keep=False)
    explain(classifier, np.flipud(photograph), "saliency", "EAD", keep=False)
    assert len(made) == 3
    pass_cache.clear()
    explain(classifier, photograph, "saliency", "EAD", keep=False)
    assert len(made) == 4


def test_what_is_shared_is_not_another_images(tiny_checkpoint: Path):
    classifier = load_classifier(tiny_checkpoint)
    one, other = torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    results = [
        pass_cache.cached(classifier, image, asked, lambda value=value: value, None)
        for image, asked, value in ((one, "a", 1), (other, "a", 2), (one, "b", 3), (one, "a", 4))
    ]
    assert results == [1, 2, 3, 1]
