"""A public set of images, brought into the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, named


class Arguments(Settings):
    name: str = setting(..., "The set's name, or isic-NUMBER.")
    accepted: bool = setting(False, "Whether its licence is accepted.")
    most: int | None = setting(None, "Images of a collection of the ISIC archive.", 1, 500_000)


@dataclass(frozen=True, kw_only=True)
class Fetch(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Fetching {named(arguments, 'name')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: its licence is not accepted, this server fetches nothing, or as
                `dermxai.data.published.fetch`.
        """
        report("asking", 0, 0)
        from dermxai.data.published.download import Network
        from dermxai.data.published.fetch import check_allowed, contents, fetch
        from dermxai.data.published.sets import find

        wanted = find(arguments.name)
        check_allowed()
        if not arguments.accepted:
            raise InputError(f"The licence of {wanted.name} is not accepted: {wanted.licence}.")
        network = Network()
        found = contents(wanted, network, arguments.most, report)
        return {"dataset": str(fetch(wanted, found, network, report))}


FETCH = Fetch(name="fetch", lane="processor", arguments=Arguments)
