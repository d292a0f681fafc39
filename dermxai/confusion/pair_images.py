"""The images of two classes of a run, as the tests of causes take them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.confusion import simple
from dermxai.core.errors import InputError
from dermxai.data import picture_hash, splits
from dermxai.metrics import intervals
from dermxai.metrics.pair import check_pair
from dermxai.runs import Run, feature_spaces
from dermxai.runs.training_counts import Source, training_counts

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALL_HEADS, FINAL_HEAD = "all heads", "final head"
OF_RUN = "run "
"""Before the id of another run whose features are a space."""
FEWEST = 5
"""Patients of each class that a probe is fitted on, and that a measure is taken of."""
_NOT_COMPARED = frozenset(
    {"sample_id", "path", "label", "source_label", "patient_id", "lesion_id", "split"}
)
TRUTH = frozenset(
    {"drawn_class", "other_class", "other_share", "label_noise", "shortcut", "training_share"}
)
"""Columns in which an atlas tells what was planted: no test of a cause looks at them."""


@dataclass(frozen=True, eq=False)
class PairImages:
    """n labelled images of either class.

    Attributes:
        sample_ids: (n,)
        positive: (n,) whether the label is the first class; else it is the second.
        margins: (n,) summed logit of the first class less that of the second.
        heads: (n, h) the same of each head.
        clusters: (n,) index of each image's patient, or of what is independent in place of it.
        unit: what that is called: "patients", "lesions" or "images".
        asked: (n,) whether the causes of its errors are asked for.
        fitting: (n,) whether probes are fitted on it; nothing of its patients is asked. None of
            them where probes are fitted on all but a fold of the patients in ``pool``.
        pool: (n,) images that a probe may see.
        validation: (n,) whether the border is fitted on it.
        spaces: (n, d) features, `ALL_HEADS` and `FINAL_HEAD` those of the network.
        others: (n,) margins that other runs give.
        samples: the table of the images, columns that say something of an image alone.
        contradicted: (n,) whether another image of the lesion, a near-duplicate or another reader
            has the other class.
        training: images of either class that the network was trained on; NaN where not known.
        colours: (n, 15) of `simple.colour_statistics`; None where they were not counted.
    """

    first: str
    second: str
    sample_ids: NDArray[np.object_]
    positive: Flags
    margins: Floats
    heads: Floats
    clusters: NDArray[np.intp]
    unit: str
    asked: Flags
    fitting: Flags
    pool: Flags
    validation: Flags
    spaces: Mapping[str, NDArray[np.floating]]
    others: Mapping[str, Floats]
    samples: pd.DataFrame
    contradicted: Flags
    training: tuple[float, float]
    colours: Floats | None = None
    readers: tuple[str, ...] = field(default=())

    def patients(self, rows: Flags) -> tuple[int, int]:
        """Of the first and of the second class among the images that ``rows`` (n,) chooses."""
        sides = np.column_stack([rows & self.positive, rows & ~self.positive])
        one, other = intervals.patients_with(sides, self.clusters).tolist()
        return one, other

    def lacking(self, rows: Flags, fewest: int = FEWEST) -> tuple[str, ...]:
        """Classes with fewer patients among the images that ``rows`` (n,) chooses."""
        names = (self.first, self.second)
        return tuple(
            name
            for name, patients in zip(names, self.patients(rows), strict=True)
            if patients < fewest
        )


def pair_images(
    run: Run,
    first: str,
    second: str,
    split: str | None = None,
    *,
    others: Sequence[Run] = (),
    colours: Floats | None = None,
) -> PairImages:
    """The images of a run whose label is one of two classes.

    Args:
        split: of the images whose errors are asked about; None for all that a probe can leave out.
        others: runs that hold the same images, for their features and predictions.
        colours: (n, 15) of `pair_rows` in their order.

    Raises:
        InputError: a class is not the model's, both are the same, no image is labelled as one of
            them, or the run has no such split.
    """
    rows = pair_rows(run, first, second)
    samples = run.samples.iloc[rows].reset_index(drop=True)
    positive = (samples["label"] == first).to_numpy(dtype=bool)
    clusters = intervals.cluster_index(run.groups.iloc[rows].to_numpy(dtype=object))
    within = np.isin(rows, run.in_split(split))
    asked, fitting, pool, validation = _roles(run, rows, within, clusters, positive)
    one, other = (run.classes.index(code) for code in (first, second))
    logits = np.asarray(run.logits[rows], dtype=np.float64)
    heads = logits[:, :, one] - logits[:, :, other]
    spaces, margins = _elsewhere(samples["sample_id"], first, second, others)
    told = samples.drop(columns=[*TRUTH.intersection(samples)])
    readers = simple.other_readers(told, run.classes)
    kept = [
        name
        for name in samples
        if name not in _NOT_COMPARED | TRUTH
        and not str(name).endswith("_path")
        and name not in readers
    ]
    return PairImages(
        first=first,
        second=second,
        sample_ids=samples["sample_id"].to_numpy(dtype=object),
        positive=positive,
        margins=run.scores[rows, one] - run.scores[rows, other],
        heads=heads,
        clusters=clusters,
        unit=splits.units(run.samples),
        asked=asked,
        fitting=fitting,
        pool=pool,
        validation=validation,
        spaces={**_own_spaces(run, rows), **spaces},
        others=margins,
        samples=samples[kept],
        contradicted=_contradicted(run, rows, positive, readers, (first, second)),
        training=_training(run, first, second),
        colours=colours,
        readers=tuple(map(str, readers)),
    )


def pair_rows(run: Run, first: str, second: str) -> NDArray[np.intp]:
    """Positions of the images labelled as one of two classes.

    Raises:
        InputError: a class is not the model's, both are the same, or no image is of either.
    """
    check_pair(run.classes, first, second)
    rows = np.flatnonzero(run.samples["label"].isin((first, second)))
    for code in (first, second):
        if not (run.samples["label"] == code).any():
            raise InputError(
                f"No image of run {run.id} is labelled {code}; causes of confusions need images of "
                "both classes."
            )
    return rows


def _roles(
    run: Run,
    rows: NDArray[np.intp],
    within: Flags,
    clusters: NDArray[np.intp],
    positive: Flags,
) -> tuple[Flags, Flags, Flags, Flags]:
    """Which images are asked about, which probes are fitted on, which they may see, and which the
    border is fitted on."""
    split = np.full(rows.size, "", dtype=object)
    if run.split is not None:
        split = run.split.iloc[rows].fillna("").to_numpy(dtype=object)
    learnt, validation = split == "train", split == "validation"
    trained = None if run.trained_on is None else run.trained_on[rows]
    nothing = np.zeros(rows.size, dtype=bool)

    unseen = within if trained is None else within & ~trained
    own = bool(learnt.any()) and (
        _told_counts(run, rows[learnt]) if trained is None else bool(trained[learnt].mean() > 0.5)
    )
    asked = unseen & ~((learnt | validation) if own else validation)
    asked = next((each for each in (asked, unseen, within) if _sides(each, positive)), within)
    apart = ~np.isin(clusters, clusters[asked])
    fitting = (learnt | validation) & apart if own else nothing
    counts = intervals.patients_with(
        np.column_stack([fitting & positive, fitting & ~positive]), clusters
    )
    if counts.min() < FEWEST:
        fitting = nothing
    pool = np.ones(rows.size, dtype=bool) if trained is None else ~trained | asked
    return asked, fitting, pool, validation & apart


def _told_counts(run: Run, learnt: NDArray[np.intp]) -> bool:
    """Whether the checkpoint, where it says how many images of a class it has learnt from, can have
    learnt from these training images of the dataset."""
    counts, source = training_counts(run)
    if source != Source.CHECKPOINT:
        return True
    here = run.samples["label"].iloc[learnt].value_counts()
    return all(counts["images"].get(code, 0) == images for code, images in here.items())


def _sides(rows: Flags, positive: Flags) -> bool:
    return bool((rows & positive).any() and (rows & ~positive).any())


def _own_spaces(run: Run, rows: NDArray[np.intp]) -> dict[str, NDArray[np.floating]]:
    spaces: dict[str, NDArray[np.floating]] = {}
    if run.pooled.shape[1]:
        spaces[ALL_HEADS] = np.asarray(run.pooled[rows])
        if len(run.heads) > 1:
            spaces[FINAL_HEAD] = np.asarray(run.features[rows])
    for name in feature_spaces.imported(run):
        spaces[name] = np.asarray(feature_spaces.features(run, name)[rows])
    return spaces


def _elsewhere(
    sample_ids: "pd.Series[str]", first: str, second: str, others: Sequence[Run]
) -> tuple[dict[str, NDArray[np.floating]], dict[str, Floats]]:
    """Features and margins of runs that hold all of the images."""
    spaces: dict[str, NDArray[np.floating]] = {}
    margins: dict[str, Floats] = {}
    for run in others:
        at = pd.Index(run.samples["sample_id"]).get_indexer(pd.Index(sample_ids))
        if (at < 0).any():
            raise InputError(
                f"Run {run.id} lacks {int((at < 0).sum()):,} of the images; expected one over the "
                "same images."
            )
        name = f"{OF_RUN}{run.id}"
        if run.pooled.shape[1]:
            spaces[name] = np.asarray(run.pooled[at])
        if {first, second} <= set(run.classes):
            one, other = (run.classes.index(code) for code in (first, second))
            margins[name] = run.scores[at, one] - run.scores[at, other]
    return spaces, margins


def _contradicted(
    run: Run,
    rows: NDArray[np.intp],
    positive: Flags,
    readers: pd.DataFrame,
    pair: tuple[str, str],
) -> Flags:
    """Images whose label another image of the same lesion, a near-duplicate, or another reader
    contradicts; of a lesion those of the rarer label, or all where both are as frequent."""
    found = np.zeros(rows.size, dtype=bool)
    other = np.where(positive, pair[1], pair[0])
    for name in readers:
        found |= (readers[name] == other).to_numpy(dtype=bool)
    lesions = splits.owners(run.samples).get("lesion_id")
    if lesions is not None:
        of = lesions.iloc[rows].reset_index(drop=True)
        patients = splits.owners(run.samples).get("patient_id")
        if patients is not None:  # lesions may be numbered for each patient anew
            of = (patients.iloc[rows].reset_index(drop=True).astype("str") + " " + of).where(
                of.notna() & patients.iloc[rows].reset_index(drop=True).notna(), of
            )
        found |= contradicted_within(of, positive)
    if run.picture_hashes is not None:
        pictures = np.asarray(run.picture_hashes[rows])
        one, two = np.flatnonzero(positive), np.flatnonzero(~positive)
        for asked, known in ((one, two), (two, one)):
            _, bits = picture_hash.nearest(pictures[asked], pictures[known][:, 0])
            found[asked[bits <= picture_hash.NEAR]] = True
    return found


def contradicted_within(lesions: "pd.Series[str]", positive: Flags) -> Flags:
    """(n,) whether half or more of the images of an image's lesion have the other class."""
    share = pd.Series(positive, dtype="float64").groupby(lesions).transform("mean").to_numpy()
    mixed = (share > 0) & (share < 1)
    return np.asarray(mixed & np.where(positive, share <= 0.5, share >= 0.5))


def _training(run: Run, first: str, second: str) -> tuple[float, float]:
    counts, _ = training_counts(run)
    if "images" not in counts:
        return np.nan, np.nan
    images = counts["images"].reindex([first, second]).fillna(0)
    return float(images.iloc[0]), float(images.iloc[1])
