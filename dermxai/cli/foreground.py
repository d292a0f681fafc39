"""The work of a job, done at once by this process, with progress bars."""

from dermxai.cli import console


def foreground(kind: str, **arguments: object) -> dict[str, object]:
    """What a job of this kind returns; arguments that are None stay away.

    Raises:
        InputError: as the kind says.
    """
    from dermxai.jobs.foreground import work

    given = {name: value for name, value in arguments.items() if value is not None}
    with console.bars() as bars:
        return work(kind, given, bars, console.say)
