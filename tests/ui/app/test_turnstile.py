import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dermxai.ui.app.turnstile import Turnstile

FOREVER = 60.0


def _until(true: Callable[[], bool]) -> None:
    while not true():
        threading.Event().wait(0.001)


def test_so_many_run_at_once_in_the_order_of_asking() -> None:
    turnstile, order, inside = Turnstile(2, FOREVER), [], []
    doors = [threading.Event() for _ in range(5)]
    most = []

    def script(index: int) -> None:
        with turnstile.through():
            order.append(index)
            inside.append(index)
            most.append(len(inside))
            doors[index].wait(FOREVER)
            inside.remove(index)

    with ThreadPoolExecutor(5) as pool:
        for index in range(5):
            pool.submit(script, index)
            _until(lambda index=index: len(order) + len(turnstile._waiting) > index)
        for index, door in enumerate(doors):
            door.set()
            _until(lambda index=index: len(order) == min(5, index + 3))
    assert order == [0, 1, 2, 3, 4]
    assert max(most) == 2


def test_who_waits_for_something_else_lets_others_run_and_goes_on_at_once() -> None:
    turnstile, other_is_in, leave = Turnstile(1, FOREVER), threading.Event(), threading.Event()

    def other() -> None:
        with turnstile.through():
            other_is_in.set()
            leave.wait(FOREVER)

    with ThreadPoolExecutor(1) as pool, turnstile.through():
        pool.submit(other)
        with turnstile.aside():
            assert other_is_in.wait(FOREVER)
        # the other one is still inside: nobody waits here, or two could wait for each other
        leave.set()
    with turnstile.through():
        pass
    assert turnstile._inside == 0


def test_a_script_that_never_ends_keeps_nobody_out() -> None:
    turnstile = Turnstile(1, patience=0.01)
    with turnstile.through(), ThreadPoolExecutor(1) as pool:

        def late() -> str:
            with turnstile.through():
                return "done"

        assert pool.submit(late).result(FOREVER) == "done"
    assert turnstile._inside == 0


def test_a_script_that_fails_leaves() -> None:
    turnstile = Turnstile(1, FOREVER)
    for _ in range(3):
        try:
            with turnstile.through(), turnstile.aside():
                raise ValueError
        except ValueError:
            pass
    assert turnstile._inside == 0


def test_what_is_no_script_steps_aside_for_nothing() -> None:
    turnstile = Turnstile(1)
    with turnstile.aside():
        assert turnstile._inside == 0
    assert turnstile._inside == 0


def test_who_has_stepped_aside_steps_aside_no_further() -> None:
    turnstile = Turnstile(1, FOREVER)
    with turnstile.through():
        with turnstile.aside():
            with turnstile.aside():
                assert turnstile._inside == 0
            assert turnstile._inside == 0
        assert turnstile._inside == 1
    assert turnstile._inside == 0
