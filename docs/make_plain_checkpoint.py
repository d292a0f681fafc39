"""Trains the demo's second checkpoint, a small network without auxiliary heads, from random weights
on the synthetic atlas that its card names.

    python -m docs.make_plain_checkpoint FOLDER

The atlas is drawn in FOLDER, which gets the checkpoint, too; a training that was stopped resumes.
"""

import argparse
from pathlib import Path

from dermxai.core import paths
from dermxai.data import load_dataset
from dermxai.data.atlas import AtlasSettings, write_atlas
from dermxai.training.fit import fit
from dermxai.training.recipe import Recipe

ATLAS = AtlasSettings(images=3600, size=256, seed=101)
RECIPE = Recipe(
    architecture="mobilenetv2_050",
    auxiliary=False,
    size=128,
    start_size=96,
    epochs=16,
    batch_size=16,
    learning_rate=3e-3,
    ema_decay=0.99,
    drop_path_rate=0.0,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default=None)
    given = parser.parse_args()
    atlas = write_atlas(given.folder / "training-atlas", ATLAS)
    print(
        fit(
            load_dataset(atlas),
            RECIPE,
            given.folder / paths.PLAIN_CHECKPOINT.name,
            print_progress,
            given.device,
        )
    )


def print_progress(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
    told = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"{phase} {done} of {total}  {told}", flush=True)


if __name__ == "__main__":
    main()
