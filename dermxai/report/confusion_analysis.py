"""Everything that is known of a run's two classes without another forward pass."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.formatting import count, jsonable
from dermxai.data import overview
from dermxai.metrics import Evaluation
from dermxai.metrics.basis import basis
from dermxai.metrics.clustering import Clustering, clustering
from dermxai.metrics.confusion import ratio
from dermxai.metrics.differences import Differences, differences
from dermxai.metrics.label_errors import label_errors, searched_images
from dermxai.metrics.pair import Pair, check_pair, evaluate_pair
from dermxai.metrics.set_decomposition import (
    SetDecomposition,
    SetDifference,
    set_decomposition,
    set_difference,
)
from dermxai.report.evaluated import Evaluated
from dermxai.report.leakage import describe_leakage
from dermxai.report.origin import origin
from dermxai.report.sentences import MERGED, sentences, with_names
from dermxai.runs import Run
from dermxai.runs.image_quality import open_quality
from dermxai.runs.training_counts import Source, training_counts

CONFIDENCE = "confidence"
"""Column of the comparison: the probability of the prediction."""
_NOT_COMPARED = ("sample_id", "path", "label", "source_label", "patient_id", "lesion_id")


@dataclass(frozen=True, eq=False)
class Way:
    """Images of class ``true`` that were predicted as ``predicted``, beside those that were
    predicted correctly.

    Attributes:
        errors: mean votes for ``predicted`` against ``true`` over the errors; None without any.
        right: the same over the images of the class that were predicted correctly.
        difference: how the votes of the errors differ from these.
        apart: what else distinguishes the errors.
        clustering: whether they are clustered in few patients, among all images of the class.
        reason: why there is nothing to show; "" where there is.
    """

    true: str
    predicted: str
    errors: SetDecomposition | None
    right: SetDecomposition | None
    difference: SetDifference | None
    apart: Differences | None
    clustering: Clustering | None
    reason: str


@dataclass(frozen=True, eq=False)
class ConfusionAnalysis:
    """
    Attributes:
        split: of the images that are evaluated; None for all.
        evaluation: of them.
        pair: confusions each way, errors, merged measures.
        ways: from the first class to the second, and back.
        balance: a row a class of the two: ``class``, ``name``, and ``training_images``,
            ``training_patients``, ``images``, ``patients`` (NaN where not known), each with
            ``_share`` of all classes.
        training: where the training counts come from, in words.
        suspects: images of either class whose label looks wrong, as `label_errors` lists them,
            among those that the model was not trained on where there are any.
        unseen: how many images of the split these were.
        searched: of the two classes, how many images were searched; 0 where there are too few.
        notes: what is to be known of the images; first what the model has seen of them.
    """

    run: Run
    split: str | None
    evaluation: Evaluated
    pair: Pair
    ways: tuple[Way, Way]
    balance: pd.DataFrame
    training: str
    suspects: pd.DataFrame
    unseen: int
    searched: Mapping[str, int]
    notes: tuple[str, ...]

    def as_json(self) -> object:
        """Plain numbers, texts and lists; NaN becomes None."""
        merged = with_names(self.pair.merged, MERGED)
        return jsonable(
            {
                **origin(self.run, self.split),
                "split": self.split,
                "pair": [self.pair.first, self.pair.second],
                "counts": asdict(self.evaluation.counts),
                "ways": self.pair.ways.to_dict("records"),
                "errors": self.pair.errors.to_dict("records"),
                "merged": {row["measure"]: row for row in merged.to_dict("records")},
                "votes": [_votes(way) for way in self.ways],
                "balance": {row["class"]: row for row in self.balance.to_dict("records")},
                "training": self.training,
                "label_errors": self.suspects.to_dict("records"),
                "labels_searched": dict(self.searched),
                "intervals": basis(self.evaluation.clusters, self.evaluation.level),
                "notes": list(self.notes),
            }
        )


def confusion_analysis(
    run: Run, evaluation: Evaluated, first: str, second: str, *, split: str | None = None
) -> ConfusionAnalysis:
    """Puts together what is known of two classes.

    Args:
        run: of a classifier over the images.
        evaluation: of the images of ``split`` in the run's order, as
            `dermxai.report.evaluated.evaluated` gives it.
        first, second: two of the model's classes.
        split: None for all images.

    Raises:
        InputError: a class is not the model's, both are the same, or the split is not the run's.
    """
    check_pair(run.classes, first, second)
    rows = run.in_split(split)
    trained = run.trained_on
    unseen = None if trained is None or trained[rows].all() else ~trained[rows]
    suspects, looked_at = label_errors(evaluation, unseen), searched_images(evaluation, unseen)
    balance, training = _balance(run, rows, (first, second))
    return ConfusionAnalysis(
        run=run,
        split=split,
        evaluation=evaluation,
        pair=evaluate_pair(evaluation, run.scores[rows], first, second),
        ways=(
            _way(run, evaluation, rows, first, second),
            _way(run, evaluation, rows, second, first),
        ),
        balance=balance,
        training=training,
        suspects=suspects[suspects["label"].isin((first, second))].reset_index(drop=True),
        notes=tuple(dict.fromkeys((describe_leakage(run, rows), *evaluation.image_notes))),
        unseen=int(rows.size if unseen is None else unseen.sum()),
        searched={code: looked_at[code] for code in (first, second)},
    )


def decomposition_of(
    run: Run, rows: NDArray[np.intp], units: NDArray[np.object_], target: str, against: str
) -> SetDecomposition | None:
    """The averaged decomposition of a run's images at ``rows`` (n,), of ``units`` (n,); None
    without any image."""
    if not rows.size:
        return None
    return set_decomposition(run.logits[rows], run.heads, run.classes, target, against, units=units)


def _way(
    run: Run, evaluation: Evaluation, rows: NDArray[np.intp], true: str, predicted: str
) -> Way:
    of_class, units = evaluation.true == true, evaluation.unit_of
    wrong, right = (of_class & (evaluation.predicted == code) for code in (predicted, true))
    difference, apart = None, None
    if wrong.any() and right.any():
        both = wrong | right
        errors, whose, logits = wrong[both], units[both], run.logits[rows[both]]
        difference = set_difference(
            logits, run.heads, run.classes, predicted, true, chosen=errors, units=whose
        )
        columns = _compared(run, rows[both], evaluation.probabilities[both])
        apart = differences(columns, chosen=errors, units=whose, unit=evaluation.clusters)
    return Way(
        true=true,
        predicted=predicted,
        errors=decomposition_of(run, rows[wrong], units[wrong], predicted, true),
        right=decomposition_of(run, rows[right], units[right], predicted, true),
        difference=difference,
        apart=apart,
        clustering=clustering(wrong[of_class], units[of_class]) if wrong.any() else None,
        reason=_reason(evaluation, true, predicted, bool(wrong.any()), bool(right.any())),
    )


def _reason(evaluation: Evaluation, true: str, predicted: str, wrong: bool, right: bool) -> str:
    if not evaluation.counts.evaluated:
        return "No image here has a label that the model knows."
    images = int((evaluation.true == true).sum())
    if not images:
        return f"No image here is labelled {true}."
    if not wrong:
        return f"None of the {count(images, 'image')} of {true} is predicted as {predicted}."
    if not right:
        return f"No image of {true} is predicted correctly: there is no comparison for the errors."
    return ""


def _compared(run: Run, rows: NDArray[np.intp], probabilities: NDArray[np.float64]) -> pd.DataFrame:
    samples, quality = run.samples.iloc[rows], open_quality(run)
    kept = [
        name for name in samples if name not in _NOT_COMPARED and not str(name).endswith("_path")
    ]
    table = samples[kept].assign(**{CONFIDENCE: probabilities.max(axis=1)})
    if quality is None:
        return table
    measured = quality.iloc[rows].set_index(table.index)
    return table.join(measured[measured.columns.difference(table.columns, sort=False)])


def _balance(run: Run, rows: NDArray[np.intp], pair: tuple[str, str]) -> tuple[pd.DataFrame, str]:
    here = overview.by_class(run.samples.iloc[rows])
    here = here[here.index.isin(run.classes)]
    trained, source = training_counts(run)
    table = pd.DataFrame({"class": pair, "name": [taxonomy.name(code) for code in pair]})
    for prefix, counts in (("training_", trained), ("", here)):
        for noun in ("images", "patients"):
            column = counts.get(noun, pd.Series(dtype=np.float64))
            of_pair = column.reindex(list(pair), fill_value=0) if column.notna().any() else np.nan
            table[prefix + noun] = np.asarray(of_pair, dtype=np.float64)
            table[f"{prefix}{noun}_share"] = ratio(table[prefix + noun], column.sum())
    return table, _about_training(run, source)


def _about_training(run: Run, source: Source) -> str:
    """Where the training counts come from, in a sentence."""
    if source == Source.CHECKPOINT:
        data = run.info.data if run.info else {}
        return f"Training data: {data.get('name', 'as the checkpoint says')}."
    if source == Source.DATASET:
        return (
            "The checkpoint does not say what it was trained on; these are the training images of "
            "this dataset."
        )
    return "What the checkpoint was trained on is not known."


def _votes(way: Way) -> dict[str, object]:
    parts = {name: getattr(way, name) for name in ("errors", "right", "difference", "clustering")}
    content: dict[str, object] = {
        "true": way.true,
        "predicted": way.predicted,
        "reason": way.reason,
    }
    content |= {name: None if part is None else asdict(part) for name, part in parts.items()}
    if way.apart is not None:
        content["distinguishes"] = {
            "table": way.apart.table.to_dict("records"),
            "notes": list(sentences(way.apart.notes)),
        }
    return content
