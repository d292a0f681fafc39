"""What is found of each possible cause of a confusion, and the card of them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

LEVEL = 0.05
VERSION = 2
"""Of the tests; a card of another one is not shown."""


class Cause(StrEnum):
    """In the order in which they are asked."""

    BORDER = "border"
    HEAD = "head"
    FEATURES = "features"
    LABELS = "labels"
    IMAGE = "image"
    SHORTCUT = "shortcut"
    BALANCE = "balance"
    DATA = "data"


class Skipped(StrEnum):
    """Why a cause is not asked."""

    FEW_ASKED = "few_asked"
    """Images of classes (``names``) whose errors are asked are of too few patients."""
    FEW_VALIDATION = "few_validation"
    """Validation images of classes (``names``) are of too few patients, or there are none."""
    BACKWARDS = "backwards"
    """On validation patients the margin does not speak for its class."""
    FEW_FITTED = "few_fitted"
    """Probes would be fitted on too few patients of classes (``names``)."""
    NO_FEATURES = "no_features"
    NO_OTHER_FEATURES = "no_other_features"
    NO_COLUMNS = "no_columns"
    """The table has none of the columns, or all their values are the same."""
    FEW_UNDECIDED = "few_undecided"
    FEW_ERRORS = "few_errors"
    TRAINING_UNKNOWN = "training_unknown"
    ALIKE_FREQUENT = "alike_frequent"
    NO_TRAINING_IMAGES = "no_training_images"
    """The run does not hold what the network was trained on."""
    OUTREACHED = "outreached"
    """The network ranks better than probes on all training patients do: their curve says nothing
    of it."""


@dataclass(frozen=True, eq=False)
class Finding:
    """Of one cause.

    Attributes:
        skipped: why it was not asked; None where it was.
        effect: with ``low`` and ``high``; NaN where undefined.
        p: two-sided; ``adjusted`` for the number of causes that were asked (Holm).
        support: sample ids of the images that speak for it, those that do most first.
        to_relabel: images that networks learn from or are chosen on, whose labels look in error.
        names: classes, spaces or columns that it is about.
        facts: further numbers, by name.
    """

    cause: Cause
    skipped: Skipped | None = None
    effect: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    adjusted: float = np.nan
    support: tuple[str, ...] = ()
    to_relabel: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def named(self) -> bool:
        """Whether it is told from chance."""
        return self.skipped is None and self.effect > 0 and self.adjusted <= LEVEL


@dataclass(frozen=True, eq=False)
class CauseCard:
    """
    Attributes:
        first, second: the two classes.
        split: of the images that are asked about; None: all that probes can leave out.
        findings: one a cause, in their order.
        images, patients: that are asked about, of the first and the second class.
        errors: of these, in which the other class has the higher logit.
        unit: what is independent.
        cross_fitted: whether probes are fitted on all but a fold of these patients, as there are
            no training images in the run.
        errors_of_all: images that the network, each of its heads, probes and other runs all take
            for the other class.
    """

    first: str
    second: str
    split: str | None
    findings: tuple[Finding, ...]
    images: tuple[int, int]
    patients: tuple[int, int]
    errors: tuple[int, int]
    unit: str
    cross_fitted: bool
    errors_of_all: tuple[str, ...]

    @property
    def asked(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.skipped is None)

    @property
    def named(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.named)
