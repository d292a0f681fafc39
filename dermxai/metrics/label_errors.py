"""Images whose label looks wrong to the classifier: confident learning by cleanlab.

Northcutt, Jiang, Chuang 2021, doi:10.1613/jair.1.12125: an image speaks against its label when the
classifier gives another class at least the probability that images labelled as that class have
on average. These are counted for each two classes, and of each two the images that speak
clearest are suspects, in the number that the counts allow (cleanlab's "prune by noise rate").
Probabilities on images that the classifier was trained on are too sure of the labels they were
given, so that too little is found there: prefer images it has not seen.

A suspect is an image to look at again, not an error: a hard case looks the same.
"""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics.evaluation import Evaluation

FEWEST = 5
"""Images that a class needs before its label's mean probability means anything."""


def label_errors(evaluation: Evaluation, among: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """The suspects among the images with a label that the model knows, the worst first.

    Args:
        evaluation: of n images.
        among: (n,) which of them are searched, all for None.

    Returns:
        A row each: ``sample_id``, ``label``, ``suggested`` (the likeliest class), ``quality``
        (cleanlab's label quality score, the probability of the label, 0 to 1) and
        ``suggested_probability``. Empty where fewer than two classes have images.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    known, labels = _labelled(evaluation, among)
    probabilities = evaluation.probabilities[known]
    if np.unique(labels).size < 2:
        return _table(evaluation, known[:0], np.empty(0))
    with warnings.catch_warnings():  # classes of fewer than five images are never suspected
        warnings.filterwarnings("ignore", message="May not flag", module="cleanlab")
        suspects = find_label_issues(
            labels,
            probabilities,
            return_indices_ranked_by="self_confidence",
            min_examples_per_class=FEWEST,
            n_jobs=1,
        )
    quality = get_label_quality_scores(labels, probabilities)
    return _table(evaluation, known[suspects], quality[suspects])


def searched_images(
    evaluation: Evaluation, among: NDArray[np.bool_] | None = None
) -> Mapping[str, int]:
    """How many images of each class have their labels searched by `label_errors`.

    Args:
        evaluation, among: as for `label_errors`.

    Returns:
        By class of the model: its images, 0 of a class that has fewer than `FEWEST`, and of every
        class where fewer than two have images.
    """
    _, labels = _labelled(evaluation, among)
    images = np.bincount(labels, minlength=len(evaluation.classes))
    images[images < (FEWEST if np.count_nonzero(images) > 1 else np.inf)] = 0
    return dict(zip(evaluation.classes, images.tolist(), strict=True))


def _labelled(
    evaluation: Evaluation, among: NDArray[np.bool_] | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the images with a label that the model knows, and of their labels in its
    classes."""
    labelled = np.isin(evaluation.true, evaluation.classes)
    rows = np.flatnonzero(labelled if among is None else labelled & among)
    return rows, pd.Index(evaluation.classes).get_indexer(pd.Index(evaluation.true[rows]))


def _table(
    evaluation: Evaluation, rows: NDArray[np.intp], quality: NDArray[np.float64]
) -> pd.DataFrame:
    probabilities = evaluation.probabilities[rows]
    best = probabilities.argmax(axis=1) if rows.size else rows
    return pd.DataFrame(
        {
            "sample_id": evaluation.sample_ids[rows].astype("str"),
            "label": evaluation.true[rows].astype("str"),
            "suggested": np.array(evaluation.classes, dtype="str")[best],
            "quality": quality,
            "suggested_probability": probabilities[np.arange(rows.size), best],
        }
    )
