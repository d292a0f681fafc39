"""Every kind of component there is."""

from typing import Any

from dermxai.core.components import Kind


def kinds() -> tuple[Kind[Any], ...]:
    """In the order in which they are listed. Importing them takes seconds."""
    from dermxai.data.formats import FORMATS
    from dermxai.explain.attribution.method import METHODS
    from dermxai.explain.faithfulness.measure import CONTROLS, MEASURES
    from dermxai.jobs.kinds import KINDS
    from dermxai.jobs.launchers import LAUNCHERS
    from dermxai.pages import PAGES
    from dermxai.projection.projector import METHODS as PROJECTIONS

    return METHODS, MEASURES, CONTROLS, PROJECTIONS, FORMATS, KINDS, LAUNCHERS, PAGES
