"""How the images of a run's splits differ, and how far they lie from the training images."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count, fixed, jsonable
from dermxai.data import splits
from dermxai.metrics import intervals
from dermxai.metrics.basis import basis
from dermxai.metrics.drift import NUMBER, Drift, drift
from dermxai.metrics.out_of_distribution import (
    MAHALANOBIS,
    NEIGHBOUR,
    RELATIVE,
    SCORES,
    Detection,
    detection,
    distances,
)
from dermxai.report.origin import origin
from dermxai.report.tables import probability
from dermxai.runs import Run, feature_spaces
from dermxai.subgroups import CLUSTER, columns

LEVEL = 0.95
TITLES: Mapping[str, str] = {
    MAHALANOBIS: "Mahalanobis",
    RELATIVE: "Relative Mahalanobis",
    NEIGHBOUR: "Nearest neighbour",
}
DEVELOPMENT = ("train", "validation")
_NO_TRAINING = (
    "none of these images is known to be of the training. It needs a run over a dataset that holds "
    "training images, too: with the split train, or as the checkpoint names them."
)


@dataclass(frozen=True, eq=False)
class Shift:
    """
    Attributes:
        first, second: splits that are compared, such as "train, validation" and "test".
        found: the comparison; None, and ``reason``, where there is one split alone.
        scores: (n images) distance of each image of the run to the training images, by name; empty,
            and ``why`` it is, where no training image is known.
        asked: (n,) images of the second part, or all: of these foreign classes are told from known.
        detections: by score; of those with images on both sides.
        foreign: labels that the model does not know, with their images.
        notes: what is to be known of both.
    """

    run: Run
    first: str
    second: str
    found: Drift | None
    reason: str
    scores: pd.DataFrame
    why: str
    asked: NDArray[np.bool_]
    detections: Mapping[str, Detection]
    foreign: Mapping[str, int]
    clusters: str
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Plain numbers, texts and lists; NaN becomes None."""
        told: dict[str, object] = jsonable(
            {
                "origin": origin(self.run, None),
                "first": self.first,
                "second": self.second,
                "reason": self.reason or None,
                "columns": [] if self.found is None else self.found.table.to_dict("records"),
                "images": None if self.found is None else self.found.images,
                "units": None if self.found is None else self.found.units,
                "features": None
                if self.found is None
                else {"auc": self.found.area, "p": self.found.p},
                "correction": "Holm",
                "out_of_distribution": {
                    "reason": self.why or None,
                    "foreign": dict(self.foreign),
                    "scores": {
                        name: {**asdict(made), "curve": None}
                        for name, made in self.detections.items()
                    },
                    "images": self.scores.assign(
                        sample_id=self.run.samples["sample_id"].to_numpy()
                    ).to_dict("records")
                    if len(self.scores.columns)
                    else [],
                },
                "intervals": basis(self.clusters, LEVEL),
                "notes": list(self.notes),
            }
        )
        return told

    def shown(self) -> pd.DataFrame:
        """The columns for people, a row each."""
        if self.found is None:
            return pd.DataFrame()
        rows = []
        for row in self.found.table.to_dict("records"):
            number = row["kind"] == NUMBER
            rows.append(
                {
                    "Column": row["column"],
                    "Images": f"{row['images']:,}",
                    self.first.capitalize(): fixed(row["first"], 3) if number else "–",
                    self.second.capitalize(): fixed(row["second"], 3) if number else "–",
                    "Shift (SD)": fixed(row["shift"]),
                    "KS distance": fixed(row["statistic"], 3) if number else "–",
                    "Cramér's V": "–" if number else fixed(row["statistic"], 3),
                    "p": probability(row["p"]),
                    "p, Holm": probability(row["p_holm"]),
                }
            )
        return pd.DataFrame(rows)

    def detected(self) -> pd.DataFrame:
        """How well each score tells foreign classes from known ones, for people."""
        return pd.DataFrame(
            [
                {
                    "Distance": TITLES[name],
                    "AUC": fixed(made.area, 3),
                    f"{100 * LEVEL:.0f} % CI": "–"
                    if np.isnan(made.low)
                    else f"{fixed(made.low, 3)}–{fixed(made.high, 3)}",
                    "Foreign": f"{made.foreign:,}",
                    "Known": f"{made.known:,}",
                }
                for name, made in self.detections.items()
            ]
        )


