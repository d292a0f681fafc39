from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape
from streamlit.testing.v1 import AppTest

from dermxai.confusion.card import open_card
from dermxai.data import selection
from dermxai.jobs.kinds import find_kind
from dermxai.metrics import evaluate
from dermxai.metrics.pair import evaluate_pair
from dermxai.report import confusion_analysis
from dermxai.report.causes import TITLES, conclusion, found, table
from dermxai.report.evaluated import evaluated
from dermxai.report.html import pair_page
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.pages.test_performance import noisy

PAGE = "confusion_analysis"
Make, Open = Callable[..., Run], Callable[..., AppTest]


def everything(app: AppTest) -> str:
    shown = " ".join(e.value for e in [*app.markdown, *app.caption, *app.info])
    return shown.replace("\\", "")


def test_shares_and_errors_are_those_of_the_run(make_run: Make, open_page: Open) -> None:
    run = noisy(make_run)
    app = open_page("confusion_analysis", run="run")
    app.get_by_key("split").set_value("all").run()
    app.get_by_key("pair-first").set_value("MN").run()
    app.get_by_key("pair-second").set_value("BCC").run()
    samples = run.samples
    judged = evaluate(
        samples["label"], run.classes, run.scores, samples["sample_id"], samples["patient_id"]
    )
    pair = evaluate_pair(judged, run.scores, "MN", "BCC")
    shown = {metric.label: metric for metric in app.metric}
    cell = pair.cell("MN", "BCC")
    assert shown["MN predicted as BCC"].value == f"{100 * cell['share']:.1f} %"
    assert f"{cell['images']} of {cell['of']}" in shown["MN predicted as BCC"].delta
    one = pair.merged.set_index("measure").loc["top1_accuracy"]
    assert shown["Top-1 accuracy, merged"].value == f"{100 * one['merged']:.1f} %"
    app.get_by_key("select-pair").click().run()
    chosen = selection.read(app.query_params["sel"])
    assert list(chosen.sample_ids) == pair.errors["sample_id"].tolist()


def test_eczema_and_seborrheic_dermatitis_come_first(make_run: Make, open_page: Open) -> None:
    run = make_run(images=300)
    logits = np.load(RunFiles(run.root).logits)
    logits[(run.samples["label"] == "EAD").to_numpy(), :, run.classes.index("SD")] += 9
    logits[(run.samples["label"] == "MN").to_numpy(), :, run.classes.index("BCC")] += 9
    np.save(RunFiles(run.root).logits, logits)
    app = open_page("confusion_analysis", run="run")
    assert [app.get_by_key(f"pair-{end}").value for end in ("first", "second")] == ["EAD", "SD"]


def test_without_them_the_most_confused_pair_does(make_run: Make, open_page: Open) -> None:
    run = make_run(classes=("MN", "mel", "SK"))
    logits = np.load(RunFiles(run.root).logits)
    logits[(run.samples["label"] == "mel").to_numpy(), :, 0] += 9
    np.save(RunFiles(run.root).logits, logits)
    app = open_page("confusion_analysis", run="run")
    assert [app.get_by_key(f"pair-{end}").value for end in ("first", "second")] == ["mel", "MN"]


def test_a_pair_without_errors_says_so(make_run: Make, open_page: Open) -> None:
    run = make_run(images=200)
    logits = np.zeros_like(run.logits)
    labels = [run.classes.index(label) for label in run.samples["label"]]
    logits[np.arange(len(run)), :, labels] = 1
    np.save(RunFiles(run.root).logits, logits)
    app = open_page("confusion_analysis", run="run")
    app.get_by_key("split").set_value("all").run()
    assert not app.exception and not [error.value for error in app.error]
    words = everything(app)
    assert "No image of EAD or SD is predicted as the other." in words
    assert "of EAD is predicted as SD" in words


