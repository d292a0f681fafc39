"""What readers answered of cases, as one array."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ratings:
    """
    Attributes:
        scores: (t, r, c) of treatment, reader and case, higher where the reader thinks it more
            likely diseased; NaN where it was not read.
        diseased: (c,) whether each case is.
        clusters: (c,) index of what is independent, such as the patient of each case.
    """

    scores: Floats
    diseased: NDArray[np.bool_]
    clusters: NDArray[np.intp]

    @staticmethod
    def of(
        *,
        treatments: ArrayLike,
        readers: ArrayLike,
        cases: ArrayLike,
        diseased: ArrayLike,
        scores: ArrayLike,
        clusters: ArrayLike | None = None,
    ) -> "Ratings":
        """From the long form, (n,) each, one row a rating; names are sorted.

        Raises:
            ValueError: a case is rated twice by a reader in a treatment, or is both diseased and
                not, or of two clusters.
        """
        treatment = np.unique(np.asarray(treatments), return_inverse=True)[1]
        reader = np.unique(np.asarray(readers), return_inverse=True)[1]
        names, first, case = np.unique(np.asarray(cases), return_index=True, return_inverse=True)
        truth = np.asarray(diseased, dtype=bool)
        unit = case if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
        if (truth != truth[first][case]).any() or (unit != unit[first][case]).any():
            raise ValueError("a case has two truths, or lies in two clusters")
        shape = (treatment.max(initial=-1) + 1, reader.max(initial=-1) + 1, names.size)
        place = np.ravel_multi_index((treatment, reader, case), shape) if names.size else case
        if np.unique(place).size < place.size:
            raise ValueError("a reader rates a case twice in one treatment")
        filled = np.full(int(np.prod(shape)), np.nan)
        filled[place] = np.asarray(scores, dtype=np.float64)
        unit = np.unique(unit[first], return_inverse=True)[1]
        return Ratings(filled.reshape(shape), truth[first], unit)

    @property
    def read(self) -> NDArray[np.bool_]:
        """(t, r, c) whether the reader rated the case in the treatment."""
        return np.isfinite(self.scores)

    @property
    def clustered(self) -> bool:
        """Whether some cases are not independent."""
        return bool(np.unique(self.clusters).size < self.clusters.size)

    def among(self, cases: NDArray[np.bool_]) -> "Ratings":
        """Some of the cases (c,)."""
        return replace(
            self,
            scores=self.scores[:, :, cases],
            diseased=self.diseased[cases],
            clusters=self.clusters[cases],
        )

    def by(self, treatments: ArrayLike, readers: ArrayLike | None = None) -> "Ratings":
        """Some of the treatments and readers, by their indices."""
        chosen = self.scores[np.asarray(treatments)]
        return replace(self, scores=chosen if readers is None else chosen[:, np.asarray(readers)])
