"""Runs of any size, made up in seconds: for tests and benchmarks of what reads a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from dermxai import taxonomy
from dermxai.data.transforms import Preprocessing
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import Head, ModelInfo
from dermxai.models.training_images import digests, write_training_images
from dermxai.runs.files import RunFiles
from dermxai.runs.run import Run, open_run, run_id

B4_HEADS = {
    "block 1": 24,
    "block 2": 32,
    "block 3": 56,
    "block 4": 112,
    "block 5": 160,
    "block 6": 272,
    "block 7": 448,
    "final": 1792,
}
CHUNK = 1024


def generated_run(
    root: Path,
    images: int = 60,
    *,
    classes: tuple[str, ...] = taxonomy.CODES,
    heads: dict[str, int] | None = None,
    patients: int | None = None,
    labelled: bool = True,
    files: int = 4,
    checkpoint: Path | None = None,
    seed: int = 0,
) -> Run:
    """Writes a complete run into ``root`` and opens it.

    Its images share a few small files under ``root/images``, listed in ``root/dataset.csv``; its
    logits favour the true class, its features cluster by class.
    """
    heads = heads or B4_HEADS
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    truth = rng.integers(len(classes), size=images)
    samples = _samples(truth, classes, patients or max(1, images // 2), _files(root, files), rng)
    if not labelled:
        samples["label"] = pd.array([None] * images, dtype="str")
    samples.to_csv(root / "dataset.csv", index=False)

    run_files = RunFiles(root)
    samples.to_parquet(run_files.samples, index=False)
    logits = np.lib.format.open_memmap(
        run_files.logits, "w+", np.float32, (images, len(heads), len(classes))
    )
    pooled = np.lib.format.open_memmap(
        run_files.pooled, "w+", np.float32, (images, sum(heads.values()))
    )
    centres = rng.standard_normal((len(classes), pooled.shape[1]), np.float32)
    favour = 2 * np.eye(len(classes), dtype=np.float32)
    for start in range(0, images, CHUNK):
        rows = slice(start, start + CHUNK)
        logits[rows] = rng.standard_normal(logits[rows].shape, np.float32)
        logits[rows] += favour[truth[rows], None]
        pooled[rows] = rng.standard_normal(pooled[rows].shape, np.float32)
        pooled[rows] += centres[truth[rows]]
    logits.flush()
    pooled.flush()

    settings = {"precision": "float32"}
    fingerprint = f"generated {seed} {images} {len(classes)}"
    manifest = {
        "id": run_id("generated", fingerprint, settings),
        "created": "2024-01-01T00:00:00+00:00",
        "checkpoint": {
            "path": str(checkpoint or root / "checkpoint"),
            "name": "generated",
            "hash": "generated",
        },
        "dataset": {
            "path": str(root / "dataset.csv"),
            "name": "generated",
            "fingerprint": fingerprint,
            "options": {},
        },
        "settings": settings,
        "versions": {},
        "counts": {"images": images, "problems": 0},
        "heads": [{"name": name, "channels": channels} for name, channels in heads.items()],
        "classes": list(classes),
        "problems": [],
    }
    run_files.manifest.write_text(json.dumps(manifest))
    return open_run(root)


def rewrite(run: Run, **columns: object) -> Run:
    """Other columns of a run's sample table."""
    samples = run.samples.assign(**columns)
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    return open_run(run.root)


def trained(run: Run, split: "pd.Series[Any] | None" = None, **data: object) -> Run:
    """Describes the run's checkpoint as trained on ``data``, images divided as ``split``."""
    files = CheckpointFiles(Path(run.manifest["checkpoint"]["path"]))
    files.root.mkdir(exist_ok=True)
    info = ModelInfo("x", (Head("final", 8),), run.classes, Preprocessing(), data=data)
    files.model.write_text(info.to_json())
    if split is not None:
        told = [str(index) for index in range(len(run))]
        np.save(RunFiles(run.root).fingerprints, np.array(told, dtype=np.bytes_))
        images = digests(run.samples["path"][split.index], [told[row] for row in split.index])
        write_training_images(files.root, images, split)
    return open_run(run.root)


def trained_here(run: Run, split: "pd.Series[Any]") -> Run:
    """As trained on the run's own data set."""
    return trained(run, split, fingerprint=run.manifest["dataset"]["fingerprint"])


def _files(root: Path, count: int) -> list[str]:
    (root / "images").mkdir(exist_ok=True)
    shared = [root / "images" / f"{index}.jpg" for index in range(count)]
    for index, path in enumerate(shared):
        Image.new("RGB", (128, 96), (200, 150 - 20 * index % 100, 130)).save(path)
    return [str(path) for path in shared]


def _samples(
    truth: NDArray[np.int64],
    classes: tuple[str, ...],
    patients: int,
    shared: list[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    patient = rng.integers(patients, size=len(truth))
    split_of = rng.choice(["train", "validation", "test"], p=[0.7, 0.1, 0.2], size=patients)
    age_of = rng.integers(5, 90, size=patients).astype(float)
    sex_of = rng.choice(["female", "male"], size=patients)
    sites = np.array(["face", "scalp", "trunk", "upper limb", "lower limb"])
    return pd.DataFrame(
        {
            "sample_id": [f"image {index:05d}" for index in range(len(truth))],
            "path": [shared[index % len(shared)] for index in range(len(truth))],
            "label": np.array(classes)[truth],
            "patient_id": [f"patient {index:05d}" for index in patient],
            "split": split_of[patient],
            "age": age_of[patient],
            "sex": sex_of[patient],
            "site": sites[rng.integers(len(sites), size=len(truth))],
        }
    )
