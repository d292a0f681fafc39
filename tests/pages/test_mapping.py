"""The Dataset page says how data were understood, and lets people change it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.data import kept_options, load_dataset
from dermxai.data.labels import label_table
from dermxai.runs import Run
from dermxai.ui.app import permissions
from dermxai.ui.pages.dataset import mapping

Open = Callable[..., AppTest]


def images(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 16, 3), number * 40, np.uint8)).save(file)
    return folder


@pytest.fixture
def wards(workspace: Path) -> Path:
    return images(paths.datasets() / "wards", "ward A/p/1.png", "ward B/p/2.png", "ward B/q/3.png")


def shown(app: AppTest) -> list[str]:
    return [str(each.value) for each in (*app.caption, *app.markdown, *app.error)]


def test_guessed_levels_are_told_and_changed(wards: Path, open_page: Open) -> None:
    app = open_page("dataset", dataset=str(wards))
    assert not app.exception
    (levels,) = [each.value for each in app.dataframe if "Told by" in each.value]
    assert levels["Role"].tolist() == ["class", "patient"] and set(levels["Told by"]) == {"a guess"}
    app.toggle(key="mapping").set_value(True).run()
    app.selectbox(key="mapping-level-1").set_value("nothing")
    app.selectbox(key="mapping-level-2").set_value("class")
    next(b for b in app.button if b.label == "Keep with this dataset").click().run()
    assert not app.exception and not app.error
    assert kept_options.kept(wards) == {"levels": {"1": "nothing", "2": "class"}}
    assert load_dataset(wards).samples["label"].tolist() == ["p", "p", "q"]
    (levels,) = [each.value for each in app.dataframe if "Told by" in each.value]
    assert levels["Role"].tolist() == ["class", "nothing"] or levels["Role"].tolist() == [
        "nothing",
        "class",
    ]
    app.button(key="mapping-reset").click().run()
    assert load_dataset(wards).samples["label"].tolist() == ["ward A", "ward B", "ward B"]


def test_a_refused_table_leads_to_the_form(workspace: Path, open_page: Open) -> None:
    folder = images(paths.datasets() / "clinic", "1.png", "2.png")
    table = folder / "list.csv"
    table.write_text("nr,ort,urteil\n1,a,nv\n2,b,bcc\n2,b,bcc\n")
    app = open_page("dataset", dataset=str(table))
    assert not app.exception
    assert "nr, ort, urteil" in app.error[0].value
    assert app.dataframe[0].value["urteil"].tolist() == ["nv", "bcc", "bcc"]
    app.selectbox(key="mapping-column-sample_id").set_value("nr")
    next(b for b in app.button if b.label == "Keep with this dataset").click().run()
    assert not app.error and not app.exception
    assert load_dataset(table).samples["label"].tolist() == ["MN", "BCC"]


def test_columns_are_mapped_in_the_form(workspace: Path, open_page: Open) -> None:
    folder = images(paths.datasets() / "clinic", "one.png", "two.png")
    (folder / "samples.csv").write_text("bild,first,second\none.png,nv,a\ntwo.png,bcc,b\n")
    app = open_page("dataset", dataset=str(folder))
    app.toggle(key="mapping").set_value(True).run()
    assert app.selectbox(key="mapping-column-label").value == ""
    app.selectbox(key="mapping-column-label").set_value("second")
    next(b for b in app.button if b.label == "Keep with this dataset").click().run()
    assert load_dataset(folder).samples["label"].tolist() == ["a", "b"]


def test_the_labels_of_a_run_are_told(make_run: Callable[..., Run], open_page: Open) -> None:
    make_run(images=30)
    app = open_page("dataset", run="run")
    assert not app.exception
    assert [each for each in app.dataframe if "Why" in each.value]


def test_visitors_who_may_not_are_not_asked(
    wards: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions, "may", lambda action, **_: action != mapping.ACTION)
    app = open_page("dataset", dataset=str(wards))
    assert not app.exception and not [each for each in app.toggle if each.key == "mapping"]


def test_what_is_changed_in_the_table_of_labels_is_the_map(wards: Path) -> None:
    labels = label_table(load_dataset(wards).samples)
    assert [each.written for each, _ in labels] == ["ward B", "ward A"]
    assert mapping._changed(labels, ["ward B", "ward A"]) == {}
    assert mapping._changed(labels, ["MN", ""]) == {"ward B": "MN", "ward A": ""}
