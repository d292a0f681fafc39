"""What mends the confusion of eczema (EAD) with seborrheic dermatitis (SD)? One small network,
trained five ways on the synthetic atlas, tested on patients that none has seen.

    python -m docs.make_pair_experiment FOLDER [--images 1500] [--epochs 12] [--seeds 3]

Every second of SD's training patients is hidden from all ways but the first. Prints Markdown, with
intervals over patients for the mean of the seeds; what has ended in FOLDER is not done again.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.formatting import fixed, interval_basis
from dermxai.data import Dataset, load_dataset
from dermxai.data.atlas import AtlasSettings, write_atlas
from dermxai.metrics import intervals
from dermxai.metrics.basis import basis
from dermxai.metrics.intervals import Estimates
from dermxai.models import load_classifier
from dermxai.runs import infer
from dermxai.training.fit import fit
from dermxai.training.recipe import Recipe

FIRST, SECOND = "EAD", "SD"
WAYS: Mapping[str, dict[str, Any]] = {
    "twice the SD patients": {},
    "half of them": {},
    "half, loss weighted by class": {"class_weights": 1.0},
    "half, drawn evenly by class": {"balance": 1.0},
    "half, logits adjusted": {"logit_adjustment": 1.0},
    "half, EAD and SD merged": {"merge": "EAD+SD"},
}
WHOLE, BASE = "twice the SD patients", "half of them"
MERGED = f"{FIRST}+{SECOND}"
BOTH = "accuracy, both as one"

Outcome = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def halved(dataset: Dataset) -> Dataset:
    """Without every second training patient of SD."""
    samples = dataset.samples
    mine = samples[(samples["label"] == SECOND) & (samples["split"] == "train")]
    hidden = sorted(mine["patient_id"].unique())[1::2]
    kept = ~samples["patient_id"].isin(hidden)
    return replace(
        dataset,
        samples=samples[kept].reset_index(drop=True),
        fingerprint=f"{dataset.fingerprint} halved",
    )


def predictions(checkpoint: Path, dataset: Dataset) -> pd.Series:
    """The class each test image is predicted as, by sample id."""
    tested = dataset.samples[dataset.samples["split"] == "test"].reset_index(drop=True)
    chosen = replace(dataset, samples=tested, fingerprint=f"{dataset.fingerprint} test")
    run = infer(load_classifier(checkpoint), chosen)
    return pd.Series(run.predicted, index=run.samples["sample_id"])


def measures(true: NDArray[np.intp], predicted: NDArray[np.intp]) -> dict[str, Outcome]:
    """(n,) outcome of each image, and whether it counts; the first two classes are EAD and SD."""
    first, second, every = true == 0, true == 1, np.ones(true.size, dtype=bool)
    right, both = true == predicted, (true <= 1) & (predicted <= 1)
    return {
        f"{FIRST} predicted as {SECOND}": (predicted == 1, first),
        f"{SECOND} predicted as {FIRST}": (predicted == 0, second),
        f"{FIRST} found": (right, first),
        f"{SECOND} found": (right, second),
        "accuracy": (right, every),
        BOTH: (right | both, every),
    }


def compared(
    folder: Path, whole: Dataset, base: Recipe, seeds: int
) -> tuple[dict[str, dict[str, Estimates]], NDArray[np.intp]]:
    """Each way's measures, mean of the seeds, and the patient of each test image."""
    half = halved(whole)
    tested = whole.samples[whole.samples["split"] == "test"]
    codes = [FIRST, SECOND, *sorted(set(tested["label"]) - {FIRST, SECOND}), MERGED]
    index = {code: position for position, code in enumerate(codes)}
    true = tested["label"].map(index).to_numpy()
    found: dict[str, dict[str, Estimates]] = {}
    for way, changes in WAYS.items():
        outcomes: dict[str, list[Outcome]] = {}
        for seed in range(seeds):
            out = folder / way.replace(" ", "-").replace(",", "") / f"seed-{seed}"
            recipe = replace(base, seed=seed, **changes)
            checkpoint = fit(whole if way == WHOLE else half, recipe, out)
            codes_of = predictions(checkpoint, whole).reindex(tested["sample_id"])
            predicted = codes_of.map(index).to_numpy()
            # "EAD or SD" is right for both; for another disease it is an error like EAD
            predicted = np.where(
                predicted == index[MERGED], np.where(true <= 1, true, 0), predicted
            )
            for name, outcome in measures(true, predicted).items():
                outcomes.setdefault(name, []).append(outcome)
        found[way] = {
            name: intervals.shares(
                np.mean([outcome for outcome, _ in each], axis=0)[:, None], each[0][1][:, None]
            )
            for name, each in outcomes.items()
        }
    return found, intervals.cluster_index(tested["patient_id"])


def rows(
    found: Mapping[str, Mapping[str, Estimates]], clusters: NDArray[np.intp], less: str = ""
) -> Iterator[str]:
    """Markdown: a row a way, or its difference to another way, with 95 % intervals.

    Args:
        clusters: (n,) index of each test image's patient.
    """
    names = list(found[BASE])
    yield "| Training | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for way, of_way in found.items():
        cells = []
        for name in names:
            if way == less or ("merge" in WAYS[way] and name != BOTH):
                cells.append("–")  # undefined: the classes are one
                continue
            shown = of_way[name].minus(found[less][name]) if less else of_way[name]
            interval = intervals.student_interval if less else intervals.score_interval
            low, high = (end[0] for end in interval(shown, clusters, 0.95))
            sign = "+" if less else "-"
            value, *ends = (fixed(each, 3, sign) for each in (shown.value[0], low, high))
            cells.append(f"{value} ({' to '.join(ends)})")
        yield f"| {way} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=1500)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--architecture", default="test_efficientnet")
    given = parser.parse_args()
    settings = AtlasSettings(images=given.images, size=96, seed=31)
    whole = load_dataset(write_atlas(given.folder / "atlas", settings))
    base = Recipe(
        architecture=given.architecture, size=given.size, epochs=given.epochs, balance=0.0,
        learning_rate=4e-3, drop_path_rate=0.0,
    )  # fmt: skip
    found, clusters = compared(given.folder, whole, base, given.seeds)
    tested = whole.samples[whole.samples["split"] == "test"]
    taught = halved(whole).samples.query("split == 'train'")["label"].value_counts()
    print(
        f"{given.architecture} with heads, {given.size} px, {given.epochs} epochs, mean of "
        f"{given.seeds} seeds. Test: {len(tested)} images of {tested['patient_id'].nunique()} "
        f"patients, {(tested['label'] == FIRST).sum()} {FIRST}, "
        f"{(tested['label'] == SECOND).sum()} {SECOND}. Half: {taught[SECOND]} {SECOND} and "
        f"{taught[FIRST]} {FIRST} training images. {interval_basis(basis('patients'))}.\n"
    )
    print("\n".join(rows(found, clusters)))
    print(f"\nLess “{BASE}”:\n")
    print("\n".join(rows(found, clusters, BASE)))


if __name__ == "__main__":
    main()
