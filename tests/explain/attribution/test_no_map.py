"""What a method gives is refused where it is no map, in a sentence that names the method."""

from typing import Any

import numpy as np
import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.explain import explain
from dermxai.explain.attribution.method import METHODS, Target, attributed
from dermxai.explain.attribution.methods.grad_cam import GRAD_CAM, GradCam
from tests.explain.networks import random_classifier

GOOD = np.eye(4, dtype=np.float32)
ODD: dict[str, tuple[Any, str]] = {
    "three axes": (
        (GOOD[None], ()),
        r"array \(1, 4, 4\) of float32; expected \(rows, columns\)",
    ),
    "empty": ((GOOD[:0], ()), r"the map is an array \(0, 4\) of float32"),
    "a number": ((GOOD[0, 0], ()), "the map is a float32; expected a NumPy array"),
    "double": ((GOOD.astype(float), ()), "of float64; expected"),
    "other bytes": ((GOOD.astype(">f4"), ()), "of >f4; expected"),
    "texts": ((GOOD.astype(str), ()), "of <U32; expected"),
    "masked": ((np.ma.masked_invalid(GOOD), ()), "the map is a MaskedArray"),
    "not finite": ((np.where(GOOD > 0, np.float32(np.inf), GOOD), ()), "4 of the map's values are"),
    "no notes": (GOOD, "attribute gives a ndarray; expected a map and a tuple of notes"),
    "nothing": (None, "attribute gives a NoneType; expected a map"),
    "odd notes": ((GOOD, (5,)), "a note is no text"),
}


@pytest.fixture(autouse=True)
def discovered() -> None:
    """Before one of them is changed."""
    METHODS.all()


@pytest.mark.parametrize("name", ODD)
def test_explain_refuses_it_and_names_the_method(
    name: str, monkeypatch: pytest.MonkeyPatch, photograph: np.ndarray
) -> None:
    given, sentence = ODD[name]
    network = random_classifier("resnet10t")
    monkeypatch.setattr(GradCam, "attribute", lambda *_: given)
    with pytest.raises(InputError, match=f"^Grad-CAM gives no map for .*: .*{sentence}") as told:
        explain(network, photograph, "grad_cam", "EAD")
    assert "\n" not in str(told.value) and str(told.value).endswith(".")


def test_what_is_one_is_given_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GradCam, "attribute", lambda *_: (GOOD, ("Note.",)))
    network, image = random_classifier("resnet10t"), torch.zeros(1, 3, 64, 64)
    values, notes = attributed(GRAD_CAM, network, image, Target(0), settings=GRAD_CAM.settings())
    assert values is GOOD and notes == ("Note.",)
