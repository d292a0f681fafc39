"""Over the wire: a class joins, answers and follows; nobody is told what they should not know."""

import io
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from dermxai.core import paths
from dermxai.lessons import library, sessions
from dermxai.lessons.definition import Lesson, Step
from dermxai.lessons.sessions import NewSession
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import Database
from dermxai.runs import Run
from dermxai.signs import signs_of
from dermxai.ui import plain_page
from dermxai.ui.access import middleware
from dermxai.ui.access.login import Login
from dermxai.ui.lessons import routes
from dermxai.ui.lessons.door import Lessons
from tests.lessons.conftest import CHOICE, LINK, QUIZ, TEXT

Begin = Callable[[], NewSession]


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def browser(app: Lessons | None = None) -> TestClient:
    return TestClient(app or Lessons(inside), "http://127.0.0.1")


def joined(made: NewSession, name: str = "", client: TestClient | None = None) -> TestClient:
    client = client or browser()
    got = client.post("/lesson/join", json={"code": made.code, "name": name})
    assert got.status_code == 200, got.text
    return client


def go(client: TestClient, step: int) -> dict[str, Any]:
    told: dict[str, Any] = client.post("/lesson/go", json={"step": step}).json()
    return told


def test_a_student_joins_answers_and_comes_back(begin: Begin, db: Database) -> None:
    made = begin()
    client = joined(made, "Ada")
    told = client.get("/lesson/state").json()
    assert (told["step"], told["of"], told["name"], told["code"]) == (0, 6, "Ada", made.code)
    body = {"step": CHOICE, "choice": "A"}
    for _ in range(2):  # a press that is sent twice
        told = client.post("/lesson/answer", json=body).json()
        assert (told["choice"], told["right"]) == ("A", "B")
    got = client.post("/lesson/answer", json={**body, "choice": "B"})
    assert (got.status_code, got.json()["then"]) == (409, "answered")
    assert client.get("/lesson/pulse").json() == {"step": 0, "led": False, "open": True}
    assert len(sessions.answers(db, made.id)) == 1


def test_joining_sent_twice_is_one_student(begin: Begin, db: Database) -> None:
    made = begin()
    for _ in range(2):
        body = {"code": made.code, "name": "Ada", "press": "0123456789abcdef" * 2}
        assert browser().post("/lesson/join", json=body).status_code == 200
    assert len(sessions.attendees(db, made.id)) == 1
    short = browser().post("/lesson/join", json={"code": made.code, "press": "1"})
    assert short.status_code == 400 and "press" in short.json()["problem"]


def test_nothing_over_the_wire_tells_a_path_or_a_quizs_answer(
    begin: Begin, db: Database, run: Run
) -> None:
    client = joined(begin())
    told = go(client, QUIZ)
    seen = [json.dumps({**told, "options": []})]
    image = client.get(told["image"])
    assert image.status_code == 200 and image.headers["content-type"] == "image/jpeg"
    for which in ("map", "0", "5", "99", "x", "-1", ""):
        address = told["image"].replace("?", f"/{which}?")
        assert client.get(address).status_code == (200 if not which else 404)
    sample = run.samples.iloc[0]
    for secret in (sample["label"], run.predicted[0], sample["sample_id"], "evidence"):
        assert str(secret) not in seen[0]
    wrong = next(each["code"] for each in told["options"] if each["code"] != sample["label"])
    answer = {"step": QUIZ, "choice": wrong, "point": [0.9, 0.9]}
    after = client.post("/lesson/answer", json=answer).json()
    assert after["revealed"]["truth"]["code"] == sample["label"]
    told_of = [each["name"] for each in after["revealed"]["signs"]]
    assert told_of == [each.name for each in signs_of(sample["label"])] and told_of
    assert after["revealed"]["on_signs"] is False and after["revealed"]["distance"] > 0.05
    for each in after["revealed"]["alike"]:
        for alike in each["images"]:
            got = client.get(alike["src"])
            assert got.status_code == 200 and Image.open(io.BytesIO(got.content)).size
    everything = json.dumps(after)
    for secret in (str(paths.home()), ".png", ".jpg", str(sample["sample_id"]), "patient_id"):
        assert secret not in everything


def test_a_map_is_shown_after_the_answer(begin: Begin, db: Database, run: Run) -> None:
    from dermxai.lessons import preparing
    from dermxai.readers.pictures import packed

    made = begin()
    (quiz,) = sessions.quizzes(db, made.id).values()
    values = np.linspace(-1, 1, 35).reshape(5, 7)
    with_map = preparing.Quiz(**{**vars(quiz), "map": packed(values), "method": "grad_cam"})
    got = Image.open(io.BytesIO(routes._shown_after(with_map, "map")()))  # type: ignore[misc]
    plain = Image.open(io.BytesIO(routes.pictures.jpeg(quiz.picture)))
    assert (
        got.size == plain.size and np.abs(np.asarray(got, int) - np.asarray(plain, int)).max() > 20
    )


def test_images_are_those_of_who_has_joined(begin: Begin) -> None:
    client = joined(begin())
    address = go(client, QUIZ)["image"]
    assert browser().get(address).status_code == 401
    assert client.get(address.replace("/4?", "/0?")).status_code == 404


