"""The scores of one image's maps, kept with the run by everything that they depend on.

Work that was stopped goes on where it was, and a study of one method more computes that method
alone.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from dermxai.core import disk, entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings
from dermxai.data.images import read_image, read_mask
from dermxai.data.inventory import file_fingerprint
from dermxai.explain.attribution.api import checked_settings, explain, find_target
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.explain.faithfulness.measure import (
    Candidate,
    Case,
    Score,
    control_maps,
    find_candidate,
    find_measure,
    grain,
)
from dermxai.explain.faithfulness.results import RUNNER_UP, EvaluationRequest, digest

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier
    from dermxai.runs.run import Run

MASKS = {"lesion": "mask_path", "evidence": "evidence_path"}
"""Columns of the sample table by what their masks outline."""
Step = Callable[[int], None]
"""Called often, with the steps of an image that are done; whatever it raises stops the study."""


class ScoreEntry(TypedDict):
    """A score as JSON holds it.

    Attributes:
        cells: how fine the map is, `grain`.
        curves: JSON; "" for none.
    """

    cells: int
    value: float | None
    reason: str
    curves: str


class About(TypedDict):
    """What a score is of: an image and a target."""

    sample_id: str
    label: str
    read_as: str
    target: str
    against: str


class Row(About, ScoreEntry):
    """A score, see `results.Results.table`."""

    method: str
    measure: str


@dataclass(eq=False)
class ImageEvaluation:
    """An image of a run under what was asked: its scores, from disk where they are there. The image
    is read, and its maps are made, where one is missing."""

    run: "Run"
    classifier: "Classifier"
    asked: EvaluationRequest
    position: int

    def __post_init__(self) -> None:
        self.sample = self.run.samples.iloc[self.position]
        self.sample_id = str(self.sample["sample_id"])
        self.seed = int(digest([self.asked.seed, self.sample_id])[:7], 16)
        self.file = FaithfulnessFiles.of(self.run.root).scores(digest(self.sample_id)[:24])
        self.scores = _read(self.file)
        self._fingerprints: dict[str, str] = {}

    def rows(self, step: Step) -> list[Row]:
        """A row a method and measure, those of the control maps last.

        Raises:
            InputError: the image cannot be read, has changed since the run, or its target is set
                against itself.
        """
        self.run.check_image(self.sample_id)
        found: list[Row] = []
        for number, name in enumerate(self.asked.methods):
            settings = checked_settings(name, self.asked.settings.get(name))
            found += self._evaluated(name, settings, partial(step, number))
        last = len(self.asked.methods)
        known = control_maps()
        for cells in sorted({row["cells"] for row in found} - {0}):
            settings = known[evaluate.RANDOM].settings(cells=cells, seed=self.seed)
            found += self._evaluated(evaluate.RANDOM, settings, partial(step, last))
        settings = known[evaluate.CENTRED].settings()
        return found + self._evaluated(evaluate.CENTRED, settings, partial(step, last))

    def _evaluated(self, method: str, settings: Settings, alive: Callable[[], None]) -> list[Row]:
        keys = {name: self._key(method, settings, name) for name in self.asked.measures}
        missing = {name: key for name, key in keys.items() if key not in self.scores}
        if missing:
            alive()
            self._fill(missing, method, settings, alive)
            with disk.replacing(self.file) as temporary:
                temporary.write_text(json.dumps(self.scores), encoding="utf-8")
        return [
            {**self._subject, "method": method, "measure": name, **self.scores[key]}
            for name, key in keys.items()
        ]

    def _fill(
        self, missing: Mapping[str, str], method: str, settings: Settings, alive: Callable[[], None]
    ) -> None:
        case = self.case
        try:
            subject = self._candidate(method, settings)
        except (InputError, RuntimeError) as error:
            nothing = _entry_of(Score.undefined(evaluate.excuse(error)), 0)
            self.scores |= dict.fromkeys(missing.values(), nothing)
            return
        cells = grain(subject.values)
        for name, key in missing.items():
            given = self.asked.settings.get(name)
            try:
                score = evaluate.evaluated(case, subject, name, given, lambda _, __: alive())
            except InputError as error:  # one measure's, which stops no other
                score = Score.undefined(str(error))
            self.scores[key] = _entry_of(score, cells)
            alive()

    def _candidate(self, method: str, settings: Settings) -> Candidate:
        maker = find_candidate(method)
        if method in control_maps():
            return evaluate.candidate(self.case, maker, settings)
        made = explain(
            self.classifier,
            self._pixels,
            method,
            self._codes[0],
            self._codes[1],
            head=self.asked.head,
            settings=settings,
            keep=True,
        )
        return evaluate.candidate(self.case, maker, settings, made.native)

    def _key(self, method: str, settings: Settings, measure: str) -> str:
        """Names a score by everything that it depends on."""
        how = evaluate.checked(measure, self.asked.settings.get(measure)).model_dump()
        chosen, maker = find_measure(measure), find_candidate(method)
        of = [self.classifier.hash, self._file("path"), *self._codes, self.asked.head]
        by = [maker.version, method, settings.model_dump(), self.seed]
        mask = self._file(MASKS[chosen.needs]) if chosen.needs else ""
        return digest([*of, *by, measure, how, chosen.version, mask])[:24]

    def _file(self, column: str) -> str:
        """What tells a file of the image from another; "" where there is none."""
        path = self.sample.get(column)
        if not isinstance(path, str):
            return ""
        if path not in self._fingerprints:
            self._fingerprints[path] = file_fingerprint(path)
        return self._fingerprints[path]

    @cached_property
    def case(self) -> Case:
        codes = self._codes
        masks = {
            name: read_mask(str(self.sample[column]))
            for name, column in MASKS.items()
            if isinstance(self.sample.get(column), str)
        }
        target = find_target(self.classifier, codes[0], codes[1], self.asked.head)
        return evaluate.make_case(self.classifier, self._pixels, target, masks, self.seed)

    @cached_property
    def _pixels(self) -> NDArray[np.uint8]:
        profiles = self.classifier.info.preprocessing.colour_profiles
        return read_image(str(self.sample["path"]), profiles=profiles)

    @cached_property
    def _codes(self) -> tuple[str, str | None]:
        """The target, and the class it is set against."""
        target = self.asked.target or str(self.run.predicted[self.position])
        if self.asked.against != RUNNER_UP:
            return target, self.asked.against
        order = np.argsort(-self.run.scores[self.position], kind="stable")
        return target, next(code for i in order if (code := self.run.classes[i]) != target)

    @cached_property
    def _subject(self) -> About:
        label = self.sample.get("label")
        return {
            "sample_id": self.sample_id,
            "label": label if isinstance(label, str) else "",
            "read_as": str(self.run.predicted[self.position]),
            "target": self._codes[0],
            "against": self._codes[1] or "",
        }


def _entry_of(score: Score, cells: int) -> ScoreEntry:
    """A score as JSON holds it."""
    return {
        "cells": cells,
        "value": score.value if np.isfinite(score.value) else None,
        "reason": score.reason,
        "curves": json.dumps(dict(score.curves)) if score.curves else "",
    }


def _read(file: Path) -> dict[str, ScoreEntry]:
    """An image's scores by key; those that memory did not suffice for are tried again."""
    try:
        found = entries.read_json(file, dict)
    except UnusableError:
        return {}
    return {
        key: score
        for key, score in found.items()
        if entries.fits(score, ScoreEntry) and score["reason"] != evaluate.NO_MEMORY
    }
