import os
import threading

import pytest

from dermxai.core.errors import Cancelled
from dermxai.ui.app import lanes
from dermxai.ui.app.lanes import Lane, Task, Turns


def _task(visitor: str, item: str = "", together: object = None) -> Task:
    return Task(visitor, lambda items: [f"done {each}" for each in items], item, together)


def test_visitors_take_turns() -> None:
    turns = Turns()
    tasks = [_task("greedy", f"g{index}") for index in range(3)]
    for task in (*tasks, _task("modest", "m0"), _task("late", "l0")):
        turns.put(task)
    order = [turns.take()[0].item for _ in range(5)]
    assert order == ["g0", "m0", "l0", "g1", "g2"]


def test_the_place_is_what_will_come_before() -> None:
    turns, tasks = Turns(), {}
    for visitor, number in (("a", 3), ("b", 1), ("c", 2)):
        for index in range(number):
            tasks[f"{visitor}{index}"] = task = _task(visitor, f"{visitor}{index}")
            turns.put(task)
    places = {name: turns.before(task) for name, task in tasks.items()}
    order = [turns.take()[0].item for _ in tasks]
    assert order == ["a0", "b0", "c0", "a1", "c1", "a2"]
    assert places == {name: index for index, name in enumerate(order)}
    assert turns.before(tasks["a0"]) is None


def test_alike_work_of_several_visitors_is_done_together() -> None:
    turns = Turns()
    for visitor in "abc":
        turns.put(_task(visitor, f"{visitor}0", "network"))
    turns.put(_task("b", "b1", "network"))
    turns.put(_task("d", "d0", "another"))
    turns.put(_task("e", "e0"))
    assert [each.item for each in turns.take(8)] == ["a0", "b0", "c0", "b1"]
    assert [each.item for each in turns.take(8)] == ["d0"]
    assert [each.item for each in turns.take(8)] == ["e0"]


def test_no_more_is_done_together_than_may_be() -> None:
    turns = Turns()
    for index in range(5):
        turns.put(_task("a", f"a{index}", "network"))
    turns.put(_task("b", "b0", "network"))
    assert [each.item for each in turns.take(3)] == ["a0", "b0", "a1"]


def test_one_visitors_image_never_spoils_anothers() -> None:
    def work(items):
        if "bad" in items:
            raise ValueError(f"bad image among {len(items)}")
        return [each.upper() for each in items]

    tasks = [Task(name, work, name, "network") for name in ("one", "bad", "two")]
    lanes._do(tasks)
    assert tasks[0].future.result() == "ONE"
    assert tasks[2].future.result() == "TWO"
    with pytest.raises(ValueError, match="among 1"):
        tasks[1].future.result()


def test_quick_work_never_waits_for_slow_work() -> None:
    hold, began = threading.Event(), threading.Event()

    def slow(progress):
        began.set()
        assert hold.wait(20)
        return "slow"

    answers: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(
                lanes.slowly("teacher", slow, lambda *_: None, lambda _: None)
            )
        )
        for _ in range(2 + lanes.SLOW_AT_ONCE)  # more than the lane does at once
    ]
    for thread in threads:
        thread.start()
    assert began.wait(20)
    for visitor in ("student", "teacher"):
        assert lanes.quickly(visitor, lambda: "quick") == "quick"
    assert not answers
    hold.set()
    for thread in threads:
        thread.join(20)
    assert answers == ["slow"] * len(threads)


def test_who_waits_is_told_the_place_and_who_leaves_is_forgotten(monkeypatch) -> None:
    lane = Lane("test", 1)
    monkeypatch.setattr(lanes, "SLOW", lane)
    monkeypatch.setattr(lanes, "POLL", 0.01)
    hold, stopped = threading.Event(), threading.Event()
    shown: list[tuple[int, int]] = []

    class Gone(BaseException):
        """As Streamlit's, which is no `Exception`."""

    def first(progress):
        progress(3, 10)
        hold.wait(20)
        try:
            progress(4, 10)
        except Cancelled:
            stopped.set()
            raise
        return "first"

    def leave_when_told(before: int) -> None:
        assert before == 0
        raise Gone

    def leave(done: int, total: int) -> None:
        shown.append((done, total))
        if done == 3:
            with pytest.raises(Gone):  # another visitor comes, waits, and leaves
                lanes.slowly("other", lambda _: "never", lambda *_: None, leave_when_told)
            hold.set()
            raise Gone

    with pytest.raises(Gone):
        lanes.slowly("one", first, leave, lambda _: None)
    assert stopped.wait(20)
    assert (3, 10) in shown
    assert lanes.slowly("next", lambda _: "next", lambda *_: None, lambda _: None) == "next"


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no priorities")
def test_slow_work_gives_way() -> None:
    def niceness(_progress) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found = lanes.slowly("a", niceness, lambda *_: None, lambda _: None)
    assert found == min(19, own + lanes.NICENESS) or found == lanes.NICENESS
    assert lanes.quickly("a", lambda: niceness(None)) == own
