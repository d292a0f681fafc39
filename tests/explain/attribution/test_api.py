from pathlib import Path

import numpy as np
import pytest

from dermxai.data.images import as_image
from dermxai.explain import Attribution, diagnose, explain
from dermxai.explain.attribution import store
from dermxai.explain.attribution.api import recall
from dermxai.explain.diagnosis import AT_HAND
from dermxai.models import load_classifier


class Room:
    """Remembers the map of one wish."""

    def __init__(self) -> None:
        self.made: Attribution | None = None

    def get(self) -> Attribution | None:
        return self.made

    def put(self, made: Attribution) -> None:
        self.made = made


@pytest.fixture
def classifier(tiny_checkpoint: Path):
    return load_classifier(tiny_checkpoint)


@pytest.fixture
def own_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path / "home"))


def no_image() -> np.ndarray:
    raise AssertionError("looked at the image")


@pytest.mark.usefixtures("own_workspace")
def test_a_map_is_known_from_memory_then_from_the_workspace(classifier, photograph) -> None:
    room, asked = Room(), ("saliency", "EAD", "SD")
    assert recall(classifier, photograph, *asked, memory=room) is None
    made = explain(classifier, photograph, *asked, keep=True, memory=room)
    assert room.made is not None
    assert room.made.map is room.made.native  # not at the size of the image, which takes room

    again = recall(classifier, no_image, *asked, shape=(30, 20), memory=room)
    assert again is not None and again.map.shape == (30, 20)
    np.testing.assert_array_equal(again.native, made.native)

    fresh = Room()
    kept = recall(classifier, lambda: photograph, *asked, memory=fresh)
    assert kept is not None and fresh.made is not None
    np.testing.assert_array_equal(kept.map, made.map)
    assert recall(classifier, photograph, "saliency", "SD", "EAD") is None


@pytest.mark.usefixtures("own_workspace")
def test_what_must_not_reach_the_disk_is_known_from_memory_alone(
    classifier, photograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise AssertionError("the workspace was asked")

    monkeypatch.setattr(store, "read", none)
    monkeypatch.setattr(store, "write", none)
    room = Room()
    assert recall(classifier, no_image, "saliency", "EAD", keep=False, memory=room) is None
    explain(classifier, photograph, "saliency", "EAD", memory=room)
    found = recall(classifier, photograph, "saliency", "EAD", keep=False, memory=room)
    assert found is not None and found.map.shape == as_image(photograph).shape[:2]


@pytest.mark.parametrize("method", AT_HAND)
@pytest.mark.parametrize(("against", "head"), [(None, None), ("SD", None), ("SD", "block3")])
def test_what_comes_with_a_diagnosis_is_what_explain_gives(
    classifier, photograph, method: str, against: str | None, head: str | None
) -> None:
    """The same description, and the same map but for the order of sums."""
    head = head and classifier.info.heads[0].name
    asked = (method, "EAD", against)
    made = explain(classifier, photograph, *asked, head=head)
    at_hand = diagnose(classifier, photograph).attribution(*asked, head)
    assert made.target == "EAD" and made.against == against
    for part in ("method", "target", "against", "head", "unit", "signed", "complete", "per_area"):
        assert getattr(at_hand, part) == getattr(made, part)
    assert at_hand.settings == made.settings and at_hand.notes[0] == made.notes[0]
    np.testing.assert_allclose(at_hand.map, made.map, rtol=1e-4, atol=1e-5)