def test_a_link_leads_to_the_servers_page(begin: Begin, run: Run) -> None:
    client = joined(begin())
    assert go(client, LINK)["link"].startswith(f"/confusion_analysis?run={run.id}&")


def test_the_class_follows_the_teacher(begin: Begin, db: Database) -> None:
    made = begin()
    client = joined(made)
    sessions.lead_to(db, made.id, QUIZ)
    assert client.get("/lesson/pulse").json() == {"step": QUIZ, "led": True, "open": True}
    assert go(client, TEXT)["step"] == QUIZ
    sessions.lead_to(db, made.id, None)
    assert go(client, TEXT)["step"] == TEXT


def test_after_deletion_a_browser_is_told_to_join(begin: Begin, db: Database) -> None:
    made = begin()
    client = joined(made)
    sessions.delete_answers(db, made.id)
    got = client.get("/lesson/pulse")
    assert (got.status_code, got.json()["then"]) == (401, "join")
    got = client.post("/lesson/join", json={"code": made.code})
    assert (got.status_code, got.json()["then"]) == (409, "closed")


def test_a_code_opens_nothing_but_the_lesson(begin: Begin) -> None:
    names = [each.cls for each in middleware()]
    assert names.index(Lessons) < names.index(Login)
    client = joined(begin())
    for path in ("/", "/lessons", "/lessonx/state", "/reader-x"):
        assert client.get(path).text == "inside"
    (cookie,) = client.cookies.jar
    assert cookie.path == "/lesson" and cookie.has_nonstandard_attr("HttpOnly")


BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"[" * 16_000, b"\xff", b"{" + b" " * 20_000 + b"}",
    b"{}", b'{"step": true, "choice": {}}', b'{"step": -1}', b'{"step": 5000}', b'{"step": 1e400}',
    b'{"step": 4, "choice": "EAD", "point": [1]}', b'{"step": 4, "choice": "EAD", "point": "ab"}',
    b'{"step": 4, "choice": "EAD", "point": [true, 1]}', b'{"step": 4, "choice": "EAD", '
    b'"point": [9, 1]}', b'{"step": 2, "choice": "\\u0000"}', b'{"step": 3, "choice": "\\ud800"}',
]  # fmt: skip


@pytest.mark.parametrize("path", ["answer", "go", "join", "nothing", "state"])
def test_whatever_comes_is_answered_in_a_sentence(begin: Begin, db: Database, path: str) -> None:
    made = begin()
    client = joined(made)
    for body in BODIES:
        got = client.post(f"/lesson/{path}", content=body)
        assert got.status_code < 500, body
        assert got.status_code == 200 or got.json()["problem"].endswith(".")
    assert sessions.answers(db, made.id) == []


def test_a_database_that_is_gone_is_no_error_of_the_server(
    begin: Begin, db: Database, tmp_path: Path
) -> None:
    made = begin()
    client = joined(made)
    folder = Path(str(db.url.database)).parent
    folder.rename(tmp_path / "away")
    body = {"step": CHOICE, "choice": "A"}
    got = client.post("/lesson/answer", json=body)
    assert (got.status_code, got.json()["then"]) == (503, "again")
    databases.forget()
    (tmp_path / "away").rename(folder)
    assert client.post("/lesson/answer", json=body).json()["choice"] == "A"


def test_html_in_a_lesson_is_text(db: Database) -> None:
    evil = "<img src=x onerror=alert(1)>"
    library.make(db, Lesson(name=evil, steps=(Step(title=evil, text=evil),)))
    client = joined(sessions.start(db, evil), "<b>Ada</b>")
    got = client.get("/lesson/state")
    assert got.headers["content-type"] == "application/json" and got.json()["title"] == evil
    page, script = client.get("/lesson"), client.get("/lesson/lesson.js").text
    assert "innerHTML" not in script and "insertAdjacent" not in script
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_too_many_at_once_are_told_to_wait(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    client = joined(begin())
    monkeypatch.setattr(plain_page, "WAITING", 0)
    got = client.get("/lesson/state")
    assert (got.status_code, got.json()["then"]) == (503, "again")


def test_twenty_at_once_lose_and_double_nothing(begin: Begin, db: Database) -> None:
    """In small what benchmarks/lesson.py does with a hundred over a real wire."""
    made = begin()
    clients, seconds = [browser() for _ in range(20)], []

    def attend(client: TestClient) -> None:
        joined(made, client=client)
        for step, choice in ((CHOICE, "A"), (3, "since"), (QUIZ, "EAD")):
            client.get("/lesson/pulse")
            go(client, step)
            for _ in range(2):
                begun = time.perf_counter()
                got = client.post("/lesson/answer", json={"step": step, "choice": choice})
                seconds.append(time.perf_counter() - begun)
                assert got.status_code == 200, got.text

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(attend, clients))
    given = sessions.answers(db, made.id)
    assert len(given) == 60 and len({(each.number, each.step) for each in given}) == 60
    assert np.quantile(seconds, 0.95) < 15
