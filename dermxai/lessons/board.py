"""What a teacher's board shows of a session: how a step was answered, and the class's confusion
beside the model's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.lessons.definition import Lesson, StepKind
from dermxai.lessons.preparing import Quiz
from dermxai.lessons.sessions import Answer, Attendee

THERE = 90.0
"""Seconds since a student was seen last, up to which they count as there; notes of it come about
twice a minute."""

_RING = 0.02
"""Radius, as a share of the image's longer side."""


@dataclass(frozen=True)
class Tally:
    """
    Attributes:
        choices: how often each was given: all that are offered in their order; of free text those
            that came, in the order in which they came.
        right: the option or class that is right; empty where none is.
        predicted: class of the model; empty where the step is no quiz.
        offered: whether one of several is chosen; else the choices are free text.
    """

    choices: Mapping[str, int]
    right: str
    predicted: str
    offered: bool

    @property
    def answered(self) -> int:
        return sum(self.choices.values())

    @property
    def correct(self) -> int:
        """How many gave the right one."""
        return self.choices.get(self.right, 0) if self.right else 0


def tally(lesson: Lesson, at: int, answers: Sequence[Answer], quiz: Quiz | None) -> Tally:
    """
    Args:
        at: position of the step.
        answers: of any steps.
        quiz: of the step, where it is one.
    """
    step = lesson.steps[at]
    offered = quiz.classes if quiz else step.options
    counts = dict.fromkeys(offered, 0)
    for each in answers:
        if each.step == at:
            counts[each.choice] = counts.get(each.choice, 0) + 1
    return Tally(
        counts,
        quiz.truth if quiz else step.right,
        quiz.predicted if quiz else "",
        bool(offered),
    )


def class_confusion(answers: Sequence[Answer], quizzes: Mapping[int, Quiz]) -> pd.DataFrame:
    """Answers to all quizzes: counts, true class as row and chosen one as column, as
    `figures.confusion_matrix` takes them."""
    pairs = [(quizzes[e.step].truth, e.choice) for e in answers if e.step in quizzes]
    return _table(pairs, _classes(answers, quizzes))


def model_confusion(answers: Sequence[Answer], quizzes: Mapping[int, Quiz]) -> pd.DataFrame:
    """The model's predictions of the quizzes that somebody has answered, one an image, over the
    classes of `class_confusion`."""
    shown = sorted({each.step for each in answers}.intersection(quizzes))
    pairs = [(quizzes[at].truth, quizzes[at].predicted) for at in shown]
    return _table(pairs, _classes(answers, quizzes))


def marked(pixels: NDArray[np.uint8], points: Sequence[tuple[float, float]]) -> NDArray[np.uint8]:
    """An image with a ring where each student looked.

    Args:
        pixels: (h, w, 3) RGB.
        points: (x, y) as shares of its width and height.
    """
    height, width = pixels.shape[:2]
    drawn = pixels.copy()
    radius = max(3, round(_RING * max(height, width)))
    for x, y in points:
        at = (min(int(x * width), width - 1), min(int(y * height), height - 1))
        for thickness, colour in ((5, (0, 0, 0)), (2, (255, 255, 255))):
            cv2.circle(drawn, at, radius, colour, thickness, cv2.LINE_AA)
    return drawn


def where(lesson: Lesson, attendees: Sequence[Attendee], now: float) -> list[int]:
    """How many who are there are at each step.

    Args:
        now: seconds since the epoch.
    """
    counts = [0] * len(lesson.steps)
    for each in attendees:
        if is_there(each, now):
            counts[min(each.step, len(counts) - 1)] += 1
    return counts


def is_there(attendee: Attendee, now: float) -> bool:
    return now - attendee.seen_at <= THERE


def named(attendee: Attendee, *, hidden: bool) -> str:
    """The pseudonym, or the number where there is none or names are hidden."""
    return attendee.pseudonym if attendee.pseudonym and not hidden else f"{attendee.number}"


def asks(lesson: Lesson, at: int) -> bool:
    """Whether students answer the step."""
    return lesson.steps[at].kind in (StepKind.QUESTION, StepKind.QUIZ)


def _classes(answers: Sequence[Answer], quizzes: Mapping[int, Quiz]) -> list[str]:
    asked = [(quizzes[each.step], each.choice) for each in answers if each.step in quizzes]
    return taxonomy.ordered(
        {code for quiz, choice in asked for code in (quiz.truth, quiz.predicted, choice)}
    )


def _table(pairs: Sequence[tuple[str, str]], classes: list[str]) -> pd.DataFrame:
    place = {code: at for at, code in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for truth, chosen in pairs:
        counts[place[truth], place[chosen]] += 1
    return pd.DataFrame(counts, index=classes, columns=classes)
