"""A run measured against its labels."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.formatting import count, jsonable
from dermxai.data import split_words
from dermxai.data.splits import owners
from dermxai.metrics.basis import basis
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.metrics.leakage import Premium, leakage_premium
from dermxai.metrics.probability import probabilities
from dermxai.metrics.regrouping import (
    Combine,
    Per,
    Predictions,
    Regrouping,
    combined,
    merged,
    merged_labels,
    merged_name,
)
from dermxai.report.leakage import describe_leakage, not_compared
from dermxai.report.sentences import OVERALL, sentences, with_names
from dermxai.runs import Run
from dermxai.runs.predictions import import_summary

AS_IT_IS = Regrouping()
"""All classes, image by image."""
HOW: Mapping[Combine, str] = {
    Combine.MEAN: "combined by the mean of their logits",
    Combine.MAJORITY: "combined by majority of their predictions",
    Combine.MAXIMUM: "combined by each class's highest probability",
}


@dataclass(frozen=True, eq=False)
class Evaluated(Evaluation):
    """An evaluation for people: measures and classes with their names, notes in sentences.

    Attributes:
        about_training: what the model has seen of the images.
        regrouping_notes: which classes are taken as one, and what was measured, where not each
            image.
    """

    about_training: tuple[str, ...] = ()
    regrouping_notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        measured: Evaluation,
        about_training: Iterable[str] = (),
        regrouping_notes: Iterable[str] = (),
    ) -> "Evaluated":
        """``table`` and ``overall`` get a column ``name``."""
        parts = {each.name: getattr(measured, each.name) for each in fields(Evaluation)}
        table, overall = measured.table.copy(), with_names(measured.overall, OVERALL)
        table.insert(1, "name", [taxonomy.name(code) for code in table["class"]])
        parts |= {"table": table, "overall": overall}
        return cls(
            **parts,
            about_training=tuple(about_training),
            regrouping_notes=tuple(regrouping_notes),
        )

    @property
    def image_notes(self) -> tuple[str, ...]:
        """What is to be known of the images: which were seen in training, which are left out, and
        whose they are."""
        return (*self.about_training, *self.regrouping_notes, *sentences(self.on_images))

    @property
    def notes(self) -> tuple[str, ...]:
        """`image_notes`, and which measures of which classes are undefined, and why."""
        return (*self.image_notes, *sentences(self.on_measures))

    def as_json(self) -> dict[str, object]:
        """Plain numbers, texts and lists; NaN and infinity become None."""
        told: dict[str, object] = jsonable(
            {
                "classes": list(self.classes),
                "common": list(self.common),
                "counts": asdict(self.counts),
                "overall": {row["measure"]: row for row in self.overall.to_dict("records")},
                "per_class": {row["class"]: row for row in self.table.to_dict("records")},
                "confusion": self.confusion,
                "outside": self.outside.to_dict("index"),
                "roc": {code: asdict(curve) for code, curve in self.roc.items()},
                "macro": asdict(self.macro),
                "micro": asdict(self.micro),
                "intervals": basis(self.clusters, self.level),
                "notes": list(self.notes),
            }
        )
        return told


def evaluated(
    run: Run,
    split: str | None = None,
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> Evaluated:
    """What a run is worth on a split of its images, or on all of them. The first notes tell what
    the checkpoint has seen of them. Intervals take as independent what
    `dermxai.data.splits.groups` keeps together.

    Args:
        leaks: with the images that leak from training (`dermxai.runs.leakage`), as far as these are
            known.
        regrouping: classes that are taken as one, and whether images, lesions or patients are
            measured.

    Raises:
        InputError: the run has no such split, or the model no such class.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> found = dermxai.evaluate(run)
        >>> found.counts.evaluated, found.confusion.shape  # by true and predicted class
        (12, (14, 14))
        >>> {"measure", "value", "low", "high"} <= set(found.overall)  # 95 % intervals
        True
    """
    rows = run.in_split(split)
    asked = rows
    if not leaks and run.leaks is not None:
        rows = rows[~run.leaks.any[rows]]
    samples = run.samples.iloc[rows]
    owner = {column: ids.iloc[rows] for column, ids in owners(run.samples).items()}
    if regrouping != AS_IT_IS:
        return _regrouped(run, rows, owner, regrouping, tuple(_seen(run, asked, rows, split)))
    measured = evaluate(
        samples["label"],
        run.classes,
        run.scores[rows],
        samples["sample_id"],
        owner.get("patient_id"),
        lesion_ids=owner.get("lesion_id"),
        activation=run.activation,
        probabilities=None
        if run.imported_probabilities is None
        else run.imported_probabilities[rows],
    )
    return Evaluated.of(measured, _seen(run, asked, rows, split))


def _regrouped(
    run: Run,
    rows: NDArray[np.intp],
    owner: Mapping[str, "pd.Series"],
    regrouping: Regrouping,
    about_training: tuple[str, ...],
) -> Evaluated:
    samples = run.samples.iloc[rows]
    nobody = np.full(rows.size, "", dtype=object)
    patients, lesions = (
        owner[column].fillna("").astype(str).to_numpy(dtype=object) if column in owner else nobody
        for column in ("patient_id", "lesion_id")
    )
    scores = run.scores[rows].astype(np.float64)
    told = (
        probabilities(scores, run.activation)
        if run.imported_probabilities is None
        else run.imported_probabilities[rows]
    )
    labels = samples["label"].fillna("").astype(str).to_numpy(dtype=object)
    given = Predictions(
        run.classes,
        # a patient of merged classes alone has one label
        merged_labels(labels, regrouping.merges),
        scores,
        np.asarray(told, dtype=np.float64),
        samples["sample_id"].astype(str).to_numpy(dtype=object),
        patients,
        lesions,
    )
    found = combined(given, regrouping.per, regrouping.combine, run.activation)
    found = merged(found, regrouping.merges)
    measured = evaluate(
        found.labels,
        found.classes,
        found.scores,
        found.ids,
        found.patients,
        lesion_ids=found.lesions,
        activation=run.activation,
        probabilities=found.probabilities,
    )
    return Evaluated.of(measured, about_training, _about_regrouping(found, rows, regrouping))


def _about_regrouping(
    found: Predictions, rows: NDArray[np.intp], regrouping: Regrouping
) -> Iterator[str]:
    if regrouping.merges:
        names = " and ".join(merged_name(each) for each in regrouping.merges)
        yield f"Classes taken as one: {names}. Decisions stay those among all classes."
    if regrouping.per != Per.IMAGE:
        units = count(found.ids.size, str(regrouping.per))
        how = HOW[regrouping.combine]
        yield f"Measured per {regrouping.per}: {count(rows.size, 'image')} of {units}, {how}."
        if found.torn:
            torn = count(found.torn, str(regrouping.per))
            yield f"{torn} with images of several classes: left out, told as without a label."


def premium(
    run: Run, split: str | None, whole: Evaluation, regrouping: Regrouping = AS_IT_IS
) -> Premium | None:
    """What images that leak from training add to the measures of a split; None where none leaks,
    or it is not known.

    Args:
        whole: of the split, as `evaluated` gives it.
        regrouping: of its images.
    """
    if run.leaks is None or not run.leaks.any[run.in_split(split)].any():
        return None
    return leakage_premium(whole, evaluated(run, split, leaks=False, regrouping=regrouping))


def leaks_json(run: Run, split: str | None, added: Premium | None, independent: str) -> object:
    """What leaks from training into a split, for programs: how each kind was counted, the images,
    and the premium; None where it is not known.

    Args:
        independent: what the premium's intervals take as independent.
    """
    if run.leaks is None:
        return None
    rows = run.in_split(split)
    found = run.leaks.table.assign(
        sample_id=run.samples["sample_id"].to_numpy(), kind=run.leaks.kind
    ).iloc[rows]
    found = found[found["kind"] != ""]
    return jsonable(
        {
            "compared": list(run.leaks.compared),
            "not_compared": not_compared(run.leaks),
            "all_training_known": run.leaks.whole,
            "counts": run.leaks.counts(rows),
            "images": found[["sample_id", "kind", "of", "bits", "cosine"]].to_dict("records"),
            "premium": _with_basis(added, independent) if added else None,
        }
    )


def _with_basis(added: Premium, independent: str) -> object:
    rows = with_names(added.table, OVERALL).drop(columns="measure").to_dict("records")
    return {
        "seen": added.seen,
        "unseen": added.unseen,
        "units": added.units,
        "level": added.level,
        "overall": dict(zip(added.table["measure"], rows, strict=True)),
        "notes": list(sentences(added.notes)),
        "intervals": basis(independent, added.level),
    }


def _seen(
    run: Run, asked: NDArray[np.intp], rows: NDArray[np.intp], split: str | None
) -> Iterator[str]:
    if run.imported:
        yield from import_summary(run)
    yield describe_leakage(run, asked)
    if left := len(asked) - len(rows):
        yield f"{count(left, 'image')} that leak from training: left out."
    yield from split_words.notes(run.samples)
    of_training = run.training_split
    if split == "validation" and of_training is not None and (of_training[rows] == split).any():
        yield "The kept epoch of the model's training was chosen on these images."
