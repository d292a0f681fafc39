"""What a measure gives is refused where it is no score, in a sentence that names the measure."""

from typing import Any

import numpy as np
import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.explain.attribution.methods.grad_cam import GRAD_CAM, GradCam
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.measure import MEASURES, Candidate, Case, Score
from dermxai.explain.faithfulness.measures.mass import RelevanceMass

ODD: dict[str, tuple[Any, str]] = {
    "nothing": (None, "measure gives a NoneType; expected a Score"),
    "a bare number": (0.5, "measure gives a float; expected a Score"),
    "text": (Score("0.5"), "the score's value is a str; expected a number"),  # type: ignore[arg-type]
    "no value": (Score(None), "the score's value is a NoneType"),  # type: ignore[arg-type]
    "true": (Score(True), "the score's value is a bool"),
    "complex": (Score(1j), "the score's value is a complex"),  # type: ignore[arg-type]
    "beyond all": (Score(10**400), "the score's value is a int"),
    "tensor": (Score(torch.ones(())), "the score's value is a Tensor"),  # type: ignore[arg-type]
    "array": (Score(np.ones(2)), "the score's value is a ndarray"),  # type: ignore[arg-type]
    "reason": (Score(np.nan, None), "the score's reason is a NoneType; expected a text"),  # type: ignore[arg-type]
    "curves": (Score(1.0, curves=[1, 2]), "curves are no lists by their names"),  # type: ignore[arg-type]
    "lengths": (Score(1.0, curves={"x": [1], "y": [1, 2]}), "curves are no lists"),
    "no x": (Score(1.0, curves={"y": [1, 2]}), "curves are no lists"),
    "arrays": (Score(1.0, curves={"x": np.ones(2)}), "curves are no lists"),
    "no JSON": (Score(1.0, curves={"x": [{1}]}), "curves are no lists"),
}


@pytest.fixture(autouse=True)
def discovered() -> None:
    """Before one of them is changed."""
    MEASURES.all()


@pytest.mark.parametrize("name", ODD)
def test_it_is_refused_and_names_the_measure(
    name: str, monkeypatch: pytest.MonkeyPatch, case: Case, truth: Candidate
) -> None:
    given, sentence = ODD[name]
    monkeypatch.setattr(RelevanceMass, "measure", lambda *_: given)
    with pytest.raises(
        InputError, match=rf"^Relevance mass \(lesion\) gives no score: .*{sentence}"
    ):
        evaluate.evaluated(case, truth, "mass_lesion")


@pytest.mark.parametrize("value", [1, np.float32(0.5), np.int64(3), -0.0])
def test_numbers_of_any_kind_become_plain_ones(
    value: Any, monkeypatch: pytest.MonkeyPatch, case: Case, truth: Candidate
) -> None:
    monkeypatch.setattr(RelevanceMass, "measure", lambda *_: Score(value))
    found = evaluate.evaluated(case, truth, "mass_lesion").value
    assert type(found) is float and found == value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_undefined(
    value: float, monkeypatch: pytest.MonkeyPatch, case: Case, truth: Candidate
) -> None:
    monkeypatch.setattr(RelevanceMass, "measure", lambda *_: Score(value))
    assert evaluate.evaluated(case, truth, "mass_lesion").reason == "The value is not finite."


def test_a_measure_that_asks_for_another_map_is_not_given_nonsense(
    monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    whole = np.eye(4, dtype=np.float32)
    subject = evaluate.candidate(case, GRAD_CAM, GRAD_CAM.settings(), whole)
    monkeypatch.setattr(GradCam, "attribute", lambda *_: (whole[None], ()))
    for ask in (subject.again, lambda: evaluate.candidate(case, GRAD_CAM, GRAD_CAM.settings())):
        with pytest.raises(InputError, match="Grad-CAM gives no map for corner: the map is an"):
            ask()
