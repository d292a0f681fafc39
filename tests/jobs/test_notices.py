"""Who is told that a job has ended, of what, and that nothing of it can go wrong for the job."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job, State, cancel, notices, open_job
from dermxai.jobs.files import JobFiles, notify_settings_file
from dermxai.jobs.records import write
from tests.jobs.conftest import Until

SECRET = "Mrs-Example-1931"  # of a patient, wherever a name may stand


class Hook(HTTPServer):
    """A webhook that answers as it is told to, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, object]]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/token-123"


class Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(content)))
        code = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(code)
        if code == 307:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(notices, "BETWEEN", 0.0)
    server = Hook()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    yield server
    server.shutdown()
    server.server_close()


def settings(text: str) -> None:
    notify_settings_file().parent.mkdir(parents=True, exist_ok=True)
    notify_settings_file().write_text(text)


OF_TRAINING: Mapping[str, str] = {"dataset": f"/data/{SECRET}", "output": f"/x/{SECRET}"}


def ended(
    state: State = State.FAILED, kind: str = "train", arguments: Mapping[str, str] = OF_TRAINING
) -> Job:
    files = JobFiles(paths.jobs() / f"20260101-000000-{kind}-abc")
    spec = {"kind": kind, "arguments": arguments, "title": f"T {SECRET}", "lane": "device"}
    write(files.spec, spec | {"submitted": 1.7e9})
    write(files.submit(1), {})
    write(files.labels, {"tags": [SECRET], "notes": SECRET})
    if state is not State.INTERRUPTED:
        write(files.result(1), {"state": state, "error": f"{SECRET}.png is damaged."})
    return open_job(files.root)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.INTERRUPTED])
def test_a_webhook_is_told_once_and_nothing_of_the_data(hook: Hook, state: State) -> None:
    settings(f'webhook = "{hook.address}"')
    job = ended(state)
    for _ in range(3):
        notices.tell(job, 1)
    ((path, notice),) = hook.got
    assert path == "/hook/token-123"
    assert (notice["job"], notice["kind"], notice["state"]) == (job.id, "train", state)
    assert str(state) in str(notice["text"])
    assert SECRET not in json.dumps(notice)
    assert set(notice) == {
        *("text", "job", "kind", "state", "attempt", "where", "owner", "submitted", "ended"),
    }


@pytest.mark.parametrize(
    ("answers", "calls", "told"),
    [([500, 500, 204], 3, True), ([500] * 3, 3, False), ([404], 1, False), ([307], 1, False)],
    ids=["at last", "never", "not there", "elsewhere"],
)
def test_a_webhook_that_fails_is_tried_again_and_logged_without_its_secret(
    hook: Hook, answers: list[int], calls: int, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    settings(f'webhook = "{hook.address}"')
    hook.answers = list(answers)
    with caplog.at_level(logging.WARNING):
        notices.tell(ended(), 1)
    assert len(hook.got) == calls
    assert {path for path, _ in hook.got} == {"/hook/token-123"}, "no redirection is followed"
    assert ("was not told" in caplog.text) is not told
    assert "token-123" not in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        'webhook = "http://127.0.0.1:9/hook/token-123"',
        'webhook = "http://no-such-host.invalid/token-123"',
        'webhook = "http://[::1/token-123"',
        'command = ["/no/such/program"]',
        f"command = ['{sys.executable}', '-c', 'raise SystemExit(3)']",
        "webhook = 5",
        'webhook = "file:///etc/passwd"',
        'command = "rm -rf token-123"',
        "colour = 3",
        "webhook = ",
        'states = ["sad"]',
    ],
)
def test_whatever_is_wrong_is_logged_and_raises_nothing(
    content: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "BETWEEN", 0.0)
    settings(content)
    with caplog.at_level(logging.WARNING):
        notices.tell(ended(), 1)
    assert "told" in caplog.text or "ended with 3" in caplog.text
    assert "token-123" not in caplog.text


def test_a_file_that_is_no_text_is_one_sentence() -> None:
    settings("")
    notify_settings_file().write_bytes(b"\xff\xfe webhook")
    with pytest.raises(InputError, match="is not UTF-8; expected TOML"):
        notices.read_settings()


def test_without_settings_nobody_is_told() -> None:
    job = ended()
    notices.tell(job, 1)
    assert not job.files.told(1).exists()


@pytest.mark.parametrize("only", ['states = ["succeeded"]', 'kinds = ["infer"]'])
def test_only_of_what_was_asked_for(hook: Hook, only: str) -> None:
    settings(f'webhook = "{hook.address}"\n{only}')
    notices.tell(ended(), 1)
    assert hook.got == []


@pytest.mark.parametrize("kept", ["quality", "faithfulness"])
@pytest.mark.parametrize("asked", ["quality", "faithfulness"])
def test_who_asks_for_a_kind_by_its_former_name_is_told(hook: Hook, kept: str, asked: str) -> None:
    settings(f'webhook = "{hook.address}"\nkinds = ["{asked}"]')
    notices.tell(ended(kind=kept, arguments={"run": SECRET}), 1)
    ((_, notice),) = hook.got
    assert notice["kind"] == "faithfulness" and SECRET not in json.dumps(notice)
    notices.tell(ended(), 1)
    assert len(hook.got) == 1, "other kinds were not asked for"


def test_a_command_is_told_of_real_jobs_however_they_end(
    drill: Callable[..., Job], until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_GPUS", "1")
    told = tmp_path / "told"
    program = tmp_path / "tell"
    program.write_text(f"#!/bin/sh\nenv | grep -c DERMXAI_JOB= >> {told}.env\ncat >> {told}\n")
    program.chmod(0o755)
    settings(f"command = ['{program}']")
    working, waiting = drill("working", steps=3000), drill("waiting")
    until(lambda: working.progress is not None and working.progress.step > 1)
    cancel(waiting)
    (Path(working.arguments["folder"]) / "enough").touch()
    until(lambda: not working.state.live and waiting.state is State.CANCELLED)
    until(lambda: told.exists() and told.read_text().count("text") == 2)
    said = {one["job"]: one["state"] for one in map(json.loads, _objects(told.read_text()))}
    assert said == {working.id: "succeeded", waiting.id: "cancelled"}
    assert os.environ.get("DERMXAI_JOB") is None
    assert set((tmp_path / "told.env").read_text().split()) == {"0"}, "it outlives a resumption"


def _objects(text: str) -> list[str]:
    return [f"{part}}}" for part in text.split("}") if part.strip()]
