import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.metrics import evaluate
from dermxai.metrics.decision import ARGMAX, Criterion, OperatingPoint
from dermxai.metrics.measure_estimates import NAMES as MEASURED
from dermxai.metrics.measures import AT_PREVALENCE, measured
from dermxai.metrics.undefined import Undefined
from dermxai.report.measures import (
    CRITERIA,
    NAMES,
    REASONS,
    notes,
    point_of,
    rule_at,
    rule_in_words,
)

CLASSES = ("EAD", "SD")


def evaluation(patients: range, label=lambda i: CLASSES[i % 2]):
    rng = np.random.default_rng(patients.start)
    truth = [label(i) for i in patients for _ in range(2)]
    scores = rng.normal(size=(len(truth), 2)) + [[code == "EAD", code == "SD"] for code in truth]
    ids = [f"{patient}-{i}" for patient in patients for i in range(2)]
    return evaluate(truth, CLASSES, scores, ids, [f"p{i}" for i in patients for _ in range(2)])


def test_every_code_has_words() -> None:
    assert set(REASONS) == set(Undefined) and set(CRITERIA) == set(Criterion)
    assert set(NAMES) == {*MEASURED, *AT_PREVALENCE}


def test_thresholds_are_chosen_on_other_patients() -> None:
    shown = evaluation(range(0, 20))
    apart = rule_at(OperatingPoint(), evaluation(range(20, 40)), shown)
    assert (apart.images, apart.units, apart.shared) == (40, 20, 0)
    own = rule_at(OperatingPoint(), shown, shown)
    assert (own.images, own.shared) == (40, 40)
    assert "chosen on 40 images of those that are measured" in next(notes(measured(shown, own)))
    assert not list(notes(measured(shown, apart)))


def test_validation_images_of_measured_patients_choose_nothing() -> None:
    shown = evaluation(range(0, 20))
    rng = np.random.default_rng(1)
    ids = [f"other {i}" for i in range(40)]
    owners = [f"p{i}" for i in range(10, 50)]  # the first ten are measured, too
    truth = np.array(CLASSES)[np.arange(40) % 2]
    chosen_on = evaluate(truth, CLASSES, rng.normal(size=(40, 2)), ids, owners)
    rule = rule_at(OperatingPoint(), chosen_on, shown)
    assert (rule.images, rule.units, rule.shared) == (30, 30, 0)
    same = evaluate(truth[:20], CLASSES, rng.normal(size=(20, 2)), ids[:20], owners[:10] * 2)
    with pytest.raises(InputError, match="Every patient of the 20 validation images"):
        rule_at(OperatingPoint(), same, shown)


def test_no_label_chooses_nothing() -> None:
    shown = evaluation(range(0, 20))
    foreign = evaluation(range(20, 40), label=lambda _: "mel")
    with pytest.raises(InputError, match="No validation image has a label"):
        rule_at(OperatingPoint(), foreign, shown)
    assert rule_at(None, foreign, shown) is ARGMAX


def test_rules_in_words() -> None:
    shown, chosen_on = evaluation(range(0, 20)), evaluation(range(20, 40))
    for name, words in (
        ("argmax", "argmax"),
        ("youden", "Youden index)"),
        ("sensitivity", "fixed sensitivity 90.0 %)"),
        ("cost_ratio", "cost ratio 5.00 : 1)"),
    ):
        said = rule_in_words(rule_at(point_of(name), chosen_on, shown), "patients")
        assert words in said
        assert ("chosen on 40 validation images of 20 patients" in said) == (name != "argmax")


def test_a_class_without_validation_images_is_told() -> None:
    shown = evaluation(range(0, 20))
    rule = rule_at(point_of("youden"), evaluation(range(20, 40), lambda _: "EAD"), shown)
    (said,) = notes(measured(shown, rule))
    assert said.startswith("EAD, SD: no threshold could be chosen")
