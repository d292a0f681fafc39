"""UMAP: images with like features lie together; the larger shape is kept in part."""

import io
import re
import warnings

import numpy as np
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.projection.components import reduced
from dermxai.projection.neighbours import nearest
from dermxai.projection.projector import Features, Progress, ProjectionMethod

_NEIGHBOURS, _STEPS = 25, 100  # steps of progress until the neighbours are found, and in all


class UmapSettings(Settings):
    n_neighbors: int = setting(15, "Few show fine detail, many the larger shape", 2, 200)
    min_dist: float = setting(0.1, "How close points may lie: 0 packs clusters", 0.0, 0.99)
    seed: int = setting(0, "Seed of the random numbers", 0, 2**31 - 1)


class _Epochs(io.StringIO):
    """Reads the epochs from UMAP's progress bar, the only place that tells them."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        counted = re.search(r"(\d+)/(\d+)", text)
        if counted:
            share = int(counted[1]) / int(counted[2])
            self._progress(_NEIGHBOURS + round(share * (_STEPS - _NEIGHBOURS)), _STEPS)
        return len(text)


class Umap(ProjectionMethod[UmapSettings]):
    @override
    def embed(
        self, features: Features, settings: UmapSettings, progress: Progress
    ) -> tuple[Features, tuple[str, ...]]:
        """UMAP of the first principal components, started from the first two. One thread, so that
        the seed decides. McInnes, Healy, Melville 2018, arXiv:1802.03426."""
        progress(0, _STEPS)
        from umap import UMAP

        data, notes = reduced(features)
        n = len(data)
        count = min(settings.n_neighbors, n - 1)
        if count < settings.n_neighbors:
            notes += (f"{count} neighbours, all that {n} images have.",)

        def found(rows: int, all_rows: int) -> None:
            progress(_NEIGHBOURS * rows // all_rows, _STEPS)

        # UMAP counts each image as the first of its own neighbours.
        indices, distances = nearest(data, count - 1, found)
        own = np.arange(n)[:, None]
        generator = np.random.default_rng(settings.seed)
        start = 10 * data[:, :2] / np.abs(data[:, :2]).max() + generator.normal(0, 1e-4, (n, 2))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "precomputed_knn")  # new images need no transform
            made = UMAP(
                n_neighbors=count,
                min_dist=settings.min_dist,
                init=start.astype(np.float32),
                precomputed_knn=(np.hstack([own, indices]), np.hstack([0.0 * own, distances])),
                random_state=settings.seed,
                n_jobs=1,
                tqdm_kwds={
                    "file": _Epochs(progress),
                    "disable": False,
                    "mininterval": 0.2,
                    "bar_format": "{n_fmt}/{total_fmt}",
                },
            ).fit_transform(data)
        return made, notes


UMAP = Umap(
    name="umap",
    title="UMAP",
    note="Neighbours are kept; distances between clusters are a rough guide only.",
    fewest=5,
    settings=UmapSettings,
)
