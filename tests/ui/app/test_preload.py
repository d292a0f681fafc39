import asyncio
import fnmatch
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest
import streamlit
from starlette.types import Message, Receive, Scope, Send

from dermxai.ui.app import preload
from dermxai.ui.app.preload import NEEDED, Preload

OTHER = os.environ.get("DERMXAI_OTHER_STREAMLIT", "")  # a folder with its wheel


def _answered(content_type: str) -> dict[bytes, bytes]:
    """The headers of an answer of a type, as the browser gets them."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", content_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"content"})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    with ThreadPoolExecutor() as aside:  # a browser's loop may run in this thread
        aside.submit(asyncio.run, Preload(app)({"type": "http"}, receive, send)).result()
    assert sent[1]["body"] == b"content"
    return dict(sent[0]["headers"])


@pytest.mark.parametrize("name", NEEDED)
def test_a_page_names_each_script_of_this_streamlit_once(name: str) -> None:
    link = _answered("text/html; charset=utf-8")[b"link"].decode()
    assert link.count(f"<static/js/{name}.") == 1
    assert link.count("; rel=modulepreload") == len(NEEDED)


RELEASES = {
    "1.60": ("CylVV9WQ", "Wny8mRut", "BpiXuX9J", "Cwc8yxyo", "OTFtPVR9"),
    "1.65": ("Dv4dc5oY", "CFF5tBU0", "CGCC7X4P", "B2uhkdAO", "B_34VgTN"),
    "1.66": ("CYzEM0AL", "PZArLJF-", "CGCC7X4P", "DYo6P43Q", "C74YyQWo"),
}
"""The hashes in the names of these scripts, in the order of `NEEDED`, in earlier releases."""


@pytest.mark.parametrize("release", RELEASES)
def test_scripts_of_another_minor_release_are_named(
    release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{name}.{end}.js" for name, end in zip(NEEDED, RELEASES[release], strict=True)]
    for name in [*names, "ArrowVegaLiteChart.C5lWLbxa.js", "Html.css"]:
        (tmp_path / name).touch()
    monkeypatch.setattr(preload, "SCRIPTS", tmp_path)
    link = _answered("text/html")[b"link"].decode()
    assert link == ", ".join(f"<static/js/{name}>; rel=modulepreload" for name in names)


def test_a_release_that_calls_its_scripts_otherwise_loads_as_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preload, "SCRIPTS", tmp_path / "none")
    assert _answered("text/html") == {b"content-type": b"text/html"}
    (tmp_path / "Html.1.js").touch()
    monkeypatch.setattr(preload, "SCRIPTS", tmp_path)
    assert _answered("text/html")[b"link"] == b"<static/js/Html.1.js>; rel=modulepreload"


@pytest.mark.skipif(not OTHER, reason="needs the wheel of another release")
def test_a_wheel_of_another_minor_release_holds_each_script_once() -> None:
    (wheel,) = Path(OTHER).glob("streamlit-*.whl")
    assert wheel.name.split("-")[1].split(".")[:2] != streamlit.__version__.split(".")[:2]
    with ZipFile(wheel) as archive:
        scripts = [PurePosixPath(name).name for name in archive.namelist()]
    for name in NEEDED:
        assert len(fnmatch.filter(scripts, f"{name}.*.js")) == 1, name


def test_nothing_else_is_touched() -> None:
    assert _answered("application/javascript") == {b"content-type": b"application/javascript"}
