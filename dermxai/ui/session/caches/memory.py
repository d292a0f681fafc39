"""Caches of results, each bounded in bytes, and the ways to keep something in them.

An argument that is part of a key and of nothing else begins with an underscore.
"""

import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Generic, NamedTuple, ParamSpec, TypeVar, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dermxai.core.bounded import Bounded

LIMIT = "DERMXAI_CACHE_MB"
"""What results may take of the server's memory, all together; models have as much once more."""
_MEGABYTES = 160  # MB, unless this says otherwise
_BYTES_OF_PIXELS = 24 * 2**20  # small files are read again in milliseconds, and fill any cache

P = ParamSpec("P")
T = TypeVar("T")


class Held(NamedTuple, Generic[T]):
    """A result, which may be None."""

    value: T


def limit() -> int:
    """Bytes that all results together may take."""
    try:
        return round(float(os.environ.get(LIMIT) or _MEGABYTES) * 2**20)
    except ValueError:
        return _MEGABYTES * 2**20


def _of_model(held: object) -> int:
    """Bytes of a model, whose weights are there three times: as they are, and folded for passes
    without and with gradients."""
    assert isinstance(held, Held)
    return 3 * int(held.value.nbytes)


RESULTS: Bounded[object] = Bounded(limit())
"""Of all functions that do not say otherwise. One cache for all: what is used most has most of
it."""
MODELS: Bounded[object] = Bounded(limit(), _of_model)
PIXELS: Bounded[object] = Bounded(_BYTES_OF_PIXELS)
"""Of what is read from images and masks, so that it does not crowd out results of work."""


def kept(
    spinner: str | bool = False, *, where: Bounded[object] = RESULTS
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function's results, kept by its arguments and shared by all visitors; one thread computes
    what several ask for.

    Args:
        spinner: what is shown meanwhile, to visitors who wait for another's, too.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        name, parameters = f"{function.__module__}.{function.__qualname__}", signature(function)

        @wraps(function)
        def keeping(*args: P.args, **kwargs: P.kwargs) -> T:
            given = parameters.bind(*args, **kwargs)
            given.apply_defaults()
            key = (name, *map(_hashable, given.arguments.values()))
            found = where.get(key)
            if found is not None:
                return cast(Held[T], found).value

            def make() -> Held[T]:
                return Held(function(*args, **kwargs))

            seen = bool(spinner) and get_script_run_ctx(suppress_warning=True) is not None
            with st.spinner(str(spinner)) if seen else nullcontext():
                return cast(Held[T], where.made(key, make)).value

        return keeping

    return decorate


def _hashable(value: object) -> Hashable:
    """An argument as part of a key."""
    if isinstance(value, Mapping):
        return tuple(sorted((name, _hashable(each)) for name, each in value.items()))
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


class Kept(Generic[T]):
    """Results of slow work that reports its progress, in the cache of all results."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get(self, key: Hashable) -> T | None:
        return cast(T | None, RESULTS.get((self._name, key)))

    def put(self, key: Hashable, result: T) -> T:
        RESULTS.put((self._name, key), result)
        return result


def changed(file: Path) -> int:
    """When a file was last changed, in ns; 0 where it cannot be looked at."""
    try:
        return file.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def forget() -> None:
    """Empties the caches."""
    for each in (RESULTS, MODELS, PIXELS):
        each.forget()
