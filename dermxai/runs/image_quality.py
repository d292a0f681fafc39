"""How well the images of a run were taken: measured once, and kept with the run."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk, parquet, paths
from dermxai.core.errors import InputError
from dermxai.data.image_quality import MEASURES, SIDE, VERSION, image_quality
from dermxai.data.images import read_image
from dermxai.runs.files import RunFiles
from dermxai.runs.run import Run


def open_quality(run: Run) -> pd.DataFrame | None:
    """(n rows) `MEASURES` of each image in the run's order, NaN of one that could not be read; None
    where they have not been measured, or otherwise than now."""
    file = RunFiles(run.root).image_quality
    with suppress(Exception):  # it is missing, or damaged in one of many ways
        parquet.check(file)
        kept = pd.read_parquet(paths.readable(file))
        same = kept.attrs.get("of") == _identity(run) and len(kept) == len(run)
        if same and list(kept) == list(MEASURES):
            return kept.astype(np.float64)
    return None


def measure_quality(run: Run, progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """As `open_quality`, measured where it is not kept.

    Args:
        progress: called with images done and in all; what it raises stops the work.
    """
    if (kept := open_quality(run)) is not None:
        return kept
    names = run.samples["sample_id"].tolist()

    def measured(row: int) -> NDArray[np.float64]:
        try:
            if not run.has_changed(names[row]):
                path = str(run.samples["path"].iloc[row])
                return image_quality(read_image(path, at_least=SIDE, profiles=run.colour_profiles))
        except InputError:
            pass
        return np.full(len(MEASURES), np.nan)

    found = np.full((len(run), len(MEASURES)), np.nan)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            for row, each in enumerate(pool.map(measured, range(len(run)))):
                found[row] = each
                if progress:
                    progress(row + 1, len(run))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    table = pd.DataFrame(found, columns=list(MEASURES))
    table.attrs = {"of": _identity(run)}
    with disk.replacing(RunFiles(run.root).image_quality) as path:
        table.to_parquet(path, index=False)
    return table


def _identity(run: Run) -> str:
    return f"{VERSION} {run.images}"
