"""t-SNE: images with like features lie together; sizes of clusters and gaps mean little."""

from dataclasses import dataclass, field

import numpy as np

from dermxai.projection.components import reduced
from dermxai.projection.neighbours import nearest
from dermxai.projection.projector import Features, Progress

TITLE = "t-SNE"
NOTE = "Neighbours are kept; sizes of clusters and distances between them are not."
FEWEST = 5
VERSION = 1

_EXAGGERATED, _PLAIN, _EVERY = 250, 500, 5  # iterations of the two phases, and between reports
_NEIGHBOURS = 50  # steps of progress until the neighbours are found
_STEPS = _NEIGHBOURS + (_EXAGGERATED + _PLAIN) // _EVERY


@dataclass(frozen=True)
class Settings:
    perplexity: float = field(
        default=30.0,
        metadata={"help": "About how many neighbours count for each image", "low": 2, "high": 100},
    )
    seed: int = field(
        default=0, metadata={"help": "Seed of the random numbers", "low": 0, "high": 2**31 - 1}
    )


def embed(
    features: Features, settings: Settings, progress: Progress
) -> tuple[Features, tuple[str, ...]]:
    """t-SNE of the first principal components, started from the first two (Kobak & Linderman 2021,
    doi:10.1038/s41587-020-00809-z). van der Maaten & Hinton 2008; openTSNE: Poličar et al. 2024,
    doi:10.18637/jss.v109.i03."""
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
