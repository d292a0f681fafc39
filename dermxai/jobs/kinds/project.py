"""A map of a run's features."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report


class Arguments(Settings):
    run: str = setting(..., "Folder of the run.")
    method: str = setting("umap", "The projection.")
    settings: Mapping[str, object] | None = setting(None, "Settings of the projection.")
    space: str | None = setting(None, "The feature space; the run's first if not given.")


@dataclass(frozen=True, kw_only=True)
class Project(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Feature map ({arguments.get('method', 'umap')})"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.projection.project` says.
        """
        report("loading", 0, 0)
        from dermxai.projection import project
        from dermxai.runs import open_run

        run, method = arguments.run, arguments.method
        project(
            open_run(run),
            method,
            arguments.settings,
            lambda done, total: report("map", done, total),
            space=arguments.space,
        )
        return {"run": run, "method": method}


PROJECT = Project(name="project", lane="processor", arguments=Arguments)
