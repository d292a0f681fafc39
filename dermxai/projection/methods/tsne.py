"""t-SNE: images with like features lie together; sizes of clusters and gaps mean little."""

import numpy as np
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.projection.components import reduced
from dermxai.projection.neighbours import nearest
from dermxai.projection.projector import Features, Progress, ProjectionMethod

_EXAGGERATED, _PLAIN, _EVERY = 250, 500, 5  # iterations of the two phases, and between reports
_NEIGHBOURS = 50  # steps of progress until the neighbours are found
_STEPS = _NEIGHBOURS + (_EXAGGERATED + _PLAIN) // _EVERY


class TsneSettings(Settings):
    perplexity: float = setting(30.0, "About how many neighbours count for each image", 2, 100)
    seed: int = setting(0, "Seed of the random numbers", 0, 2**31 - 1)


class Tsne(ProjectionMethod[TsneSettings]):
    @override
    def embed(
        self, features: Features, settings: TsneSettings, progress: Progress
    ) -> tuple[Features, tuple[str, ...]]:
        """t-SNE of the first principal components, started from the first two (Kobak & Linderman
        2021, doi:10.1038/s41587-020-00809-z). van der Maaten & Hinton 2008; openTSNE: Poličar et
        al. 2024, doi:10.18637/jss.v109.i03."""
        progress(0, _STEPS)
        from openTSNE import TSNE
        from openTSNE.affinity import PerplexityBasedNN
        from openTSNE.nearest_neighbors import PrecomputedNeighbors

        data, notes = reduced(features)
        n = len(data)
        perplexity = min(settings.perplexity, (n - 1) / 3)
        if perplexity < settings.perplexity:
            notes += (f"Perplexity {perplexity:.3g}, the most that {n} images allow.",)
        done = 0

        def found(rows: int, all_rows: int) -> None:
            nonlocal done
            done = _NEIGHBOURS * rows // all_rows
            progress(done, _STEPS)

        def moved(*_: object) -> None:
            nonlocal done
            done += 1
            progress(done, _STEPS)

        neighbours = nearest(data, min(n - 1, int(3 * perplexity)), found)
        embedding = TSNE(
            early_exaggeration_iter=_EXAGGERATED,
            n_iter=_PLAIN,
            random_state=settings.seed,
            callbacks=moved,
            callbacks_every_iters=_EVERY,
        ).fit(
            affinities=PerplexityBasedNN(
                perplexity=perplexity, knn_index=PrecomputedNeighbors(*neighbours)
            ),
            initialization=data[:, :2] / data[:, 0].std() * 1e-4,
        )
        return np.asarray(embedding), notes


TSNE = Tsne(
    name="tsne",
    title="t-SNE",
    note="Neighbours are kept; sizes of clusters and distances between them are not.",
    fewest=5,
    settings=TsneSettings,
)
