import gc
import weakref

import pytest

from dermxai.ui.app import collector
from dermxai.ui.app.collector import EVERY, FREEZES, LATEST, Collector


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def test_it_collects_on_a_clock_when_no_script_runs(clock: _Clock) -> None:
    done: list[float] = []
    made = Collector(lambda: done.append(clock.now), clock)
    assert not made.look()
    clock.now = EVERY
    with made.script():
        assert not made.look()
        with made.script():
            pass
        assert not made.look()  # the first still runs
    assert made.look()
    assert not made.look()
    clock.now = 2 * EVERY
    assert made.look()
    assert done == [EVERY, 2 * EVERY]


def test_a_server_that_is_never_idle_collects_nevertheless(clock: _Clock) -> None:
    made = Collector(lambda: None, clock)
    with made.script():
        clock.now = LATEST - 0.1
        assert not made.look()
        clock.now = LATEST
        assert made.look()
        clock.now = LATEST + EVERY
        assert not made.look()


def test_a_script_that_fails_does_not_run_for_ever(clock: _Clock) -> None:
    made = Collector(lambda: None, clock)
    with pytest.raises(ZeroDivisionError), made.script():
        raise ZeroDivisionError
    clock.now = EVERY
    assert made.look()


def test_what_was_loaded_is_frozen_once_and_not_for_ever_more(
    clock: _Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[float] = []
    monkeypatch.setattr(collector.gc, "freeze", lambda: frozen.append(clock.now))
    made = Collector(lambda: None, clock)
    made.loaded()
    with made.script():
        assert not made.look()  # a visitor's objects are in use
    assert made.look()
    clock.now = EVERY
    assert made.look()
    assert frozen == [0.0]
    for _ in range(3 * FREEZES):
        made.loaded()
        made.look()
    assert len(frozen) == FREEZES


def test_circles_go() -> None:
    class Node:
        own: "Node"

    gc.disable()
    try:
        node = Node()
        node.own = node
        gone = weakref.ref(node)
        del node
        assert gone() is not None
        collector.collect()
        assert gone() is None
    finally:
        gc.enable()
