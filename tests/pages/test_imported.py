"""Every page over predictions that another program has made, without a network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.data import load_dataset
from dermxai.runs import Run, feature_spaces
from dermxai.runs.embeddings import import_embeddings
from dermxai.runs.predictions import import_predictions
from tests.pages.conftest import PAGES

Open = Callable[..., AppTest]
NEED_A_NETWORK = ("image", "compare_maps", "counterfactuals", "robustness", "faithfulness")
CODES = ("nv", "mel", "bcc")


@pytest.fixture(autouse=True)
def _projected_by_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    from dermxai.projection import project
    from dermxai.ui.session.caches import projections

    monkeypatch.setattr(
        projections, "projection", lambda run, *_, space: project(run, "pca", space=space)
    )


@pytest.fixture
def imported(tmp_path: Path) -> Run:
    """Eighteen images; each class is confused with another once."""
    folder, rng = paths.datasets() / "skin", np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    truth = np.arange(18) % 3
    names = [f"ISIC_{index:07d}" for index in range(18)]
    for name in names:
        pixels = rng.integers(0, 255, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{name}.jpg")
    table = pd.DataFrame({"image_id": names, "dx": np.array(CODES)[truth]})
    table["lesion_id"] = table["image_id"]
    table.to_csv(folder / "metadata.csv", index=False)
    raw = rng.random((18, 3)) + 2 * np.eye(3)[np.where(np.arange(18) < 3, (truth + 1) % 3, truth)]
    shares = pd.DataFrame(raw / raw.sum(axis=1, keepdims=True), columns=list(CODES))
    shares.insert(0, "image", names)
    shares.to_csv(tmp_path / "of-others.csv", index=False)
    return import_predictions(tmp_path / "of-others.csv", load_dataset(folder))


def texts(app: AppTest) -> str:
    shown: list[Any] = [*app.markdown, *app.caption, *app.info, *app.error]
    return " ".join(str(each.value) for each in shown).replace("\\", "")


@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(
    page: str, embeddings: bool, imported: Run, open_page: Open, tmp_path: Path
) -> None:
    address = {"run": imported.id, "primary": "ISIC_0000001"}
    if embeddings:
        ids = imported.samples["sample_id"].to_numpy(dtype=str)
        values = np.random.default_rng(1).random((18, 8))
        np.savez(tmp_path / "panderm.npz", ids=ids, embeddings=values)
        import_embeddings(imported, tmp_path / "panderm.npz")
        address["space"] = "panderm"
    app = open_page(page, **address)
    assert not app.exception and not app.error, [each.value for each in app.error]
    assert app.title
    told = "was imported from of-others" in texts(app)
    assert told == (page in NEED_A_NETWORK or page == "confusion_analysis")
    if page in NEED_A_NETWORK[:4]:
        share = imported.probabilities[1].max()
        assert f"{100 * share:.1f} %" in texts(app).replace(" ", " ")
    if page in ("feature_map", "nearest_neighbours"):
        asked = [each for each in app.selectbox if each.label == "Features"]
        assert [each.value for each in asked] == (["panderm"] if embeddings else [])
        if page == "nearest_neighbours":
            of = "the features panderm" if embeddings else "the probabilities of the classes"
            assert f"distance is Euclidean, in {of}." in texts(app)


def test_the_sidebar_names_the_file_and_offers_no_inference(imported: Run, open_page: Open) -> None:
    app = open_page("performance", run=imported.id)
    chosen = next(each for each in app.selectbox if each.label == "Checkpoint")
    assert "of-others.csv (imported)" in chosen.options
    assert not [each for each in app.button if "inference" in each.label]
    assert "Imported from of-others.csv as probabilities (softmax)" in texts(app)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Jobs that a form has asked for."""
    asked: list[dict[str, Any]] = []
    from dermxai.ui.app import jobs_panel

    monkeypatch.setattr(
        jobs_panel, "start", lambda kind, **arguments: asked.append({"kind": kind, **arguments})
    )
    return asked


def labelled(app: AppTest, label: str) -> Any:
    (found,) = (
        each for each in [*app.button, *app.text_input, *app.selectbox] if each.label == label
    )
    return found


def form(app: AppTest, title: str, file: Path) -> AppTest:
    """The form, in which the path of a file of the workspace was entered."""
    labelled(app, title).click().run()
    labelled(app, "or the path of a file").set_value(str(file)).run()
    return app


def performed(asked: dict[str, Any]) -> dict[str, Any]:
    from dermxai.jobs.kinds import find_kind

    kind = find_kind(asked["kind"])
    arguments = {name: value for name, value in asked.items() if name != "kind"}
    return kind.run(lambda *_, **__: None, **arguments)


def in_workspace(file: Path) -> Path:
    inside = paths.home() / file.name
    inside.write_bytes(file.read_bytes())
    return inside


def test_the_form_shows_the_first_rows_and_imports_as_it_is_told(
    imported: Run, open_page: Open, tmp_path: Path, started: list[dict[str, Any]]
) -> None:
    file = in_workspace(tmp_path / "of-others.csv")
    app = form(open_page("performance", run=imported.id), "Import predictions", file)
    assert not app.exception and not app.error
    columns, rows = (each.value for each in app.dataframe[-2:])
    assert columns["Role"].tolist() == ["image", "output", "output", "output"]
    assert columns["Output of"].tolist() == ["", *CODES]
    assert len(rows) == 10 and rows["image"].tolist()[0] == "ISIC_0000000"
    assert "18 of 18 images get a prediction." in texts(app)
    assert "Understood as probabilities (softmax): nv → MN, mel, bcc → BCC." in texts(app)
    labelled(app, "Numbers").set_value("logits").run()
    assert "Understood as logits (softmax)" in texts(app)
    labelled(app, "Import").click().run()
    assert not app.exception and not app.error
    assert not [each for each in app.text_input if each.label == "or the path of a file"]
    assert started == [
        {
            "kind": "import",
            "predictions": str(file),
            "dataset": imported.manifest["dataset"]["path"],
            "dataset_options": {"confine": True},
            "numbers": "logits",
        }
    ]
    assert performed(started[0])["run"] != str(imported.root)


