"""What a lesson is: a title and ordered steps, as a file or the dashboard says."""

import json
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from dermxai.core.entries import UnusableError, parse_json
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, checked, setting
from dermxai.core.values import SettingError

MOST_STEPS = 100
MOST_OPTIONS = 12
MOST_IMAGES = 2_000
"""Of the selection that a link opens."""
MOST_QUERY = 40
LONGEST_TITLE = 100
LONGEST_TEXT = 4_000
LONGEST_LINE = 200
LONGEST_VALUE = 2_000
LARGEST_FILE = 2_000_000
"""Bytes."""
PATHS = frozenset({"checkpoint", "dataset"})
"""Names in a page's query whose values are paths, which no student is told."""
OF_SESSION = frozenset({"run", "sel"})
"""Names in a page's query that are of one workspace: a session fills them in."""
_PAGE, _NAME, _METHOD = re.compile(r"[a-z][a-z0-9_]{0,59}"), re.compile(r"[a-z][a-z0-9_]{0,29}"), 60
_SEE = "docs/lessons.md"


class StepKind(StrEnum):
    TEXT = "text"
    LINK = "link"
    """A page of the dashboard, as it was seen."""
    QUESTION = "question"
    QUIZ = "quiz"
    """An image; its label and the prediction are hidden until the student has answered."""
    DISCUSSION = "discussion"

    @property
    def asks(self) -> bool:
        """Whether students answer it."""
        return self in (StepKind.QUESTION, StepKind.QUIZ)


class Step(Settings):
    """One step of a lesson."""

    kind: StepKind = setting(StepKind.TEXT, "What the step is")
    title: str = setting(..., "Heading", words=f"1 to {LONGEST_TITLE} characters in one line")
    text: str = setting("", "What students read, in plain paragraphs")
    page: str = setting("", "Of a link: the page's name in the address")
    query: Mapping[str, str] = setting(
        {}, "Of a link: the rest of the page's address; run and selection are the session's"
    )
    images: tuple[str, ...] = setting((), "Of a link: the images that are selected")
    selected: str = setting("", "Of a link: the title of that selection")
    options: tuple[str, ...] = setting(
        (), "Of a question: its answers, empty for free text; of a quiz: the classes offered"
    )
    right: str = setting("", "Of a question: which option is right; empty: none")
    explanation: str = setting("", "Shown after the answer")
    image: str = setting("", "Of a quiz: the sample id of its image in the run")
    method: str = setting("", "Of a quiz: how the map is computed; empty: as is usual")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        check_line("title", self.title, LONGEST_TITLE)
        for name in ("text", "explanation"):
            _check_text(name, getattr(self, name))
        for name, value in (("selected", self.selected), ("right", self.right)):
            if value:
                check_line(name, value, LONGEST_LINE)
        for name, kinds in _OF_KINDS.items():
            if getattr(self, name) and self.kind not in kinds:
                told = " or ".join(each.value for each in kinds)
                raise SettingError(
                    name, f"is given of a step of kind {self.kind}; it is of {told}."
                )
        if self.kind is StepKind.LINK:
            self._check_link()
        if self.kind is StepKind.QUIZ and not 0 < len(self.image) <= 1_000:
            raise SettingError("image", "is missing; a quiz names a sample id of its run.")
        if len(self.method) > _METHOD:
            raise SettingError("method", f"has more than {_METHOD} characters; name a method.")
        self._check_options()
        return self

    def _check_link(self) -> None:
        if not _PAGE.fullmatch(self.page):
            raise SettingError(
                "page", f"is {self.page[:60]!r}; expected a page's name, as feature_map."
            )
        if len(self.query) > MOST_QUERY:
            raise SettingError("query", f"has more than {MOST_QUERY} entries; shorten it.")
        for name, value in self.query.items():
            if name in PATHS:
                raise SettingError(
                    f"query.{name}", "is a path, which no student is told; open a run instead."
                )
            if not _NAME.fullmatch(name) or len(value) > LONGEST_VALUE or not value.isprintable():
                raise SettingError(
                    f"query.{name[:30]}",
                    f"cannot be in an address; expected a short name and up to {LONGEST_VALUE:,} "
                    "characters in one line.",
                )
        if len(self.images) > MOST_IMAGES:
            raise SettingError("images", f"has more than {MOST_IMAGES:,} entries; select fewer.")

    def _check_options(self) -> None:
        if len(self.options) == 1 or len(self.options) > MOST_OPTIONS * 3:
            raise SettingError(
                "options", f"has {len(self.options)} entries; expected none or 2 to 36."
            )
        if self.kind is StepKind.QUESTION and len(self.options) > MOST_OPTIONS:
            raise SettingError(
                "options",
                f"has {len(self.options)} entries; a question has {MOST_OPTIONS} at most.",
            )
        if len(set(self.options)) != len(self.options):
            raise SettingError("options", "names one twice; expected each once.")
        for option in self.options:
            check_line("options", option, LONGEST_LINE)
        if self.right and self.right not in self.options:
            raise SettingError("right", f"is {self.right[:60]!r}, which is none of the options.")


