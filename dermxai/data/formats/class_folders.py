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
from dermxai.data.synonyms import SYNONYMS, is_disease, is_no_class, key, synonym
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
                notes = (f"The label stands in the files' names: {images[0].name} is {labels[0]}.",)
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
_WORD = re.compile(r"[^\W\d_]+")
_MOST_WORDS = 6  # of a diagnosis
_LONGEST_CODE = 2  # letters, which may also be a person's initials


def _by_name(stems: Sequence[str]) -> list[str] | None:
    """The diagnoses that file names hold, such as ``melanoma_12`` and ``IMG_12_melanoma_arm``; None
    where one holds none, or several, or all are the same.

    Codes of two letters count at the same place of every name only: at its begin, say.
    """
    found = [_diagnoses(stem) for stem in stems]
    words = [_only(each) for each in found]
    if not all(words):
        return None
    if any(len(word) <= _LONGEST_CODE for word in words):
        firsts, lasts = ({each[0][at] for each in found} for at in (0, 1))
        if len(firsts) > 1 and len(lasts) > 1:
            return None
    return words if len({key(word) for word in words}) > 1 else None


def _only(found: Sequence[tuple[int, int, str]]) -> str:
    """The one diagnosis of a name; nothing where there are several."""
    meant = {named.code if (named := synonym(word)) else word for *_, word in found}
    return found[0][2] if len(meant) == 1 else ""


def _diagnoses(stem: str) -> list[tuple[int, int, str]]:
    """The diagnoses in a name, the longest first at each place: how many words stand before and
    after each, and itself."""
    words = list(_WORD.finditer(stem))
    found, at = [], 0
    while at < len(words):
        for end in range(min(len(words), at + _MOST_WORDS), at, -1):
            text = stem[words[at].start() : words[end - 1].end()]
            if key(text) in SYNONYMS:
                found.append((at, len(words) - end, text))
                at = end
                break
        else:
            at += 1
    begin = _NUMBERED.fullmatch(stem)
    if not found and begin and (is_disease(begin["word"]) or is_no_class(begin["word"])):
        return [(0, 0, begin["word"])]
    return found


CLASS_FOLDERS = ClassFolders(
    name="class_folders",
    expects="class folders: a folder a class, optionally a folder a patient inside; or loose "
    "images",
    priority=LAST,
)
