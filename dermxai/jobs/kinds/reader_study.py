"""A reader study, whose images are read and whose maps are drawn once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dermxai.core.settings import Settings, checked, setting
from dermxai.jobs.kinds import JobKind, Report

if TYPE_CHECKING:
    from dermxai.readers.definition import StudySettings


class Arguments(Settings):
    study: Mapping[str, object] | None = setting(
        None, "Its settings, as docs/reader-studies.md has them; name and dataset at least."
    )
    made_by: str = setting("", "Who makes it.")
    device: str | None = setting(None, "Of the maps, as torch names it; a GPU where there is one.")


@dataclass(frozen=True, kw_only=True)
class ReaderStudy(JobKind[Arguments]):
    """Maps that were drawn are kept: interrupted, it draws the others."""

    def title(self, arguments: Mapping[str, object]) -> str:
        study = arguments.get("study")
        name = study.get("name") if isinstance(study, Mapping) else None
        return f"Reader study {name}" if isinstance(name, str) and name else "Reader study"

    def check(self, arguments: Mapping[str, object]) -> None:
        """
        Raises:
            InputError: a setting is wrong, or there is a study of this name.
        """
        from dermxai.readers import studies
        from dermxai.readers.store.database import database

        if (study := arguments.get("study")) is not None:
            studies.check_free(database(), _settings(study).name)

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.readers.studies.make` says.
        """
        report("loading", 0, 0)
        from dermxai.models.devices import usable_device
        from dermxai.readers import studies
        from dermxai.readers.store.database import database

        settings, where = _settings(arguments.study), database()
        made = next(
            (
                each
                for each in studies.all_of(where)
                if (each.name, each.settings) == (settings.name, settings)
            ),
            None,
        )
        if made is None:  # else it was kept just before this job was interrupted
            made = studies.make(
                where,
                settings,
                arguments.made_by,
                report,
                device=str(usable_device(arguments.device)),
            )
        return {"study": made.name, "cases": made.cases}


def _settings(study: object) -> "StudySettings":
    from dermxai.readers.definition import StudySettings

    return checked("the study", StudySettings, study)


READER_STUDY = ReaderStudy(name="reader_study", lane="device", arguments=Arguments)
