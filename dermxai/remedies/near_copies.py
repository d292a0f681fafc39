"""Images of a run that show the same picture as others of it, by the perceptual hashes that are
kept with the run: looked for once, and kept beside them."""

import hashlib
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays, disk
from dermxai.core.entries import UnusableError
from dermxai.data import picture_hash
from dermxai.remedies.files import RemedyFiles
from dermxai.runs import Run

_VERSION = 1  # of what is looked for


def near_copies(
    run: Run, asked: NDArray[np.intp], known: NDArray[np.intp]
) -> NDArray[np.bool_] | None:
    """Whether images have a near-duplicate among others: at most `picture_hash.NEAR` bits of 256
    apart, in any of eight positions.

    Args:
        asked: (a,) rows of the run.
        known: (b,) rows.

    Returns:
        (a,); None where the run keeps no hashes.
    """
    if run.picture_hashes is None:
        return None
    if not asked.size or not known.size:
        return np.zeros(asked.size, dtype=bool)
    told = hashlib.sha256(repr((_VERSION, picture_hash.NEAR, len(run))).encode())
    told.update(np.asarray(asked, np.int64).tobytes() + b"|")
    told.update(np.asarray(known, np.int64).tobytes())
    file = RemedyFiles(run.root).near_copies(told.hexdigest()[:16])
    with suppress(UnusableError):  # it is not there, or damaged
        kept = arrays.load(file, "near")["near"]
        if kept.shape == asked.shape and kept.dtype == bool:
            return kept
    hashes = run.picture_hashes
    _, bits = picture_hash.nearest(np.asarray(hashes[asked]), np.asarray(hashes[known])[:, 0])
    near = np.asarray(bits <= picture_hash.NEAR, dtype=bool)
    with suppress(OSError):  # where it cannot be kept, it is not
        file.parent.mkdir(exist_ok=True)
        with disk.replacing(file) as path, path.open("wb") as opened:
            np.savez(opened, near=near)
    return near
