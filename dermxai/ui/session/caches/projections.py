"""Stored projections of runs."""

from collections.abc import Mapping

from dermxai.projection import Projection, open_projection
from dermxai.runs import Run, feature_spaces
from dermxai.ui.session.caches.memory import Kept


def projection(
    opened: Run, method: str, settings: Mapping[str, object], *, space: str
) -> Projection | None:
    """A stored projection of a run's feature space; None where there is none yet."""
    of = (space, feature_spaces.version(opened, space))
    key = (opened.id, method, tuple(sorted(settings.items())), of)
    known = _projections().get(key)
    if known is None:
        known = open_projection(opened, method, settings, space)
        if known is not None:
            _projections().put(key, known)
    return known


def _projections() -> Kept[Projection]:
    return Kept("_projections")
