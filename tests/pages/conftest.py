"""Pages run without a browser, over runs that are made up in a moment."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.runs import Run
from dermxai.ui.session.caches import everything
from tests.generated import generated_run

SCRIPT = paths.PROJECT / "dermxai" / "ui" / "app" / "script.py"
PAGES = {
    file.stem.partition("_")[2]: file for file in sorted((paths.PROJECT / "pages").glob("*/*.py"))
}


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    everything.clear()


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Makes a run in the workspace; it is opened by the name of its folder."""

    def make(images: int = 60, name: str = "run", **options: object) -> Run:
        return generated_run(paths.runs() / name, images, **options)

    return make


@pytest.fixture
def inferred(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A real run of a tiny network over six images of three patients."""
    from dermxai.data import load_dataset
    from dermxai.models import load_classifier
    from dermxai.runs import infer

    monkeypatch.setenv("DERMXAI_ROOTS", str(tiny_checkpoint))
    folder = paths.datasets() / "six"
    rng = np.random.default_rng(0)
    for index in range(6):
        file = folder / ("EAD" if index % 2 else "SD") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (50, 70, 3), dtype=np.uint8)).save(file)
    return infer(load_classifier(tiny_checkpoint), load_dataset(folder))


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Opens a page of the app, by its name in the address, as a link does."""

    def open_(page: str, **address: str) -> AppTest:
        app = AppTest.from_file(SCRIPT, default_timeout=120)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        if page != "dataset":
            app.switch_page(str(PAGES[page])).run()
        return app

    return open_
