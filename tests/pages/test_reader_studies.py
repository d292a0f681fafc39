from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.access import codes
from dermxai.access.teaching import TEACHING
from dermxai.core.errors import InputError
from dermxai.readers import sitting, studies
from dermxai.readers.definition import StudySettings
from dermxai.readers.sitting import Given, Ready, Shown
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import database
from dermxai.report import readers as report
from dermxai.runs import Run
from dermxai.ui.pages.reader_studies import studies as page

Make, Open = Callable[..., Run], Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _new(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    databases.forget()
    monkeypatch.setattr(codes, "_COST", 2**4)


def test_a_study_is_made_its_codes_shown_once_and_it_is_closed(
    make_run: Make, open_page: Open
) -> None:
    make_run(images=60)
    app = open_page("reader_studies", run="run")
    assert "no study yet" in app.info[0].value
    app.text_input(key="reader-study-name").set_value("<b>First</b>")
    app.number_input(key="reader-study-per_class").set_value(1)
    app.multiselect(key="reader-study-classes").set_value(["EAD", "SD"])
    app.multiselect(key="reader-study-arms").set_value(["without-then-with"])
    app.text_input(key="reader-study-background").set_value("years, training")
    app.button(key="reader-study-make").click().run()
    assert not app.exception and not app.error
    (made,) = studies.all_of(database())
    assert (made.name, made.cases, made.classes) == ("<b>First</b>", 2, ("EAD", "SD"))
    assert made.settings.background == ("years", "training") and made.network

    app.number_input(key="reader-study-count").set_value(2)
    app.button(key="reader-study-make-codes").click().run()
    links = next(each.value for each in app.dataframe if "Link" in each.value)["Link"]
    assert len(links) == 2
    shown = sitting.enter(database(), links[1].rpartition("#")[2])
    assert shown and isinstance(sitting.look(database(), shown), Ready)
    app.button(key="reader-study-done").click().run()
    assert not any("Link" in each.value for each in app.dataframe)

    app.button(key="reader-study-close").click().run()
    assert not studies.find(database(), made.name).is_open
    app.button(key="reader-study-remove").click().run()
    assert studies.all_of(database()) == [] and not app.exception


def test_visitors_who_do_not_run_studies_see_none(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study tells the labels of its cases."""
    make_run(images=60)
    monkeypatch.setenv(TEACHING, "1")
    app = open_page("reader_studies", run="run")
    assert "run by operators" in app.info[0].value
    assert not app.dataframe and not any("reader-study" in (each.key or "") for each in app.button)
    for act in (page._set_open, page._remove, page._make_codes):
        assert act.__module__ == page.__name__


def test_what_cannot_be_made_is_a_sentence(make_run: Make, open_page: Open) -> None:
    make_run(images=20)
    app = open_page("reader_studies", run="run")
    app.text_input(key="reader-study-name").set_value("x")
    app.number_input(key="reader-study-per_class").set_value(900)
    app.button(key="reader-study-make").click().run()
    assert not app.exception and studies.all_of(database()) == []
    assert any("can be drawn" in each.value for each in [*app.warning, *app.error, *app.info])


def test_answers_are_analysed_beside_the_network(make_run: Make, open_page: Open) -> None:
    """Its table, both confusion matrices, who confuses what, and the cases on which all err."""
    run = make_run(images=60)
    settings = StudySettings(
        name="First",
        dataset=str(run.manifest["dataset"]["path"]),
        sample_ids=tuple(run.samples["sample_id"][:20]),
        classes=tuple(sorted(set(run.samples["label"][:20]))),
        run="run",
        arms=("without", "without-then-with"),
    )
    studies.make(database(), settings)
    app = open_page("reader_studies", run="run")
    _analysis(app)
    assert "Nobody has finished a case yet" in app.info[-1].value
    rng = np.random.default_rng(0)
    for code in studies.make_codes(database(), "First", 2):
        shown = sitting.enter(database(), code.text)
        assert shown
        for place in range(60):
            case = sitting.go_on(database(), shown)
            assert isinstance(case, Shown)
            choice = str(rng.choice(case.classes))
            sitting.give(database(), shown, Given(case.token, f"{place}", choice, 3, done=True))
    app = open_page("reader_studies", run="run")
    _analysis(app)
    assert not app.exception and not app.error
    said = " ".join(each.value for each in [*app.markdown, *app.caption])
    assert "Sensitivity of 2 readers and the network, argmax" in said
    assert "Confusion matrix\\: Readers, 40 answers" in said
    assert "Confusion matrix\\: Network, argmax, 20 answers" in said
    assert "without-then-with less first answers" in said
    for words in ("Seconds an answer", "Brier score", "Agreement of readers"):
        assert words in said
    assert any("Harmed by help, without-then-with" in each.label for each in app.button)
    table = next(each.value for each in app.dataframe if "p (Holm)" in each.value.columns)
    assert len(table) == len(settings.classes) and table["Network"].between(0, 1).all()
    measure = next(each for each in app.button_group if "Kappa" in each.options)
    measure.set_value("kappa").run()
    assert not app.exception
    tests = next(each.value for each in app.dataframe if "p, bootstrap (Holm)" in each.value)
    assert len(tests) == len(settings.classes) + 1
    assert set(tests["Agreement"]) <= {"poor", "moderate", "good"}
    button = next(each for each in app.button if "No reader agrees" in each.label)
    button.click().run()
    assert not app.exception and "sel" in app.query_params


def _analysis(app: AppTest) -> None:
    part = next(each for each in app.button_group if "Analysis" in each.options)
    part.set_value("Analysis").run()


def test_a_study_with_maps_is_made_as_a_job(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer than a visitor waits: the form's settings are the job's."""
    make_run(images=60)
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def submitted(kind: str, arguments: Mapping[str, Any], **_: object) -> None:
        asked.append((kind, arguments))
        raise InputError("not here")

    monkeypatch.setattr(jobs, "submit", submitted)
    app = open_page("reader_studies", run="run")
    app.text_input(key="reader-study-name").set_value("Maps")
    app.number_input(key="reader-study-per_class").set_value(1)
    app.multiselect(key="reader-study-classes").set_value(["EAD", "SD"])
    app.multiselect(key="reader-study-arms").set_value(["with-maps", "with-faulty-maps"]).run()
    assert app.slider(key="reader-study-faulty_share").value == 0.3
    app.button(key="reader-study-make").click().run()
    assert not app.exception and studies.all_of(database()) == []
    ((kind, arguments),) = asked
    assert kind == "reader_study"
    settings = StudySettings(**arguments["study"])
    assert (settings.name, settings.arms) == ("Maps", ("with-maps", "with-faulty-maps"))
    assert settings.run and settings.classes == ("EAD", "SD")


def test_a_study_here_stands_beside_the_published_one(make_run: Make, open_page: Open) -> None:
    run = make_run(images=60, classes=("EAD", "SD", "MN", "BCC"))
    settings = StudySettings(
        name="First", dataset="here", sample_ids=tuple(run.samples["sample_id"][:8]), run="run"
    )
    settings = settings.replaced(dataset=str(run.manifest["dataset"]["path"]))
    studies.make(database(), settings)
    (code,) = studies.make_codes(database(), "First", 1)
    shown = sitting.enter(database(), code.text)
    assert shown
    for place in range(8):
        case = sitting.go_on(database(), shown)
        assert isinstance(case, Shown)
        sitting.give(database(), shown, Given(case.token, f"{place}", case.classes[0], 3, True))
    app = open_page("published_study", run="run")
    app.selectbox(key="answers-study").set_value("First").run()
    assert not app.exception and not app.error
    table = next(each.value for each in app.dataframe if "Who" in each.value.columns)
    assert (table["Who"] == report.READERS).sum() == len(set(run.samples["label"][:8]))
    assert (table["Who"] == report.PROGRAM).any()
