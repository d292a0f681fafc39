"""Passes that methods share: what one has computed is there for the next that asks the same."""

import hashlib
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from torch import Tensor

from dermxai.core.bounded import Bounded
from dermxai.explain.attribution.method import Progress

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

T = TypeVar("T")
LIMIT = 32 * 2**20
"""Bytes of what is kept of a classifier."""
_caches: "WeakKeyDictionary[Classifier, Bounded[Any]]" = WeakKeyDictionary()


def clear() -> None:
    """Drops what is kept of all classifiers."""
    _caches.clear()


def cached(
    classifier: "Classifier",
    image: Tensor,
    asked: Hashable,
    make: Callable[[], T],
    progress: Progress | None,
) -> T:
    """What ``make`` gives for an image, or gave when it was asked lately.

    Args:
        asked: all that it depends on besides the image, and what it is.
        make: reports its own progress.
    """
    known = _caches.setdefault(classifier, Bounded(LIMIT))
    pixels = hashlib.sha256(image.detach().cpu().numpy().tobytes()).digest()
    key = (classifier.device, pixels, image.shape, asked)
    found: T | None = known.get(key)
    if found is None:
        found = make()
        known.put(key, found)
        return found
    if progress:
        progress(1, 1)
    return found
