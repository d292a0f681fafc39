"""Processes that are spawned, apart from the program that starts them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without_main() -> Iterator[None]:
    """Processes that are spawned meanwhile do not run the program's main file, as Python has them
    do: a script without a guard would begin its work anew, a page of Streamlit would be drawn. What
    they are given is imported from where it is defined, which is not that file."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
