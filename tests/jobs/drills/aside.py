"""The drill for somebody who waits in front of a form."""

from dermxai.jobs.kinds.drill import run, title  # type: ignore[import-not-found]

LANE = "aside"
__all__ = ["LANE", "run", "title"]
