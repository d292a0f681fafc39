"""Tables with one row an image, as text, Parquet, JSON or Excel; and those that say more of the
same images, lesions or patients."""

from dataclasses import dataclass
from pathlib import Path

from dermxai.core.errors import InputError
from dermxai.core.formatting import count, shortened
from dermxai.data import class_names, workbooks
from dermxai.data.formats import Format
from dermxai.data.formats.ham10000 import HAM10000
from dermxai.data.formats.isic import ISIC
from dermxai.data.table import Options, Problem, Reading, Table
from dermxai.data.tables.joined import joined
from dermxai.data.tables.located import beside, labelled_by_folders, located
from dermxai.data.tables.survey import MOST_SHOWN, SURE, Survey, survey_of


@dataclass(frozen=True, kw_only=True)
class TableFile(Format):
    def recognises(self, path: Path) -> bool:
        if any(each.recognises(path) for each in (HAM10000, ISIC)):
            return False
        if path.is_file() and path.suffix.lower() in SURE | workbooks.SUFFIXES | workbooks.OLD:
            return True
        try:
            return bool(survey_of(path, Options()).images)
        except InputError:
            return False

    def read(self, path: Path, options: Options) -> Table:
        if options.levels:
            raise InputError(
                f"{path} is read by its table, which folders say nothing beside; leave levels out."
            )
        found = survey_of(path, options)
        rows, notes, said = joined(found, path, options)
        if not {"path", "sample_id"} & set(rows):
            raise InputError(
                f"{found.images[0].file.name} names no image of {found.root} in any of its columns "
                f"({shortened(', '.join(map(str, found.images[0].rows.columns)), MOST_SHOWN)}); "
                f"{_first_image(found)}. Expected path or image_id, or a mapping such as path = "
                "its column."
            )
        rows, unclear, images = located(rows, found)
        rows, by_folders = labelled_by_folders(rows, found.root)
        notes += [by_folders] if by_folders else []
        used = _used(found)
        names = [each for each in class_names.find(found.root) if each.file not in used]
        if "label" in rows and (named := class_names.named(rows["label"], names)) is not None:
            rows["label"], source = named
            notes.append(class_names.note(source))
            used.add(source.file)
            notes = [note for note in notes if not note.startswith(f"{source.file.name}: ")]
        masks, unnamed = beside(rows["path"], found.root, images, used)
        if any(masks) and "mask_path" not in rows:
            rows["mask_path"] = masks
        problems = [problem for sheet in found.images for problem in sheet.problems]
        reading = Reading(columns=said, notes=tuple(dict.fromkeys(notes)))
        return Table(rows, found.root, (*problems, *unclear, *found.unread, *unnamed), reading)


TABLE = TableFile(
    name="table",
    expects="table: a CSV, TSV, Parquet, JSON or Excel file with a column path (or image_id) and "
    "one row an image",
    priority=40,
)


def _first_image(found: Survey) -> str:
    """What an image is called, so that a table's column can be told."""
    if not found.files.images:
        return "there are no images"
    name = shortened(found.files.images[0].name, _LONGEST_NAME)
    return f"{count(len(found.files.images), 'image')} there, the first {name}"


_LONGEST_NAME = 80  # characters


def _used(found: Survey) -> set[Path]:
    """The files whose rows are images."""
    return {file for sheet in found.images for file in (sheet.file, *sheet.files)}


def unused(path: Path) -> list[Problem]:
    """What is to be said of the tables of a folder that is not read by any."""
    return list(survey_of(path, Options(), unused=True).unread)
