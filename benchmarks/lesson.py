"""A class that attends a lesson over the wire: each student polls, goes from step to step, looks at
images, and answers:

    python -m benchmarks.lesson CHECKPOINT DATASET [--students N] [--seconds S] [--port P]
                                [--json FILE]

CHECKPOINT and DATASET are run once, in a workspace of the benchmark's own. Everybody joins within
ten seconds, polls every two seconds as the page does, and answers at a random moment of each of
four steps (two questions, two quizzes with look-alikes and a map). Every answer is sent twice. Told
are the seconds of an answer, of a step and of a poll, and what was lost or doubled, of which there
is to be nothing; 95 % of the answers are to take less than a second.
"""

import argparse
import http.client
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.readers import serve

EVERY = 2.0  # seconds between polls of a page
JOINING = 10.0  # seconds in which everybody joins
LONGEST = 1.0  # seconds of an answer, of 95 %
QUESTIONS, QUIZZES = (0, 2), (1, 3)


@dataclass
class Student:
    """A browser: keeps its cookie, and a connection while it can."""

    port: int
    code: str
    number: int
    cookie: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0
    connection: http.client.HTTPConnection | None = None

    def ask(self, kind: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        while True:
            begun = time.perf_counter()
            try:
                status, content = self._once(path, body)
            except (OSError, http.client.HTTPException):
                self.connection = None
                time.sleep(0.2)
                continue
            if status < 500:
                self.seconds.setdefault(kind, []).append(time.perf_counter() - begun)
                self.refused += status != 200
                return content
            time.sleep(0.2)

    def _once(self, path: str, body: Mapping[str, object] | None) -> tuple[int, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookie, "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body)
        method = "GET" if body is None else "POST"
        self.connection.request(method, path, sent, headers)
        response = self.connection.getresponse()
        content = response.read()
        if given := response.getheader("set-cookie"):
            self.cookie = given.partition(";")[0]
        return response.status, content

    def attend(self, seconds: float) -> None:
        """
        Args:
            seconds: of a step.
        """
        draw = random.Random(self.number)
        time.sleep(draw.uniform(0, JOINING))
        press = f"benchmark-student-{self.number:06d}"
        self.ask("join", "/lesson/join", {"code": self.code, "name": "", "press": press})
        for step in range(4):
            told = json.loads(self.ask("step", "/lesson/go", {"step": step}))
            if told["image"]:
                self.ask("image", told["image"])
            self._wait(draw.uniform(0, seconds))
            choice = told["options"][self.number % len(told["options"])]["code"]
            answer: dict[str, object] = {"step": step, "choice": choice}
            if told["image"]:
                answer["point"] = [draw.random(), draw.random()]
            told = json.loads(self.ask("answer", "/lesson/answer", answer))
            self.ask("again", "/lesson/answer", answer)
            for each in told.get("revealed", {}).get("alike", []):
                for one in each["images"]:
                    self.ask("image", one["src"])
            if address := told.get("revealed", {}).get("map"):
                self.ask("image", address)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, EVERY))
            self.ask("poll", "/lesson/pulse")


def measured(given: argparse.Namespace) -> dict[str, object]:
    from dermxai.data import load_dataset
    from dermxai.lessons import library, sessions
    from dermxai.lessons.definition import Lesson, Step, StepKind
    from dermxai.models import load_classifier
    from dermxai.readers.store.database import database
    from dermxai.runs import infer

    run = infer(load_classifier(given.checkpoint), load_dataset(given.dataset))
    rows = run.samples[run.samples["label"].isin(run.classes)]
    images = [str(each) for each in rows["sample_id"].iloc[[0, -1]]]
    steps = [
        Step(kind=StepKind.QUESTION, title=f"Question {at}", options=("A", "B", "C"), right="B")
        if at in QUESTIONS
        else Step(kind=StepKind.QUIZ, title=f"Quiz {at}", image=images[QUIZZES.index(at)])
        for at in range(4)
    ]
    library.make(database(), Lesson(name="Class", steps=tuple(steps)))
    made = sessions.start(database(), "Class", run.id)
    database().engine.dispose()
    server = serve(given.port)
    students = [Student(given.port, made.code, number) for number in range(given.students)]
    try:
        with ThreadPoolExecutor(given.students) as pool:
            list(pool.map(lambda each: each.attend(given.seconds), students))
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    kept = sessions.answers(database(), made.id)
    expected = 4 * given.students
    return {
        "students": given.students,
        "answers": expected,
        "lost": expected - len({(each.number, each.step) for each in kept}),
        "doubled": len(kept) - len({(each.number, each.step) for each in kept}),
        "refused": sum(each.refused for each in students),
        "seconds": {
            kind: {
                "count": len(times),
                "median": round(float(np.median(times)), 3),
                "95 %": round(float(np.quantile(times, 0.95)), 3),
                "longest": round(max(times), 3),
            }
            for kind in ("answer", "again", "step", "poll", "image", "join")
            if (times := [one for each in students for one in each.seconds.get(kind, [])])
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0, help="of a step")
    parser.add_argument("--port", type=int, default=8651)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    given.checkpoint, given.dataset = given.checkpoint.resolve(), given.dataset.resolve()
    with tempfile.TemporaryDirectory() as home:
        roots = os.pathsep.join([str(given.dataset), str(given.checkpoint)])
        os.environ |= {"DERMXAI_HOME": home, "DERMXAI_ROOTS": roots}
        told = measured(given)
    print(json.dumps(told, indent=1))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1))
    seconds = told["seconds"]
    assert isinstance(seconds, dict)
    slow = seconds["answer"]["95 %"] > LONGEST
    if told["lost"] or told["doubled"] or told["refused"] or slow:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
