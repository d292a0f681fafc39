"""Runs of networks that are no EfficientNet: what the pages say of them and offer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.data import load_dataset
from dermxai.explain.attribution.api import methods
from dermxai.models import load_classifier, save_checkpoint
from dermxai.runs import Run, infer
from tests.explain.networks import random_classifier

Open = Callable[..., AppTest]


@pytest.fixture(scope="module", params=["test_vit", "test_convnext"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = random_classifier(request.param)
    folder = tmp_path_factory.mktemp("checkpoints") / request.param
    return save_checkpoint(folder, model.network, model.info, "# random")


@pytest.fixture
def run(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DERMXAI_ROOTS", str(checkpoint))
    folder = paths.datasets() / "six"
    rng = np.random.default_rng(0)
    for index in range(6):
        file = folder / ("EAD" if index % 2 else "SD") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (50, 70, 3), dtype=np.uint8)).save(file)
    return infer(load_classifier(checkpoint), load_dataset(folder))


def words(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.info, *app.warning]
    return " ".join(each.value for each in elements).replace("\\", "")


def test_each_page_says_what_the_network_has_and_offers_no_more(run: Run, open_page: Open) -> None:
    classifier = load_classifier(run.manifest["checkpoint"]["path"])
    reasons = {name: each.excuse(classifier) for name, each in methods().items()}
    valid = {methods()[name].title for name, reason in reasons.items() if reason is None}
    why = classifier.capabilities.no_decomposition
    assert bool(why) == (classifier.info.architecture == "test_vit")
    first = run.samples["sample_id"][0]
    for page in ("performance", "feature_map", "counterfactuals", "robustness"):
        app = open_page(page, run=run.id, primary=first)
        assert not app.exception and not app.error, page

    app = open_page("image", run=run.id, primary=first)
    assert not app.exception and not app.error
    assert ("No decomposition by place: " in words(app)) == bool(why)
    assert why is None or why in words(app)
    asked = app.selectbox(key="method")
    assert reasons[asked.value] is None
    assert {name for name in asked.options if not name.endswith("· not available")} == valid

    app = open_page("compare_maps", run=run.id, primary=first)
    assert not app.exception and not app.error
    assert set(app.multiselect(key="compare-methods").options) == valid
    for page in ("compare_maps", "faithfulness"):
        app = open_page(page, run=run.id, primary=first)
        assert not app.exception and not app.error
        assert all(reason in words(app) for reason in reasons.values() if reason), page

    app = open_page("confusion_analysis", run=run.id)
    assert not app.exception and not app.error
    assert ("no vote maps of this network to average" in words(app)) == bool(why)
    assert why is None or why in words(app)
    assert ("start-pair" in {button.key for button in app.button}) == (why is None)
