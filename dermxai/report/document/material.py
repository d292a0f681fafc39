"""What several sections of a document are made of: measured once, by what pages and command line
measure with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data.places import is_atlas
from dermxai.metrics import basis
from dermxai.metrics.decision import Criterion, OperatingPoint
from dermxai.metrics.leakage import Premium
from dermxai.metrics.measures import Measures, measured
from dermxai.metrics.pair import most_confused_pairs
from dermxai.metrics.regrouping import Regrouping
from dermxai.report import calibration
from dermxai.report.calibration import Calibration
from dermxai.report.evaluated import Evaluated, evaluated, premium
from dermxai.report.measures import measures_of
from dermxai.report.origin import origin, with_origin
from dermxai.report.regrouping import regrouping_of
from dermxai.runs import Run

Progress: TypeAlias = Callable[[str, int, int], None]
USUAL = "usual"
"""Asks for the split that pages show first."""
ALL = "all"
"""Asks for all images, where a split can be named."""
MOST_PAIRS, MOST_EXAMPLES = 20, 60


@dataclass(frozen=True)
class Options:
    """
    Attributes:
        split: whose images are measured; None: all; `USUAL`: the test images, where there are none
            the validation images, else all.
        point: by which the second decision rule chooses its thresholds.
        pairs: how many pairs of classes get a cause card, the most confused first.
        examples: images that are shown.
        images: whether any are; None: only where all images are drawn, since others are patients'.
        merge: classes that are taken as one, as `dermxai.report.regrouping.regrouping_of` takes
            them.
    """

    split: str | None = USUAL
    point: OperatingPoint = field(default_factory=lambda: OperatingPoint(Criterion.YOUDEN))
    pairs: int = 3
    examples: int = 8
    images: bool | None = None
    merge: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """
        Raises:
            InputError: there are too many, or fewer than none.
        """
        for noun, number, most in (
            ("pairs", self.pairs, MOST_PAIRS),
            ("examples", self.examples, MOST_EXAMPLES),
        ):
            if not 0 <= number <= most:
                raise InputError(
                    f"{number} {noun} came for a report; expected between 0 and {most}."
                )


@dataclass(frozen=True, eq=False)
class Material:
    """
    Attributes:
        split: whose images are measured; None for all.
    """

    run: Run
    split: str | None
    options: Options
    progress: Progress | None = None

    @classmethod
    def of(cls, run: Run, options: Options, progress: Progress | None = None) -> "Material":
        """
        Raises:
            InputError: the run has no such split, or the model no class that is to be merged.
        """
        regrouping_of(run.classes, options.merge)
        split = usual_split(run) if options.split == USUAL else options.split
        run.in_split(split)
        return cls(run, split, options, progress)

    def report(self, phase: str, done: int = 0, total: int = 0) -> None:
        """Tells how far the work is; may raise `Cancelled`."""
        if self.progress:
            self.progress(phase, done, total)

    @property
    def where(self) -> str:
        """Whose images are measured, in words."""
        return "all images" if self.split is None else f"the {self.split} images"

    @cached_property
    def drawn(self) -> bool:
        """Whether all images are drawn, so that no patient is in them."""
        return is_atlas(Path(str(self.run.manifest["dataset"]["path"])))

    @property
    def with_images(self) -> bool:
        return self.drawn if self.options.images is None else self.options.images

    @cached_property
    def regrouping(self) -> Regrouping:
        """Classes that are taken as one."""
        return regrouping_of(self.run.classes, self.options.merge)

    @cached_property
    def shown(self) -> Evaluated:
        return evaluated(self.run, self.split, regrouping=self.regrouping)

    @cached_property
    def apart(self) -> Evaluated:
        """The same of the classes as the network has them."""
        return self.shown if not self.options.merge else evaluated(self.run, self.split)

    @property
    def as_it_has_them(self) -> str:
        """Why a section knows no merged class, in a sentence; "" where none is merged."""
        return "Classes here are those of the network, none merged." if self.options.merge else ""

    @cached_property
    def argmax(self) -> Measures:
        return measured(self.shown)

    @cached_property
    def at_point(self) -> Measures | str:
        """Measures at operating points, or why there are none, in a sentence."""
        try:
            return measures_of(self.run, self.shown, self.options.point, regrouping=self.regrouping)
        except InputError as error:
            return str(error)

    @cached_property
    def calibration(self) -> Calibration:
        return calibration.calibration_of(self.run, self.shown, regrouping=self.regrouping)

    @cached_property
    def premium(self) -> Premium | None:
        return premium(self.run, self.split, self.shown, self.regrouping)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The most confused pairs of classes, none merged."""
        return most_confused_pairs(self.apart, self.options.pairs)

    def with_origin(self, table: pd.DataFrame, **more: str | float | None) -> pd.DataFrame:
        """A table for a file, each row with where it comes from."""
        return with_origin(table, origin(self.run, self.split), **more)

    def with_basis(self, table: pd.DataFrame, **more: str | float | None) -> pd.DataFrame:
        """The same of a table with intervals."""
        told = basis.columns(self.shown.clusters, self.shown.level)
        return self.with_origin(table, **more, **told)


def usual_split(run: Run) -> str | None:
    """The split that is measured unless one is named: the test images, where there are none the
    validation images, else all."""
    there = set() if run.split is None else set(run.split.dropna())
    return next((name for name in ("test", "validation") if name in there), None)
