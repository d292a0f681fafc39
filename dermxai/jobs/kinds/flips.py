"""A run's images inferred flipped."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report
from dermxai.jobs.loading import opened_classifier


class Arguments(Settings):
    run: str = setting(..., "Folder of the run.")
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")


@dataclass(frozen=True, kw_only=True)
class Flips(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:  # noqa: ARG002
        return "Flipped images"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.runs.flip_inference.infer_flips` says.
        """
        report("loading", 0, 0)
        from dermxai.runs import open_run
        from dermxai.runs.flip_inference import infer_flips

        run = open_run(arguments.run)
        checkpoint = run.checkpoint
        infer_flips(
            run,
            opened_classifier(checkpoint["path"], checkpoint.get("options", {})),
            device=arguments.device,
            progress=lambda done, total: report("images", done, total),
        )
        return {"run": arguments.run}


FLIPS = Flips(name="flips", lane="device", arguments=Arguments)
