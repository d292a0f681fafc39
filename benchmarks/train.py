"""Images a second of a training (reading, augmentation, averaging and Lightning's loop included)
beside a bare PyTorch loop over ready tensors in memory: same network, batch and size, in one
process.

    python -m benchmarks.train [--architecture NAME] [--size 160] [--batch 16] [--device cpu]
                               [--precision float32] [--json FILE]

Rounds alternate and the median of their ratios counts, since machines differ and are shared.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy

from dermxai.data.transforms import Preprocessing
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.training.data.examples import Examples
from dermxai.training.data.prepared import Prepared
from dermxai.training.files import TrainingFiles
from dermxai.training.loop.hardware import Hardware
from dermxai.training.loop.plan import Plan
from dermxai.training.loop.process import train
from dermxai.training.recipe import Recipe

CLASSES = tuple(f"class {index}" for index in range(14))
VALIDATION = 14  # images; the pace is that of training alone


def plan(recipe: Recipe, steps: int, folder: Path, device: str) -> Plan:
    """A training on random pixels, as `fit` would hand it over."""
    count = steps * recipe.batch_size + VALIDATION
    rng = np.random.default_rng(0)
    pixels = folder / "pixels.npy"
    if not pixels.is_file():
        np.save(pixels, rng.integers(0, 256, (count, recipe.size, recipe.size, 3), np.uint8))
    split = np.where(np.arange(count) < VALIDATION, "validation", "train")
    labels = np.arange(count) % len(CLASSES)
    table = pd.DataFrame({"sample_id": np.arange(count).astype(str), "split": split})
    return Plan(
        recipe=recipe,
        examples=Examples(table, CLASSES, labels, "random"),
        prepared=Prepared(pixels, np.ones(count, dtype=bool), ()),
        preprocessing=Preprocessing(size=recipe.size),
        output=Path(tempfile.mkdtemp(dir=folder)),
        data={},
        hardware=Hardware(device),
    )


def ours(recipe: Recipe, steps: int, folder: Path, device: str) -> float:
    """Images a second in the second epoch."""
    made = plan(recipe, steps, folder, device)
    train(made)
    history = pd.read_csv(TrainingFiles(made.output).history)
    return float(history["images_per_second"].iloc[-1])


def bare(recipe: Recipe, steps: int, device: str) -> float:
    """Images a second of forward, backward and step on normalised tensors."""
    torch.manual_seed(0)
    network = MultiHeadNetwork(
        recipe.architecture, len(CLASSES), recipe.auxiliary, drop_path_rate=recipe.drop_path_rate
    )
    network.to(device).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    images = torch.randn(recipe.batch_size, 3, recipe.size, recipe.size, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(recipe.batch_size, device=device) % len(CLASSES)
    mixed = recipe.precision == "bfloat16"

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=mixed):
            loss = cross_entropy(network(images).logits.sum(1), labels)
        loss.backward()
        optimiser.step()

    step()
    wait(device)
    began = time.perf_counter()
    for _ in range(steps):
        step()
    wait(device)
    return steps * recipe.batch_size / (time.perf_counter() - began)


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="efficientnet_b4")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    recipe = Recipe(
        architecture=given.architecture,
        size=given.size,
        batch_size=given.batch,
        epochs=2,
        precision=given.precision,
    )
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(given.rounds):
            own = ours(recipe, given.steps, Path(folder), given.device)
            peer = bare(recipe, given.steps, given.device)
            rounds.append({"train": own, "bare": peer, "ratio": own / peer})
            print(f"train {own:.1f} images/s, bare loop {peer:.1f}, ratio {own / peer:.2f}")
    ratio = median(entry["ratio"] for entry in rounds)
    print(
        f"{given.architecture} with heads, {given.size} px, batches of {given.batch}, "
        f"{given.device}, {given.precision}: median ratio {ratio:.2f}"
    )
    if given.json:
        given.json.write_text(json.dumps({"ratio": ratio, "rounds": rounds, **vars(given)},
                                         default=str, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
