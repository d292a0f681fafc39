"""Maps that the pages of a run's images show first, made ahead."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report


class Arguments(Settings):
    run: str = setting(..., "Folder of the run.")
    megabytes: int = setting(
        500, "Of maps, at which it ends; the workspace keeps 4,000 in all.", 1, 4000
    )
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")


@dataclass(frozen=True, kw_only=True)
class Maps(JobKind[Arguments]):
    """What is kept already is not made again: interrupted, it resumes."""

    def title(self, arguments: Mapping[str, object]) -> str:
        del arguments
        return "Quick maps"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: the run or its checkpoint cannot be opened.
        """
        report("loading", 0, 0)
        from dermxai.explain.quick import keep_quick_maps
        from dermxai.models import load_classifier
        from dermxai.models.devices import usable_device
        from dermxai.runs import open_run

        opened = open_run(arguments.run)
        made_by = opened.checkpoint
        classifier = load_classifier(made_by["path"], **made_by.get("options", {}))
        classifier.to(usable_device(arguments.device))
        found = keep_quick_maps(
            opened,
            classifier,
            arguments.megabytes * 10**6,
            lambda done, total: report("images", done, total),
        )
        return {"run": arguments.run, **asdict(found)}


MAPS = Maps(name="maps", lane="device", arguments=Arguments)
