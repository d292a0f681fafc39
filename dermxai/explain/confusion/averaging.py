"""Computes the averaged contrast maps of two classes: one forward pass an image.

Images stand in parts that depend on the run alone; each part's sums are a file, so interrupted work
goes on where it was. Parts are kept until every image could be read, those with all images alone:
what could not be read is tried again when it is asked for again.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.core import arrays, disk, entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.images import read_image
from dermxai.data.transforms import resize
from dermxai.explain.attribution.method import Target
from dermxai.explain.attribution.methods.vote_map import vote_maps
from dermxai.explain.confusion.files import PairFiles
from dermxai.explain.confusion.lesion_frame import SHAPE, box_of, framed, small
from dermxai.explain.confusion.pair_maps import (
    FRAMES,
    MOST,
    PairMaps,
    canonical,
    cells_of,
    name_of,
    open_maps,
    write_maps,
)
from dermxai.explain.forward import require_finite
from dermxai.explain.memory import halving
from dermxai.runs import Run

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

PART = 32  # images whose sums are one file
BATCH = 4  # images in one forward pass
_BEYOND = 208.0  # the grey of where too few images reach
_ARRAYS = ("maps", "reach", "pictures", "images")

Progress = Callable[[int, int], None]
"""Called with images done and in all; whatever it raises stops the work."""


@dataclass(frozen=True, eq=False)
class _Sums:
    """Of some images: per frame, cell, row and column."""

    maps: NDArray[np.float64]  # (frame, cell, SIDE, SIDE)
    reach: NDArray[np.float64]  # (frame, cell, SIDE, SIDE): images that reach there
    pictures: NDArray[np.float64]  # (frame, cell, SIDE, SIDE, 3)
    images: NDArray[np.int64]  # (frame, cell)
    problems: list[str]

    @classmethod
    def empty(cls, cells: int) -> "_Sums":
        shape = (len(FRAMES), cells)
        return cls(
            np.zeros((*shape, *SHAPE)),
            np.zeros((*shape, *SHAPE)),
            np.zeros((*shape, *SHAPE, 3)),
            np.zeros(shape, dtype=np.int64),
            [],
        )

    def add_image(
        self, frame: int, cell: int, map_: NDArray[np.float32], picture: NDArray[np.float32]
    ) -> None:
        inside = np.isfinite(map_)
        self.maps[frame, cell] += np.where(inside, map_, 0)
        self.reach[frame, cell] += inside
        self.pictures[frame, cell] += np.nan_to_num(picture)
        self.images[frame, cell] += 1

    def add(self, other: "_Sums") -> None:
        for name in _ARRAYS:
            total = getattr(self, name)
            total += getattr(other, name)
        self.problems.extend(other.problems)


def average_maps(
    run: Run,
    classifier: "Classifier | Callable[[], Classifier]",
    first: str,
    second: str,
    *,
    split: str | None = None,
    most: int = MOST,
    progress: Progress | None = None,
) -> PairMaps:
    """Averages the maps of ``first`` against ``second`` over each cell, once: what is stored is
    read. Images that cannot be read, or have changed since the run, are left out and named, and
    tried again at the next call.

    Args:
        run: of the classifier over the images.
        classifier: the one that made the run, or what loads it when it is needed.
        first, second: two of its classes.
        split: of the images that are averaged, all for None.
        most: images of a cell that are averaged, drawn at random where it has more.

    Raises:
        InputError: a class is not the model's, the split is not the run's, or the classifier is
            not the one that made the run.
    """
    one, other = canonical(run, first, second)
    name, files = name_of(run, one, other, split, most), PairFiles.of(run.root)
    with disk.locked(files.lock(name), waiting=lambda: progress and progress(0, 0)):
        known = open_maps(run, one, other, split, most)
        if known is None or known.problems:
            chosen, in_cell = _chosen(run, (one, other), split, most)
            total = _Sums.empty(4)
            loaded: Classifier | None = None
            for index, start in enumerate(range(0, len(chosen), PART)):
                if progress:
                    progress(start, len(chosen))
                path = files.part(name, index)
                part = _read(path)
                if part is None:
                    loaded = loaded or _ready(run, classifier)
                    tick = _from(start, len(chosen), progress)
                    samples = chosen.iloc[start : start + PART]
                    part = _summed(run, loaded, (one, other), samples, tick)
                    if not part.problems:
                        _write(part, path)
                total.add(part)
            if progress:
                progress(len(chosen), len(chosen))
            write_maps(_averaged(total, one, other, in_cell), files.maps(name))
            if not total.problems:
                shutil.rmtree(files.parts(name), ignore_errors=True)
    made = open_maps(run, first, second, split, most)
    if made is None:
        raise InputError(f"The averages in {run.root} were removed meanwhile; ask for them again.")
    return made


def _from(start: int, total: int, progress: Progress | None) -> Callable[[int], None]:
    return lambda done: progress(start + done, total) if progress else None


def _ready(run: Run, classifier: "Classifier | Callable[[], Classifier]") -> "Classifier":
    from dermxai.models.classifier import Classifier

    loaded = classifier if isinstance(classifier, Classifier) else classifier()
    run.check_classifier(loaded)
    if reason := loaded.capabilities.no_decomposition:
        raise InputError(f"There are no vote maps of this network to average: {reason}")
    return loaded


def _chosen(
    run: Run, pair: tuple[str, str], split: str | None, most: int
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The images that are averaged, in the run's order: ``sample_id``, ``path``, ``mask_path``,
    ``cell``; and how many images each cell has."""
    within = run.in_split(split)
    true = run.samples["label"].to_numpy(dtype=object)[within]
    predicted = run.predicted[within]
    cell = np.full(len(run), -1)
    in_cell = np.zeros(4, dtype=np.int64)
    generator = np.random.default_rng(0)
    for index, (label, prediction) in enumerate(cells_of(*pair)):
        members = within[(true == label) & (predicted == prediction)]
        in_cell[index] = members.size
        cell[generator.permutation(members)[:most]] = index
    columns = ["sample_id", "path", "mask_path"]
    samples = run.samples.reindex(columns=columns).assign(cell=cell)
    return samples[cell >= 0], in_cell


