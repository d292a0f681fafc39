"""What every page must stand: little data, odd data, data of others."""

from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.core.escaping import markdown as plain
from dermxai.explain.attribution.dropped import DROPPED
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from tests.pages.conftest import PAGES

Make, Open = Callable[..., Run], Callable[..., AppTest]
HOSTILE = [
    "<script>alert(1)</script>",
    "图像 一.jpg",
    "**bold** [x](http://example.org)",
    "$x$ `y`",
]


def rename(run: Run, names: list[str]) -> None:
    """Other sample ids, patients and sites for the first images of a run."""
    samples = run.samples.copy()
    for row, name in enumerate(names):
        samples.loc[row, ["sample_id", "patient_id", "site"]] = name
    samples.to_parquet(RunFiles(run.root).samples, index=False)


def fine(app: AppTest) -> bool:
    return not app.exception and not app.error and bool(app.title)


OF_RUNS = [name for name, file in PAGES.items() if file.parent.name != "3_train"]


@pytest.fixture(params=OF_RUNS)
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _projected_by_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps are at hand: jobs are tested elsewhere."""
    from dermxai.projection import project
    from dermxai.ui.session.caches import projections

    monkeypatch.setattr(
        projections,
        "projection",
        lambda run, _method, _settings, space: project(run, "pca", space=space),
    )


def test_a_usual_run(page: str, make_run: Make, open_page: Open) -> None:
    make_run()
    app = open_page(page, run="run")
    assert not app.exception
    assert app.title


@pytest.mark.parametrize(
    "options",
    [
        {"images": 1},
        {"images": 30, "labelled": False},
        {"images": 30, "classes": ("EAD",)},
        {"images": 30, "heads": {"final": 64}, "classes": ("MN", "mel", "纤维瘤 <b>")},
    ],
    ids=["one image", "no label", "one class", "one head, other classes"],
)
def test_little_and_foreign_data(
    page: str, options: dict[str, object], make_run: Make, open_page: Open
) -> None:
    make_run(**options)
    app = open_page(page, run="run")
    shown = [error.value for error in app.error]
    assert not app.exception
    assert app.title
    assert all("checkpoint" in text for text in shown), shown  # a made-up run has none


def test_labels_outside_the_model(page: str, make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    samples = run.samples.copy()
    samples.loc[::2, "label"] = "mel"
    samples.loc[1::5, "label"] = None
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    app = open_page(page, run="run")
    assert not app.exception
    assert app.title


def test_names_with_html_and_chinese(page: str, make_run: Make, open_page: Open) -> None:
    rename(make_run(images=12), HOSTILE)
    app = open_page(page, run="run", primary=HOSTILE[0], pinned=HOSTILE[1])
    assert not app.exception
    texts = [*(e.value for e in app.markdown), *(e.value for e in app.caption)]
    assert not any("<script>" in text for text in texts)
    assert not any("[x](http" in text for text in texts)


def test_files_that_are_gone_after_the_run(page: str, make_run: Make, open_page: Open) -> None:
    run = make_run(images=12)
    for path in set(run.samples["path"]):
        paths.Path(path).unlink()
    app = open_page(page, run="run", primary=run.samples["sample_id"][0])
    assert not app.exception
    assert app.title
    assert all("missing" in error.value or "checkpoint" in error.value for error in app.error)


def test_a_link_to_what_is_not_here(page: str, make_run: Make, open_page: Open) -> None:
    if page in ("reader_studies", "lessons", "lesson_board"):
        pytest.skip("it shows no run")
    make_run(images=12)
    gone = {"primary": "nobody", "pinned": "nobody", "sel": "0123456789abcdef", "method": "lrp"}
    app = open_page(page, run="run", **gone)
    assert not app.exception
    notes = " ".join(caption.value for caption in app.caption)
    assert "primary image nobody is not in this dataset" in notes
    assert "selection in this link is not known here" in notes
    assert plain(DROPPED["lrp"]) in notes


@pytest.mark.parametrize("run", ["gone", "../run", ""])
def test_a_run_that_is_not_here(page: str, run: str, make_run: Make, open_page: Open) -> None:
    make_run(images=12)
    app = open_page(page, run=run)
    assert not app.exception
    assert app.error or app.title


def test_a_damaged_run(page: str, make_run: Make, open_page: Open) -> None:
    if page == "lesson_board":
        pytest.skip("it shows no run")
    files = RunFiles(make_run(images=12).root)
    files.logits.write_bytes(b"nothing")
    app = open_page(page, run="run")
    assert not app.exception
    assert "damaged" in app.error[0].value


def test_thirteen_thousand_images(page: str, make_run: Make, open_page: Open) -> None:
    make_run(images=13_603, heads={"final": 32})
    app = open_page(page, run="run").run()
    assert not app.exception


def test_nothing_of_the_page_is_drawn_twice(page: str, make_run: Make, open_page: Open) -> None:
    make_run(images=12)
    app = open_page(page, run="run").run()
    assert len(app.title) <= 1
    assert pd.Series([button.key for button in app.button]).is_unique
