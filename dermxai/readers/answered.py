"""What a reader study is made of, whoever keeps it: a file, or a database.

A study's answers are frozen, one for each reader, case and arm. An arm is a way of reading: alone,
with a network's help from the start, with help after a first answer, with help that is wrong on
purpose.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count

Floats = NDArray[np.float64]

MOST_READERS, MOST_CASES, MOST_CLASSES, MOST_ARMS = 2_000, 20_000, 100, 12
MOST_ANSWERS = 1_000_000
MOST_PLACES = 10_000_000
"""Readers times cases times arms."""


class Help(StrEnum):
    """What readers are shown beside the case."""

    NONE = "none"
    START = "start"
    """From the start."""
    AFTER = "after"
    """After a first answer, which may then be changed."""


@dataclass(frozen=True)
class Arm:
    """
    Attributes:
        name: of the arm.
        help: what readers are shown.
        faulty: whether the help is wrong on purpose.
        maps: whether attribution maps are shown with it.
    """

    name: str
    help: Help = Help.NONE
    faulty: bool = False
    maps: bool = False


@dataclass(frozen=True)
class Case:
    """
    Attributes:
        case_id: of the case; the sample id of its first image.
        truth: class of the reference standard.
        patient: who or what is independent; the case itself where nobody is named.
        images: sample ids of what is shown, such as a dermoscopic and a clinical image.
    """

    case_id: str
    truth: str
    patient: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """
    Attributes:
        reader_id: a pseudonym.
        group: of experience, such as "resident"; empty where it is not known.
        years: of experience; NaN where it is not known.
    """

    reader_id: str
    group: str = ""
    years: float = math.nan


@dataclass(frozen=True)
class Answer:
    """
    Attributes:
        reader, case, arm: who answered what, and how.
        answer: class that was chosen.
        first: class before help was shown, in arms where it comes after; else empty.
        shown: class that the help named; empty without.
        confidence: from 0 to 1; NaN where it was not asked.
        rating: any number, higher where the reader thinks it more likely the class that a study of
            two is about; NaN where it was not asked.
        seconds: from showing the case to the answer; NaN where it is not known.
    """

    reader: str
    case: str
    arm: str
    answer: str
    first: str = ""
    shown: str = ""
    confidence: float = math.nan
    rating: float = math.nan
    seconds: float = math.nan


@dataclass(frozen=True, eq=False)
class Device:
    """A network, or another program, that has answered cases of the study.

    Attributes:
        name: shown for it.
        cases: which, by their ids.
        scores: (case, class) of the study's classes, higher for more likely; its answer is the
            highest.
        decisions: (case, class) whether it calls each case each class at its operating points, by
            the name of the points; it may call one several classes or none.
    """

    name: str
    cases: tuple[str, ...]
    scores: Floats
    decisions: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Study:
    """
    Attributes:
        name: of the study.
        classes: codes that were offered, in order.
        cases, readers, arms: of whom and what answers tell.
        answers: one for each reader, case and arm at most.
        notes: what was guessed or left out as they were read, a sentence each.
        device: that answered the same cases.
    """

    name: str
    classes: tuple[str, ...]
    cases: tuple[Case, ...]
    readers: tuple[Reader, ...]
    arms: tuple[Arm, ...]
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()
    device: Device | None = None

    def __post_init__(self) -> None:
        for found, most, noun in (
            (self.readers, MOST_READERS, "reader"),
            (self.cases, MOST_CASES, "case"),
            (self.classes, MOST_CLASSES, "class"),
            (self.arms, MOST_ARMS, "arm"),
            (self.answers, MOST_ANSWERS, "answer"),
        ):
            if len(found) > most:
                plural = "classes" if noun == "class" else f"{noun}s"
                raise InputError(
                    f"{self.name} has {len(found):,} {plural}; at most {most:,} are analysed."
                )
        if not self.answers:
            raise InputError(f"{self.name} has no answers; nothing can be analysed.")
        size = len(self.arms) * len(self.readers) * len(self.cases)
        if size > MOST_PLACES:
            raise InputError(
                f"{self.name} has room for {size:,} answers of its readers, cases and arms; at "
                f"most {MOST_PLACES:,} are analysed at once."
            )
        self._check_names()
        self._check_answers()

    def _check_names(self) -> None:
        for names, noun in (
            (self.classes, "class"),
            ([each.case_id for each in self.cases], "case"),
            ([each.reader_id for each in self.readers], "reader"),
            ([each.name for each in self.arms], "arm"),
        ):
            if twice := [name for name, times in Counter(names).items() if times > 1]:
                raise InputError(f"{self.name} names the {noun} {twice[0]!r} twice.")
        for case in self.cases:
            if case.truth not in self.classes:
                raise InputError(
                    f"The case {case.case_id!r} is of class {case.truth!r}, which was not offered: "
                    f"{', '.join(self.classes)}."
                )

    def _check_answers(self) -> None:
        seen: set[tuple[str, str, str]] = set()
        for each in self.answers:
            whom = (each.reader, each.case, each.arm)
            if each.reader not in self._reader_at or each.case not in self.case_at:
                raise InputError(f"An answer tells of {whom}, which the study does not have.")
            if each.arm not in self._arm_at:
                raise InputError(f"An answer is of the arm {each.arm!r}, which there is not.")
            if whom in seen:
                raise InputError(
                    f"Reader {each.reader!r} answers the case {each.case!r} twice in the arm "
                    f"{each.arm!r}; one answer each counts, keep the first."
                )
            seen.add(whom)
            if each.answer not in self.classes:
                raise InputError(
                    f"Reader {each.reader!r} calls the case {each.case!r} {each.answer!r}, which "
                    f"was not offered: {', '.join(self.classes)}."
                )

    @cached_property
    def case_at(self) -> dict[str, int]:
        """Place of each case by its id."""
        return {each.case_id: place for place, each in enumerate(self.cases)}

    @cached_property
    def _reader_at(self) -> dict[str, int]:
        return {each.reader_id: place for place, each in enumerate(self.readers)}

    @cached_property
    def _arm_at(self) -> dict[str, int]:
        return {each.name: place for place, each in enumerate(self.arms)}

    @cached_property
    def truth(self) -> NDArray[np.intp]:
        """(case,) index of each case's class."""
        place = {code: at for at, code in enumerate(self.classes)}
        return np.array([place[case.truth] for case in self.cases], dtype=np.intp)

    @cached_property
    def clusters(self) -> NDArray[np.intp]:
        """(case,) index of each case's patient."""
        return np.unique([case.patient for case in self.cases], return_inverse=True)[1]

    @property
    def independent(self) -> str:
        """What intervals take as independent: patients, or cases where nobody is named."""
        return "cases" if all(case.patient == case.case_id for case in self.cases) else "patients"

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """(answer, 3) arm, reader and case of each answer."""
        return np.array(
            [
                (self._arm_at[a.arm], self._reader_at[a.reader], self.case_at[a.case])
                for a in self.answers
            ],
            dtype=np.intp,
        )

    def _filled(self, values: list[float], empty: float) -> Floats:
        made = np.full((len(self.arms), len(self.readers), len(self.cases)), empty)
        made[tuple(self._places.T)] = values
        return made

    def chosen(self, what: str = "answer") -> NDArray[np.intp]:
        """(arm, reader, case) index of the class; −1 where there is none.

        Args:
            what: of an `Answer`: "answer", "first" or "shown".
        """
        place = {code: at for at, code in enumerate(self.classes)}
        values = [place.get(getattr(each, what), -1) for each in self.answers]
        return self._filled([float(each) for each in values], -1).astype(np.intp)

    def number(self, what: str) -> Floats:
        """(arm, reader, case) of "confidence", "rating" or "seconds"; NaN where there is none."""
        return self._filled([getattr(each, what) for each in self.answers], np.nan)

    @cached_property
    def of_device(self) -> NDArray[np.intp]:
        """(case,) index of the class with the device's highest score; −1 where it has none."""
        made = np.full(len(self.cases), -1, dtype=np.intp)
        if self.device is not None:
            best = self.device.scores.argmax(axis=1)
            for case, answer in zip(self.device.cases, best, strict=True):
                if case in self.case_at:
                    made[self.case_at[case]] = answer
        return made

    def device_scores(self) -> Floats:
        """(case, class) of the device; NaN where it has none."""
        made = np.full((len(self.cases), len(self.classes)), np.nan)
        if self.device is not None:
            for case, scores in zip(self.device.cases, self.device.scores, strict=True):
                if case in self.case_at:
                    made[self.case_at[case]] = scores
        return made

    def summary(self) -> str:
        """How much of what there is, in one line."""
        parts = [
            count(len(self.readers), "reader"),
            count(len(self.cases), "case"),
            f"{len(self.classes)} classes",
            count(len(self.arms), "arm"),
            count(len(self.answers), "answer"),
        ]
        return ", ".join(parts)
