"""A report on a run, with its figures and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, named


class Arguments(Settings):
    """All but ``run`` are those of `dermxai.report`."""

    run: str = setting(..., "Folder of the run.")
    output: str | None = setting(None, "HTML file to write; in the run's folder if not given.")
    split: str | None = setting(None, "Only images of this split; all: all of them.")
    examples: int | None = setting(None, "Images that are shown.", 0, 60)
    images: bool | None = setting(
        None, "Whether images are in it; if not given only where all are drawn."
    )
    pairs: int = setting(3, "Pairs of classes whose causes are tested.", 0, 20)
    rule: str = setting("youden", "Operating point beside argmax.")
    target: float | None = setting(None, "Sensitivity, specificity or cost of the rule.")
    merge: Sequence[str] = setting((), "Classes to take as one, such as EAD+SD.")


@dataclass(frozen=True, kw_only=True)
class Reports(JobKind[Arguments]):
    """Cause cards and maps are kept as they are made: interrupted, it resumes."""

    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Report, {named(arguments, 'run')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.report` says.
        """
        report("loading", 0, 0)
        from dermxai.report.document.collect import collect
        from dermxai.report.document.files import ReportFiles, write
        from dermxai.report.written import options_of
        from dermxai.runs import open_run

        options = options_of(
            arguments.split,
            arguments.examples,
            images=arguments.images,
            pairs=arguments.pairs,
            rule=arguments.rule,
            target=arguments.target,
            merge=arguments.merge,
        )
        opened = open_run(arguments.run)
        kept = ReportFiles(opened.root).page(options)
        output = kept if arguments.output is None else Path(arguments.output)
        page, archive = write(collect(opened, options, report), output)
        return {"run": arguments.run, "page": str(page), "archive": str(archive)}


REPORT = Reports(name="report", lane="processor", arguments=Arguments)
