from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermxai.core.errors import Cancelled
from dermxai.explain import explain
from dermxai.explain.faithfulness.badge import DRAWS, badge, passes
from dermxai.explain.faithfulness.corner_network import SIZE, corner_classifier
from dermxai.explain.faithfulness.measure import Candidate
from dermxai.models import load_classifier

SIDE = 16


def picture() -> np.ndarray:
    image = np.full((SIZE, SIZE, 3), 40, np.uint8)
    image[:SIDE, :SIDE] = 220
    return image


def test_a_true_map_passes_and_says_why():
    classifier, image = corner_classifier(SIDE), picture()
    lesion = image[..., 0] > 100
    made = explain(classifier, image, "grad_cam", "A")
    checks = {check.title: check for check in badge(classifier, image, made, {"lesion": lesion})}
    assert checks["Deletion, random maps"].passed
    assert "19 of 19" in checks["Deletion, random maps"].finding
    assert checks["Deletion, centred Gaussian"].passed
    assert checks["Inside the lesion"].passed
    assert "fills 25 %" in checks["Inside the lesion"].finding
    assert "Inside the drawn signs" not in checks


def test_the_opposite_of_the_true_map_fails():
    classifier, image = corner_classifier(SIDE), picture()
    made = explain(classifier, image, "grad_cam", "A")
    checks = {c.title: c for c in badge(classifier, image, replace(made, native=-made.native))}
    assert checks["Deletion, random maps"].passed is False
    assert checks["Deletion, centred Gaussian"].passed is False


def test_a_map_that_random_heads_only_turn_round_fails(monkeypatch: pytest.MonkeyPatch):
    classifier, image = corner_classifier(SIDE), picture()
    made = explain(classifier, image, "grad_cam", "A")

    def turned(self: Candidate, **_: object) -> np.ndarray:
        return -self.values

    monkeypatch.setattr(Candidate, "again", turned)
    checks = {check.title: check for check in badge(classifier, image, made)}
    assert checks["Random heads"].passed is False
    assert checks["Random heads"].finding.count("−1.00") == DRAWS


def test_it_is_the_question_of_the_map_that_is_checked(tiny_checkpoint: Path, photograph):
    tiny = load_classifier(tiny_checkpoint)
    made = explain(tiny, photograph, "vote_map", "EAD", "SD", head="final")
    once, again = (badge(tiny, photograph, made) for _ in range(2))
    assert once == again and len(once) == 3

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        badge(tiny, photograph, made, progress=stop)


def test_what_it_costs_is_what_it_tells_of(tiny_checkpoint: Path, photograph):
    tiny = load_classifier(tiny_checkpoint)
    made = explain(tiny, photograph, "integrated_gradients", "EAD", settings={"steps": 8})
    told: list[tuple[int, int]] = []
    badge(tiny, photograph, made, progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {passes(tiny, made)}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == passes(tiny, made)
