"""Finding a job among many."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dermxai.core.errors import InputError
from dermxai.jobs.job import Job
from dermxai.jobs.labels import labels

_ORDERS: Mapping[str, Callable[[Job], tuple[float, list[str]]]] = {
    "newest": lambda job: (-job.submitted, []),
    "oldest": lambda job: (job.submitted, []),
    "title": lambda job: (0.0, [job.title.casefold()]),
    "state": lambda job: (0.0, [str(job.state)]),
    "owner": lambda job: (0.0, [owner(job).casefold()]),
    "tags": lambda job: (0.0, [tag.casefold() for tag in labels(job).tags] or ["\U0010ffff"]),
}
"""What jobs are sorted by: a number, then texts."""
ORDERS = tuple(_ORDERS)


def owner(job: Job) -> str:
    """Who asked for a job: the person who has logged in, else the account whose it is; empty where
    nobody knows."""
    return job.owner or job.account


def found(jobs: Sequence[Job], words: str = "", order: str = "newest") -> list[Job]:
    """The jobs in which each of the words occurs: in id, title, kind, state, owner, tags, notes, or
    in the names of dataset, checkpoint and output.

    Raises:
        InputError: no such order.
    """
    if order not in _ORDERS:
        raise InputError(f"Jobs cannot be sorted by {order!r}; expected {', '.join(ORDERS)}.")
    wanted = words.casefold().split()
    texts = {job.id: _text(job) for job in jobs} if wanted else {}
    fitting = [job for job in jobs if all(word in texts[job.id] for word in wanted)]
    return sorted(fitting, key=_ORDERS[order])


def _text(job: Job) -> str:
    written = labels(job)
    places = (job.arguments.get(name) for name in ("dataset", "checkpoint", "output", "run"))
    parts = [job.id, job.title, job.kind, str(job.state), owner(job), *written.tags, written.notes]
    parts += [Path(place).name for place in places if isinstance(place, str)]
    return "\n".join(parts).casefold()
