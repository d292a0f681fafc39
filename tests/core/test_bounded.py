import threading
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from dermxai.core.bounded import Bounded, weigh


def test_those_go_that_were_not_asked_for_longest() -> None:
    kept: Bounded[bytes] = Bounded(30, len)
    for name in "abc":
        kept.put(name, 10 * name.encode())
    assert kept.get("a") is not None  # used again: b is the oldest now
    kept.put("d", 10 * b"d")
    assert [name for name in "abcd" if kept.get(name)] == ["a", "c", "d"]
    assert kept.held == 30


def test_the_newest_stays_however_heavy() -> None:
    kept: Bounded[bytes] = Bounded(30, len)
    kept.put("light", b"1")
    kept.put("heavy", 100 * b"1")
    assert (kept.get("light"), kept.held) == (None, 100)
    kept.put("light", b"1")
    assert (kept.get("heavy"), kept.held) == (None, 1)


def test_a_value_that_is_replaced_counts_once() -> None:
    kept: Bounded[bytes] = Bounded(30, len)
    for size in (20, 5, 10):
        kept.put("a", size * b"1")
    assert (kept.held, len(kept)) == (10, 1)
    kept.forget()
    assert (kept.held, len(kept)) == (0, 0)


def test_one_thread_makes_what_several_ask_for() -> None:
    kept: Bounded[str] = Bounded(1000)
    began, made, found = threading.Event(), [], []

    def make() -> str:
        made.append(threading.get_ident())
        began.wait(10)
        return "value"

    threads = [
        threading.Thread(target=lambda: found.append(kept.made("key", make))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    while not made:
        pass
    began.set()
    for thread in threads:
        thread.join()
    assert (len(made), found) == (1, ["value"] * 6)


def test_what_fails_is_tried_again_by_the_next() -> None:
    kept: Bounded[str] = Bounded(1000)
    with pytest.raises(ZeroDivisionError):
        kept.made("key", lambda: str(1 / 0))
    assert kept.made("key", lambda: "value") == "value"


@dataclass
class _Node:
    array: np.ndarray = field(default_factory=lambda: np.zeros(10_000, np.float32))
    other: "_Node | None" = None


def test_a_value_weighs_what_it_holds(tmp_path) -> None:
    node = _Node()
    node.other = _Node(other=node)  # a circle
    assert 80_000 <= weigh(node) < 85_000
    assert weigh({"a": [b"1" * 1000] * 3, "b": "1" * 1000}) > 2000
    table = pd.DataFrame({"name": [f"image-{index:060}" for index in range(1000)]}, dtype=object)
    assert weigh((table,)) > 60_000
    numbers = list(map(float, range(10_000)))
    assert 10_000 * 24 <= weigh(numbers) <= 10_000 * 40
    np.save(tmp_path / "a.npy", np.zeros(10_000))
    assert weigh(np.load(tmp_path / "a.npy", mmap_mode="r")) == 0
    assert weigh((np, type(node), weigh)) < 10_000  # modules, types and functions are nobody's
