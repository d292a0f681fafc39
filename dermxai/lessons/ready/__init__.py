"""Lessons that are part of the package: a file each, for the demo's images."""

from dataclasses import dataclass
from importlib import resources

from dermxai.core.errors import InputError
from dermxai.lessons import definition
from dermxai.lessons.definition import Lesson

_ENDING = ".toml"


@dataclass(frozen=True)
class ReadyLesson:
    """
    Attributes:
        key: name of its file, without ending.
    """

    key: str
    lesson: Lesson


def ready() -> tuple[ReadyLesson, ...]:
    """All of them, by name."""
    files = [e for e in resources.files(__name__).iterdir() if e.name.endswith(_ENDING)]
    made = [
        ReadyLesson(file.name.removesuffix(_ENDING), definition.read(file.read_bytes(), file.name))
        for file in files
    ]
    return tuple(sorted(made, key=lambda each: each.lesson.name))


def find(key: str) -> ReadyLesson:
    """
    Raises:
        InputError: there is none of this key.
    """
    there = {each.key: each for each in ready()}
    if key not in there:
        raise InputError(f"There is no ready lesson {key[:60]!r}; there are {', '.join(there)}.")
    return there[key]
