"""Each cause's remedy is a stack that the bench takes."""

from dataclasses import replace

import pytest

from dermxai.confusion.card import make_card, to_relabel
from dermxai.confusion.causes.shortcut import IMAGES_OF_PATIENT
from dermxai.confusion.finding import Cause, CauseCard, Finding, Skipped
from dermxai.core.errors import InputError
from dermxai.data import selection
from dermxai.remedies import fit_stack
from dermxai.report.causes import as_json, stack
from dermxai.runs import Run
from tests.generated import generated_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("run") / "runs" / "one"
    return generated_run(root, 240, classes=("MN", "BCC", "SK"), patients=120)


@pytest.fixture
def card(run: Run) -> CauseCard:
    return make_card(run, "MN", "BCC")


NAMED = (
    (Finding(Cause.BORDER), "logit_offset"),
    (Finding(Cause.HEAD), "retrain_heads"),
    (Finding(Cause.FEATURES, names=("all heads",)), "retrain_heads"),
    (Finding(Cause.FEATURES, names=("run one",)), "average_runs"),
    (Finding(Cause.LABELS, to_relabel=("image 00001",)), "relabel,retrain_heads"),
    (Finding(Cause.IMAGE, names=("age",)), "merge_classes"),
    (Finding(Cause.SHORTCUT, names=("sex", "male", "MN")), "image_weights,retrain_heads"),
    (Finding(Cause.BALANCE), "logit_offset"),
    (Finding(Cause.DATA), "add_run,retrain_heads"),
)


@pytest.mark.parametrize(("finding", "remedies"), NAMED, ids=lambda each: str(each)[:40])
def test_every_cause_has_a_stack_that_is_fitted(
    run: Run, card: CauseCard, finding: Finding, remedies: str
) -> None:
    made = stack(finding, card)
    assert made is not None
    assert ",".join(step.remedy for step in made.steps) == remedies
    if "average_runs" in remedies:
        with pytest.raises(InputError, match="one"):
            fit_stack(run, made)
        return
    if finding.to_relabel:
        selection.keep(to_relabel(card, finding))
    fitted = fit_stack(run, made)
    assert fitted.changes or "add_run" in remedies
    told = {each.title: each.notes for each in fitted.told}
    if finding.to_relabel:
        assert "dropped for the remedies that follow" in told["Relabel or drop images"][0]


@pytest.mark.parametrize(
    "finding",
    [
        Finding(Cause.BORDER, Skipped.FEW_VALIDATION),
        Finding(Cause.FEATURES, Skipped.NO_OTHER_FEATURES),
        Finding(Cause.FEATURES, names=("panderm",)),
        Finding(Cause.LABELS),
        Finding(Cause.SHORTCUT, names=("age", "", "MN")),
        Finding(Cause.SHORTCUT, names=(IMAGES_OF_PATIENT, "2", "MN")),
    ],
    ids=str,
)
def test_what_no_remedy_mends_has_no_stack(card: CauseCard, finding: Finding) -> None:
    assert stack(finding, card) is None


def test_classes_whose_codes_a_stack_cannot_name_have_none(card: CauseCard) -> None:
    odd = replace(card, first="A+B", second="C,D")
    for cause in (Cause.BORDER, Cause.BALANCE, Cause.IMAGE):
        assert stack(Finding(cause), odd) is None


def test_programs_are_told_the_stacks(run: Run, card: CauseCard) -> None:
    told = as_json(card, run)
    assert isinstance(told, dict)
    stacks = {each["cause"]: each["stack"] for each in told["causes"]}
    assert stacks["head"] == '[{"remedy":"retrain_heads"}]'
    assert '"between":"MN+BCC"' in stacks["border"]