def _summed(
    run: Run,
    classifier: "Classifier",
    pair: tuple[str, str],
    samples: pd.DataFrame,
    tick: Callable[[int], None],
) -> _Sums:
    sums = _Sums.empty(4)
    profiles = classifier.info.preprocessing.colour_profiles
    for start in range(0, len(samples), BATCH):
        few = samples.iloc[start : start + BATCH]
        some: list[NDArray[np.uint8]] = []
        found: list[tuple[int, object]] = []
        parts = (few[name] for name in ("sample_id", "path", "mask_path", "cell"))
        for sample_id, path, mask, cell in zip(*parts, strict=True):
            try:
                run.check_image(sample_id)
                some.append(read_image(path, profiles=profiles))
                found.append((cell, mask))
            except InputError as error:
                sums.problems.append(str(error))
        values = contrast_maps(classifier, some, pair) if some else []
        for picture, map_, (cell, mask) in zip(some, values, found, strict=True):
            whole = resize(picture, SHAPE).astype(np.float32)
            sums.add_image(FRAMES.index("image"), cell, resize(map_, SHAPE), whole)
            box = box_of(mask)
            if box:
                seen = framed(map_, box), framed(small(picture), box)
                sums.add_image(FRAMES.index("lesion"), cell, *seen)
        tick(start + len(few))
    return sums


def contrast_maps(
    classifier: "Classifier", pictures: list[NDArray[np.uint8]], pair: tuple[str, str]
) -> list[NDArray[np.float32]]:
    """The vote map of the first class against the second for each image (h, w, 3), on the finest
    head's grid, in logits per percent of the image.

    Raises:
        InputError: the network does not give finite numbers, or memory does not suffice for one
            image.
    """
    prepared = [classifier.info.preprocessing(picture) for picture in pictures]
    images = torch.from_numpy(np.stack(prepared))

    def drawn(batch: int) -> list[NDArray[np.float32]]:
        return [
            map_
            for some in torch.split(images, batch)
            for map_ in _contrasted(classifier, some, pair)
        ]

    return halving(drawn, len(images))[0]


def _contrasted(
    classifier: "Classifier", images: Tensor, pair: tuple[str, str]
) -> list[NDArray[np.float32]]:
    """`contrast_maps` of normalised images (n, 3, size, size), in one forward pass."""
    output = classifier.infer(images, maps=True)
    require_finite(output.logits, classifier.name)
    target = Target(*(classifier.info.classes.index(code) for code in pair))
    return [each * np.float32(each.size / 100) for each in vote_maps(classifier, output, target)]


def _averaged(sums: _Sums, first: str, second: str, in_cell: NDArray[np.int64]) -> PairMaps:
    most = sums.reach >= np.maximum(sums.images / 2, 1)[..., None, None]
    reach = np.where(most, sums.reach, np.nan)
    pictures = np.nan_to_num(sums.pictures / reach[..., None], nan=_BEYOND)
    return PairMaps(
        first=first,
        second=second,
        cells=cells_of(first, second),
        maps=(sums.maps / reach).astype(np.float32),
        pictures=np.rint(pictures).astype(np.uint8),
        images=sums.images,
        in_cell=in_cell,
        problems=tuple(sums.problems),
    )


def _write(sums: _Sums, path: Path) -> None:
    with disk.replacing(path) as temporary, temporary.open("wb") as file:
        held = {name: getattr(sums, name) for name in _ARRAYS}
        np.savez_compressed(file, problems=json.dumps(sums.problems), **held)


def _read(path: Path) -> _Sums | None:
    try:
        held = arrays.load(path, *_ARRAYS, "problems")
        problems = entries.parse_json(
            str(held.pop("problems")).encode("utf-8", "replace"), list[str]
        )
    except UnusableError:
        return None
    return _Sums(**held, problems=problems)
