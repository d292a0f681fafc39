"""Which cases a study has: those that are named, or n a class at random, one image a patient."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dermxai.core.errors import InputError
from dermxai.data import splits
from dermxai.readers.definition import MOST_CASES, StudySettings
from dermxai.readers.pictures import digest_now

DERMOSCOPIC, CLINICAL = "dermoscopic", "clinical"


@dataclass(frozen=True)
class DrawnImage:
    path: str
    view: str
    digest: str


@dataclass(frozen=True)
class DrawnCase:
    """
    Attributes:
        name: sample id of its first image.
        label: reference.
        unit: patient, where unknown the lesion, else the image.
    """

    name: str
    label: str
    unit: str
    images: tuple[DrawnImage, ...]


@dataclass(frozen=True)
class _Candidate:
    name: str
    label: str
    unit: str
    paths: tuple[tuple[str, str], ...]
    """Path and view of each image."""

    def read(self) -> DrawnCase:
        """
        Raises:
            InputError: an image cannot be read.
        """
        images = tuple(DrawnImage(path, view, digest_now(path)) for path, view in self.paths)
        return DrawnCase(self.name, self.label, self.unit, images)


def offered(samples: pd.DataFrame, settings: StudySettings, ordered: Sequence[str]) -> list[str]:
    """The classes that readers are offered.

    Args:
        ordered: the dataset's classes.

    Raises:
        InputError: one has no image, or there are not two.
    """
    there = set(samples["label"].dropna())
    classes = list(settings.classes) or list(ordered)
    if missing := [each for each in classes if each not in there]:
        raise InputError(
            f"The dataset has no image of class {missing[0]!r}; offer some of "
            f"{', '.join(ordered) or 'none'}."
        )
    if len(classes) < 2:
        raise InputError("The dataset has fewer than two classes; a study needs two or more.")
    return classes


def draw(
    samples: pd.DataFrame,
    settings: StudySettings,
    classes: Sequence[str],
    named: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> list[DrawnCase]:
    """The cases, in an order of no meaning, every image read once.

    Args:
        samples: a dataset's sample table.
        named: sample ids that are to be the cases; empty: n a class are drawn.
        progress: called with the cases whose images are read, and all.

    Raises:
        InputError: there are not enough of a class, an image that was named is not there, has a
            label that is not offered, or cannot be read.
    """
    candidates = _candidates(samples, settings.images)
    found = _named(candidates, named, classes) if named else _drawn(candidates, settings, classes)
    wanted = len(set(named)) if named else settings.per_class * len(classes)
    cases: list[DrawnCase] = []
    for case in found:
        cases.append(case)
        if progress:
            progress(len(cases), wanted)
        if len(cases) > MOST_CASES:
            break
    if len(cases) > MOST_CASES:
        raise InputError(f"A study has {MOST_CASES:,} cases at most; these are {wanted:,}.")
    order = np.random.default_rng(settings.seed).permutation(len(cases))
    return [cases[index] for index in order]


def _candidates(samples: pd.DataFrame, images: int) -> list[_Candidate]:
    """Of every image, or of every lesion that has a dermoscopic and a clinical one."""
    rows = samples[samples["label"].notna()]
    units = splits.groups(samples).loc[rows.index]
    views = rows["modality"] if "modality" in rows else pd.Series("", index=rows.index)
    rows = rows.assign(_unit=units, _view=views.fillna("").astype(str))
    told = zip(rows["sample_id"], rows["label"], rows["_unit"], rows["path"], rows["_view"])  # noqa: B905
    if images == 1:
        return [
            _Candidate(name, label, unit, ((path, view),)) for name, label, unit, path, view in told
        ]
    if "lesion_id" not in rows or not rows["_view"].isin([DERMOSCOPIC, CLINICAL]).any():
        raise InputError(
            "Two images a case need the columns lesion_id and modality (dermoscopic, clinical), "
            "which this dataset has not; take one image a case."
        )
    found = []
    for _, lesion in rows[rows["lesion_id"].notna()].groupby("lesion_id", sort=True):
        pair = [lesion[lesion["_view"] == view].head(1) for view in (DERMOSCOPIC, CLINICAL)]
        if any(each.empty for each in pair):
            continue
        first = pair[0].iloc[0]
        paths = tuple((str(each["path"].iloc[0]), str(each["_view"].iloc[0])) for each in pair)
        found.append(_Candidate(first["sample_id"], first["label"], first["_unit"], paths))
    return found


def _named(
    candidates: Iterable[_Candidate], named: Sequence[str], classes: Sequence[str]
) -> Iterator[DrawnCase]:
    known = {each.name: each for each in candidates}
    for name in dict.fromkeys(named):
        if name not in known:
            raise InputError(
                f"{name!r} cannot be a case: the dataset has no labelled image of this id, or not "
                "the images that a case is to have."
            )
        if known[name].label not in classes:
            raise InputError(
                f"The label of {name!r} is {known[name].label}, which is not offered: offer it, or "
                "leave the image out."
            )
        yield known[name].read()


def _drawn(
    candidates: Sequence[_Candidate], settings: StudySettings, classes: Sequence[str]
) -> Iterator[DrawnCase]:
    """The rarest class first, so that others leave it its patients."""
    rng = np.random.default_rng(settings.seed)
    of_class = {label: [each for each in candidates if each.label == label] for label in classes}
    used: set[str] = set()
    for label in sorted(classes, key=lambda each: len({it.unit for it in of_class[each]})):
        found = 0
        for index in rng.permutation(len(of_class[label])):
            candidate = of_class[label][index]
            if found == settings.per_class or candidate.unit in used:
                continue
            try:
                case = candidate.read()
            except InputError:  # another one is drawn in its place
                continue
            used.add(candidate.unit)
            found += 1
            yield case
        if found < settings.per_class:
            raise InputError(
                f"Only {found} cases of class {label} can be drawn, one image a patient; "
                f"expected {settings.per_class}: ask for {found} a class, or leave it out."
            )
