"""What a run's checkpoint has seen of its images in training: the same file, the same picture saved
or cut otherwise, the same lesion, the same patient.

Compared with what the checkpoint keeps of its training (`models/training_images.py`, and features
in `models/feature_similarity.py`). Features of training images that it does not keep come from this
run and from others of the checkpoint beside it, as far as these hold the training images.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data import picture_hash
from dermxai.data.splits import owners
from dermxai.models.feature_similarity import ALIKE, Space, TrainingFeatures, nearest
from dermxai.models.files import CheckpointFiles
from dermxai.models.training_images import OWNERS, TrainingImages, digests, open_training_images
from dermxai.runs.files import RunFiles

if TYPE_CHECKING:
    from dermxai.runs.run import Run

KINDS = ("file", "picture", "lesion", "features", "patient")
"""How an image may be known from training, the surest first."""
_SAME_IMAGE = ("file", "picture", "features")
_OTHER_RUNS = 3
# What ids of any data set may be called, so that they tell nothing of another one.
_GENERIC = re.compile(
    r"patient|pacient|pazient|lesion|participant|person|proband|volunteer|subject|subj|case|image"
    r"|study|trial|visit|site|center|centre|clinic|hospital|cohort|group|anonym(?:ous|ised|ized)?"
    r"|unknown|left|right|upper|lower|female|male|skin|nevus|naevus|melanoma|mole|photo|foto"
    r"|img|pic|pid|mrn|num|pat|sub|les|id|nr|no|[a-z](?![a-z])"
)
_FEW_DIGITS = 6


class Lacking(StrEnum):
    """Why images cannot be compared with those of the training."""

    RUN_HASHES = "perceptual hashes in the run"
    TRAINING_HASHES = "perceptual hashes in the checkpoint"
    TRAINING_IDS = "ids in the checkpoint"
    UNIQUE_IDS = "ids that another dataset would not have"


@dataclass(frozen=True)
class NotCompared:
    """
    Attributes:
        kind: of `KINDS`.
        example: of ids that are not unique.
    """

    kind: str
    lacking: Lacking
    example: str = ""


@dataclass(frozen=True, eq=False)
class Leakage:
    """
    Attributes:
        table: a row an image of the run: a flag for each of `KINDS`; ``of``, the sample id of the
            training image where the run holds it, else ""; ``bits`` and ``cosine`` of
            near-duplicates, NaN elsewhere.
        compared: the kinds that could be looked for.
        not_compared: which could not.
        whole: whether all is known that the network has learnt from.
    """

    table: pd.DataFrame
    compared: tuple[str, ...]
    not_compared: tuple["NotCompared", ...]
    whole: bool

    @cached_property
    def kind(self) -> NDArray[np.object_]:
        """(n,) the surest of each image, "" where it was not seen."""
        flags = self.table[list(KINDS)].to_numpy(dtype=bool)
        names = np.array([*KINDS, ""], dtype=object)
        return np.asarray(names[np.where(flags.any(axis=1), flags.argmax(axis=1), len(KINDS))])

    @property
    def any(self) -> NDArray[np.bool_]:
        """(n,) whether the image leaks from training in any way."""
        return np.asarray(self.kind != "", dtype=bool)

    def counts(self, rows: NDArray[np.intp]) -> dict[str, int]:
        """Images at ``rows`` by their surest kind, those that occur."""
        kinds = self.kind[rows]
        return {kind: int(n) for kind in KINDS if (n := (kinds == kind).sum())}


def find_leakage(run: "Run") -> Leakage | None:
    """None where the checkpoint, or the run, does not tell its images apart."""
    known = _training_images(run)
    if known is None:
        return None
    search = _Search(run, known)
    search.by_hash()
    search.by_features()
    for column, ids in owners(run.samples).items():
        if column in OWNERS and ids.notna().any():
            search.by_owner(column, ids)
    return Leakage(search.table, tuple(search.compared), tuple(search.not_compared), known.whole)


class _Search:
    """Fills the table of `Leakage`, files first."""

    def __init__(self, run: "Run", training: TrainingImages) -> None:
        self.run, self.training = run, training
        self._told = told = _digests(run)
        known = training.rows_of_images(told) >= 0
        self.table = pd.DataFrame(dict.fromkeys(KINDS, False), index=range(len(run)))
        self.table["file"] = known
        self.table[["of", "bits", "cosine"]] = "", np.nan, np.nan
        self.compared, self.not_compared = ["file"], list[NotCompared]()
        self._mine, self._others = np.flatnonzero(known), np.flatnonzero(~known)
        self._ids = run.samples["sample_id"].to_numpy(dtype=object)
        own = run.samples.get("split")
        order = np.arange(len(run))
        if own is not None:  # of several copies the one that the table learns from is meant
            order = np.argsort(np.asarray(own != "train", dtype=bool), kind="stable")
        first = pd.Series(order, np.array(told, dtype=object)[order])
        self._here = first[~first.index.duplicated()]
        of = self._here.reindex(told).to_numpy(dtype=np.intp)
        copies = self._mine[of[self._mine] != self._mine]
        self.table.loc[copies, "of"] = self._ids[of[copies]]

    def by_hash(self) -> None:
        pictures, known = self.run.picture_hashes, self.training.pictures
        if pictures is None:
            self.not_compared.append(NotCompared("picture", Lacking.RUN_HASHES))
            return
        if known is None and not self._mine.size:
            self.not_compared.append(NotCompared("picture", Lacking.TRAINING_HASHES))
            return
        if known is None:  # of an earlier version: those of this run serve
            near, bits = picture_hash.nearest(pictures[self._others], pictures[self._mine][:, 0])
            of = self._mine[near]
        else:
            learnt = known * self.training.trained_on[:, None]
            near, bits = picture_hash.nearest(pictures[self._others], learnt)
            of = self._of_training(near)
        hit = bits <= picture_hash.NEAR
        self._note("picture", self._others[hit], of[hit])
        self.table.loc[self._others[hit], "bits"] = bits[hit].astype(float)
        self.compared.append("picture")

    def by_features(self) -> None:
        """Among the training images that the checkpoint keeps the features of; else those of this
        run and of others of the checkpoint beside it."""
        if not self._others.size:
            return
        made_by = self.run.checkpoint
        files = CheckpointFiles(Path(made_by["path"]))
        pooled = np.asarray(self.run.pooled[self._others])
        if (learnt := TrainingFeatures.read(files.training_features, made_by["hash"])) is not None:
            known, asked = learnt.features, learnt.space.of(pooled)
            at = self._here.reindex(learnt.images.tolist()).fillna(-1).to_numpy(dtype=np.intp)
        else:
            elsewhere = list(self._of_other_runs())
            parts = [np.asarray(self.run.pooled[self._mine]), *elsewhere]
            space = Space.fitted([self.run.pooled, *elsewhere]) if sum(map(len, parts)) else None
            if space is None:
                return
            known, asked = space.of(np.concatenate(parts)), space.of(pooled)
            at = np.append(self._mine, np.full(len(known) - len(self._mine), -1))
        near, cosine = nearest(asked, known)
        hit = cosine >= ALIKE
        if self.run.picture_hashes is not None:
            hit &= picture_hash.telling(self.run.picture_hashes[self._others])
        of = at[near]
        self._note("features", self._others[hit], of[hit])
        self.table.loc[self._others[hit], "cosine"] = cosine[hit].astype(float)
        self.compared.append("features")

    def by_owner(self, column: str, ids: pd.Series) -> None:
        kind = OWNERS[column]
        if self.training.tells(column):
            home = same_data(self.run) or self.training.agrees(column, self._told, ids)
            telling = (
                ids
                if home
                else ids.where(np.array([pd.notna(each) and _tells(each) for each in ids], bool))
            )
            if telling.notna().sum() < ids.notna().sum():
                such = ids[ids.notna() & telling.isna()].iloc[0]
                self.not_compared.append(NotCompared(kind, Lacking.UNIQUE_IDS, repr(such)))
            if telling.isna().all():
                return
            rows = self.training.rows_of_owners(column, telling)
            hit = self._others[rows[self._others] >= 0]
            self._note(kind, hit, self._of_training(rows[hit]))
        elif self._mine.size:  # of an earlier version: the training images in this run tell them
            told = pd.Series(self._mine, ids.iloc[self._mine].to_numpy())
            told = told[told.index.notna() & ~told.index.duplicated()]
            of = ids.map(told)
            hit = self._others[of.iloc[self._others].notna()]
            self._note(kind, hit, of.iloc[hit].to_numpy(dtype=np.intp))
        else:
            self.not_compared.append(NotCompared(kind, Lacking.TRAINING_IDS))
            return
        self.compared.append(kind)

    def _note(self, kind: str, rows: NDArray[np.intp], of: NDArray[np.intp]) -> None:
        """Flags images, and which of the run they are like where that is not told yet; −1 for none
        of them."""
        self.table.loc[rows, kind] = True
        fresh = (of >= 0) & (self.table["of"].to_numpy()[rows] == "")
        self.table.loc[rows[fresh], "of"] = self._ids[of[fresh]]

    def _of_training(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Which image of the run each row of the training images is, −1 for none."""
        images = self.training.table["image"].to_numpy()[rows]
        return self._here.reindex(images).fillna(-1).to_numpy(dtype=np.intp)

    def _of_other_runs(self) -> Iterator[NDArray[np.float32]]:
        """Pooled features of the training images of other runs of the same checkpoint; none where
        this run holds most of them."""
        from dermxai.runs.manifest import read_manifest
        from dermxai.runs.run import open_run

        if 2 * self._mine.size > self.training.trained_on.sum():
            return
        found = 0
        name = RunFiles(self.run.root).manifest.name
        for manifest in sorted(self.run.root.parent.glob(f"*/{name}")):
            if manifest.parent == self.run.root or found == _OTHER_RUNS:
                continue
            with suppress(InputError, OSError, ValueError):
                told = read_manifest(manifest.parent)
                if told.get("checkpoint", {}).get("hash") != self.run.checkpoint["hash"]:
                    continue
                other = open_run(manifest.parent)
                learnt = self.training.rows_of_images(_digests(other)) >= 0
                if learnt.any():
                    found += 1
                    yield np.asarray(other.pooled[learnt])


