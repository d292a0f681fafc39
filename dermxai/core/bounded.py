"""An LRU cache in memory, bounded in bytes."""

import math
import sys
import threading
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from types import FunctionType, MethodType, ModuleType
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

T = TypeVar("T")

_LOOKED_AT = 64  # items of a long list, of which the others are taken to be alike
_DEEPEST = 12
_WITHOUT_PARTS = (
    *(str, bytes, int, float, bool, type(None)),
    *(type, ModuleType, FunctionType, MethodType),
)


class _Weighed(NamedTuple, Generic[T]):
    value: T
    weight: int


class Bounded(Generic[T]):
    """Values by key. Where all together weigh more than the limit, those go that were not asked
    for longest; the newest stays, however heavy."""

    def __init__(self, limit: int, weight: Callable[[T], int] | None = None) -> None:
        """
        Args:
            limit: bytes.
            weight: of a value, in bytes; `weigh` if not given.
        """
        self.limit = limit
        self._kept: LRUCache[Hashable, _Weighed[T]] = LRUCache(math.inf, lambda each: each.weight)
        self._weight = weight or weigh
        self._lock = threading.Lock()
        self._busy: dict[Hashable, threading.Lock] = {}

    @property
    def held(self) -> int:
        """Bytes of all values."""
        return int(self._kept.currsize)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            found = self._kept.get(key)
        return found.value if found else None

    def put(self, key: Hashable, value: T) -> T:
        weight = self._weight(value)
        with self._lock:
            self._kept[key] = _Weighed(value, weight)
            while self._kept.currsize > self.limit and len(self._kept) > 1:
                self._kept.popitem()  # the least recently used
        return value

    def made(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key; made where there is none, by one thread for all that ask."""
        found = self.get(key)
        if found is not None:
            return found
        with self._lock:
            own = self._busy.setdefault(key, threading.Lock())
        with own:
            found = self.get(key)
            if found is None:
                try:
                    found = self.put(key, make())
                finally:
                    with self._lock:
                        self._busy.pop(key, None)
        return found

    def forget(self, wanted: Callable[[Hashable], bool] = lambda _: True) -> None:
        """Drops the values of keys; all if not said otherwise."""
        with self._lock:
            for key in [key for key in self._kept if wanted(key)]:
                del self._kept[key]


def weigh(value: object) -> int:
    """Bytes of a value and of what it holds, about: of long lists a few items are looked at. Arrays
    that are mapped from a file weigh nothing."""
    return _weigh(value, set(), 0)


def _weigh(value: object, seen: set[int], depth: int) -> int:
    if id(value) in seen or depth > _DEEPEST:
        return 0
    seen.add(id(value))
    package = type(value).__module__.partition(".")[0]
    if isinstance(value, np.ndarray):
        return _weigh_array(value)
    if package == "pandas" and hasattr(value, "memory_usage"):
        used = value.memory_usage(deep=True)
        return int(getattr(used, "sum", lambda: used)())
    own = sys.getsizeof(value, 64)
    if package == "torch" and hasattr(value, "nbytes"):
        own += int(value.nbytes)
    elif isinstance(value, Mapping):
        own += _weigh_items(value.keys(), seen, depth) + _weigh_items(value.values(), seen, depth)
    elif isinstance(value, list | tuple | set | frozenset):
        own += _weigh_items(value, seen, depth)
    elif not isinstance(value, _WITHOUT_PARTS):
        own += _weigh_parts(value, seen, depth)
    return own


def _weigh_parts(value: object, seen: set[int], depth: int) -> int:
    held: list[object] = []
    if is_dataclass(value) and not isinstance(value, type):
        held += [getattr(value, each.name, None) for each in fields(value)]
    held += list(getattr(value, "__dict__", {}).values())
    return sum(_weigh(each, seen, depth + 1) for each in held)


def _weigh_array(value: NDArray[np.generic]) -> int:
    if isinstance(value, np.memmap):
        return 0
    if value.dtype == object:
        return value.nbytes + _weigh_items(value.ravel().tolist(), set(), 0)
    return value.nbytes


def _weigh_items(items: Collection[object], seen: set[int], depth: int) -> int:
    number = len(items)
    some = list(islice(items, _LOOKED_AT))
    weight = sum(_weigh(each, seen, depth + 1) for each in some)
    return weight if number <= _LOOKED_AT else weight * number // len(some)
