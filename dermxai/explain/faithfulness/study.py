"""A study: methods × measures over images of a run, resumable score by score.

A score is kept by everything that it depends on. Work that was stopped goes on where it was, and a
study of one method more computes that method alone.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import disk, paths
from dermxai.data import Problem
from dermxai.data.images import read_image, read_mask
from dermxai.data.inventory import file_fingerprint
from dermxai.errors import InputError
from dermxai.explain import store
from dermxai.explain.api import (
    check_target,
    checked_settings,
    explain,
    find_method,
    find_target,
    methods,
)
from dermxai.explain.faithfulness import judge
from dermxai.explain.faithfulness.measure import (
    Candidate,
    Case,
    Score,
    baselines,
    find_measure,
    grain,
    measures,
)
from dermxai.explain.faithfulness.quality import RUNNER_UP, Asked, Quality, digest, write_quality

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier
    from dermxai.runs.run import Run

MASKS = {"lesion": "mask_path", "evidence": "evidence_path"}
_FINENESSES = 3  # of the maps of an image, as a rule
Step = Callable[[int], None]
"""Called often, with the steps of an image that are done; whatever it raises stops the study."""


def study(
    run: "Run", classifier: "Classifier", asked: Asked, report: Callable[[int, int], None]
) -> Quality:
    """Judges maps of a run's images and keeps what it finds with the run.

    Args:
        report: called often, with steps done and in all; whatever it raises stops the study.

    Raises:
        InputError: unknown method, measure, class, head, split or setting; nothing to judge; the
            classifier is not the one that made the run.
    """
    run.check_classifier(classifier)
    asked, skipped = resolved(run, classifier, asked)
    chosen = stratified(_strata(run), run.in_split(asked.split), asked.images, asked.seed)
    steps = len(asked.methods) + 1
    total = steps * len(chosen)
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    with disk.locked(paths.RunFiles(run.root).quality.lock, waiting=lambda: report(0, total)):
        for number, position in enumerate(chosen):
            image = _Image(run, classifier, asked, int(position))
            try:
                rows += image.rows(_after(number * steps, total, report))
            except InputError as error:
                problems.append(Problem(image.sample_id, str(error)))
        if not rows:
            raise InputError(problems[0].reason if problems else "There is no image to judge.")
        report(total, total)
        table = pd.DataFrame(rows).astype({"value": np.float64})
        return write_quality(run, asked, skipped, problems, table)


def available(run: "Run", classifier: "Classifier") -> tuple[list[str], list[str], dict[str, str]]:
    """Methods and measures that mean something for a run, and why the others do not."""
    skipped = {}
    for name, method in methods().items():
        if reason := method.unavailable(classifier):
            skipped[name] = reason
    for name, measure in measures().items():
        if measure.NEEDS and not has_mask(run, measure.NEEDS):
            skipped[name] = f"The dataset has no {measure.NEEDS} masks."
    return (
        [name for name in methods() if name not in skipped],
        [name for name in measures() if name not in skipped],
        skipped,
    )


def resolved(run: "Run", classifier: "Classifier", asked: Asked) -> tuple[Asked, dict[str, str]]:
    """What was asked with its methods and measures by name, and why some of these, or of all where
    none is named, are left out.

    Raises:
        InputError: something that was named is not there, or is not available.
    """
    for name in asked.methods:
        find_method(name)
    for name in asked.measures:
        find_measure(name)
    for name, values in asked.settings.items():
        (judge.checked if name in measures() else checked_settings)(name, values)
    other = None if asked.against == RUNNER_UP else asked.against
    check_target(classifier, asked.target, other, asked.head)
    if asked.images < 1:
        raise InputError(f"{asked.images} images were asked for; expected at least 1.")
    known_methods, known_measures, skipped = available(run, classifier)
    wanted = [*asked.methods, *asked.measures]
    kept_methods = tuple(name for name in asked.methods or known_methods if name not in skipped)
    kept_measures = tuple(name for name in asked.measures or known_measures if name not in skipped)
    if not kept_methods or not kept_measures:
        reasons = " ".join(f"{name}: {skipped[name]}" for name in wanted if name in skipped)
        raise InputError(f"There is nothing to judge. {reasons}".strip())
    left_out = {
        name: reason
        for name, reason in skipped.items()
        if name in wanted or not (asked.methods if name in methods() else asked.measures)
    }
    return replace(asked, methods=kept_methods, measures=kept_measures), left_out


def passes(classifier: "Classifier", asked: Asked) -> int:
    """What an image costs a study of named methods and measures, in forward passes."""
    total = (_FINENESSES + 1) * _judging(classifier, asked, 0)
    for name in asked.methods:
        settings = checked_settings(name, asked.settings.get(name))
        cost = find_method(name).passes(classifier, settings)
        total += cost + _judging(classifier, asked, cost)
    return total


def _judging(classifier: "Classifier", asked: Asked, map_passes: int) -> int:
    """What all measures of a map cost that itself costs ``map_passes``."""
    return sum(
        find_measure(name).passes(
            classifier, map_passes, judge.checked(name, asked.settings.get(name))
        )
        for name in asked.measures
    )


def stratified(
    strata: Sequence[str], among: NDArray[np.intp], count: int, seed: int
) -> NDArray[np.intp]:
    """Positions of at most ``count`` of the images in ``among``, in order: of each stratum as many
    as of the others while it lasts, drawn at random.

    Args:
        strata: (n,) of all images.
        among: positions to choose from.
    """
    shuffled = np.random.default_rng(seed).permutation(among)
    names = pd.Series(np.asarray(strata, dtype=object)[shuffled])
    turn = names.groupby(names).cumcount()
    order = np.argsort(turn.to_numpy(), kind="stable")
    return np.sort(shuffled[order[:count]])


@dataclass(eq=False)
class _Image:
    """One image's part of a study; it is read, and its maps are made, where a score is missing."""

    run: "Run"
    classifier: "Classifier"
    asked: Asked
    position: int

    def __post_init__(self) -> None:
        self.sample = self.run.samples.iloc[self.position]
        self.sample_id = str(self.sample["sample_id"])
        self.seed = int(digest([self.asked.seed, self.sample_id])[:7], 16)
        self.file = paths.RunFiles(self.run.root).quality.scores(digest(self.sample_id)[:24])
        self.scores = _read(self.file)
        self._fingerprints: dict[str, str] = {}

    def rows(self, step: Step) -> list[dict[str, Any]]:
        """A row a method and measure, those of the baselines last.

        Raises:
            InputError: the image cannot be read, has changed since the run, or its target is set
                against itself.
        """
        self.run.check_image(self.sample_id)
        found: list[dict[str, Any]] = []
        for number, name in enumerate(self.asked.methods):
            settings = checked_settings(name, self.asked.settings.get(name))
            found += self._judged(name, settings, partial(step, number))
        last = len(self.asked.methods)
        known = baselines()
        for cells in sorted({row["cells"] for row in found} - {0}):
            settings = known[judge.RANDOM].Settings(cells=cells, seed=self.seed)
            found += self._judged(judge.RANDOM, settings, partial(step, last))
        settings = known[judge.CENTRED].Settings()
        return found + self._judged(judge.CENTRED, settings, partial(step, last))

    def _judged(
        self, method: str, settings: Any, alive: Callable[[], None]
    ) -> list[dict[str, Any]]:
        keys = {name: self._key(method, settings, name) for name in self.asked.measures}
        missing = {name: key for name, key in keys.items() if key not in self.scores}
        if missing:
            alive()
            self._fill(missing, method, settings, alive)
            with disk.replacing(self.file) as temporary:
                temporary.write_text(json.dumps(self.scores), encoding="utf-8")
        return [
            self._about | {"method": method, "measure": name} | self.scores[key]
            for name, key in keys.items()
        ]

    def _fill(
        self, missing: Mapping[str, str], method: str, settings: Any, alive: Callable[[], None]
    ) -> None:
        case = self.case
        try:
            subject = self._candidate(method, settings)
        except (InputError, RuntimeError) as error:
            nothing = _kept(Score.undefined(judge.excuse(error)), 0)
            self.scores |= dict.fromkeys(missing.values(), nothing)
            return
        cells = grain(subject.values)
        for name, key in missing.items():
            given = self.asked.settings.get(name)
            score = judge.judged(case, subject, name, given, lambda _, __: alive())
            self.scores[key] = _kept(score, cells)
            alive()

    def _candidate(self, method: str, settings: Any) -> Candidate:
        if method in baselines():
            return judge.candidate(self.case, baselines()[method], settings)
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
        return judge.candidate(self.case, find_method(method), settings, made.native)

    def _key(self, method: str, settings: Any, measure: str) -> str:
        """Names a score by everything that it depends on."""
        how = asdict(judge.checked(measure, self.asked.settings.get(measure)))
        chosen = find_measure(measure)
        of = [self.classifier.hash, self._file("path"), *self._codes, self.asked.head]
        by = [store.VERSION, method, asdict(settings), self.seed]
        mask = self._file(MASKS[chosen.NEEDS]) if chosen.NEEDS else ""
        return digest([*of, *by, measure, how, chosen.VERSION, mask])[:24]

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
        return judge.make_case(self.classifier, self._pixels, target, masks, self.seed)

    @cached_property
    def _pixels(self) -> NDArray[np.uint8]:
        return read_image(str(self.sample["path"]))

    @cached_property
    def _codes(self) -> tuple[str, str | None]:
        """The target, and the class it is set against."""
        target = self.asked.target or str(self.run.predicted[self.position])
        if self.asked.against != RUNNER_UP:
            return target, self.asked.against
        order = np.argsort(-self.run.scores[self.position], kind="stable")
        return target, next(code for i in order if (code := self.run.classes[i]) != target)

    @cached_property
    def _about(self) -> dict[str, Any]:
        label = self.sample.get("label")
        return {
            "sample_id": self.sample_id,
            "label": label if isinstance(label, str) else "",
            "read_as": str(self.run.predicted[self.position]),
            "target": self._codes[0],
            "against": self._codes[1] or "",
        }


def _after(done: int, total: int, report: Callable[[int, int], None]) -> Step:
    """Tells of an image's steps as part of the whole."""
    return lambda step: report(done + step, total)


def _kept(score: Score, cells: int) -> dict[str, Any]:
    """A score as JSON holds it."""
    return {
        "cells": cells,
        "value": score.value if np.isfinite(score.value) else None,
        "reason": score.reason,
        "curves": json.dumps(dict(score.curves)) if score.curves else "",
    }


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """An image's scores by key; those that memory did not suffice for are tried again."""
    try:
        found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: score for key, score in found.items() if score["reason"] != judge.NO_MEMORY}


def has_mask(run: "Run", kind: str) -> bool:
    """Whether an image of the run has a mask of this kind."""
    column = run.samples.get(MASKS[kind])
    return column is not None and bool(column.notna().any())


def _strata(run: "Run") -> list[str]:
    """(n,) the label, or what the image was read as where there is none."""
    labels = run.samples["label"]
    return labels.where(labels.notna(), run.predicted).astype("str").tolist()
