from collections.abc import Callable

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.report.evaluated import evaluated
from dermxai.report.prediction_sets import (
    as_json,
    asked_for,
    in_words,
    notes,
    prediction_sets_of,
    sets_or_why_not,
)
from dermxai.runs import Run
from tests.generated import rewrite

Make = Callable[..., Run]


def divided(run: Run, *names: str) -> Run:
    """Patients of the run, one after the other, into these splits."""
    patients = run.samples["patient_id"].astype("category").cat.codes.to_numpy()
    return rewrite(run, split=np.array(names)[patients % len(names)])


def test_sets_are_fitted_on_validation_patients_who_are_not_measured(confused_run: Make) -> None:
    run = divided(confused_run(), "validation", "test")
    shown = evaluated(run, "test")
    found = prediction_sets_of(run, shown, 0.8)
    on = run.in_split("validation")
    true = [run.classes.index(code) for code in run.samples["label"].iloc[on]]
    scores = np.sort(1 - run.probabilities[on, true].astype(np.float64))
    rank = int(np.ceil((on.size + 1) * 0.8 - 1e-9))
    np.testing.assert_allclose(found.rule.bounds, scores[rank - 1], atol=1e-6)
    test = run.in_split("test")
    held = 1 - run.probabilities[test] <= found.rule.bounds[0] + 1e-8
    assert found.measured.overall["size"][0] == pytest.approx(held.sum(axis=1).mean())
    assert found.rule.shared == 0 and not list(notes(found))
    assert f"fitted on {on.size} validation images of {found.rule.units} patients" in in_words(
        found
    )
    told = as_json(found, [["EAD", "SD"]])
    alike = (held == [code in ("EAD", "SD") for code in run.classes]).all(axis=1)
    assert told["exactly"]["EAD+SD"][0]["exactly"] == alike.sum()
    assert [row["of"] for row in told["exactly"]["EAD+SD"]] == ["", "EAD", "SD"]
    assert sum(row["images"] for row in told["sizes"]) == test.size


def test_what_is_measured_and_fitted_on_is_told(confused_run: Make) -> None:
    run = divided(confused_run(), "validation", "test")
    found = prediction_sets_of(run, evaluated(run, "validation"), 0.9, by_class=True)
    (told,) = notes(found)
    assert "fitted on" in told and "by construction" in told
    assert found.measured.overall["coverage"][0] >= 0.9
    rare = prediction_sets_of(run, evaluated(run, "test"), 0.99, by_class=True)
    (told,) = notes(rare)
    assert told.startswith("EAD, SD, Pso: in every set, since fewer than 99 images")
    assert as_json(rare)["highest_scores"] == dict.fromkeys(run.classes)


def test_why_there_are_none(confused_run: Make) -> None:
    run = divided(confused_run(), "test")
    found, why_not = sets_or_why_not(run, evaluated(run, "test"))
    assert found is None and "no validation images" in why_not
    for bad in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="coverage"):
            sets_or_why_not(run, evaluated(run, "test"), bad)


def test_which_sets_are_counted() -> None:
    assert asked_for((), ("EAD", "SD", "Pso")) == [["EAD", "SD"]]
    assert asked_for((), ("EAD", "Pso")) == []
    assert asked_for(("Pso + SD", "EAD"), ("EAD", "SD", "Pso")) == [["Pso", "SD"], ["EAD"]]
    for bad in ("EAD+XY", "", "+"):
        with pytest.raises(InputError, match="no class"):
            asked_for((bad,), ("EAD", "SD"))