def test_the_form_says_why_a_file_cannot_be_imported_and_how_it_can(
    imported: Run, open_page: Open, tmp_path: Path, started: list[dict[str, Any]]
) -> None:
    numbered = pd.read_csv(tmp_path / "of-others.csv").set_axis(["image", "a0", "a1", "a2"], axis=1)
    numbered.to_csv(paths.home() / "numbered.csv", index=False)
    app = form(
        open_page("performance", run=imported.id),
        "Import predictions",
        paths.home() / "numbered.csv",
    )
    assert "has no outputs of a network" in app.error[0].value
    assert labelled(app, "Import").disabled
    labelled(app, "Classes, in the order of the outputs").set_value("nv, mel ,bcc").run()
    assert app.error and labelled(app, "Import").disabled  # which columns, is still not told
    assert not started


def test_roles_that_a_person_changed_are_asked_for() -> None:
    from dermxai.runs.predictions.preview import ColumnRole
    from dermxai.ui.app.predictions import changed_roles

    def columns(*roles: tuple[str, str]) -> list[ColumnRole]:
        return [ColumnRole(f"c{n}", "", role, of) for n, (role, of) in enumerate(roles)]

    before = columns(("image", ""), ("output", "nv"), ("output", "mel"), ("nothing", ""))
    assert changed_roles(before, before) == {}
    after = columns(("image", ""), ("output", "nv"), ("output", "mel"), ("fold", ""))
    assert changed_roles(before, after) == {"roles": {"c3": "fold"}}
    after = columns(("image", ""), ("output", "nv"), ("output", "mel"), ("output", "bcc"))
    assert changed_roles(before, after) == {
        "roles": {"c1": "output", "c2": "output", "c3": "output"},
        "classes": ["nv", "mel", "bcc"],
    }
    after = columns(("image", ""), ("output", "nv"), ("output", "scc"), ("nothing", ""))
    assert changed_roles(before, after) == {
        "roles": {"c1": "output", "c2": "output"},
        "classes": ["nv", "scc"],
    }
    after = columns(("image", ""), ("nothing", ""), ("output", "nv, mel"), ("nothing", ""))
    assert changed_roles(before, after) == {
        "roles": {"c1": "nothing", "c2": "output"},
        "classes": ["nv", "mel"],
    }


def test_the_form_adds_embeddings_to_the_open_run(
    imported: Run, open_page: Open, started: list[dict[str, Any]]
) -> None:
    ids = imported.samples["sample_id"].to_numpy(dtype=str)
    values = np.random.default_rng(1).random((18, 8))
    table = pd.DataFrame(values, columns=[f"emb_{n}" for n in range(8)])
    table.insert(0, "file", ids)
    table.iloc[:17].to_csv(paths.home() / "short.csv", index=False)
    app = form(
        open_page("feature_map", run=imported.id), "Import embeddings", paths.home() / "short.csv"
    )
    assert "no embedding of 1 of the 18 images" in app.error[0].value
    assert labelled(app, "Import").disabled
    table.to_csv(paths.home() / "dinov2.csv", index=False)
    labelled(app, "or the path of a file").set_value(str(paths.home() / "dinov2.csv")).run()
    assert not app.error and "8 dimensions of 18 images." in texts(app)
    assert len(app.dataframe[-1].value) == 10
    labelled(app, "Name of the feature space").set_value("network").run()
    assert "cannot be called 'network'" in app.error[0].value
    labelled(app, "Name of the feature space").set_value("dino").run()
    labelled(app, "Import").click().run()
    assert not app.exception and not app.error
    assert performed(started[0]) == {"run": str(imported.root), "space": "dino"}
    assert feature_spaces.names(imported)[0] == "dino"


def test_a_file_outside_the_folders_of_the_server_is_refused(
    imported: Run, open_page: Open, tmp_path: Path
) -> None:
    for title in ("Import predictions", "Import embeddings"):
        app = form(open_page("performance", run=imported.id), title, tmp_path / "of-others.csv")
        assert "lies outside the folders" in app.error[0].value
        assert not [each for each in app.button if each.label == "Import"]


def test_another_dataset_has_no_predictions_of_it(imported: Run, open_page: Open) -> None:
    other = paths.datasets() / "other"
    (other / "nv").mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(other / "nv" / "a.png")
    app = open_page("dataset", run=imported.id)
    next(each for each in app.selectbox if each.label == "Dataset").set_value(str(other)).run()
    assert not app.exception
    assert "These predictions are not of this dataset" in texts(app)


def test_a_space_of_a_link_that_is_not_here_is_the_first(imported: Run, open_page: Open) -> None:
    app = open_page("nearest_neighbours", run=imported.id, space="gone")
    assert not app.exception and not app.error
    assert feature_spaces.names(imported) == ("scores",)


def test_a_kept_map_needs_the_network(imported: Run) -> None:
    from dermxai.core.errors import InputError
    from dermxai.jobs.kinds import find_kind

    for kind, more in {"quality": {}, "pair": {"first": "MN", "second": "mel"}, "maps": {}}.items():
        with pytest.raises(InputError, match=r"imported from of-others\.csv, without a network"):
            find_kind(kind).run(lambda *_, **__: None, run=str(imported.root), **more)
