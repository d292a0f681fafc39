"""Stored projections of runs."""

from collections.abc import Mapping
from typing import Any

from dermxai.projection import Projection, open_projection
from dermxai.runs import Run
from dermxai.ui.session.caches.rooms import Kept


def projection(opened: Run, method: str, settings: Mapping[str, Any]) -> Projection | None:
    """A stored projection of a run; None where there is none yet."""
    key = (opened.id, method, tuple(sorted(settings.items())))
    known = _projections().get(key)
    if known is None:
        known = open_projection(opened, method, settings)
        if known is not None:
            _projections().put(key, known)
    return known


def _projections() -> Kept[Projection]:
    return Kept("_projections")
