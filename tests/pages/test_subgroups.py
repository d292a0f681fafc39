"""The Subgroups page: controls, and images of a group as the selection."""

from collections.abc import Callable

import numpy as np
from streamlit.testing.v1 import AppTest

from dermxai.data import selection as selections
from dermxai.report.errors import errors_of, found_slices, grown_tree
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from dermxai.slices import find_slices

Make, Open = Callable[..., Run], Callable[..., AppTest]


def planted(run: Run) -> Run:
    """Most images of women on the face are predicted as the other class."""
    chosen = (run.samples["sex"] == "female") & (run.samples["site"] == "face")
    logits = np.load(RunFiles(run.root).logits)
    logits[chosen] = -logits[chosen]
    np.save(RunFiles(run.root).logits, logits)
    return open_run(run.root)


def kept(title: str, images: list[str]) -> str:
    return selections.keep(selections.Selection.of(title, images))


def captions(app: AppTest) -> str:
    return "\n".join(each.value for each in app.caption).replace("\\", "")


def test_groups_of_chosen_columns_under_a_measure(make_run: Make, open_page: Open) -> None:
    run = make_run(200, classes=("EAD", "SD", "MN"), heads={"final": 8})
    app = open_page("subgroups", run="run")
    assert not app.exception
    app.get_by_key("split").set_value("all").run()
    app.get_by_key("grouped-by").set_value(["sex"]).run()
    table = app.dataframe[0].value
    assert list(table["Group"]) == ["female", "male"]
    right = run.predicted == run.samples["label"]
    women = run.samples["sex"] == "female"
    assert table["Top-1 accuracy"][0] == f"{100 * right[women].mean():.1f} %"
    assert "corrected for 1 test (Holm)" in captions(app)
    app.get_by_key("measure-subgroups").set_value("sensitivity").run()
    of_class = run.samples["label"] == "EAD"
    assert app.get_by_key("of-class").value.startswith("EAD")
    shown = app.dataframe[0].value["Sensitivity"]
    assert shown[0] == f"{100 * np.mean(right[women & of_class]):.1f} %"
    app.get_by_key("grouped-by").set_value([]).run()
    assert not app.exception and len(app.dataframe[0].value)


def test_the_address_says_what_is_measured(make_run: Make, open_page: Open) -> None:
    make_run(100, classes=("EAD", "SD", "MN"), heads={"final": 8})
    app = open_page("subgroups", run="run", cuts="3", **{"measure-subgroups": "Specificity"})
    assert not app.exception
    table = app.dataframe[0].value
    assert "Specificity" in table and (table["Column"] == "age").sum() == 3


def test_an_operating_point_that_cannot_be_chosen_is_said(make_run: Make, open_page: Open) -> None:
    make_run(60, classes=("EAD", "SD"), heads={"final": 8}, patients=2)
    app = open_page("subgroups", run="run", rule="Operating point")
    app.get_by_key("measure-subgroups").set_value("auc").run()
    assert not app.exception and app.title[0].value == "Subgroups"


def test_worst_slices_are_selected_and_kept(make_run: Make, open_page: Open) -> None:
    run = planted(make_run(700, classes=("EAD", "SD"), heads={"final": 4}, patients=300))
    app = open_page("subgroups", run="run", split="all", part="Worst slices")
    app.get_by_key("split").set_value("all").run()
    assert not app.exception
    table = app.dataframe[0].value
    worst = table.iloc[0]
    assert set(worst["Slice"].split(" and ")) >= {"sex female"} and worst["Confirmed"] == "yes"
    assert "corrected for" in captions(app)
    found = found_slices(errors_of(run))
    images = found.errors.images(found.found.members[:, 0])
    app = open_page("subgroups", run="run", part="Worst slices", sel=kept("Slice: x", images))
    app.get_by_key("slice-keep").click().run()
    (made,) = find_slices(run.manifest["dataset"]["path"])[0]
    assert set(made.sample_ids) == set(images)


def test_an_error_tree_or_why_there_is_none(make_run: Make, open_page: Open) -> None:
    run = planted(make_run(700, classes=("EAD", "SD"), heads={"final": 4}, patients=300))
    app = open_page("subgroups", run="run", part="Error tree")
    app.get_by_key("split").set_value("all").run()
    assert not app.exception
    leaves = app.dataframe[0].value
    assert "site face" in leaves["Leaf"][0] and "sex" in leaves["Leaf"][0]
    grown = grown_tree(errors_of(run))
    assert leaves["Images"][0] == str(grown.tree.members[:, grown.leaves[0]].sum())
    make_run(20, name="few", patients=3)
    app = open_page("subgroups", run="few", part="Error tree")
    app.get_by_key("split").set_value("all").run()
    assert not app.exception and "3 patients came" in app.info[0].value


def test_the_shift_of_a_split_and_the_farthest_images(make_run: Make, open_page: Open) -> None:
    run = make_run(300, classes=("EAD", "SD", "MN"), heads={"final": 8})
    app = open_page("distribution_shift", run="run")
    assert not app.exception and app.title[0].value == "Distribution shift"
    table = app.dataframe[0].value
    assert {"label", "age", "sex", "site"} == set(table["Column"])
    app.get_by_key("distance-select").click().run()
    chosen = selections.read(app.query_params["sel"]).sample_ids
    assert set(chosen) <= set(run.samples["sample_id"][run.samples["split"] == "test"])
    assert "Measure image quality" in [each.label for each in app.button]
