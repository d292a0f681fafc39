"""The perceptual hashes of a run that was written before they were kept."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.data.images import read_image
from dermxai.data.picture_hash import HASHES, Hashes, picture_hashes
from dermxai.runs.files import RunFiles
from dermxai.runs.run import Run, open_run


def with_picture_hashes(run: Run, progress: Callable[[int, int], None] | None = None) -> Run:
    """Reads each image of a run once more and keeps its hashes; an image that is gone, or another
    than the run has seen, has none.

    Args:
        progress: called with images done and in all; what it raises stops the work.
    """
    names = run.samples["sample_id"].tolist()

    def hashed(row: int) -> Hashes:
        try:
            if not run.has_changed(names[row]):
                return picture_hashes(read_image(run.samples["path"][row]))
        except InputError:
            pass
        return np.zeros(HASHES, np.uint8)

    found = np.zeros((len(run), *HASHES), np.uint8)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            for row, each in enumerate(pool.map(hashed, range(len(run)))):
                found[row] = each
                if progress:
                    progress(row + 1, len(run))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    with disk.replacing(RunFiles(run.root).pictures) as path, path.open("wb") as file:
        np.save(file, found)
    return open_run(run.root)
