import threading

import numpy as np
import pytest
from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.runs import Run, infer
from dermxai.ui.app import warming
from dermxai.ui.app.collector import Collector
from dermxai.ui.app.warming import QUIET, TICK, Warming
from dermxai.ui.session import subject
from dermxai.ui.session.caches import everything, models
from tests.generated import generated_run


def test_it_waits_for_the_first_page_and_for_a_quiet_moment() -> None:
    warmed, waits, quiet = [], [], iter([0.0, 1.0, QUIET])
    made = Warming(warmed.append, lambda: next(quiet), waits.append)
    made.stands(None)  # nothing is open
    made.stands("one")
    made.stands("two")
    made.run()
    assert warmed == ["one"]
    assert waits == [TICK, TICK]


def test_nothing_is_done_before_a_page_stands() -> None:
    warmed, done = [], threading.Event()
    made = Warming(lambda run: (warmed.append(run), done.set()), lambda: QUIET)
    threading.Thread(target=made.run, daemon=True).start()
    assert not done.wait(0.2)
    made.stands("one")
    assert done.wait(30)
    assert warmed == ["one"]


@pytest.mark.parametrize("error", [InputError("Gone."), RuntimeError("broken")])
def test_what_fails_is_logged_and_breaks_nothing(error, caplog) -> None:
    def fail(_: str) -> None:
        raise error

    made = Warming(fail, lambda: QUIET)
    made.stands("one")
    with caplog.at_level("INFO"):
        made.run()
    assert "not made ready" in caplog.text


def test_a_moment_is_quiet_while_no_script_runs() -> None:
    now = [0.0]
    made = Collector(lambda: None, lambda: now[0])
    now[0] = 5.0
    assert made.quiet() == 5.0
    with made.script():
        now[0] = 9.0
        assert made.quiet() == 0.0
    now[0] = 10.0
    assert made.quiet() == 1.0


@pytest.mark.parametrize(("value", "begun"), [("off", 0), (" OFF ", 0), ("", 1), ("on", 1)])
def test_it_can_be_switched_off(value, begun, monkeypatch) -> None:
    started = []
    monkeypatch.setenv(warming.SETTING, value)
    monkeypatch.setattr(warming.WARMING, "run", lambda: started.append(1))
    warming.start()
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join(30)
    assert len(started) == begun


def test_the_network_is_loaded_and_has_taken_a_pass(tiny_checkpoint, monkeypatch) -> None:
    everything.clear()
    file = paths.datasets() / "one" / "EAD" / "0.png"
    file.parent.mkdir(parents=True)
    Image.fromarray(np.full((50, 70, 3), 128, np.uint8)).save(file)
    monkeypatch.setenv("DERMXAI_ROOTS", str(tiny_checkpoint))
    run: Run = infer(load_classifier(tiny_checkpoint), load_dataset(file.parents[1]))
    taken = []
    monkeypatch.setattr(subject, "_diagnoses", _counted(taken, subject._diagnoses))
    warming.warm(run.id)
    assert taken == [1]
    kept = models.classifier(run)
    assert models.classifier(run) is kept
    everything.clear()


def test_an_imported_run_has_no_network_to_load(monkeypatch) -> None:
    everything.clear()
    asked = []
    monkeypatch.setattr(subject, "warm", asked.append)
    run = generated_run(paths.runs() / "run", 6)
    warming.warm(run.root.name)
    assert len(asked) == 1
    monkeypatch.setattr(Run, "imported", property(lambda self: True))
    warming.warm(run.root.name)
    assert len(asked) == 1


def _counted(taken: list[int], work):
    def counted(classifier, items):
        taken.append(len(items))
        return work(classifier, items)

    return counted
