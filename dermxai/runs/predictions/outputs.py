"""Which columns of a table are outputs of a network, and of which class each is."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data import labels
from dermxai.data.table import folded
from dermxai.runs.predictions.file_content import LOGITS, PROBABILITIES

_LOGIT = frozenset({"logit", "logits"})
_PROBABILITY = frozenset(
    ("p", "pr", "prob", "probs", "proba", "probability", "probabilities", "softmax", "sigmoid")
)
_OUTPUT = (
    _LOGIT
    | _PROBABILITY
    | {"score", "scores", "conf", "confidence", "output", "outputs", "out", "pred", "preds"}
    | {"predicted", "prediction", "predictions", "yhat", "wahrscheinlichkeit", "概率"}
)
_FILLING = frozenset({"y", "hat", "of", "for", "class", "cls", "label", "is"})
_TRUTH = frozenset({"true", "truth", "target", "targets", "gt", "groundtruth", "actual", "onehot"})
_EMBEDDING = frozenset(
    ("emb", "embs", "embed", "embedding", "embeddings", "feat", "feats", "feature", "features")
)
_CONCEPT = frozenset({"concept", "concepts"})
_AFFIXES = _OUTPUT | _FILLING | _TRUTH | _EMBEDDING | _CONCEPT
_NO_CLASS = frozenset({"unk", "unknown", "other", "others"})
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Column:
    """
    Attributes:
        name: of the column.
        words: what stands around the class, in lower case: those of ``prob_mel`` are ("prob",).
        rest: what is left: the class, or its number; "" where nothing is.
    """

    name: str
    words: tuple[str, ...]
    rest: str

    @property
    def is_truth(self) -> bool:
        return bool(_TRUTH & set(self.words))

    @property
    def is_output(self) -> bool:
        return bool(_OUTPUT & set(self.words)) and not self.is_truth

    @property
    def number(self) -> int | None:
        """Of an output without a class: 3 of ``logit_3``."""
        return int(self.rest) if re.fullmatch(r"[0-9]{1,6}", self.rest) else None

    @property
    def kind(self) -> str | None:
        """What its name says of its numbers."""
        if _LOGIT & set(self.words):
            return LOGITS
        return PROBABILITIES if _PROBABILITY & set(self.words) else None


def described(name: str) -> Column:
    """A column's name taken apart."""
    found = list(_WORD.finditer(_apart(name)))
    words = [match[0].casefold() for match in found]
    start, end = 0, len(found)
    while start < end and words[start] in _AFFIXES:
        start += 1
    while end > start and words[end - 1] in _AFFIXES:
        end -= 1
    around = (*words[:start], *words[end:])
    rest = _apart(name)[found[start].start() : found[end - 1].end()] if start < end else ""
    rest += ")" * (rest.count("(") - rest.count(")"))  # prob_melanoma (MEL)
    if not set(around) - _FILLING and not rest.isdecimal():  # "class" is no sign of an output
        return Column(name, (), name.strip())
    return Column(name, around, rest)


def embeddings(columns: Iterable[Column]) -> list[Column]:
    """Those of one feature space, in their order; empty where they are not all there."""
    found = [each for each in columns if _EMBEDDING & set(each.words) and each.number is not None]
    found.sort(key=lambda each: each.number or 0)
    numbers = [each.number for each in found]
    start = numbers[0] if numbers else 0
    whole = start in (0, 1) and numbers == list(range(start or 0, (start or 0) + len(numbers)))
    return found if len(found) > 1 and whole else []


def concepts(columns: Iterable[Column]) -> list[Column]:
    """Scores of named concepts."""
    return [each for each in columns if _CONCEPT & set(each.words) and each.rest]


