"""Images read and prepared by threads, on request while the network works on earlier ones."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dermxai.core.errors import InputError
from dermxai.data import Dataset
from dermxai.data.images import read_image
from dermxai.data.picture_hash import HASHES, Hashes, picture_hashes
from dermxai.data.transforms import Preprocessing


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a dataset.

    Attributes:
        rows: their positions.
        images: (row, size, size, 3) uint8 RGB; zeros where an image cannot be read, so that its
            neighbours stay where they are.
        reasons: per row why it cannot be read, empty where it was.
        pictures: (row, 8, 32) perceptual hashes, as `picture_hashes`.
    """

    rows: range
    images: Tensor
    reasons: tuple[str, ...]
    pictures: Hashes


def batches(
    dataset: Dataset,
    preprocessing: Preprocessing,
    parts: Iterable[range],
    *,
    workers: int,
    ahead: int = 0,
    pinned: bool = False,
) -> Generator[Batch, None, None]:
    """The parts of a dataset in order.

    Args:
        workers: threads. Decoders release Python's lock.
        ahead: batches that are read before they are asked for. They help where the network has a
            device of its own; on a CPU they take the cores that it waits for.
        pinned: page-locked memory, from which a GPU copies while it computes.
    """
    files = dataset.samples["path"].tolist()
    size = preprocessing.size

    def read(row: int, into: Tensor, hashes: Hashes) -> str:
        try:
            image = read_image(files[row], profiles=preprocessing.colour_profiles)
            hashes[:] = picture_hashes(image)
            prepared = preprocessing.prepare(image)
        except InputError as error:
            return str(error)
        except Exception as error:  # one image, whatever is wrong with it, never stops a run
            return f"{type(error).__name__}: {error}"
        into.numpy()[:] = prepared
        return ""

    waiting: deque[tuple[range, Tensor, Hashes, list[Future[str]]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read-images")
    try:
        for rows in parts:
            images = torch.zeros(len(rows), size, size, 3, dtype=torch.uint8, pin_memory=pinned)
            hashes = np.zeros((len(rows), *HASHES), np.uint8)
            futures = [pool.submit(read, row, images[i], hashes[i]) for i, row in enumerate(rows)]
            waiting.append((rows, images, hashes, futures))
            if len(waiting) > ahead:
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(rows: range, images: Tensor, hashes: Hashes, futures: list[Future[str]]) -> Batch:
    return Batch(rows, images, tuple(future.result() for future in futures), hashes)