def shift(run: Run, second: str = "test", space: str | None = None) -> Shift:
    """Compares a split with the development data (training and validation, else all others), and
    fits distances to the training images.

    Args:
        second: the split.
        space: of the features; None for the run's first.

    Raises:
        InputError: the run has splits, but not this one; no such feature space.
    """
    every = np.arange(len(run))
    values = feature_spaces.features(run, space)
    clusters = intervals.cluster_index(run.groups.to_numpy(dtype=object))
    split = np.full(len(run), "", dtype=object)
    if run.split is not None:
        split = run.split.fillna("").to_numpy(dtype=object)
    found, reason, first = None, "", ""
    asked = np.ones(len(run), dtype=bool)
    if len(set(split) - {""}) < 2:
        reason = "These images have no two splits to compare."
    else:
        asked = split == second
        if not asked.any():
            there = ", ".join(sorted(set(split) - {""}))
            raise InputError(f"Run {run.id} has no split {second!r}; its splits: {there}.")
        others = [name for name in DEVELOPMENT if name != second and (split == name).any()]
        others = others or sorted(set(split) - {"", second})
        first = ", ".join(others)
        both = asked | np.isin(split.astype(str), others)
        table = columns(run, every[both], space=space).drop(
            columns=[CLUSTER, "split"], errors="ignore"
        )
        labels = run.samples["label"].iloc[every[both]].to_numpy()
        table.insert(0, "label", labels)
        index = intervals.cluster_index(clusters[both])
        found = drift(table, asked[both], index, np.asarray(values[both]))
    scores, why, fitted = _distances(run, split, np.asarray(values), clusters)
    known = run.samples["label"].isin(run.classes).to_numpy()
    labelled = run.samples["label"].notna().to_numpy()
    part = (asked if found is not None else np.ones(len(run), dtype=bool)) & labelled & ~fitted
    counted = run.samples["label"][part & ~known].value_counts()
    foreign = {str(code): int(images) for code, images in counted.items()}
    detections = {
        name: detection(scores[name].to_numpy()[part], ~known[part], clusters[part], LEVEL)
        for name in SCORES
        if not why and foreign and (part & known).any()
    }
    unit = splits.units(run.samples)
    about = _notes(found, foreign, why, unit, int(fitted.sum()))
    notes = (*filter(None, [reason]), *about)
    return Shift(
        run, first, second, found, reason, scores, why, part, detections, foreign, unit, notes
    )


def _distances(
    run: Run, split: NDArray[np.object_], values: NDArray[np.floating], clusters: NDArray[np.intp]
) -> tuple[pd.DataFrame, str, NDArray[np.bool_]]:
    """Distances, why there are none, and the images that they are fitted on."""
    learnt = split == "train"
    if run.trained_on is not None and run.trained_on.any():
        learnt = run.trained_on
    known = run.samples["label"].isin(run.classes).to_numpy()
    fitting = np.asarray(learnt & known, dtype=bool)
    if not learnt.any():
        return pd.DataFrame(index=range(len(run))), _NO_TRAINING, np.zeros(len(run), dtype=bool)
    try:
        found = distances(values, fitting, run.samples["label"].to_numpy(dtype=object), clusters)
    except InputError as error:
        return pd.DataFrame(index=range(len(run))), str(error), np.zeros(len(run), dtype=bool)
    return pd.DataFrame({name: found[name] for name in SCORES}), "", fitting


def _notes(
    found: Drift | None, foreign: Mapping[str, int], why: str, unit: str, fitted: int
) -> Iterator[str]:
    if found is not None:
        tested = int(found.table["p"].notna().sum())
        yield (
            f"p-values exchange whole {unit}; they are corrected for {count(tested, 'column')} "
            "(Holm)."
        )
        if found.both:
            yield f"{found.both:,} {unit} stand in both parts: left out of the comparison."
        if not np.isnan(found.area):
            yield (
                f"A regression on features tells the parts of held-out {unit} apart with an AUC of "
                f"{fixed(found.area, 3)}, p {probability(found.p)} (exchanges of {unit}); at or "
                "below 0.5 is not at all."
            )
    if why:
        yield f"No distance to the training images: {why}"
        return
    yield f"Distances are fitted on {count(fitted, 'training image')} of known classes."
    if foreign:
        named = ", ".join(f"{code} ({images:,})" for code, images in foreign.items())
        yield f"Labels that the model does not know: {named}."
    else:
        yield "No image has a label that the model does not know: no ROC curve of foreign classes."
