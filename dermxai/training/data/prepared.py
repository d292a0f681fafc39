"""The images at the network's size, in one file on disk that a training reads from."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermxai.core.disk import locked, replacing, sweep
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.data import Dataset
from dermxai.data.picture_hash import HASHES, Hashes, picture_hashes
from dermxai.data.table import Problem
from dermxai.data.transforms import Preprocessing
from dermxai.training.files import PreparedFiles


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images in the order that was asked for.

    Attributes:
        path: of the array (n, size, size, 3) uint8; the rows of images that cannot be read are 0.
        usable: (n,) which could be read.
        problems: the others, with the reason.
        pictures: (n, 32) perceptual hashes of the images as they lie, 0 where there is none.
    """

    path: Path
    usable: NDArray[np.bool_]
    problems: tuple[Problem, ...]
    pictures: Hashes

    def open(self) -> NDArray[np.uint8]:
        """The array, memory-mapped, read-only."""
        images: NDArray[np.uint8] = np.load(readable(self.path), mmap_mode="r")
        return images


def prepare_images(
    dataset: Dataset,
    sample_ids: Sequence[str],
    preprocessing: Preprocessing,
    folder: Path,
    progress: Callable[[int, int], None],
) -> Prepared:
    """Decodes every image once. What lies in the folder for the same images, and is whole, is used
    again; of several processes one does the work.

    Raises:
        OSError: the disk is full.
    """
    asked = f"{dataset.fingerprint} {preprocessing} {list(sample_ids)}"
    files = PreparedFiles(folder, hashlib.blake2b(asked.encode(), digest_size=8).hexdigest())
    with locked(files.lock, waiting=lambda: progress(0, len(sample_ids))):
        found = _found(files)
        if found is None:
            sweep(folder)
            found = _write(dataset, sample_ids, preprocessing, files, progress)
            problems = [asdict(problem) for problem in found]
            about = {
                "problems": problems,
                "sha256": _digest(files.images),
                "pictures_sha256": _digest(files.pictures),
            }
            with replacing(files.about) as path:
                path.write_text(json.dumps(about))
    usable = ~np.isin(np.array(sample_ids), [problem.item for problem in found])
    return Prepared(files.images, usable, tuple(found), np.load(readable(files.pictures)))


def _found(files: PreparedFiles) -> list[Problem] | None:
    """What could not be read of the images that lie there; None where none do, or where they are
    not those that were written, as when the power or the disk failed."""
    try:
        about = json.loads(readable(files.about).read_text())
        np.load(readable(files.images), mmap_mode="r")
        np.load(readable(files.pictures))
        if isinstance(about, list):  # of a training from before there was a digest
            return [Problem(**entry) for entry in about]
        pictures = _digest(files.pictures)
        whole = about["sha256"] == _digest(files.images) and (
            about.get("pictures_sha256", pictures) == pictures
        )
        return [Problem(**entry) for entry in about["problems"]] if whole else None
    except (OSError, ValueError, TypeError, KeyError, EOFError):
        return None


def _digest(path: Path) -> str:
    with readable(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(
    dataset: Dataset,
    sample_ids: Sequence[str],
    preprocessing: Preprocessing,
    files: PreparedFiles,
    progress: Callable[[int, int], None],
) -> list[Problem]:
    shape = (len(sample_ids), preprocessing.size, preprocessing.size, 3)
    problems = []
    pictures = np.zeros((len(sample_ids), HASHES[1]), np.uint8)
    with replacing(files.images) as path:
        written = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        with path.open("rb+") as file:  # a map cannot say that the disk is full: it would crash
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)

        def prepare(row: int) -> Problem | None:
            try:
                image = dataset.image(sample_ids[row], profiles=preprocessing.colour_profiles)
                written[row] = preprocessing.prepare(image)
                pictures[row] = picture_hashes(image)[0]
            except InputError as error:
                return Problem(sample_ids[row], str(error))
            return None

        with ThreadPoolExecutor() as pool:
            try:
                for done, problem in enumerate(pool.map(prepare, range(len(sample_ids))), 1):
                    if problem:
                        problems.append(problem)
                    progress(done, len(sample_ids))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        written.flush()
    with replacing(files.pictures) as path, path.open("wb") as kept:
        np.save(kept, pictures)
    return problems
