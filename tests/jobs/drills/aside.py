"""The drill for somebody who waits in front of a form."""

from dermxai.jobs.kinds.drill import Arguments, Drill  # type: ignore[import-not-found]

ASIDE = Drill(name="aside", lane="aside", arguments=Arguments)
