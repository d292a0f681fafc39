"""Values of settings compared as one study: each is a training, the worse ones stop early.

Which go on follows from what the trainings have written down, so a sweep that is stopped goes on
where it was, and comes to the same.
"""

import json
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.core.disk import replacing
from dermxai.core.errors import DivergenceError, InputError
from dermxai.core.formatting import LEFT, interval_basis, jsonable, signed
from dermxai.core.paths import readable
from dermxai.core.spreadsheet import write_csv
from dermxai.data import Dataset
from dermxai.data.splits import units
from dermxai.metrics.basis import basis
from dermxai.training.data.examples import Examples, examples_of
from dermxai.training.data.prepared import prepare_images
from dermxai.training.files import StudyFiles, TrainingFiles
from dermxai.training.fit import fit, preprocessing_of
from dermxai.training.initial_network import try_network
from dermxai.training.loop.choice import epochs_of, kept
from dermxai.training.loop.plan import Progress, usable
from dermxai.training.loop.trainer import started_by_slurm
from dermxai.training.recipe import KEPT_BY, LOSS, Recipe
from dermxai.training.record.specification import Specification, alone, as_begun, note_data, resumed
from dermxai.training.studies.combinations import (
    Round,
    combinations,
    epochs_in_all,
    folder_name,
    rounds,
    values_of,
)
from dermxai.training.studies.comparison import (
    Member,
    Outcome,
    as_printed,
    by_member,
    differences,
    interval_in_words,
    summary,
)
from dermxai.training.studies.study import scores_of, units_of


def sweep(
    dataset: Dataset,
    recipe: Recipe,
    output: str | Path,
    progress: Progress | None = None,
    device: str | None = None,
    *,
    swept: Mapping[str, object],
    halving: bool = True,
    devices: int = 1,
) -> Path:
    """Trains the recipe with every combination of the values, and ranks them by ``keep_by`` on the
    validation images.

    Args:
        output: as of `dermxai.training.studies.study.study`; ``network`` is the combination there.
        swept: values by setting.
        halving: whether the worse half stops early, see `combinations`; else all are trained to
            their end.
        device, devices: as for `fit`.

    Returns:
        ``output``.

    Raises:
        InputError: as `fit` and `combinations`; a setting that changes which images validate; tasks
            of a cluster, of which each would train.
    """
    if started_by_slurm():
        raise InputError(
            "A sweep trains its settings one after the other in one task; submit it with devices=1 "
            "and nodes=1."
        )
    files, planned = StudyFiles(Path(output).absolute()), combinations(recipe, swept)
    plan = rounds(len(planned), halving=halving)
    with alone(files.lock):
        dataset = as_begun(dataset, files.data)
        examples = {label: examples_of(dataset, own) for label, own in planned.items()}
        first = next(iter(examples.values()))
        _check_same(first, examples)
        asked = {"values": values_of(recipe, swept)}
        new = Specification(
            recipe.model_dump(),
            dataset.fingerprint,
            first.fingerprint,
            sweep=asked | {"halving": halving},
        )
        begun = resumed(new, files.begun)
        if begun.ended and files.about.is_file():
            return files.root
        for own in planned.values():
            try_network(own, first.classes)
        begun.note(files.begun, ended=False)
        note_data(dataset, files.data)
        entries = {
            label: _Entry(label, own, _folder(files, label, own)) for label, own in planned.items()
        }
        ranked = _run(
            list(entries.values()), plan, dataset, progress, files, device=device, devices=devices
        )
        outcomes = [
            _outcome(entry, dataset, examples[entry.label], files, device)
            for entry in ranked
            if not entry.diverged
        ]
        _write(files, dataset, ranked, outcomes, asked["values"], halving=halving)
        begun.note(files.begun, ended=True)
        for entry in ranked:
            trained = TrainingFiles(entry.folder)
            shutil.rmtree(trained.last, ignore_errors=True)
            for left in (trained.state, trained.digest, trained.data):
                left.unlink(missing_ok=True)
        shutil.rmtree(files.images, ignore_errors=True)
        files.data.unlink(missing_ok=True)
    return files.root


@dataclass(frozen=True)
class _Entry:
    """One of the trainings."""

    label: str
    recipe: Recipe
    folder: Path

    @property
    def history(self) -> pd.DataFrame:
        """An epoch a row; none before the first has ended."""
        path = TrainingFiles(self.folder).history
        return pd.read_csv(readable(path)) if path.is_file() else pd.DataFrame()

    @property
    def flag(self) -> Path:
        """Why its loss was no number any more, once it was not."""
        return self.folder / ".diverged"

    @property
    def diverged(self) -> bool:
        return self.flag.is_file() or self.history.empty

    def worth(self, until: int) -> tuple[bool, float, float]:
        """What it is ranked by after so many epochs, the lowest first: the kept epoch's measure,
        then its loss; one that has diverged comes last."""
        if self.diverged:
            return True, math.inf, math.inf
        by, history = self.recipe.keep_by, self.history.iloc[:until]
        best = history.iloc[kept(epochs_of(history), by)]
        value = float(best[by]) if by != LOSS else 0.0
        return False, math.inf if math.isnan(value) else -value, float(best["validation_loss"])


