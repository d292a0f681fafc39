"""Readers who answer as fast as they can, over the wire, while the server is killed and the
database is taken away:

    python -m benchmarks.readers DATASET [--readers N] [--per-class N] [--port P] [--json FILE]
                                 [--postgresql FOLDER]

Each reader sends every answer twice, and again until it is confirmed. In the middle the server is
killed (SIGKILL) and started again, and the database is away for ten seconds: SQLite's folder, or a
PostgreSQL of tests/postgresql/up.sh, which is stopped at once and started again. Told are the time
of an answer, and what was lost or doubled, of which there is to be nothing.
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import numpy as np

AWAY = 10.0  # seconds
POSTGRESQL = Path(__file__).parent.parent / "tests" / "postgresql"
PATIENCE = 120.0  # seconds until a server stands


@dataclass
class Reader:
    """A browser: keeps its cookie, and asks until it is answered."""

    port: int
    code: str
    cookie: str = ""
    confirmed: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def ask(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        while True:
            try:
                status, told = self._once(path, body)
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
                continue
            if status < 500:
                if status != 200:
                    self.refused.append(status)
                return told
            time.sleep(0.2)

    def _once(self, path: str, body: Mapping[str, object]) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Cookie": self.cookie, "Content-Type": "application/json"}
            connection.request("POST", f"/reader/{path}", json.dumps(body), headers)
            response = connection.getresponse()
            told = json.loads(response.read())
            if given := response.getheader("set-cookie"):
                self.cookie = given.partition(";")[0]
            return response.status, told
        finally:
            connection.close()

    def exam(self) -> None:
        self.ask("enter", {"code": self.code})
        told = self.ask("next", {})
        while told["kind"] == "case":
            turn, classes = str(told["turn"]), told["classes"]
            assert isinstance(classes, list)
            choice = classes[len(self.confirmed) % len(classes)]["code"]
            answer = {"turn": turn, "choice": choice, "confidence": 3, "press": turn, "done": True}
            begun = time.perf_counter()
            self.ask("answer", answer)
            self.seconds.append(time.perf_counter() - begun)
            self.confirmed[turn] = choice
            told = self.ask("answer", answer)


def serve(port: int) -> subprocess.Popen[bytes]:
    """A server that answers."""
    line = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen([*line, *options], stdout=subprocess.DEVNULL, start_new_session=True)
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return server
        except OSError:
            time.sleep(0.5)
    raise SystemExit("The server does not stand.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--readers", type=int, default=40)
    parser.add_argument("--per-class", type=int, default=4)
    parser.add_argument("--port", type=int, default=8650)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--postgresql", type=Path, help="an empty folder that others can enter")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"DERMXAI_HOME": home, "DERMXAI_ROOTS": str(Path(given.dataset).resolve())}
        if given.postgresql:
            os.environ["DERMXAI_DATABASE"] = run("up.sh", given.postgresql)
        told = measured(given)
        if given.postgresql:
            run("down.sh", given.postgresql)
    print(json.dumps(told, indent=1))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1))
    if told["lost"] or told["doubled"] or told["refused"]:
        raise SystemExit(1)


def run(script: str, folder: Path) -> str:
    done = subprocess.run(
        [POSTGRESQL / script, folder.resolve()], check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout.strip()


def measured(given: argparse.Namespace) -> dict[str, object]:
    from dermxai.readers import files, stored_answers, studies
    from dermxai.readers.definition import StudySettings
    from dermxai.readers.store.database import database

    settings = StudySettings(
        name="Fast", dataset=str(Path(given.dataset).resolve()), per_class=given.per_class
    )
    study = studies.make(database(), settings)
    made = studies.make_codes(database(), "Fast", given.readers)
    database().engine.dispose()
    server, over = serve(given.port), Event()
    readers = [Reader(given.port, each.text) for each in made]
    expected = study.cases * given.readers

    def disturb() -> None:
        nonlocal server
        while sum(len(each.confirmed) for each in readers) < expected / 4:
            time.sleep(0.05)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        server = serve(given.port)
        while sum(len(each.confirmed) for each in readers) < expected / 2:
            time.sleep(0.05)
        if given.postgresql:
            run("down.sh", given.postgresql)
            over.wait(AWAY)
            run("up.sh", given.postgresql)
            return
        away = files.folder().with_name("away")
        files.folder().rename(away)
        over.wait(AWAY)
        away.rename(files.folder())

    disturbing = Thread(target=disturb)
    disturbing.start()
    begun = time.perf_counter()
    with ThreadPoolExecutor(given.readers) as pool:
        list(pool.map(Reader.exam, readers))
    took = time.perf_counter() - begun
    over.set()
    disturbing.join()
    os.killpg(server.pid, signal.SIGTERM)
    server.wait()
    kept = stored_answers.answers(database(), "Fast")
    confirmed = sorted(tuple(each.confirmed.values()) for each in readers)
    there = sorted(tuple(rows["choice"]) for _, rows in kept.groupby("reader"))
    seconds = np.concatenate([each.seconds for each in readers])
    return {
        "database": database().engine.dialect.name,
        "readers": given.readers,
        "answers": expected,
        "lost": expected - len(kept) if confirmed == there else "answers differ",
        "doubled": len(stored_answers.changes(database(), "Fast")) - len(kept),
        "refused": sum(len(each.refused) for each in readers),
        "seconds in all": round(took, 1),
        "seconds an answer": {
            "median": round(float(np.median(seconds)), 3),
            "95 %": round(float(np.quantile(seconds, 0.95)), 3),
        },
    }


if __name__ == "__main__":
    main()
