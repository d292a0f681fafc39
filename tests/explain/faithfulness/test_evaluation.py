import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dermxai.core.errors import Cancelled, InputError
from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.explain.attribution.api import methods
from dermxai.explain.faithfulness.evaluation import (
    available,
    evaluate_maps,
    passes,
    resolved,
    stratified,
)
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.explain.faithfulness.measure import measures
from dermxai.explain.faithfulness.results import (
    OUTDATED,
    RUNNER_UP,
    EvaluationRequest,
    open_results,
)
from dermxai.models import Classifier, load_classifier
from dermxai.runs import Run, infer

QUICK = {name: {"steps": 2} for name in ("deletion_blur", "insertion_blur")}
MEASURES = ("deletion_blur", "insertion_blur", "mass_lesion", "randomisation")


def nothing(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load_classifier(tiny_checkpoint)


@pytest.fixture
def run(classifier: Classifier, tmp_path: Path) -> Run:
    """Six images of two classes, half of them with a lesion mask."""
    from dermxai.data import load_dataset

    generator = np.random.default_rng(0)
    rows = []
    for index in range(6):
        image, mask = tmp_path / f"{index}.png", tmp_path / f"{index}-mask.png"
        Image.fromarray(generator.integers(0, 255, (50, 70, 3), dtype=np.uint8)).save(image)
        inside = np.zeros((50, 70), np.uint8)
        inside[10:40, 20:50] = 255
        Image.fromarray(inside).save(mask)
        label = "EAD" if index % 2 else "SD"
        rows.append((f"s{index}", image, label, mask if index < 3 else None))
    table = pd.DataFrame(rows, columns=["sample_id", "path", "label", "mask_path"])
    table.to_csv(tmp_path / "table.csv", index=False)
    return infer(classifier, load_dataset(tmp_path / "table.csv"))


def test_a_study_is_kept_and_opened_again(run: Run, classifier: Classifier):
    asked = EvaluationRequest(images=4, methods=("vote_map",), measures=MEASURES, settings=QUICK)
    assert open_results(run) is None
    made = evaluate_maps(run, classifier, asked, nothing)
    opened = open_results(run)
    pd.testing.assert_frame_equal(opened.table, made.table)
    assert (opened.asked, opened.skipped) == (made.asked, made.skipped)
    table = opened.table
    assert table["sample_id"].nunique() == 4
    assert set(table["method"]) == {"vote_map", "smooth_noise", "centred_gaussian"}
    assert set(table["measure"]) == set(MEASURES)
    assert len(set(table["label"].value_counts())) == 1  # both classes alike
    without = table[table["measure"].eq("mass_lesion") & table["value"].isna()]
    assert set(without["reason"]) == {"The image has no lesion mask."}
    mine = table[table["method"] == "vote_map"]
    noise = table[table["method"] == "smooth_noise"]
    assert set(mine["cells"]) == set(noise["cells"])


@pytest.mark.parametrize("older", ["measure", "method", "unrecorded"])
def test_what_an_older_version_computed_is_not_shown_but_computed_again(
    older: str, run: Run, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
):
    from dermxai.explain.attribution.methods import saliency
    from dermxai.explain.faithfulness.measures import infidelity

    measures = ("infidelity", "pointing_lesion", "max_sensitivity")
    asked = EvaluationRequest(images=3, methods=("saliency", "grad_cam"), measures=measures)
    with monkeypatch.context() as before:
        if older == "measure":
            before.setitem(vars(infidelity.INFIDELITY), "version", 0)
            before.setattr(infidelity, "infidelity", lambda *_: 7.0)
        if older == "method":
            before.setitem(vars(saliency.SALIENCY), "version", 0)
        kept = evaluate_maps(run, classifier, asked, nothing)
    assert kept.outdated == ()
    if older == "unrecorded":  # as those before versions were kept
        file = FaithfulnessFiles.of(run.root).asked(asked.name)
        about = json.loads(file.read_text())
        del about["versions"]
        file.write_text(json.dumps(about))
    opened = open_results(run, kept.asked.name)
    name = {"measure": "infidelity", "method": "saliency", "unrecorded": "max_sensitivity"}[older]
    assert opened.outdated == (name,)
    old = opened.table["method"].eq(name) | opened.table["measure"].eq(name)
    assert 0 < old.sum() < len(old)
    assert opened.table.loc[old, "value"].isna().all()
    assert set(opened.table.loc[old, "reason"]) == {OUTDATED}
    pd.testing.assert_frame_equal(opened.table[~old], kept.table[~old])

    again = evaluate_maps(run, classifier, replace(asked, **asked.arguments), nothing)
    assert open_results(run, asked.name).outdated == ()
    mine = again.table[again.table["method"].isin(asked.methods)]
    assert np.isfinite(mine["value"][mine["reason"] == ""]).all()
    assert not mine["value"].eq(7.0).any()


def test_nothing_is_computed_twice(run: Run, classifier: Classifier, monkeypatch):
    from dermxai.explain.faithfulness import evaluate

    asked = EvaluationRequest(
        images=3, methods=("vote_map",), measures=MEASURES[:3], settings=QUICK
    )
    made = evaluate_maps(run, classifier, asked, nothing)
    judged, judge_ = [], evaluate.evaluated

    def counted(case, subject, measure, *rest):
        judged.append((subject.method.name, measure))
        return judge_(case, subject, measure, *rest)

    monkeypatch.setattr(evaluate, "evaluated", counted)
    pd.testing.assert_frame_equal(evaluate_maps(run, classifier, asked, nothing).table, made.table)
    assert judged == []
    more = EvaluationRequest(
        images=3, methods=("vote_map", "grad_cam"), measures=MEASURES[:3], settings=QUICK
    )
    evaluate_maps(run, classifier, more, nothing)
    assert {method for method, _ in judged} <= {"grad_cam", "smooth_noise"}
    assert [method for method, _ in judged].count("grad_cam") == 3 * 3


def test_cancelled_it_goes_on_where_it_was(run: Run, classifier: Classifier):
    asked = EvaluationRequest(images=4, methods=("grad_cam",), measures=MEASURES, settings=QUICK)

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_maps(run, classifier, asked, stop)
    assert open_results(run) is None
    kept = list((FaithfulnessFiles.of(run.root).root / "scores").iterdir())
    assert len(kept) == 2
    before = {path: path.stat().st_mtime_ns for path in kept}
    resumed = evaluate_maps(run, classifier, asked, nothing)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    for path in kept:
        path.unlink()
    pd.testing.assert_frame_equal(
        evaluate_maps(run, classifier, asked, nothing).table, resumed.table
    )


def test_the_runner_up_and_what_cannot_be_set_against(run: Run, classifier: Classifier):
    asked = EvaluationRequest(
        images=2, methods=("grad_cam",), measures=("infidelity",), against=RUNNER_UP
    )
    table = evaluate_maps(run, classifier, asked, nothing).table
    second = {
        sample: run.classes[np.argsort(-run.scores[i])[1]]
        for i, sample in enumerate(run.samples["sample_id"])
    }
    assert all(second[row.sample_id] == row.against for row in table.itertuples())
    with pytest.raises(InputError, match="set against itself"):
        evaluate_maps(run, classifier, EvaluationRequest(target="EAD", against="EAD"), nothing)


def test_an_image_that_is_gone_is_a_problem(run: Run, classifier: Classifier):
    Path(run.samples["path"][0]).unlink()
    asked = EvaluationRequest(methods=("grad_cam",), measures=("infidelity",))
    made = evaluate_maps(run, classifier, asked, nothing)
    assert [problem.item for problem in made.problems] == ["s0"]
    assert made.table["sample_id"].nunique() == 5


def test_a_mask_or_an_unknown_image_that_was_replaced_is_judged_again(
    run: Run, classifier: Classifier
):
    run = replace(run, fingerprints=None)
    asked = EvaluationRequest(
        images=6, methods=("vote_map",), measures=MEASURES[:3], settings=QUICK
    )
    before = evaluate_maps(run, classifier, asked, nothing).table.set_index(
        ["sample_id", "measure"]
    )
    for column in ("path", "mask_path"):
        file = Path(run.samples[column][0])
        with Image.open(file) as opened:
            turned = np.rot90(np.asarray(opened), 2)
            Image.fromarray(np.roll(turned, 15, axis=1)).save(file)
    after = evaluate_maps(run, classifier, asked, nothing).table.set_index(["sample_id", "measure"])
    changed = ~np.isclose(before["value"], after["value"], equal_nan=True)
    assert set(before.index[changed]) == {("s0", measure) for measure in MEASURES[:3]}


def test_an_image_that_was_replaced_is_a_problem(run: Run, classifier: Classifier):
    file = Path(run.samples["path"][0])
    Image.fromarray(np.zeros((50, 70, 3), np.uint8)).save(file)
    made = evaluate_maps(
        run, classifier, EvaluationRequest(methods=("grad_cam",), measures=MEASURES[:1]), nothing
    )
    assert [(each.item, "has changed since" in each.reason) for each in made.problems] == [
        ("s0", True)
    ]


def test_a_checkpoint_that_is_not_the_runs_is_refused(run: Run, classifier: Classifier):
    manifest = run.manifest | {"checkpoint": run.manifest["checkpoint"] | {"hash": "other"}}
    with pytest.raises(InputError, match="not the one that made run"):
        evaluate_maps(
            replace(run, manifest=manifest), classifier, EvaluationRequest(images=1), nothing
        )


def test_what_is_not_available_is_left_out_with_its_reason(run: Run, classifier: Classifier):
    _, measures, skipped = available(run, classifier)
    assert "mass_lesion" in measures
    assert skipped["mass_evidence"] == "The dataset has no evidence masks."
    asked, left_out = resolved(run, classifier, EvaluationRequest())
    assert "mass_evidence" not in asked.measures and left_out == skipped
    named = EvaluationRequest(methods=("vote_map", "guided_backprop"), measures=("road",))
    assert set(resolved(run, classifier, named)[1]) == {"guided_backprop"}
    assert passes(classifier, asked) > 10
    for wrong, words in (
        (EvaluationRequest(methods=("gradcam",)), "vote_map"),
        (EvaluationRequest(measures=("delete",)), "deletion_blur"),
        (EvaluationRequest(settings={"road": {"steps": 0}}), "from 1 to 25"),
        (EvaluationRequest(images=0), "at least 1"),
        (EvaluationRequest(head="block 9"), "final"),
        (EvaluationRequest(measures=("mass_evidence",)), "no evidence masks"),
    ):
        with pytest.raises(InputError, match=words):
            resolved(run, classifier, wrong)


def test_nothing_that_is_available_is_one_sentence(run: Run, classifier: Classifier):
    known, _, skipped = available(run, classifier)
    for method in [None, *methods()]:
        for measure in measures():
            if method in known or (measure not in skipped and method is None):
                continue
            asked = EvaluationRequest(methods=(method,) if method else (), measures=(measure,))
            with pytest.raises(InputError, match=f"{method or measure}: .*") as error:
                resolved(run, classifier, asked)
            assert str(error.value).startswith("There is nothing to evaluate. ")


@pytest.mark.parametrize("where", ["method", "measure"])
def test_what_memory_did_not_suffice_for_is_tried_again(
    where: str, run: Run, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
):
    from dermxai.explain.attribution.methods.vote_map import VoteMap
    from dermxai.explain.faithfulness.removal import CurveMeasure

    asked = EvaluationRequest(
        images=2, methods=("vote_map",), measures=MEASURES[:2], settings=QUICK
    )

    def cramped(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory (simulated)")

    with monkeypatch.context() as small:
        if where == "method":
            small.setattr(VoteMap, "attribute", cramped)
        else:
            small.setattr(CurveMeasure, "measure", cramped)
        table = evaluate_maps(run, classifier, asked, nothing).table
    lost = table[table["reason"] == "Memory ran out."]
    assert lost["value"].isna().all() and set(lost["measure"]) >= {"deletion_blur"}
    again = evaluate_maps(run, classifier, asked, nothing).table
    mine = again[again["method"] == "vote_map"]
    assert mine["value"].notna().all() and (mine["reason"] == "").all()


def test_a_model_of_one_class_is_refused_in_a_sentence(classifier: Classifier):
    from dermxai.explain.attribution.api import check_target

    one = Classifier(classifier.network, replace(classifier.info, classes=("EAD",)), "one", Path())
    with pytest.raises(InputError, match="set against itself"):
        check_target(one, None, "EAD", None)


def test_classes_are_alike_as_far_as_they_go():
    strata = ["a"] * 50 + ["b"] * 3 + ["c"] * 50
    chosen = stratified(strata, np.arange(103), 23, seed=1)
    counts = pd.Series(np.array(strata)[chosen]).value_counts()
    assert (counts["a"], counts["b"], counts["c"]) == (10, 3, 10)
    assert np.array_equal(chosen, stratified(strata, np.arange(103), 23, seed=1))
    assert len(stratified(strata, np.arange(5), 23, seed=1)) == 5


def test_a_measure_whose_score_is_no_number_stops_no_other(
    run: Run, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
):
    from dermxai.explain.faithfulness.measures.infidelity import Infidelity

    monkeypatch.setattr(Infidelity, "measure", lambda *_: "0.5")
    asked = EvaluationRequest(
        images=2, methods=("vote_map",), measures=("infidelity", "deletion_blur"), settings=QUICK
    )
    made = evaluate_maps(run, classifier, asked, nothing)
    assert not made.problems
    odd = made.table["measure"] == "infidelity"
    assert set(made.table.loc[odd, "reason"]) == {
        "Infidelity gives no score: measure gives a str; expected a Score."
    }
    assert np.isfinite(made.table.loc[~odd, "value"]).all()


def test_images_of_a_selection_alone_are_evaluated(run: Run, classifier: Classifier) -> None:
    key = selection.keep(Selection.of("two", ["s4", "s1", "elsewhere"]))
    asked = EvaluationRequest(
        images=6, methods=("vote_map",), measures=("deletion_blur",), settings=QUICK, selection=key
    )
    made = evaluate_maps(run, classifier, asked, nothing)
    assert set(made.table["sample_id"]) == {"s1", "s4"}
    opened = open_results(run)
    assert opened is not None and opened.asked == made.asked and opened.asked.selection == key
    assert EvaluationRequest().name == "2bd1b62fbf3e"  # as evaluations were named before
    assert replace(asked, selection=None).name != asked.name
    nobody = selection.keep(Selection.of("nobody", ["elsewhere"]))
    with pytest.raises(InputError, match="None of the 1 image selected is in run"):
        evaluate_maps(run, classifier, replace(asked, selection=nobody), nothing)
    with pytest.raises(InputError, match="not known here"):
        evaluate_maps(run, classifier, replace(asked, selection="0" * 16), nothing)
