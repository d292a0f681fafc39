"""The training images at the network's size, in one file on disk."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermxai.data import Dataset
from dermxai.data.transforms import Preprocessing
from dermxai.errors import InputError
from dermxai.paths import CheckpointFiles, replacing


def prepare_images(
    dataset: Dataset,
    sample_ids: Sequence[str],
    preprocessing: Preprocessing,
    files: CheckpointFiles,
    progress: Callable[[int, int], None],
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Decodes every image once; an interrupted training finds them again.

    Returns:
        Images (n, size, size, 3), memory-mapped, and which of them could be read (n,).
    """
    shape = (len(sample_ids), preprocessing.size, preprocessing.size, 3)
    if files.prepared.is_file() and files.prepared_mask.is_file():
        images, usable = np.load(files.prepared, mmap_mode="r"), np.load(files.prepared_mask)
        if images.shape == shape:
            return images, usable
    usable = np.zeros(len(sample_ids), dtype=bool)
    with replacing(files.prepared) as path:
        written: Any = np.lib.format.open_memmap(path, "w+", np.uint8, shape)

        def prepare(row: int) -> None:
            try:
                written[row] = preprocessing.prepare(dataset.image(sample_ids[row]))
                usable[row] = True
            except InputError:
                pass  # an image that cannot be read does not stop the training

        with ThreadPoolExecutor() as pool:
            for done, _ in enumerate(pool.map(prepare, range(len(sample_ids))), 1):
                progress(done, len(sample_ids))
        written.flush()
    with replacing(files.prepared_mask) as path, path.open("wb") as file:
        np.save(file, usable)
    return np.load(files.prepared, mmap_mode="r"), usable
