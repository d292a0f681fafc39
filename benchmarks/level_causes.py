"""How often the cause card names a cause where none was planted, and where one was.

    python -m benchmarks.level_causes [--pairs 60] [--processes 2]

Pairs of classes are drawn whose features, margins, labels and tables hold what `Plan` says, and
each cause of `dermxai.confusion` is tested.
"""

import argparse
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

if __name__ == "__main__":  # tests that import this keep their threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.confusion.causes import find_causes
from dermxai.confusion.finding import Cause
from dermxai.confusion.pair_images import ALL_HEADS, FINAL_HEAD, PairImages

Floats = NDArray[np.float64]

FEATURES = 40
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Plan:
    """What a pair of classes is drawn with.

    Attributes:
        patients: of each class in training, validation and test.
        apart: the classes' means, in standard deviations of an image.
        alike: correlation of the images of a patient.
        moved: logits that the network adds to the first class.
        frequent: times as many training images as the second class that the first has, which the
            network has learnt to prefer.
        turned: by how much its last layer looks elsewhere than where the classes differ.
        elsewhere: the classes' distance in another feature space.
        mislabelled: share of the patients with the other label.
        overlapping: share of the patients whose features say nothing.
        telling: the classes' distance in age, and by as much in site.
        shortcut: logits that an artefact adds to the first class, which lies on a third of the test
            images of either.
        learnt: whether the network is a probe of the training patients; else the best there is.
        heavy: degrees of freedom of the features' tails; 0: normal.
    """

    patients: tuple[int, int, int] = (60, 15, 40)
    apart: float = 2.4
    alike: float = 0.3
    moved: float = 0.0
    frequent: float = 1.0
    turned: float = 0.0
    elsewhere: float = 0.0
    mislabelled: float = 0.0
    overlapping: float = 0.0
    telling: float = 0.0
    shortcut: float = 0.0
    learnt: bool = False
    heavy: int = 0


NOTHING: Mapping[str, Plan] = {
    "nothing": Plan(),
    "fewer patients": Plan(patients=(25, 6, 16)),
    "images of a patient alike": Plan(alike=0.7),
    "far apart": Plan(apart=4.0),
    "close": Plan(apart=1.2),
    "heavy tails": Plan(heavy=5),
}
PLANTED: Mapping[Cause, Plan] = {
    Cause.BORDER: Plan(moved=3.5),
    Cause.HEAD: Plan(turned=2.5),
    Cause.FEATURES: Plan(apart=1.2, elsewhere=3.0),
    Cause.LABELS: Plan(mislabelled=0.15, apart=4.0),
    Cause.IMAGE: Plan(overlapping=0.6, apart=4.0, telling=2.0),
    Cause.SHORTCUT: Plan(shortcut=6.0),
    Cause.BALANCE: Plan(frequent=12.0),
    Cause.DATA: Plan(patients=(10, 6, 60), learnt=True),
}


