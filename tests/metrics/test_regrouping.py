from collections import Counter

import numpy as np
import pytest
from scipy.special import softmax

from dermxai.core.activation import SIGMOID
from dermxai.core.errors import InputError
from dermxai.metrics.regrouping import (
    Combine,
    Per,
    Predictions,
    Regrouping,
    combined,
    merged,
)

CLASSES = ("EAD", "SD", "Pso", "LP")
N = 90


def drawn(seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (N, 4))
    lesions = np.array([f"L{i}" for i in rng.integers(0, 30, N)], dtype=object)
    patients = np.array([f"p{int(each[1:]) // 2}" for each in lesions], dtype=object)
    lesions[:5] = ""
    labels = np.array([CLASSES[int(each[1:]) % 4] if each else "LP" for each in lesions], object)
    ids = np.array([f"i{i}" for i in range(N)], dtype=object)
    return Predictions(CLASSES, labels, scores, softmax(scores, axis=1), ids, patients, lesions)


def test_a_merge_adds_probabilities_and_leaves_decisions() -> None:
    given = drawn()
    found = merged(given, [("EAD", "Pso")])
    assert found.classes == ("EAD∪Pso", "SD", "LP")
    told = given.probabilities
    np.testing.assert_allclose(found.probabilities, np.c_[told[:, 0] + told[:, 2], told[:, [1, 3]]])
    name = {"EAD": "EAD∪Pso", "Pso": "EAD∪Pso"}
    before = np.array(CLASSES)[given.scores.argmax(axis=1)]
    after = np.array(found.classes)[found.scores.argmax(axis=1)]
    assert [name.get(code, code) for code in before] == list(after)
    assert [name.get(code, code) for code in given.labels] == list(found.labels)
    everything = merged(given, [CLASSES])
    np.testing.assert_allclose(everything.probabilities, 1)
    assert merged(given, []).classes == CLASSES


@pytest.mark.parametrize("per", [Per.LESION, Per.PATIENT])
@pytest.mark.parametrize("combine", list(Combine))
def test_images_are_combined_as_the_definition_says(per: Per, combine: Combine) -> None:
    given = drawn(1)
    found = combined(given, per, combine)
    own = given.lesions if per == Per.LESION else given.patients
    alone = int((own == "").sum())
    assert len(found.ids) == len(set(own) - {""}) + alone == len(set(found.ids))
    for place in range(len(found.ids)):
        if per == Per.LESION and not found.lesions[place]:
            rows = given.ids == found.ids[place].removeprefix("image ")
        else:
            rows = own == (found.lesions if per == Per.LESION else found.patients)[place]
        told = given.probabilities[rows]
        if combine == Combine.MEAN:
            expected = softmax(given.scores[rows].mean(axis=0))
        elif combine == Combine.MAXIMUM:
            expected = told.max(axis=0) / told.max(axis=0).sum()
        else:
            votes = Counter(given.scores[rows].argmax(axis=1).tolist())
            shares = np.array([votes[k] for k in range(4)]) + told.mean(axis=0)
            expected = shares / (len(told) + 1)
            most = max(votes.values())
            tied = [k for k in votes if votes[k] == most]
            best = max(tied, key=lambda k, told=told: told.mean(axis=0)[k])
            assert found.scores[place].argmax() == best
        np.testing.assert_allclose(found.probabilities[place], expected)
        labels = set(given.labels[rows])
        assert found.labels[place] == (labels.pop() if len(labels) == 1 else "")
    assert found.torn == (found.labels == "").sum()
    assert (found.torn > 0) == (per == Per.PATIENT)


def test_a_lesion_number_of_two_patients_is_two_lesions() -> None:
    given = drawn(2)
    object.__setattr__(given, "lesions", np.full(N, "1", dtype=object))
    assert len(combined(given, Per.LESION, Combine.MEAN).ids) == len(set(given.patients))


def test_classes_by_themselves_stay_so() -> None:
    given = drawn(3)
    found = combined(given, Per.PATIENT, Combine.MAXIMUM, SIGMOID)
    assert (found.probabilities.sum(axis=1) > 1).any()
    assert found.probabilities.max() == given.probabilities.max()
    assert merged(found, [CLASSES]).probabilities.max() <= 1


@pytest.mark.parametrize("merges", [(("EAD",),), (("EAD", "EAD"),), ((),)])
def test_a_merge_takes_two(merges) -> None:
    with pytest.raises(InputError, match="two different ones"):
        Regrouping(merges)


def test_a_class_is_merged_once_and_is_the_models() -> None:
    with pytest.raises(InputError, match="EAD came in several merges"):
        Regrouping((("EAD", "SD"), ("EAD", "LP")))
    with pytest.raises(InputError, match="no class 'mel'"):
        merged(drawn(), [("EAD", "mel")])


def test_single_images_and_none() -> None:
    given = drawn()
    assert combined(given, Per.IMAGE, Combine.MAJORITY) is given
    nobody = np.zeros(0, dtype=object)
    none = Predictions(CLASSES, nobody, np.zeros((0, 4)), np.zeros((0, 4)), nobody, nobody, nobody)
    for combine in Combine:
        assert combined(none, Per.PATIENT, combine).scores.shape == (0, 4)
