"""Embeddings of another network: adds a feature space to a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, named


class Arguments(Settings):
    """Those of `dermxai.runs.embeddings.import_embeddings`."""

    run: str = setting(..., "Folder of the run.")
    embeddings: str = setting(..., "The file of embeddings.")
    space: str | None = setting(None, "Name of the feature space; the file's if not given.")
    ids: str | None = setting(None, "The column that names the image.")


@dataclass(frozen=True, kw_only=True)
class ImportEmbeddings(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Embeddings {named(arguments, 'embeddings')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.runs.embeddings.import_embeddings` says.
        """
        report("loading", 0, 0)
        from dermxai.runs import open_run
        from dermxai.runs.embeddings import import_embeddings

        run = open_run(arguments.run)
        space = import_embeddings(
            run, arguments.embeddings, name=arguments.space, ids=arguments.ids
        )
        return {"run": arguments.run, "space": space}


IMPORT_EMBEDDINGS = ImportEmbeddings(
    name="import_embeddings", lane="processor", arguments=Arguments
)
