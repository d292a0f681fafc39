"""A folder a class, with or without a folder a patient inside, with or without a folder a split
around; or loose images without labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data import class_names
from dermxai.data.files import holds_any, scan
from dermxai.data.folders import interpret, is_site
from dermxai.data.formats import LAST, Format
from dermxai.data.formats.table import unused
from dermxai.data.synonyms import key, synonym
from dermxai.data.table import Options, Problem, Reading, Table


@dataclass(frozen=True, kw_only=True)
class ClassFolders(Format):
    def recognises(self, path: Path) -> bool:
        return path.is_dir() and holds_any(path)

    def read(self, path: Path, options: Options) -> Table:
        left = unused(path)
        if options.columns:
            first = f" ({left[0].item}: {left[0].reason})" if left else ""
            raise InputError(
                f"{path} has no table of its images whose columns could be mapped{first}; leave "
                "the mapping out, or open a folder with a table."
            )
        files = scan(path, into_archives=False)
        images = [image.relative_to(path) for image in files.images]
        folders = interpret([image.parts[:-1] for image in images], options.levels)
        rows = pd.DataFrame(
            {"path": str(path / image), "sample_id": image.as_posix()}
            | dict(folders.described[image.parts[:-1]])
            for image in images
        )
        masks = [files.mask(image) for image in files.images]
        if any(masks):
            rows["mask_path"] = [str(mask) if mask else None for mask in masks]
        alone = [
            Problem(str(mask.relative_to(path)), "named as a mask, but its image is not there")
            for mask in files.without_image()
        ]
        notes: tuple[str, ...] = ()
        used: set[Path] = set()
        if "label" not in rows and "class" not in options.levels.values():
            labels = _by_name([image.stem for image in images])
            if labels:
                rows["label"] = labels
                first = images[0].name
                notes = (f"The label is how the files' names begin: {first} is {labels[0]}.",)
        notes += tuple(
            f"The folders of level {level.level} ({', '.join(level.examples)}) are places on the "
            "body, taken for no classes."
            for level in folders.levels
            if level.role == "nothing" and all(map(is_site, level.examples))
        )
        names = class_names.find(path)
        if "label" in rows and (named := class_names.named(rows["label"], names)) is not None:
            rows["label"], source = named
            notes, used = (*notes, class_names.note(source)), {source.file}
            left = [each for each in left if each.item != source.file.name]
        reading = Reading(levels=folders.levels, notes=notes)
        problems = (*files.without(used).problems, *alone, *left)
        return Table(rows, path, problems, reading)


_NUMBERED = re.compile(r"(?P<word>[^\W\d].*?)[\s_-]*\(?\d+\)?")


def _by_name(stems: Sequence[str]) -> list[str] | None:
    """The diagnoses that file names begin with, such as ``melanoma_12``; None where one does not,
    or all are the same."""
    found = [_NUMBERED.fullmatch(stem) for stem in stems]
    words = [each["word"].strip() for each in found if each and synonym(each["word"])]
    whole = len(words) == len(stems) and len({key(word) for word in words}) > 1
    return words if whole else None


CLASS_FOLDERS = ClassFolders(
    name="class_folders",
    expects="class folders: a folder a class, optionally a folder a patient inside; or loose "
    "images",
    priority=LAST,
)