@pytest.mark.parametrize(
    ("change", "words"),
    [("SD", "SD is chosen twice"), ("EAD", "For the meeting")],
)
def test_the_same_class_twice_is_a_sentence(make_run, open_page, change: str, words: str) -> None:
    make_run()
    app = open_page("confusion_analysis", run="run")
    app.get_by_key("pair-first").set_value(change).run()
    assert not app.exception and words in everything(app)


def test_who_may_start_nothing_sees_no_button_that_only_refuses(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run()
    assert "start-causes" in [button.key for button in open_page(PAGE, run="run").button]
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    app = open_page(PAGE, run="run")
    assert "start-causes" not in [button.key for button in app.button]
    assert "who runs this server can: Test the causes" in everything(app)


def test_without_labels_it_says_so(make_run: Make, open_page: Open) -> None:
    make_run(images=30, labelled=False)
    app = open_page("confusion_analysis", run="run")
    assert not app.exception and not [error.value for error in app.error]
    assert "No image here has a label that the model knows" in everything(app)
    assert not app.metric


def test_maps_that_were_computed_are_shown_on_one_scale(inferred: Run, open_page: Open) -> None:
    samples = inferred.samples.assign(label=inferred.predicted)
    samples.to_parquet(RunFiles(inferred.root).samples, index=False)
    first, second = sorted(set(inferred.predicted))[:2]
    app = open_page("confusion_analysis", run=inferred.id)
    for end, code in (("first", first), ("second", second)):
        app.get_by_key(f"pair-{end}").set_value(code).run()
    assert app.get_by_key("start-pair").label == "Compute the maps"
    seen = []

    def compute() -> None:
        find_kind("pair").run(
            lambda *progress: seen.append(progress),
            run=str(inferred.root),
            first=first,
            second=second,
        )

    file = Path(inferred.samples["path"][np.flatnonzero(inferred.predicted == first)[0]])
    away = file.rename(file.with_suffix(".away"))
    compute()
    assert seen[-1][0] == "images" and seen[-1][1] == seen[-1][2] > 0
    app.run()
    assert "Averaged without 1 image that could not be used" in everything(app)
    assert app.get_by_key("start-pair").label == "Try again"
    away.rename(file)
    compute()
    app.run()
    assert not app.exception
    words = everything(app)
    assert "Full colour at ±" in words and "Aligned to the frame of the image" in words
    assert not any(button.key == "start-pair" for button in app.button)


def test_report_and_numbers_are_offered(make_run: Make, open_page: Open) -> None:
    make_run()
    app = open_page("confusion_analysis", run="run")
    assert [button.label for button in app.get("download_button")] == [
        "Report (HTML)",
        "All numbers (JSON)",
    ]


def test_a_confusion_cell_shows_its_votes_and_leads_here(make_run: Make, open_page: Open) -> None:
    noisy(make_run)
    app = open_page("performance", run="run")
    app.get_by_key("split").set_value("all").run()
    arrow = next(button for button in app.button if "→" in button.label)
    true, predicted = arrow.label.partition(" · ")[0].split(" → ")
    arrow.click().run()
    assert f"Votes of the heads on average: {predicted} against {true}" in everything(app)
    app.get_by_key("pair-open").click().run()
    assert app.title[0].value == "Confusion analysis"
    assert app.get_by_key("pair-first").value == true
    assert app.get_by_key("pair-second").value == predicted
    assert not app.exception


def test_heads_are_compared_where_there_are_several(make_run: Make, open_page: Open) -> None:
    for name, heads in (("one", {"final": 8}), ("two", {"block 1": 4, "final": 8})):
        make_run(images=300, name=name, heads=heads)
        app = open_page("confusion_analysis", run=name)
        assert not app.exception and not app.error
        assert "Votes of the heads on average" in everything(app)
        assert ("Heads one by one" in everything(app)) == (len(heads) > 1)


def test_any_selection_has_its_votes_here(make_run: Make, open_page: Open) -> None:
    run = noisy(make_run)
    key = selection.keep(selection.Selection.of("twenty", run.samples["sample_id"][:20]))
    app = open_page("confusion_analysis", run="run", sel=key)
    assert not app.exception and not app.error
    assert "The selection: twenty" in everything(app)


def test_a_mixed_selection_has_no_votes(make_run: Make, open_page: Open) -> None:
    run = noisy(make_run)
    key = selection.keep(selection.Selection.of("some", run.samples["sample_id"][:20]))
    app = open_page("performance", run="run", sel=key)
    assert not app.exception and "Votes of the heads on average" not in everything(app)


def test_a_link_shows_the_chosen_pair(make_run: Make, open_page: Open) -> None:
    noisy(make_run)
    app = open_page("confusion_analysis", run="run")
    app.get_by_key("pair-first").set_value("MN").run()
    app.get_by_key("pair-second").set_value("BCC").run()
    assert (app.query_params["first"], app.query_params["second"]) == ("MN", "BCC")
    linked = open_page("confusion_analysis", run="run", first="MN", second="BCC")
    assert [linked.get_by_key(f"pair-{end}").value for end in ("first", "second")] == ["MN", "BCC"]


def test_classes_in_a_link_that_the_model_lacks_are_left_out(make_run, open_page) -> None:
    make_run()
    app = open_page("confusion_analysis", run="run", first="nothing", second="BCC")
    assert not app.exception
    assert [app.get_by_key(f"pair-{end}").value for end in ("first", "second")] == ["EAD", "BCC"]


def test_a_link_with_one_class_gets_another_beside_it(make_run: Make, open_page: Open) -> None:
    noisy(make_run)
    app = open_page("confusion_analysis", run="run", second="EAD")
    assert app.get_by_key("pair-second").value == "EAD" != app.get_by_key("pair-first").value
    assert app.metric


def test_it_opens_on_the_way_that_has_errors(make_run: Make, open_page: Open) -> None:
    run = make_run(images=200)
    logits = np.zeros_like(run.logits)
    labels = run.samples["label"].to_numpy()
    predicted = np.where(labels == "SD", "EAD", labels)
    logits[np.arange(len(run)), :, [run.classes.index(code) for code in predicted]] = 1
    np.save(RunFiles(run.root).logits, logits)
    app = open_page("confusion_analysis", run="run")
    assert not app.exception
    assert app.get_by_key("way-EAD-SD").value == "SD → EAD"


def test_the_causes_of_a_pair_are_tested_once_and_their_images_can_be_selected(
    make_run: Make, open_page: Open
) -> None:
    run = make_run(images=240, classes=("MN", "BCC", "SK"))
    logits = np.load(RunFiles(run.root).logits)
    logits[::3] = np.random.default_rng(1).standard_normal(logits[::3].shape)
    np.save(RunFiles(run.root).logits, logits)
    run = open_run(run.root)
    address = {"run": "run", "first": "MN", "second": "BCC"}
    app = open_page("confusion_analysis", **address)
    app.get_by_key("split").set_value("all").run()
    assert app.get_by_key("start-causes").label == "Test the causes"
    find_kind("causes").run(lambda *_: None, run=str(run.root), first="MN", second="BCC")
    app.run()
    card = open_card(run, "MN", "BCC")
    assert card is not None
    words = everything(app)
    assert all(sentence in words for sentence in conclusion(card))
    shown = next(each.value for each in app.dataframe if "p, Holm" in each.value)
    assert shown.astype(str).equals(table(card).astype(str))
    of = next(each for each in card.asked if each.support)
    app.get_by_key("cause-MN-BCC").set_value(TITLES[of.cause]).run()
    assert found(of, card) in everything(app)
    app.get_by_key("select-causes").click().run()
    assert selection.read(app.query_params["sel"]).sample_ids == of.support
    assert not app.exception
    text = pair_page(confusion_analysis(run, evaluated(run), "MN", "BCC"))
    assert "Why they are confused" in text
    assert all(escape(sentence) in text for sentence in conclusion(card))
