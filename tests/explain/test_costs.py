import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from dermxai.explain import costs
from dermxai.explain.costs import BUSY_FOR, FORWARD, Costs, costs_of, timed


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1000.0]
    monkeypatch.setattr(costs.time, "monotonic", lambda: clock[0])
    return clock


def test_nothing_is_promised_before_something_ran(tmp_path: Path) -> None:
    assert Costs(tmp_path / "a.json").expected([("score_cam", 100)]) is None


def test_a_busy_spell_leaves_no_trace(tmp_path: Path, now: list[float]) -> None:
    known = Costs(tmp_path / "a.json")
    for _ in range(10):
        known.learn("fragility", 42, seconds=42 * 0.6, own=42 * 0.02)  # thirty times as slow
    busy = known.expected([("fragility", 42)])
    assert busy.low == pytest.approx(0.84)
    assert busy.high == pytest.approx(0.84 * 30)
    now[0] += BUSY_FOR + 1
    quiet = known.expected([("fragility", 42)])
    assert quiet == pytest.approx((0.84, 0.84))


def test_one_odd_time_among_many_promises_nothing_odd(tmp_path: Path, now: list[float]) -> None:
    known = Costs(tmp_path / "a.json")
    for index in range(20):
        known.learn("flip", 100, *(2 * [100 * (5.0 if index == 10 else 0.02)]))
    found = known.expected([("flip", 50)])
    assert found == pytest.approx((1.0, 1.0))


def test_a_change_of_pace_is_learnt(tmp_path: Path, now: list[float]) -> None:
    known = Costs(tmp_path / "a.json")
    for each in [0.1] * 50 + [0.01] * costs.KEPT:
        known.learn("flip", 1, each, each)
    assert known.expected([("flip", 100)]) == pytest.approx((1.0, 1.0))


def test_few_times_and_another_kinds_times_give_a_wider_range(
    tmp_path: Path, now: list[float]
) -> None:
    known = Costs(tmp_path / "a.json")
    known.learn(FORWARD, 10, 0.2, 0.2)
    unknown = known.expected([("lime", 10)])
    assert unknown.low < 0.2 / 2 < 0.2 * 2 < unknown.high
    known.learn("lime", 10, 0.5, 0.5)
    first = known.expected([("lime", 10)])
    assert first.low < 0.5 < first.high
    for _ in range(3):
        known.learn("lime", 10, 0.5, 0.5)
    assert known.expected([("lime", 10)]) == pytest.approx((0.5, 0.5))


def test_kinds_add_up(tmp_path: Path, now: list[float]) -> None:
    known = Costs(tmp_path / "a.json")
    for _ in range(4):
        known.learn("a", 1, 0.1, 0.1)
        known.learn("b", 1, 0.3, 0.3)
    assert known.expected([("a", 10), ("b", 2)]) == pytest.approx((1.6, 1.6))


def test_other_processes_and_the_next_start_know_it(tmp_path: Path, now: list[float]) -> None:
    file = tmp_path / "costs" / "a.json"
    ours, theirs = Costs(file), Costs(file)
    for _ in range(4):
        theirs.learn("judging", 1, 0.1, 0.1)
    assert ours.expected([("judging", 10)]) == pytest.approx((1.0, 1.0))
    assert Costs(file).expected([("judging", 10)]) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{" * 5000, '{"a": 3, "b": ["x"], "c": [-1, 0.1], "d": [NaN]}', '{"a": [1e400]}'],
)
def test_a_damaged_file_is_learnt_anew(content: str, tmp_path: Path, now: list[float]) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    known = Costs(file)
    assert all(known.expected([(name, 1)]) is None for name in "abcd")
    known.learn("a", 1, 0.1, 0.1)
    assert "a" in json.loads(file.read_text())


def test_a_full_disk_stops_nothing(tmp_path: Path, now: list[float]) -> None:
    (tmp_path / "file").write_text("")
    known = Costs(tmp_path / "file" / "a.json")  # no folder can be there
    known.learn("a", 1, 0.1, 0.1)
    assert known.expected([("a", 1)]) is not None


def test_what_ends_well_is_timed(workspace: Path) -> None:
    classifier = SimpleNamespace(hash="b" * 64, device=SimpleNamespace(type="cpu"))
    with pytest.raises(ZeroDivisionError), timed(classifier, "flip", 10):
        raise ZeroDivisionError
    known = costs_of(classifier.hash, "cpu")
    assert known.expected([("flip", 1)]) is None
    with timed(classifier, "flip", 10) as times:
        sum(range(200_000))
        times.passes = 5
    found = known.expected([("flip", 5)])
    assert 0 < found.low < found.high
    other = SimpleNamespace(hash="c" * 64, device=SimpleNamespace(type="cpu"))
    assert costs_of(other.hash, "cpu").expected([("flip", 5)]) is None
