"""Every kind of component there is."""

from typing import Any

from dermxai.components import Kind


def kinds() -> tuple[Kind[Any], ...]:
    """In the order in which they are listed. Importing them takes seconds."""
    from dermxai.data.formats import FORMATS
    from dermxai.jobs.kinds import KINDS
    from dermxai.jobs.launchers import LAUNCHERS
    from dermxai.pages import PAGES

    return FORMATS, KINDS, LAUNCHERS, PAGES
