"""What the cause card names on drawn lesions, where the cause is planted.

    python -m benchmarks.atlas_causes FOLDER

draws atlases of two classes into a folder, trains the heads of a small network with packaged
ImageNet weights for one epoch, keeps its features of every image in FOLDER/atlas_plants.npz, plants
a cause at a time, and tells what the card names. Minutes of a processor.

The network that is asked about is a multinomial logistic regression on these features of all
planted training images, however many of a class there are: what the last layer of a network that
is trained on them comes to.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.confusion.causes import find_causes
from dermxai.confusion.finding import Cause
from dermxai.confusion.pair_images import ALL_HEADS, PairImages, contradicted_within
from dermxai.metrics import probes
from dermxai.metrics.linear import Problem, logistic

PAIR = ("EAD", "SD")
SIZE = 64  # pixels
AXES = 48  # of the features that are kept
PENALTY = 0.1
ALIKE = {"EAD": {"SD": 0.55}, "SD": {"EAD": 0.55}}
DRAWN = {
    "images": 460,
    "size": 128,
    "class_mix": {"EAD": 1, "SD": 1},
    "patients": {"EAD": 115, "SD": 115},
    "splits": {"train": 0.52, "validation": 0.13, "test": 0.35},
    "seed": 23,
}
ATLASES: Mapping[str, Mapping[str, object]] = {
    "apart": {"overlap": {}},
    "alike": {"overlap": ALIKE},
    "overlap": {"overlap": {"EAD": {"SD": 0.95}, "SD": {"EAD": 0.95}}},
    "marked": {
        "overlap": ALIKE,
        "shortcut_class": "EAD",
        "shortcut_artefact": "ink",
        "shortcut_splits": ("train", "validation"),
        "artefact_rates": {"hair": 0.2, "ink": 0.33},
    },
}
"""Classes that are told apart, classes that share signs, classes that cannot be told apart, and
ink on one class alone, in training only."""
COLUMNS = ("label", "patient_id", "lesion_id", "split", "artefacts", "age", "sex", "site")


@dataclass(frozen=True)
class Plant:
    """
    Attributes:
        atlas: whose images.
        causes: of which one has to be named; none where nothing is planted.
        mislabelled: share of the images with the other label.
        kept: share of the training and validation patients by class; the others are missing.
        tested: whether they are test patients instead.
        told: whether age, sex and site are known.
    """

    atlas: str
    causes: tuple[Cause, ...] = ()
    mislabelled: float = 0.0
    kept: tuple[float, float] = (1.0, 1.0)
    tested: bool = False
    told: bool = False


PLANTS: Mapping[str, Plant] = {
    "nothing": Plant("apart"),
    "nothing, classes alike": Plant("alike"),
    "overlap": Plant("overlap", (Cause.IMAGE,), told=True),
    "labels": Plant("apart", (Cause.LABELS,), mislabelled=0.15),
    "imbalance": Plant("alike", (Cause.BORDER, Cause.BALANCE), kept=(1.0, 0.1)),
    "shortcut": Plant("marked", (Cause.SHORTCUT,)),
    "lack of data": Plant("alike", (Cause.DATA,), kept=(0.2, 0.2), tested=True),
}


def planted(
    plant: Plant, features: NDArray[np.floating], table: pd.DataFrame, seed: int = 0
) -> PairImages:
    """Images as planned.

    Args:
        features: (n, d) of the plant's atlas.
        table: (n rows) `COLUMNS`.
    """
    rng = np.random.default_rng(seed)
    drawn = (table["label"] == PAIR[0]).to_numpy(dtype=bool)
    positive = drawn ^ (rng.random(len(table)) < plant.mislabelled)
    clusters = pd.factorize(table["patient_id"])[0]
    split = table["split"].to_numpy(dtype=object)
    lost = np.zeros(len(table), dtype=bool)
    for share, side in zip(plant.kept, (drawn, ~drawn), strict=True):
        for name in ("train", "validation"):
            patients = rng.permutation(np.unique(clusters[side & (split == name)]))
            lost |= np.isin(clusters, patients[max(3, round(share * patients.size)) :])
    split = np.where(lost, "test" if plant.tested else "", split)
    here = split != ""
    learnt = (split == "train")[here]
    at, positive, told = np.asarray(features, np.float64)[here], positive[here], table[here]
    problem = Problem.of(at[learnt], positive[learnt].astype(np.intp), 2)
    scores = logistic(problem, PENALTY)[0].scores(at)
    margins = scores[:, 1] - scores[:, 0]
    asked = split[here] == "test"
    columns = ["artefacts", "age", "sex", "site"] if plant.told else ["artefacts"]
    return PairImages(
        first=PAIR[0],
        second=PAIR[1],
        sample_ids=np.array([f"i{row}" for row in range(len(told))], dtype=object),
        positive=positive,
        margins=margins,
        heads=margins[:, None],
        clusters=clusters[here],
        unit="patients",
        asked=asked,
        fitting=~asked,
        pool=np.ones(len(told), dtype=bool),
        validation=split[here] == "validation",
        spaces={ALL_HEADS: at},
        others={},
        samples=told[columns].reset_index(drop=True),
        contradicted=contradicted_within(told["lesion_id"].reset_index(drop=True), positive),
        training=(float((learnt & positive).sum()), float((learnt & ~positive).sum())),
    )


def opened(file: Path) -> dict[str, tuple[NDArray[np.float16], pd.DataFrame]]:
    """Features and table of each atlas, as `kept` writes them."""
    with np.load(file) as held:
        return {
            name: (
                held[f"{name}_features"],
                pd.DataFrame({column: held[f"{name}_{column}"] for column in COLUMNS}),
            )
            for name in ATLASES
        }


def kept(folder: Path) -> Path:
    """Draws the atlases, and keeps what a small network tells of each image."""
    from dermxai.data import load_dataset
    from dermxai.data.atlas import AtlasSettings, write_atlas
    from dermxai.models import load_classifier
    from dermxai.runs import infer
    from dermxai.training.fit import fit
    from dermxai.training.recipe import chosen

    arrays: dict[str, NDArray[np.generic]] = {}
    network = folder / "network"
    for name, settings in ATLASES.items():
        if not (folder / name).exists():
            write_atlas(folder / name, AtlasSettings.model_validate({**DRAWN, **settings}))
        images = load_dataset(folder / name)
        if not network.exists():
            asked = {"size": SIZE, "start_size": SIZE, "epochs": 1, "balance": 0, "drop_rate": 0}
            fit(images, chosen("light", asked), network, device="cpu")
        run = infer(load_classifier(network), images, device="cpu")
        everything = np.ones(len(run), dtype=bool)
        at = probes.coordinates(np.asarray(run.pooled), everything)[:, :AXES]
        arrays[f"{name}_features"] = (at / at.std()).astype(np.float16)
        for column in COLUMNS:
            values = run.samples[column]
            plain = values.fillna(0).to_numpy(np.int16) if column == "age" else None
            arrays[f"{name}_{column}"] = (
                np.array([str(each) for each in values.fillna("")]) if plain is None else plain
            )
    file = folder / "atlas_plants.npz"
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    file = asked.folder / "atlas_plants.npz"
    held = opened(file if file.exists() else kept(asked.folder))
    print("| Planted | draws | named | others named |\n|---|---|---|---|")
    for name, plant in PLANTS.items():
        chance = plant.mislabelled > 0 or min(plant.kept) < 1
        seeds = range(asked.seeds if chance else 1)
        cards = [find_causes(planted(plant, *held[plant.atlas], seed)) for seed in seeds]
        named = [{each.cause for each in card.named} for card in cards]
        hits = sum(bool(each.intersection(plant.causes)) for each in named)
        others = sorted(str(cause) for each in named for cause in each.difference(plant.causes))
        print(f"| {name} | {len(cards)} | {hits} | {', '.join(others) or '–'} |", flush=True)


if __name__ == "__main__":
    main()
