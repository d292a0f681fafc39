from dermxai.access.throttle import FREE, LONGEST, Throttle, network


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_some_failures_each_next_try_waits_longer() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE + 9):
        throttle.failed("a")
        waits.append(throttle.wait("a"))
        clock.now += throttle.wait("a")
        assert throttle.wait("a") == 0
    assert waits[: FREE - 1] == [0.0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 2] == [1, 2, 4]
    assert max(waits) == waits[-1] == LONGEST
    assert throttle.wait("b") == 0, "others do not wait"
    clock.now += 1000
    throttle.failed("a")
    assert throttle.wait("a") == 0, "forgotten"


def test_what_is_remembered_is_bounded() -> None:
    throttle = Throttle(Clock())
    for number in range(10_050):
        throttle.failed(number)
    assert len(throttle._failures) == 10_000


def test_a_computer_of_many_addresses_is_one() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert network("10.0.0.1") != network("10.0.0.2")
    assert network("unknown") == "unknown"