def drawn(plan: Plan, seed: int) -> PairImages:
    """Images of two classes as planned."""
    rng = np.random.default_rng(seed)
    counts = [count for count in plan.patients for _ in range(2)]
    sides = [side for _ in SPLITS for side in (True, False)]
    patient_class = np.repeat(sides, counts)
    patient_split = np.repeat([name for name in SPLITS for _ in range(2)], counts)
    sizes = 1 + rng.poisson(2, patient_class.size)
    clusters = np.repeat(np.arange(patient_class.size), sizes)
    drawn_class, split = patient_class[clusters], patient_split[clusters]
    n = clusters.size

    direction = np.zeros(FEATURES)
    direction[::5] = 1
    direction /= np.linalg.norm(direction)
    says = np.where(drawn_class, 0.5, -0.5) * plan.apart
    muted = rng.random(patient_class.size) < plan.overlapping
    says = np.where(muted[clusters], 0, says)

    def noise(width: int) -> Floats:
        own, shared = (
            rng.standard_normal((n, width)),
            rng.standard_normal((clusters.max() + 1, width)),
        )
        made = np.sqrt(1 - plan.alike) * own + np.sqrt(plan.alike) * shared[clusters]
        if plan.heavy:
            made /= np.sqrt(rng.chisquare(plan.heavy, clusters.max() + 1) / plan.heavy)[
                clusters, None
            ]
        return np.asarray(made)

    features = noise(FEATURES) + says[:, None] * direction
    margins = plan.apart * (features @ direction)
    if plan.turned:
        aside = np.zeros(FEATURES)
        aside[2::5] = 1 / np.sqrt(len(aside[2::5]))
        margins = plan.apart * (features @ (direction + plan.turned * aside))
    positive = drawn_class ^ (rng.random(patient_class.size) < plan.mislabelled)[clusters]
    fitting = split != "test"
    if plan.learnt:
        margins = _learnt(features, positive & fitting, ~positive & fitting)
    ruler = rng.random(n) < 1 / 3
    ruler = np.where(fitting & (plan.shortcut > 0), drawn_class, ruler)
    ruler_feature = ruler + 0.1 * rng.standard_normal(n)
    margins = margins + plan.shortcut * (ruler - 0.5) + plan.moved + np.log(plan.frequent)
    other = noise(12)
    other[:, 0] += np.where(drawn_class, 0.5, -0.5) * plan.elsewhere
    of_patient = rng.standard_normal(patient_class.size) + plan.telling * (patient_class - 0.5)
    trunk = rng.random(patient_class.size) < 1 / (
        1 + np.exp(-plan.telling * (2 * patient_class - 1))
    )
    images = 3.0 * plan.patients[0]
    return PairImages(
        first="A",
        second="B",
        sample_ids=np.array([f"i{row}" for row in range(n)], dtype=object),
        positive=positive,
        margins=margins,
        heads=np.column_stack([margins / 2, margins / 2]),
        clusters=clusters,
        unit="patients",
        asked=split == "test",
        fitting=fitting,
        pool=np.ones(n, dtype=bool),
        validation=split == "validation",
        spaces={
            ALL_HEADS: np.column_stack([features, ruler_feature]),
            FINAL_HEAD: features[:, FEATURES // 4 :],
            "embeddings": other,
        },
        others={},
        samples=pd.DataFrame(
            {
                "age": np.round(50 + 15 * of_patient)[clusters],
                "site": np.where(trunk, "trunk", "face")[clusters],
                "sex": np.where(rng.random(patient_class.size) < 0.5, "female", "male")[clusters],
                "artefacts": np.where(ruler, "ruler", ""),
            }
        ),
        contradicted=np.zeros(n, dtype=bool),
        training=(images * plan.frequent, images),
    )


def _learnt(features: Floats, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Floats:
    """Margins of a linear discriminant of the training images, its covariance shrunk."""
    apart = features[first].mean(axis=0) - features[second].mean(axis=0)
    centred = np.concatenate(
        [features[side] - features[side].mean(axis=0) for side in (first, second)]
    )
    covariance = np.cov(centred.T) + 0.5 * np.eye(FEATURES)
    weights = np.linalg.solve(covariance, apart)
    middle = (features[first].mean(axis=0) + features[second].mean(axis=0)) / 2
    return np.asarray((features - middle) @ weights)


def named(plan: Plan, seed: int) -> tuple[Cause, ...]:
    """Causes that the card names of one pair."""
    return tuple(each.cause for each in find_causes(drawn(plan, seed)).named)


def measured(plan: Plan, of: int, pool: ProcessPoolExecutor) -> tuple[float, Counter[Cause]]:
    """Share of ``of`` pairs in which a cause is named, and how often each is."""
    found = list(pool.map(named, [plan] * of, range(1000, 1000 + of), chunksize=5))
    return sum(map(bool, found)) / of, Counter(cause for each in found for cause in each)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    print("| Planted | a cause is named | which |\n|---|---|---|")
    with ProcessPoolExecutor(asked.processes) as pool:
        for name, plan in {**NOTHING, **PLANTED}.items():
            share, causes = measured(plan, asked.pairs, pool)
            told = ", ".join(f"{cause} {count}" for cause, count in causes.most_common())
            print(f"| {name} | {100 * share:.0f} % | {told} |", flush=True)


if __name__ == "__main__":
    main()
