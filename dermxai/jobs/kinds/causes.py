"""The cause card of two classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report


class Arguments(Settings):
    """``first``, ``second`` and ``split`` are those of `dermxai.confusion.card.make_card`."""

    run: str = setting(..., "Folder of the run.")
    first: str = setting(..., "A class of the run.")
    second: str = setting(..., "Another one.")
    split: str | None = setting(None, "Only errors of images of this split.")
    beside: Sequence[str] | None = setting(
        None, "Folders of runs over the same images to compare; the newest if not given."
    )


@dataclass(frozen=True, kw_only=True)
class Causes(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Causes, {arguments.get('first')} and {arguments.get('second')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.confusion.card.make_card` says.
        """
        report("loading", 0, 0)
        from dermxai.confusion.card import make_card
        from dermxai.runs import open_run

        named = arguments.beside
        make_card(
            open_run(arguments.run),
            arguments.first,
            arguments.second,
            arguments.split,
            beside=None if named is None else [open_run(each) for each in named],
            progress=report,
        )
        return {"run": arguments.run, "first": arguments.first, "second": arguments.second}


CAUSES = Causes(name="causes", lane="processor", arguments=Arguments)
