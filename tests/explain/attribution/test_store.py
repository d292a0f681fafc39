import errno
from pathlib import Path

import numpy as np
import pytest

from dermxai.explain.attribution import store
from dermxai.explain.attribution.files import map_file
from dermxai.explain.attribution.method import Attribution

RNG = np.random.default_rng(0)


def attribution() -> Attribution:
    values = RNG.normal(size=(64, 64)).astype(np.float32)
    about = {"unit": "logit", "signed": True, "complete": False, "notes": ("One.",)}
    return Attribution(values, values, "saliency", "EAD", None, None, **about)


def test_what_is_kept_is_what_is_read() -> None:
    made = attribution()
    store.write("a", made)
    again = store.read("a")
    np.testing.assert_array_equal(again.native, made.native)
    assert (again.target, again.unit, again.notes) == ("EAD", "logit", ("One.",))
    assert store.read("b") is None


@pytest.mark.parametrize("harm", ["cut", "emptied", "overwritten", "swapped"])
def test_a_damaged_map_is_none(harm: str) -> None:
    store.write("a", attribution())
    file = map_file("a")
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(
        {
            "cut": content[:middle],
            "emptied": b"",
            "overwritten": content[:middle] + b"\xff" * 64 + content[middle + 64 :],
            "swapped": content[:100] + b"\xff" * 100 + content[200:],
        }[harm]
    )
    assert store.read("a") is None


def test_a_map_that_cannot_be_kept_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(store.disk, "replacing", full)
    store.write("a", attribution())
    assert "could not be kept. The disk is full" in caplog.text
    assert store.read("a") is None
