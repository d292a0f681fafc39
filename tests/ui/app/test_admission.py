import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dermxai.ui.app.admission import Admission

FOREVER = 60.0


def _until(true: Callable[[], bool]) -> None:
    while not true():
        threading.Event().wait(0.001)


def test_so_many_run_at_once_in_the_order_of_asking() -> None:
    admission, order, inside = Admission(2, FOREVER), [], []
    doors = [threading.Event() for _ in range(5)]
    most = []

    def script(index: int) -> None:
        with admission.admitted():
            order.append(index)
            inside.append(index)
            most.append(len(inside))
            doors[index].wait(FOREVER)
            inside.remove(index)

    with ThreadPoolExecutor(5) as pool:
        for index in range(5):
            pool.submit(script, index)
            _until(lambda index=index: len(order) + len(admission._waiting) > index)
        for index, door in enumerate(doors):
            door.set()
            _until(lambda index=index: len(order) == min(5, index + 3))
    assert order == [0, 1, 2, 3, 4]
    assert max(most) == 2


def test_who_waits_for_something_else_lets_others_run_and_goes_on_at_once() -> None:
    admission, other_is_in, leave = Admission(1, FOREVER), threading.Event(), threading.Event()

    def other() -> None:
        with admission.admitted():
            other_is_in.set()
            leave.wait(FOREVER)

    with ThreadPoolExecutor(1) as pool, admission.admitted():
        pool.submit(other)
        with admission.aside():
            assert other_is_in.wait(FOREVER)
        # the other one is still inside: nobody waits here, or two could wait for each other
        leave.set()
    with admission.admitted():
        pass
    assert admission._inside == 0


def test_a_script_that_never_ends_keeps_nobody_out() -> None:
    admission = Admission(1, patience=0.01)
    with admission.admitted(), ThreadPoolExecutor(1) as pool:

        def late() -> str:
            with admission.admitted():
                return "done"

        assert pool.submit(late).result(FOREVER) == "done"
    assert admission._inside == 0


def test_a_script_that_fails_leaves() -> None:
    admission = Admission(1, FOREVER)
    for _ in range(3):
        try:
            with admission.admitted(), admission.aside():
                raise ValueError
        except ValueError:
            pass
    assert admission._inside == 0


def test_what_is_no_script_steps_aside_for_nothing() -> None:
    admission = Admission(1)
    with admission.aside():
        assert admission._inside == 0
    assert admission._inside == 0


def test_who_has_stepped_aside_steps_aside_no_further() -> None:
    admission = Admission(1, FOREVER)
    with admission.admitted():
        with admission.aside():
            with admission.aside():
                assert admission._inside == 0
            assert admission._inside == 0
        assert admission._inside == 1
    assert admission._inside == 0
