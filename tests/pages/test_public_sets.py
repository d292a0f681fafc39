from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data.published.fetch import ALLOWED
from dermxai.jobs.kinds.fetch import FETCH, Arguments
from dermxai.runs import Run
from dermxai.ui.app import jobs_panel

Make, Open = Callable[..., Run], Callable[..., AppTest]


def test_a_server_offers_them_only_where_it_may_fetch(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run()
    monkeypatch.setenv(paths.CONFINED, "1")
    assert "fetch" not in [button.key for button in open_page("dataset", run="run").button]
    monkeypatch.setenv(ALLOWED, "1")
    asked: list[object] = []
    monkeypatch.setattr(jobs_panel, "start", lambda kind, **how: asked.append((kind, how)))
    app = open_page("dataset", run="run")
    assert "CC BY-NC 4.0" in " ".join(each.value for each in app.markdown)
    assert app.button(key="fetch").disabled
    app.checkbox(key="fetch-accepted-dermamnist").check().run()
    app.button(key="fetch").click().run()
    assert asked == [("fetch", {"name": "dermamnist", "accepted": True})]
    app.selectbox(key="fetch-name").set_value("ham10000").run()
    assert app.button(key="fetch").disabled  # its licence is another


def test_a_job_fetches_nothing_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="licence of dermamnist is not accepted"):
        FETCH.work(lambda *_: None, Arguments(name="dermamnist"))
    monkeypatch.setenv(paths.CONFINED, "1")
    with pytest.raises(InputError, match="start it with DERMXAI_FETCH=1"):
        FETCH.work(lambda *_: None, Arguments(name="dermamnist", accepted=True))
    with pytest.raises(InputError, match="No public set"):
        FETCH.work(lambda *_: None, Arguments(name="nothing", accepted=True))