def families(
    columns: Sequence[Column], known: "Classes", fractional: Collection[str]
) -> list[list[Column]]:
    """Columns that may be the outputs of one network, the likeliest first: those with the same
    words around the class, numbered ones, and those that bear a class's name alone.

    Args:
        fractional: names of columns that hold others than whole numbers: one alone may be a score,
            whatever it is called (ISIC 2020's ``target``).
    """
    groups: dict[object, list[Column]] = {}
    for each in columns:
        if (each.is_output and each.rest) or (
            set(each.words) <= _FILLING and (each.number is not None or known.knows(each.rest))
        ):
            groups.setdefault((each.words, each.number is None), []).append(each)
    if len(named := groups.get(((), True), [])) > 1:  # ISIC 2019's submissions
        named += [each for each in columns if each.name.strip().casefold() in _NO_CLASS]
    found = [sorted(each, key=lambda one: one.number or 0) for each in groups.values()]
    several = [each for each in found if len(each) > 1 and _gapless(each)]
    several.sort(key=lambda each: (-len(each), each[0].kind != LOGITS))
    single = [each for each in found if len(each) == 1 and each[0].words]
    bare = [
        [each]
        for each in columns
        if not each.rest and (each.is_output or (each.is_truth and each.name in fractional))
    ]
    return [*several, *single, *bare]


def _gapless(family: Sequence[Column]) -> bool:
    numbers = [each.number for each in family]
    return numbers[0] is None or numbers in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )


def _apart(name: str) -> str:
    """``probMEL`` as ``prob MEL``, ``logit3`` as ``logit 3``."""
    numbered = re.fullmatch(r"([A-Za-z]+)([0-9]{1,6})", name.strip())
    if numbered and numbered[1].casefold() in _AFFIXES:
        return " ".join(numbered.groups())
    return re.sub(r"(?<=[a-z])(?=[A-Z]{2})", " ", name)


class Classes:
    """How a dataset calls its classes, and what others call them.

    Attributes:
        present: the codes that occur, sorted.
        written: the labels as the dataset writes them, sorted.
    """

    def __init__(self, samples: pd.DataFrame) -> None:
        """
        Args:
            samples: the dataset's sample table.
        """
        present = samples["label"].dropna().astype(str).unique()
        self.present = self.written = tuple(sorted(present))
        self._own = {folded(code): code for code in present}
        self._written: Mapping[str, str] = {}
        if "source_label" in samples:  # as the dataset writes them, with a label map of the user's
            pairs = samples[["source_label", "label"]].dropna().astype(str).drop_duplicates()
            told = pairs[~pairs["source_label"].map(folded).duplicated(keep=False)]
            self.written = tuple(sorted(pairs["source_label"].unique()))
            written = zip(told["source_label"].map(folded), told["label"], strict=True)
            self._written = dict(written)

    def code(self, name: str) -> str:
        """The class code of an output's name."""
        written = folded(name.strip())
        if (own := self._own.get(written) or self._written.get(written)) is not None:
            return own
        spaced = re.sub(r"[\s_-]+", " ", name).strip()
        bracketed = re.fullmatch(r"(.+?)\s*\((.+)\)", name.strip())  # Melanoma (MEL)
        for each in (name.strip(), spaced, *(bracketed.groups() if bracketed else ())):
            if labels.is_known(each):
                return labels.standard(each)
        return name.strip()

    def knows(self, name: str) -> bool:
        """Whether it is the name of a class of the dataset, or of a known taxonomy."""
        return self.code(name) in self.present or labels.is_known(self.code(name))

    def codes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Class codes of all outputs; outputs that would be one class keep their own names.

        Raises:
            InputError: two have one name.
        """
        made = [self.code(name) for name in names]
        codes = tuple(
            code if made.count(code) == 1 else name.strip()
            for name, code in zip(names, made, strict=True)
        )
        if len(set(codes)) < len(codes):
            twice = next(code for code in codes if codes.count(code) > 1)
            raise InputError(
                f"The predictions have two outputs for the class {twice}; give the outputs' names "
                "with --classes, each once."
            )
        return codes
