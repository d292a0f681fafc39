"""What a reader study is: its cases, arms and questions, as a form or a TOML file says."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from dermxai.core.settings import Settings, setting
from dermxai.core.values import SettingError

MOST_CASES = 2_000
MOST_CLASSES = 36
"""Of which a keyboard has a key each."""
LONGEST_NAME = 100
LONGEST_TEXT = 4_000
LONGEST_FIELD = 60
_TEXTS = "a list of texts"


class ArmKind(StrEnum):
    """How cases are answered. The AI shows the network's class and probabilities; a faulty one
    shows a wrong class for a share of the cases."""

    WITHOUT = "without"
    THEN_WITH = "without-then-with"
    WITH = "with"
    FAULTY = "with-faulty"
    THEN_WITH_MAPS = "without-then-with-maps"
    WITH_MAPS = "with-maps"
    FAULTY_MAPS = "with-faulty-maps"

    @property
    def stages(self) -> tuple["Stage", ...]:
        """In which a case is answered, one after the other."""
        if self is ArmKind.WITHOUT:
            return (Stage.ALONE,)
        both = self in (ArmKind.THEN_WITH, ArmKind.THEN_WITH_MAPS)
        return (Stage.ALONE, Stage.WITH_AI) if both else (Stage.WITH_AI,)

    @property
    def faulty(self) -> bool:
        return self in (ArmKind.FAULTY, ArmKind.FAULTY_MAPS)

    @property
    def maps(self) -> bool:
        """Whether a map lies over the image where the AI is shown."""
        return self.value.endswith("-maps")

    @property
    def needs_network(self) -> bool:
        return self is not ArmKind.WITHOUT


class Stage(StrEnum):
    ALONE = "alone"
    WITH_AI = "with AI"


class Design(StrEnum):
    CROSSED = "crossed"
    """Every reader answers every case in every arm, the order of arms balanced over readers."""
    SPLIT = "split"
    """Every reader is of one arm; readers are spread evenly."""


class StudySettings(Settings):
    """A study, before its cases are drawn."""

    name: str = setting(..., "Unique name", words=f"1 to {LONGEST_NAME} characters in one line")
    dataset: str = setting(..., "Path of the dataset", words="a path")
    classes: tuple[str, ...] = setting(
        (), "Classes offered to readers; empty: all of the dataset", words=_TEXTS
    )
    sample_ids: tuple[str, ...] = setting((), "Its images; empty: as below", words=_TEXTS)
    slice: str = setting("", "Name of a slice that holds its images; empty: drawn at random")
    per_class: int = setting(25, "Cases drawn of each class, one image a patient", 1, 1_000)
    seed: int = setting(0, "Of what is drawn at random", 0, 2**31 - 1)
    images: int = setting(
        1, "Images a case; 2: a dermoscopic and a clinical one of the same lesion", 1, 2
    )
    arms: tuple[str, ...] = setting(
        (ArmKind.WITHOUT.value,), "How cases are answered", choices=[arm.value for arm in ArmKind]
    )
    design: Design = setting(Design.CROSSED, "Whether each reader is of every arm or of one")
    run: str = setting("", "Run of the network that is the AI; empty: none")
    faulty_share: float = setting(0.3, "Share of cases at which a faulty AI is wrong", 0.0, 1.0)
    confidence: int = setting(5, "Levels of confidence; 0: not asked", 0, 10)
    consent: str = setting("", "Text to which readers agree first; empty: none")
    background: tuple[str, ...] = setting(
        (), "What readers say of themselves, such as years of experience", words=_TEXTS
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        check_name(self.name)
        _check_texts("classes", self.classes, MOST_CLASSES, LONGEST_NAME)
        _check_texts("background", self.background, 10, LONGEST_FIELD)
        _check_texts("sample_ids", self.sample_ids, MOST_CASES, 1_000)
        if len(self.classes) == 1:
            raise SettingError("classes", "offers one class; expected two or more.")
        if not self.arms or len(set(self.arms)) != len(self.arms):
            raise SettingError("arms", "is empty or names one twice; expected each once.")
        if len(self.consent) > LONGEST_TEXT:
            raise SettingError("consent", f"has more than {LONGEST_TEXT} characters; shorten it.")
        if self.sample_ids and self.slice:
            raise SettingError("slice", "is given beside sample_ids; name the images one way.")
        if self.confidence == 1:
            raise SettingError("confidence", "has one level; expected 0 or at least 2.")
        if any(arm.needs_network for arm in self.of_arms) and not self.run:
            raise SettingError("run", "is empty, and an arm shows an AI; name the network's run.")
        return self

    @property
    def of_arms(self) -> tuple[ArmKind, ...]:
        return tuple(map(ArmKind, self.arms))


def check_name(name: str) -> str:
    """
    Raises:
        InputError: it is empty, longer than 100 characters or no single line.
    """
    if not (0 < len(name) <= LONGEST_NAME and name == name.strip() and name.isprintable()):
        raise SettingError(
            "name",
            f"cannot name a study; a name has 1 to {LONGEST_NAME} characters in one line, none of "
            "them a blank at its ends.",
        )
    return name


def _check_texts(of: str, texts: tuple[str, ...], most: int, longest: int) -> None:
    if len(texts) > most:
        raise SettingError(of, f"has {len(texts)} entries; expected {most} at most.")
    if len(set(texts)) != len(texts):
        raise SettingError(of, "names one twice; expected each once.")
    for text in texts:
        if not text.strip() or len(text) > longest or not text.isprintable():
            raise SettingError(
                of, f"has {text[:longest]!r}; expected 1 to {longest} characters in one line."
            )