_OF_KINDS: Mapping[str, tuple[StepKind, ...]] = {
    "page": (StepKind.LINK,),
    "query": (StepKind.LINK,),
    "images": (StepKind.LINK,),
    "selected": (StepKind.LINK,),
    "options": (StepKind.QUESTION, StepKind.QUIZ),
    "right": (StepKind.QUESTION,),
    "explanation": (StepKind.QUESTION, StepKind.QUIZ),
    "image": (StepKind.QUIZ,),
    "method": (StepKind.QUIZ,),
}


class Lesson(Settings):
    """A lesson. One without steps can be kept, but not given."""

    name: str = setting(..., "Unique name", words=f"1 to {LONGEST_TITLE} characters in one line")
    about: str = setting("", "What it is about, for teachers")
    minutes: int = setting(45, "How long it takes", 1, 600, unit="min")
    run: str = setting("", "Run of its quizzes and pages; empty: that with which it is started")
    steps: tuple[Step, ...] = setting((), "In their order", words="a list of steps")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        check_line("name", self.name, LONGEST_TITLE)
        _check_text("about", self.about)
        if self.run:
            check_line("run", self.run, LONGEST_LINE)
        if len(self.steps) > MOST_STEPS:
            raise SettingError(
                "steps", f"has {len(self.steps)} entries; expected {MOST_STEPS} at most."
            )
        return self

    @property
    def needs_run(self) -> bool:
        """Whether a step shows what is in a run."""
        return any(each.kind in (StepKind.LINK, StepKind.QUIZ) for each in self.steps)


def read(content: bytes, named: str = "the file") -> Lesson:
    """A lesson from what a file holds, TOML or JSON in UTF-8.

    Args:
        named: how the sentence of an error calls it.

    Raises:
        InputError: it is neither, too large, or no lesson.
    """
    if len(content) > LARGEST_FILE:
        raise InputError(
            f"{named} has {len(content):,} bytes; a lesson has {LARGEST_FILE:,} at most."
        )
    try:
        given = _parsed(content.removeprefix(b"\xef\xbb\xbf"))
    except (UnusableError, ValueError, RecursionError):
        raise InputError(f"{named} is neither TOML nor JSON in UTF-8; see {_SEE}.") from None
    if not isinstance(given, dict):
        raise InputError(f"{named} holds no table of a lesson's settings; see {_SEE}.")
    return of_mapping(given, named)


def of_mapping(given: Mapping[str, object], named: str) -> Lesson:
    """
    Raises:
        InputError: it is no lesson; a step that is wrong is named by its number.
    """
    steps = given.get("steps", ())
    if isinstance(steps, list | tuple):
        made = tuple(
            each if isinstance(each, Step) else checked(f"step {number} of {named}", Step, each)
            for number, each in enumerate(steps[: MOST_STEPS + 1], 1)
        )
        given = {**given, "steps": made}
    return checked(named, Lesson, given)


def written(lesson: Lesson) -> str:
    """A lesson's file in JSON, without what is as usual; `read` gives the same lesson."""
    told = lesson.model_dump(mode="json", exclude_defaults=True)
    told["steps"] = [
        {"kind": each.kind.value, **each.model_dump(mode="json", exclude_defaults=True)}
        for each in lesson.steps
    ]
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def check_line(of: str, text: str, longest: int) -> None:
    """
    Raises:
        SettingError: it is empty, too long, or no single line without blanks at its ends.
    """
    if not (0 < len(text) <= longest and text == text.strip() and text.isprintable()):
        raise SettingError(
            of,
            f"is {text[:60]!r}; expected 1 to {longest} characters in one line, none of them a "
            "blank at its ends.",
        )


def _check_text(of: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise SettingError(of, f"has more than {LONGEST_TEXT:,} characters; shorten it.")
    if not "".join(text.split("\n")).replace("\t", " ").isprintable():
        raise SettingError(of, "has characters that cannot be shown; expected plain text.")


def _parsed(content: bytes) -> object:
    if content.lstrip()[:1] == b"{":
        return parse_json(content)
    return tomllib.loads(content.decode("utf-8").replace("\r\n", "\n"))
