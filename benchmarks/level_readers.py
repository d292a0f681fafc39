"""How often the analyses of several readers and cases find a difference that is not there, and how
often intervals of agreement hold the truth.

    python -m benchmarks.level_readers [--studies 1000]

Studies are drawn from Roe and Metz's four structures with the same AUC in both treatments; a
device is a reader without effects of its own. Answers whose
kappa is known are drawn with images of a patient alike.
"""

import argparse
import os
from collections.abc import Callable, Mapping

if __name__ == "__main__":  # tests that import this keep their threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.mrmc.device import against_device
from dermxai.metrics.mrmc.dorfman_berbaum_metz import dorfman_berbaum_metz
from dermxai.metrics.mrmc.figures import Covariance, Figure, covariance, measured
from dermxai.metrics.mrmc.obuchowski_rockette import Generalises, obuchowski_rockette
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.mrmc.roe_metz import STRUCTURES, drawn
from dermxai.metrics.mrmc.u_statistics import pooled
from dermxai.metrics.rater_agreement import (
    coincidences,
    estimated,
    fleiss,
    fleiss_statistics,
    kappa,
    krippendorff,
    pair_statistics,
)

Floats = NDArray[np.float64]
ALPHA = 0.05
SIZES = ((4, 25, 25), (5, 50, 50), (10, 25, 75))
"""Readers, diseased and other cases."""


def by_areas(data: Ratings) -> float:
    """p of Obuchowski and Rockette, DeLong's covariance."""
    errors = covariance(data, Figure.AUC, Covariance.DELONG)
    found = obuchowski_rockette(measured(data, Figure.AUC).figures, errors)
    return found.to(Generalises.BOTH).test.p


def by_pseudovalues(data: Ratings) -> float:
    """p of Dorfman, Berbaum and Metz."""
    return dorfman_berbaum_metz(data, Figure.AUC).tests[Generalises.BOTH].p


def by_proportions(data: Ratings) -> float:
    """p of sensitivities at one threshold."""
    errors = covariance(data, Figure.SENSITIVITY, Covariance.DELONG, 1.0)
    found = obuchowski_rockette(measured(data, Figure.SENSITIVITY, 1.0).figures, errors)
    return found.to(Generalises.BOTH).test.p


def by_pooling(data: Ratings) -> float:
    """p of the difference of pooled AUCs, a tenth of the ratings missing."""
    return pooled(_missing(data, 0.1), (0, 1)).estimate.p


def _missing(data: Ratings, share: float) -> Ratings:
    scores = data.scores.copy()
    rng = np.random.default_rng(int(abs(scores[0, 0, 0]) * 1e9))
    scores[rng.random(scores.shape) < share] = np.nan
    return Ratings(scores, data.diseased, data.clusters)


def by_areas_of_some(data: Ratings) -> float:
    """As `by_areas`, a tenth of the ratings missing: each reader's figure is of what was read."""
    return by_areas(_missing(data, 0.1))


def by_areas_of_fewer(data: Ratings) -> float:
    """As `by_areas`, three tenths of the ratings missing."""
    return by_areas(_missing(data, 0.3))


def by_splitting(data: Ratings) -> float:
    """p of readers who are split between the treatments."""
    scores = data.scores.copy()
    half = scores.shape[1] // 2
    scores[0, :half] = np.nan
    scores[1, half:] = np.nan
    split = Ratings(scores, data.diseased, data.clusters)
    errors = covariance(split, Figure.AUC, Covariance.DELONG)
    found = obuchowski_rockette(measured(split, Figure.AUC).figures, errors)
    return found.to(Generalises.BOTH).differences[0].p


def by_device(data: Ratings) -> float:
    """p of readers against a device with the readers' mean AUC."""
    values = measured(data, Figure.AUC).figures[0]
    errors = covariance(data, Figure.AUC, Covariance.DELONG)[0, :, 0]
    return against_device(values, errors).differences[Generalises.BOTH].p


