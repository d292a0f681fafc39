"""Over the wire: readers are told nothing that they should not know; codes open nothing else."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from dermxai.readers import stored_answers, studies
from dermxai.readers.definition import StudySettings
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import Database
from dermxai.readers.studies import StudyInfo
from dermxai.ui import plain_page
from dermxai.ui.access import middleware
from dermxai.ui.access.login import Login
from dermxai.ui.readers.door import Readers


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def browser() -> TestClient:
    return TestClient(Readers(inside), "http://127.0.0.1")


def enter(study: str, db: Database, client: TestClient | None = None) -> TestClient:
    (code,) = studies.make_codes(db, study, 1)
    client = client or browser()
    assert client.post("/reader/enter", json={"code": code.text}).status_code == 200
    return client


def case(client: TestClient) -> dict[str, Any]:
    told: dict[str, Any] = client.post("/reader/next", json={}).json()
    assert told["kind"] == "case", told
    return told


def answer(client: TestClient, told: dict[str, Any], **other: object) -> Any:
    body = {"turn": told["turn"], "press": "a", "choice": told["classes"][0]["code"]}
    return client.post("/reader/answer", json=body | {"confidence": 2, "done": True} | other)


def test_an_exam_from_the_code_to_the_end(study: StudyInfo, db: Database) -> None:
    client = enter("First", db)
    assert client.get("/reader/state").json()["kind"] == "ready"
    told = case(client)
    for number in range(6):
        assert told["answered"] == number
        told = answer(client, told).json()
    assert told["kind"] == "finished"
    assert len(stored_answers.answers(db, "First")) == 6


def test_nothing_over_the_wire_tells_a_label_a_file_or_a_prediction(
    study: StudyInfo, db: Database, images: Path
) -> None:
    (photo,) = images.parent.glob("MN-0.png")
    with Image.open(photo) as opened:
        exif = opened.getexif()
        exif[0x010E] = "melanoma of Mr Secret"
        opened.save(photo, exif=exif, comment="secret")
    client = enter("First", db)
    told, sent = case(client), []
    while told["kind"] == "case":
        for image in told["images"]:
            got = client.get(image["src"])
            assert got.status_code == 200 and got.headers["content-type"] == "image/jpeg"
            assert not Image.open(io.BytesIO(got.content)).getexif()
            sent += [got.content.decode("latin-1"), *map(str, got.headers.items())]
        sent.append(json.dumps({**told, "classes": [], "study": ""}))
        told = answer(client, told).json()
    everything = " ".join(sent)
    for word in ("ecret", "melanoma", ".png", "dataset", "label", "predict"):
        assert word not in everything
    told_of_cases = " ".join(each for each in sent if each.startswith("{"))
    assert not re.search(r"\b(MN|BCC|SK|i\d+|p\d-\d)\b", told_of_cases)


def test_addresses_of_one_image_differ_between_readers(study: StudyInfo, db: Database) -> None:
    addresses = []
    for _ in range(2):
        client, told = enter("First", db), {}
        told = case(client)
        while told["kind"] == "case":
            addresses += [image["src"] for image in told["images"]]
            told = answer(client, told).json()
    assert len(set(addresses)) == len(addresses) == 12
    assert all(re.fullmatch(r"/reader/image/[0-9a-f]{32}/0", each) for each in addresses)


def test_an_image_is_the_readers_own_and_only_after_it_was_shown(
    study: StudyInfo, db: Database
) -> None:
    one, other = enter("First", db), enter("First", db)
    address = case(one)["images"][0]["src"]
    assert one.get(address).status_code == 200
    assert other.get(address).status_code == 404
    assert browser().get(address).status_code == 401
    for wrong in ("1", "2", "-1", "map", "", "../0", "0/0"):
        assert one.get(address[:-1] + wrong).status_code == 404


def test_a_code_opens_nothing_but_the_study(study: StudyInfo, db: Database) -> None:
    """The login that lies behind does not know it, and other paths go on to it."""
    names = [each.cls for each in middleware()]
    assert names.index(Readers) == names.index(Login) - 1
    client = enter("First", db)
    for path in ("/", "/readers", "/readerx/state", "/media/reader"):
        assert client.get(path).text == "inside"
    cookie = client.cookies.jar
    assert {each.path for each in cookie} == {"/reader"}


def test_the_cookie_is_for_the_server_alone(study: StudyInfo, db: Database) -> None:
    (code,) = studies.make_codes(db, "First", 1)
    got = browser().post("/reader/enter", json={"code": code.text})
    told = got.headers["set-cookie"].lower()
    assert "httponly" in told and "samesite=strict" in told and "path=/reader" in told
    assert code.text not in told and code.code_id not in told
    secure = TestClient(Readers(inside), "https://127.0.0.1")
    got = secure.post("/reader/enter", json={"code": code.text})
    assert "secure" in got.headers["set-cookie"].lower()


def test_who_guesses_waits(study: StudyInfo, db: Database) -> None:
    client = browser()
    codes = [client.post("/reader/enter", json={"code": "xxxxxx-1"}).status_code for _ in range(7)]
    assert codes[:5] == [403] * 5 and codes[5] == 429
    (code,) = studies.make_codes(db, "First", 1)
    assert client.post("/reader/enter", json={"code": code.text}).status_code == 200


BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"[" * 16_000, b"\xff", b"{" + b" " * 20_000 + b"}",
    b"{}", b'{"turn": 5, "press": [], "choice": {}}', b'{"confidence": true}',
    b'{"confidence": 1e400}', b'{"turn": "\\u0000"}', b'{"turn": "\\ud800"}',
]  # fmt: skip


@pytest.mark.parametrize("path", ["answer", "agree", "pause", "next", "enter", "nothing"])
def test_whatever_comes_is_answered_in_a_sentence(
    study: StudyInfo, db: Database, path: str
) -> None:
    client = enter("First", db)
    for body in BODIES:
        got = client.post(f"/reader/{path}", content=body)
        assert got.status_code < 500, body
        if got.status_code >= 400:
            assert got.json()["problem"].endswith(".")
    assert len(stored_answers.answers(db, "First")) == 0


def test_a_closed_study_says_so(study: StudyInfo, db: Database) -> None:
    client = enter("First", db)
    told = case(client)
    studies.set_open(db, "First", False)
    got = answer(client, told)
    assert got.status_code == 409 and got.json()["then"] == "closed"


def test_a_second_tab_goes_on_with_the_next_case(study: StudyInfo, db: Database) -> None:
    client = enter("First", db)
    told = case(client)
    assert case(client)["turn"] == told["turn"]
    assert answer(client, told).status_code == 200
    other = told["classes"][1]["code"]
    got = answer(client, told, choice=other, press="b")
    assert got.status_code == 409 and got.json()["then"] == "finished"
    assert answer(client, told, press="c").json()["answered"] == 1  # the same answer once more
    assert len(stored_answers.answers(db, "First")) == 1


def test_a_database_that_is_gone_is_no_error_of_the_server(
    study: StudyInfo, db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = enter("First", db)
    told = case(client)
    folder = Path(str(db.url.database)).parent
    folder.rename(tmp_path / "away")
    got = answer(client, told)
    assert (got.status_code, got.json()["then"]) == (503, "again")
    databases.forget()
    (tmp_path / "away").rename(folder)
    assert answer(client, told).json()["answered"] == 1


def test_readers_at_once_lose_and_double_nothing(study: StudyInfo, db: Database) -> None:
    clients = [enter("First", db) for _ in range(8)]

    def exam(client: TestClient) -> list[str]:
        told, given = case(client), []
        while told["kind"] == "case":
            given.append(told["classes"][len(given) % 3]["code"])
            for _ in range(2):  # a press that is sent twice
                got = answer(client, told, choice=given[-1])
                assert got.status_code == 200, got.text
            told = got.json()
        return given

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(exam, clients))
    table = stored_answers.answers(db, "First")
    assert [list(rows["choice"]) for _, rows in table.groupby("reader")] == given
    assert len(stored_answers.changes(db, "First")) == len(table) == 48


def test_html_in_a_name_is_text(db: Database, settings: StudySettings) -> None:
    name = "<img src=x onerror=alert(1)>"
    studies.make(db, settings.replaced(name=name, consent="<script>"))
    client = enter(name, db)
    got = client.get("/reader/state")
    assert got.headers["content-type"] == "application/json" and got.json()["study"] == name
    page = client.get("/reader")
    assert name not in page.text
    script = client.get("/reader/reader.js").text
    assert "innerHTML" not in script and "insertAdjacent" not in script
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_the_page_is_found_beneath_a_base(
    monkeypatch: pytest.MonkeyPatch, study: StudyInfo, db: Database
) -> None:
    from streamlit import config

    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", "dermxai")
    try:
        client = browser()
        assert "/dermxai/reader/reader.js" in client.get("/dermxai/reader").text
        (code,) = studies.make_codes(db, "First", 1)
        assert client.post("/dermxai/reader/enter", json={"code": code.text}).status_code == 200
        assert case_below(client)["images"][0]["src"].startswith("/dermxai/reader/image/")
    finally:
        config.set_option("server.baseUrlPath", before)


def case_below(client: TestClient) -> dict[str, Any]:
    told: dict[str, Any] = client.post("/dermxai/reader/next", json={}).json()
    return told


def test_too_many_at_once_are_told_to_wait(
    study: StudyInfo, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter("First", db)
    monkeypatch.setattr(plain_page, "WAITING", 0)
    got = client.get("/reader/state")
    assert (got.status_code, got.json()["then"]) == (503, "again")
