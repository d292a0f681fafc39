"""A network's exam: logits of the offered classes, by the cases' ids."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.metrics.decision import Criterion, OperatingPoint
from dermxai.readers.answered import Answer, Arm, Case, Reader, Study
from dermxai.readers.exam import exam, named
from dermxai.runs import Run
from tests.generated import generated_run, rewrite

OFFERED = ("EAD", "MN", "BCC")


@pytest.fixture
def run() -> Run:
    return generated_run(paths.runs() / "generated", images=120)


def study_of(run: Run, rows: range) -> Study:
    samples = run.samples.iloc[list(rows)]
    samples = samples[samples["label"].isin(OFFERED)]
    cases = tuple(
        Case(str(sample), str(label), str(sample))
        for sample, label in zip(samples["sample_id"], samples["label"], strict=True)
    )
    answers = tuple(Answer("a", case.case_id, "alone", "MN") for case in cases)
    return Study("study", OFFERED, cases, (Reader("a"),), (Arm("alone"),), answers)


def test_the_answer_is_the_highest_offered_logit(run: Run) -> None:
    study = study_of(run, range(60))
    found = exam(run, study)
    rows = run.index(found.cases)
    columns = [run.classes.index(code) for code in OFFERED]
    np.testing.assert_allclose(found.scores, run.scores[rows][:, columns])
    answers = replace(study, device=found).of_device
    np.testing.assert_array_equal(answers, run.scores[rows][:, columns].argmax(axis=1))
    assert len(set(answers)) == 3
    assert not found.decisions  # nothing says which images are for validation


def test_thresholds_are_chosen_on_validation_patients(run: Run) -> None:
    study = study_of(run, range(60))
    split = pd.Series(np.where(np.arange(len(run)) < 60, "test", "validation"))
    run = rewrite(run, split=split)
    youden, high = OperatingPoint(), OperatingPoint(Criterion.SENSITIVITY, 0.99)
    found = exam(run, study, point=youden)
    assert named(youden) == "operating points (Youden index)"
    assert found.decisions[named(youden)].shape == (len(found.cases), 3)
    more = exam(run, study, point=high).decisions["operating points (sensitivity 0.99)"].sum()
    assert more >= found.decisions[named(youden)].sum()


def test_a_network_that_cannot_take_it_says_why(run: Run) -> None:
    study = study_of(run, range(60))
    strange = replace(
        study, classes=(*OFFERED, "melanoma"), answers=study.answers, cases=study.cases
    )
    with pytest.raises(InputError, match="offers melanoma, which the run"):
        exam(run, strange)
    elsewhere = replace(
        study,
        cases=tuple(replace(case, case_id=f"x{case.case_id}") for case in study.cases),
        answers=tuple(replace(each, case=f"x{each.case}") for each in study.answers),
    )
    with pytest.raises(InputError, match="has none of the"):
        exam(run, elsewhere)
    shown = replace(
        elsewhere,
        cases=tuple(replace(each, images=(each.case_id[1:],)) for each in elsewhere.cases),
    )
    assert len(exam(run, shown).cases) == len(study.cases)
