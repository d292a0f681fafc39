from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.runs import Run
from dermxai.slices import Annotation, Slice, annotate, find_annotations, find_slices, keep

Make, Open = Callable[..., Run], Callable[..., AppTest]


def place(run: Run) -> Path:
    return Path(run.manifest["dataset"]["path"])


def select(run: Run, title: str, rows: slice) -> str:
    return selection.keep(Selection.of(title, run.samples["sample_id"][rows]))


def test_a_selection_is_kept_and_opened(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    app = open_page("slices", run="run", sel=select(run, "the first", slice(0, 5)))
    assert "no slice of this dataset yet" in app.info[0].value
    app.text_input(key="slice-name").set_value("Five").run()
    app.button(key="slice-keep").click().run()
    assert not app.exception and not app.error
    (made,), odd = find_slices(place(run))
    assert (made.name, len(made), made.origin, odd) == ("Five", 5, "the first", [])
    table = next(each.value for each in app.dataframe if "Slice" in each.value)
    assert table[["Slice", "Images"]].values.tolist() == [["Five", 5]]


def test_slices_are_combined(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    ids = list(run.samples["sample_id"])
    keep(place(run), Slice.of("A", ids[:10]))
    keep(place(run), Slice.of("B", ids[5:20]))
    app = open_page("slices", run="run")
    app.selectbox(key="slice-second").set_value(1).run()
    app.button(key="slice-select").click().run()
    assert selection.read(app.query_params["sel"]) == Selection("A and B", tuple(ids[5:10]))


def test_two_readers_label_a_selection(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    ids = list(run.samples["sample_id"])
    annotate(place(run), Annotation(ids[0], "name ben", "ben", label="SD"))
    app = open_page("slices", run="run", sel=select(run, "two", slice(0, 2)))
    app.text_input(key="annotation-reader").set_value("anna").run()
    assert not any("ben: SD" in str(each.value) for each in app.dataframe)
    for _ in range(2):
        app.selectbox(key="annotation-label").set_value("SD").run()
        app.button(key="annotation-keep").click().run()
    assert not app.exception and not app.error
    found = {(each.name, each.sample_id, each.label) for each in find_annotations(place(run))[0]}
    assert found == {("ben", ids[0], "SD"), ("anna", ids[0], "SD"), ("anna", ids[1], "SD")}
    assert any(
        "ben: SD; anna: SD" in str(each.value.values)
        or "anna: SD; ben: SD" in str(each.value.values)
        for each in app.dataframe
    )


def test_who_may_only_look_keeps_nothing(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(images=20)
    keep(place(run), Slice.of("A", list(run.samples["sample_id"][:3])))
    monkeypatch.setenv("DERMXAI_TEACHING", "1")
    app = open_page("slices", run="run", sel=select(run, "x", slice(0, 2)))
    assert not app.exception
    keys = {str(each.key) for each in app.button}
    assert not keys & {"slice-keep", "slice-remove", "annotation-keep"}
    assert any("Slice" in each.value for each in app.dataframe)