def _run(
    entries: list[_Entry],
    plan: Sequence[Round],
    dataset: Dataset,
    progress: Progress | None,
    files: StudyFiles,
    *,
    device: str | None,
    devices: int,
) -> list[_Entry]:
    """Trains them round by round; the best first, then those stopped last."""
    told = _Told(progress, plan, entries[0].recipe.epochs) if progress else None
    alive, stopped = entries, list[_Entry]()
    for index, each in enumerate(plan):
        for entry in alive:
            epochs = entry.recipe.epochs
            until, final = each.until(epochs), each.share == 1
            before = len(entry.history)
            if not entry.flag.is_file() and (final or before < until):
                tell = told.part(min(before, until), until) if told else None
                try:
                    fit(
                        dataset,
                        entry.recipe,
                        entry.folder,
                        tell,
                        device=device,
                        devices=devices,
                        images=files.images,
                        until=None if final else until,
                    )
                except DivergenceError as error:
                    with replacing(entry.flag) as path:
                        path.write_text(str(error), "utf-8")
            if told:
                told.ended(index, epochs)
        ranked = sorted(alive, key=lambda entry: entry.worth(each.until(entry.recipe.epochs)))
        number = plan[index + 1].settings if index + 1 < len(plan) else len(ranked)
        alive, stopped = ranked[:number], ranked[number:] + stopped
    return alive + stopped


class _Told:
    """Tells of the trainings as parts of the sweep, in epochs."""

    def __init__(self, progress: Progress, plan: Sequence[Round], epochs: int) -> None:
        self._progress, self._plan, self._epochs = progress, plan, epochs
        self._total = epochs_in_all(plan, epochs)
        self._members = sum(each.settings for each in plan)
        self._done, self._member = 0.0, 0

    def ended(self, index: int, epochs: int) -> None:
        """A training has come to the end of a round."""
        before = self._plan[index - 1].until(epochs) if index else 0
        self._done += self._plan[index].until(epochs) - before
        self._member += 1

    def part(self, first: int, until: int) -> Progress:
        """For a training that goes on from one epoch to another."""
        began: list[float] = []
        before, member, epochs = self._done, self._member + 1.0, until - first

        def tell(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
            if phase == "training":
                began.append(time.monotonic()) if not began else None
                trained = max(0.0, self._epochs * done / total - first)
                figures = {"member": member, "members": float(self._members), **figures}
                if LEFT in figures and epochs:
                    whole = time.monotonic() - began[0] + figures[LEFT]
                    later = max(0.0, self._total - before - epochs)
                    figures[LEFT] += later * whole / epochs
                done, total = int(100 * (before + trained)), 100 * self._total
            self._progress(phase, done, total, figures)

        return tell


def _folder(files: StudyFiles, label: str, recipe: Recipe) -> Path:
    return files.member(folder_name(label), recipe.seed, 0)


def _check_same(first: Examples, examples: Mapping[str, Examples]) -> None:
    """
    Raises:
        InputError: trainings would be evaluated on different images.
    """
    for label, other in examples.items():
        if not np.array_equal(other.rows("validation"), first.rows("validation")):
            raise InputError(
                f"{label} would be validated on other images than the first, so that nothing could "
                "be compared; give the table a split column, or compare seeds with folds and seeds."
            )


def _outcome(
    entry: _Entry, dataset: Dataset, examples: Examples, files: StudyFiles, device: str | None
) -> Outcome:
    """What a training's kept epoch makes of the validation images."""
    preprocessing = preprocessing_of(entry.recipe)
    prepared = prepare_images(
        dataset, examples.sample_ids, preprocessing, files.images, lambda *_: None
    )
    rows = usable(examples.rows("validation"), prepared)
    scores = scores_of(entry.folder, prepared.open(), rows, preprocessing, device)
    member = Member(entry.label, entry.recipe.seed, 0)
    return Outcome(member, rows, examples.labels[rows], scores, units_of(examples)[rows])


def _write(
    files: StudyFiles,
    data: Dataset,
    ranked: Sequence[_Entry],
    outcomes: Sequence[Outcome],
    swept: Mapping[str, object],
    *,
    halving: bool,
) -> None:
    if not outcomes:
        raise InputError(
            "The loss of every setting ceased to be a number; lower learning_rate, or cut "
            "gradients with max_gradient_norm."
        )
    by = KEPT_BY[ranked[0].recipe.keep_by]
    trained = {
        entry.label: f"{len(entry.history)} of {entry.recipe.epochs}"
        for entry in ranked
        if not entry.diverged
    }
    rows = by_member(outcomes).assign(epochs=lambda each: each["network"].map(trained))
    table = summary(rows).assign(epochs=list(trained.values()), rank=range(1, len(trained) + 1))
    compared = differences(outcomes)
    diverged = [entry.label for entry in ranked if entry.diverged]
    note = (
        f"{data.name}: {len(ranked)} settings, ranked by {by} on the {len(outcomes[0].rows)} "
        "validation images that all share. "
        + ("After each round the worse half was stopped (successive halving). " if halving else "")
        + "The first one was chosen on these images, which flatters it: evaluate it on test images."
        " Intervals are of one comparison at a time."
    )
    if diverged:
        note += f" The loss ceased to be a number: {'; '.join(diverged)}."
    content = {
        "sweep": dict(swept),
        "best": str(ranked[0].folder.relative_to(files.root)),
        "recipe": ranked[0].recipe.model_dump(),
        "table": table.to_dict("records"),
        "differences": compared,
        "intervals": basis(units(data.samples)),
        "members": rows.to_dict("records"),
        "note": note,
        "doubts": [],
    }
    lines = [f"# {files.root.name}", "", note, "", as_printed(table, "Settings", ("epochs",)), ""]
    lines += [
        f"{each['network']} less {each['less']}: balanced accuracy "
        f"{signed(each['balanced_accuracy'], 3)} ({interval_in_words(each['low'], each['high'])})."
        for each in compared
    ]
    lines += ["", f"{interval_basis(basis(units(data.samples)))}."] if compared else []
    write_csv(rows, files.table)
    with replacing(files.card) as path:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with replacing(files.about) as path:
        path.write_text(json.dumps(jsonable(content), indent=2, ensure_ascii=False) + "\n", "utf-8")