ANALYSES: Mapping[str, Callable[[Ratings], float]] = {
    "Obuchowski–Rockette, AUC": by_areas,
    "Dorfman–Berbaum–Metz, AUC": by_pseudovalues,
    "Obuchowski–Rockette, AUC, 10 % missing": by_areas_of_some,
    "Obuchowski–Rockette, AUC, 30 % missing": by_areas_of_fewer,
    "Obuchowski–Rockette, sensitivity": by_proportions,
    "U-statistics, AUC, 10 % missing": by_pooling,
    "Obuchowski–Rockette, readers split": by_splitting,
}


def level_of_device(
    structure: str, size: tuple[int, int, int], studies: int, seed: int = 0
) -> float:
    """The same of readers against a device: a reader whose own effects are none, so that its AUC is
    theirs on average."""
    rng = np.random.default_rng(seed)
    model = STRUCTURES[structure]
    readers, diseased, others = size
    found = []
    for _ in range(studies):
        data = drawn(model, readers + 1, diseased, others, rng, treatments=1, unaffected=1)
        found.append(by_device(data))
    return float((np.array(found) < ALPHA).mean())


def level(
    analysis: Callable[[Ratings], float],
    structure: str,
    size: tuple[int, int, int],
    studies: int,
    seed: int = 0,
) -> float:
    """Share of studies without a difference in which one is found at 5 %."""
    rng = np.random.default_rng(seed)
    readers = size[0] * (2 if analysis is by_splitting else 1)
    found = [
        analysis(drawn(STRUCTURES[structure], readers, size[1], size[2], rng))
        for _ in range(studies)
    ]
    return float((np.array(found) < ALPHA).mean())


def answers(
    patients: int, raters: int, rng: np.random.Generator, classes: int = 4
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Truth (n,), answers (raters, n) and patient (n,) of patients with one to four images each,
    who share their class and how hard they are."""
    of = np.repeat(np.arange(patients), 1 + rng.integers(0, 4, patients))
    truth = rng.integers(0, classes, patients)[of]
    hard = rng.normal(size=patients)[of]
    sure = 1 / (1 + np.exp(hard + 0.7 * rng.normal(size=of.size) - 1))
    random = rng.integers(0, classes, (raters, of.size))
    return truth, np.where(rng.random((raters, of.size)) < sure, truth, random), of


def coverage(name: str, patients: int, studies: int, seed: int = 0) -> float:
    """Share of studies whose 95 % interval holds the coefficient of a very large one."""
    large = _found(name, *answers(60_000, 3, np.random.default_rng(99)))
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(studies):
        found = _found(name, *answers(patients, 3, rng))
        held += found.low <= large.value <= found.high
    return held / studies


def _found(name: str, truth: NDArray[np.intp], given: NDArray[np.intp], of: NDArray[np.intp]):
    counts = (given[:, :, None] == np.arange(4)).sum(axis=0)
    if name == "Cohen's kappa":
        return estimated(pair_statistics(truth, given[0], 4), kappa, of)
    if name == "Fleiss' kappa":
        return estimated(fleiss_statistics(counts), fleiss, of)
    return estimated(coincidences(counts), krippendorff(), of)


COEFFICIENTS = ("Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    sizes = [f"{r} readers, {a} + {b} cases" for r, a, b in SIZES]
    print(f"| Analysis | Structure | {' | '.join(sizes)} |\n|---|---|{'---|' * len(SIZES)}")
    for name, analysis in ANALYSES.items():
        for structure in STRUCTURES:
            shares = [100 * level(analysis, structure, size, studies) for size in SIZES]
            cells = " | ".join(f"{share:.1f} %" for share in shares)
            print(f"| {name} | {structure} | {cells} |", flush=True)
    for structure in STRUCTURES:
        shares = [100 * level_of_device(structure, size, studies) for size in SIZES]
        cells = " | ".join(f"{share:.1f} %" for share in shares)
        print(f"| Readers against a device, AUC | {structure} | {cells} |", flush=True)
    print("\n| Coefficient | 12 patients | 25 | 60 |\n|---|---|---|---|")
    for name in COEFFICIENTS:
        shares = [100 * coverage(name, patients, studies) for patients in (12, 25, 60)]
        print(f"| {name} | {' | '.join(f'{share:.1f} %' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main()