def training_split(run: "Run") -> pd.Series | None:
    """(n,) the split of each image in the training of the run's checkpoint, missing where it took
    no part; None where the checkpoint, or the run, does not tell its images apart."""
    known = _training_images(run)
    return None if known is None else known.split_of(_digests(run))


def trained_on(run: "Run") -> NDArray[np.bool_] | None:
    """(n,) whether each image of the run, or a near-duplicate of it, was trained on; None where
    that is not known."""
    if run.leaks is None:
        return None
    return np.asarray(run.leaks.table[list(_SAME_IMAGE)].any(axis=1), dtype=bool)


def same_data(run: "Run") -> bool:
    """Whether the run's checkpoint was trained on the run's data set."""
    known = run.info.data.get("fingerprint") if run.info else None
    return known is not None and known == run.manifest["dataset"].get("fingerprint")


def _training_images(run: "Run") -> TrainingImages | None:
    if run.fingerprints is None or run.info is None:
        return None
    return open_training_images(Path(run.checkpoint["path"]))


def _digests(run: "Run") -> list[str]:
    """
    Raises:
        ValueError: the run does not tell its files.
    """
    if run.fingerprints is None:
        raise ValueError(f"Run {run.id} has no fingerprints.")
    return digests(run.samples["path"], [str(file, "ascii") for file in run.fingerprints])


def _tells(name: object) -> bool:
    """Whether an id is one's own: another data set would hardly call another thing so."""
    text = str(name).casefold()
    letters = re.sub(r"[^a-z]+", " ", text)
    own = re.sub(r"[^a-z]+", "", _GENERIC.sub("", letters))
    numbers = [number.lstrip("0") for number in re.findall(r"\d+", text)]
    return len(own) >= 2 or sum(map(len, numbers)) >= _FEW_DIGITS
