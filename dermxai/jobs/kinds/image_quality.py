"""How well the images of a run were taken."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, named


class Arguments(Settings):
    run: str = setting(..., "Folder of the run.")


@dataclass(frozen=True, kw_only=True)
class ImageQuality(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Image quality, {named(arguments, 'run')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: there is no run.
        """
        report("loading", 0, 0)
        from dermxai.runs import open_run
        from dermxai.runs.image_quality import measure_quality

        found = measure_quality(
            open_run(arguments.run), lambda done, of: report("images", done, of)
        )
        known = int(found.notna().all(axis=1).sum())
        return {"run": arguments.run, "images": len(found), "measured": known}


IMAGE_QUALITY = ImageQuality(name="image_quality", lane="processor", arguments=Arguments)
