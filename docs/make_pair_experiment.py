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

from dermxai.data import Dataset, load_dataset
from dermxai.data.atlas import AtlasSettings, write_atlas
from dermxai.metrics import bootstrap, confusion_matrix, normalised
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

Values = dict[str, float]
Drawn = dict[str, NDArray[np.float64]]


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


def readings(checkpoint: Path, dataset: Dataset) -> pd.Series:
    """The class each test image is read as, by sample id."""
    tested = dataset.samples[dataset.samples["split"] == "test"].reset_index(drop=True)
    chosen = replace(dataset, samples=tested, fingerprint=f"{dataset.fingerprint} test")
    run = infer(load_classifier(checkpoint), chosen)
    return pd.Series(run.predicted, index=run.samples["sample_id"])


def measures(matrices: NDArray[Any]) -> Drawn:
    """Shares of (r, k, k) counts whose first two classes are EAD and SD."""
    rows = np.stack([normalised(matrix, "row") for matrix in matrices])
    totals = matrices.sum((1, 2))
    right = np.trace(matrices, axis1=1, axis2=2)
    return {
        f"{FIRST} read as {SECOND}": rows[:, 0, 1],
        f"{SECOND} read as {FIRST}": rows[:, 1, 0],
        f"{FIRST} found": rows[:, 0, 0],
        f"{SECOND} found": rows[:, 1, 1],
        "accuracy": right / totals,
        BOTH: (right + matrices[:, 0, 1] + matrices[:, 1, 0]) / totals,
    }


def compared(
    folder: Path, whole: Dataset, base: Recipe, seeds: int
) -> tuple[dict[str, Values], dict[str, Drawn]]:
    """Each way's measures, mean of the seeds: of the test images, and of resampled patients."""
    half = halved(whole)
    tested = whole.samples[whole.samples["split"] == "test"]
    codes = [FIRST, SECOND, *sorted(set(tested["label"]) - {FIRST, SECOND}), MERGED]
    index = {code: position for position, code in enumerate(codes)}
    true = tested["label"].map(index).to_numpy()
    plan = bootstrap.resampling(tested["patient_id"])
    values, drawn = {}, {}
    for way, changes in WAYS.items():
        own, replicates = [], []
        for seed in range(seeds):
            out = folder / way.replace(" ", "-").replace(",", "") / f"seed-{seed}"
            recipe = replace(base, seed=seed, **changes)
            checkpoint = fit(whole if way == WHOLE else half, recipe, out)
            read = readings(checkpoint, whole).reindex(tested["sample_id"]).map(index).to_numpy()
            # "EAD or SD" is right for both; for another disease it is an error like EAD
            read = np.where(read == index[MERGED], np.where(true <= 1, true, 0), read)
            k = len(codes) - 1
            own.append(measures(confusion_matrix(true, read, k)[None]))
            replicates.append(measures(bootstrap.confusion_replicates(true, read, k, plan)))
        values[way] = {name: float(np.mean([o[name] for o in own])) for name in own[0]}
        drawn[way] = {name: np.mean([r[name] for r in replicates], axis=0) for name in own[0]}
    return values, drawn


def rows(
    values: dict[str, Values], drawn: dict[str, Drawn], patients: Mapping[str, int], less: str = ""
) -> Iterator[str]:
    """Markdown: a row a way, or its difference to another way, with 95 % intervals.

    Args:
        patients: that the share of a class rests on, by the first word of its name; of all by "".
    """
    names = list(values[BASE])
    yield "| Training | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for way in WAYS:
        cells = []
        for name in names:
            if way == less or ("merge" in WAYS[way] and name != BOTH):
                cells.append("–")  # undefined: the classes are one
                continue
            value = values[way][name] - (values[less][name] if less else 0)
            spread = drawn[way][name] - (drawn[less][name] if less else 0)
            units = patients.get(name.split()[0], patients[""])
            ends = np.nanquantile(spread, [0.025, 0.975])
            low, high = ends if less else bootstrap.interval(value, spread, units, 0.95)
            sign = "+" if less else ""
            cells.append(f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})")
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
    values, drawn = compared(given.folder, whole, base, given.seeds)
    tested = whole.samples[whole.samples["split"] == "test"]
    taught = halved(whole).samples.query("split == 'train'")["label"].value_counts()
    print(
        f"{given.architecture} with heads, {given.size} px, {given.epochs} epochs, mean of "
        f"{given.seeds} seeds. Test: {len(tested)} images of {tested['patient_id'].nunique()} "
        f"patients, {(tested['label'] == FIRST).sum()} {FIRST}, "
        f"{(tested['label'] == SECOND).sum()} {SECOND}. Half: {taught[SECOND]} {SECOND} and "
        f"{taught[FIRST]} {FIRST} training images.\n"
    )
    by_class = tested.groupby("label")["patient_id"].nunique()
    patients = {**by_class.to_dict(), "": tested["patient_id"].nunique()}
    print("\n".join(rows(values, drawn, patients)))
    print(f"\nLess “{BASE}”:\n")
    print("\n".join(rows(values, drawn, patients, BASE)))


if __name__ == "__main__":
    main()
