"""Shards become a run: arrays, sample table, and the manifest last."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_object_dtype

from dermxai.core import disk
from dermxai.core.activation import SOFTMAX
from dermxai.core.errors import InputError
from dermxai.data import Dataset, Problem
from dermxai.runs import feature_spaces
from dermxai.runs.files import RunFiles
from dermxai.runs.manifest import (
    CheckpointEntry,
    CheckpointOptions,
    DatasetEntry,
    ImportedManifest,
    Manifest,
    Rounding,
)
from dermxai.runs.run import Run, open_run
from dermxai.runs.shards import Shards
from dermxai.version import __version__

if TYPE_CHECKING:
    from dermxai.models import Classifier


def versions(engine: str = "torch") -> dict[str, str]:
    """Of the software that a run's numbers depend on."""
    names = dict.fromkeys(("torch", "timm", "numpy", engine))
    libraries = {name: version(name) for name in names}
    return {"dermxai": __version__, **libraries}


def assemble(
    shards: Shards,
    classifier: "Classifier",
    dataset: Dataset,
    settings: Mapping[str, object],
    made_by: Mapping[str, str],
) -> None:
    """Writes the run's files from its shards.

    Args:
        made_by: versions of the software.

    Raises:
        InputError: not one image has a result; what made all fail may be mended, so the next call
            looks at them again.
    """
    files = shards.files
    reasons = np.array(shards.reasons())
    failed = tuple(
        Problem(sample_id, reason)
        for sample_id, reason in zip(dataset.samples["sample_id"], reasons, strict=True)
        if reason
    )
    if len(failed) == len(dataset):
        shards.discard()
        raise InputError(
            f"None of the {len(dataset)} images of {dataset.name} has a result "
            f"({failed[0].item}: {failed[0].reason})."
        )
    shards.assemble("logits", files.logits)
    shards.assemble("pooled", files.pooled)
    shards.assemble("pictures", files.pictures)
    samples = dataset.samples[reasons == ""].reset_index(drop=True)
    _write_samples(files, samples)
    if known := dataset.file_fingerprints:
        _write_fingerprints(files, [known[name] for name in samples["sample_id"]])
    problems = (*dataset.problems, *failed)
    manifest: Manifest = {
        "id": files.root.name,
        "created": _now(),
        "checkpoint": _checkpoint(classifier),
        "dataset": _dataset(dataset),
        "settings": dict(settings),
        "versions": dict(made_by),
        "counts": {"images": len(samples), "problems": len(problems)},
        "heads": [{"name": each.name, "channels": each.channels} for each in classifier.info.heads],
        "classes": list(classifier.info.classes),
        "problems": [{"item": each.item, "reason": each.reason} for each in problems],
    }
    if classifier.info.activation != SOFTMAX:
        manifest["activation"] = classifier.info.activation
    _write_manifest(files, manifest)


@dataclass(frozen=True, eq=False)
class ImportedRun:
    """What is known of n images without their network.

    Attributes:
        samples: n rows of the dataset.
        logits: (n, head, class).
        probabilities: (n, class); None where they are the softmax of the logits.
        spaces: features of the images.
    """

    samples: pd.DataFrame
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    spaces: tuple[feature_spaces.ImportedFeatures, ...]


def assemble_imported(
    files: RunFiles, made: ImportedRun, dataset: Dataset, manifest: ImportedManifest
) -> None:
    """Writes the files of a run that no network of ours has made.

    Args:
        manifest: what it holds beside the dataset and counts.
    """
    samples = made.samples
    with disk.replacing(files.plan) as path:
        path.write_text(json.dumps({"dataset": dataset.fingerprint}))
    nothing = np.empty((len(samples), 0), np.float32)
    arrays: dict[Path, NDArray[np.generic]] = {files.logits: made.logits, files.pooled: nothing}
    if made.probabilities is not None:
        arrays[files.probabilities] = made.probabilities
    for file, array in arrays.items():
        with disk.replacing(file) as path, path.open("wb") as opened:
            np.save(opened, array)
    for space in made.spaces:
        feature_spaces.write(files, samples["sample_id"], space)
    _write_samples(files, samples)
    if known := dataset.file_fingerprints:
        _write_fingerprints(files, [known[name] for name in samples["sample_id"]])
    content: Manifest = {
        "id": files.root.name,
        "created": _now(),
        "dataset": _dataset(dataset),
        "versions": dict(versions()),
        "counts": {"images": len(samples), "problems": len(manifest["problems"])},
        "predictions": manifest["predictions"],
        "settings": manifest["settings"],
        "heads": manifest["heads"],
        "classes": manifest["classes"],
        "problems": manifest["problems"],
    }
    if "activation" in manifest:
        content["activation"] = manifest["activation"]
    _write_manifest(files, content)
    files.plan.unlink(missing_ok=True)


def follow(run: Run, classifier: "Classifier", dataset: Dataset) -> Run:
    """A complete run is told where its dataset and its checkpoint are now, and what training the
    latter says that it comes from, where that is other than it says: what has taken their old place
    may be another."""
    checkpoint, data = _checkpoint(classifier), _dataset(dataset)
    before = run.checkpoint
    same = before["path"] == checkpoint["path"] and data["path"] == run.manifest["dataset"]["path"]
    if same and before.get("training") == checkpoint.get("training"):
        return run
    files = RunFiles(run.root)
    kept = dataset.samples["sample_id"].isin(run.samples["sample_id"])
    _write_samples(files, dataset.samples[kept].reset_index(drop=True))
    _write_manifest(files, {**run.manifest, "checkpoint": checkpoint, "dataset": data})
    return open_run(run.root)


def with_rounding(run: Run, rounding: Rounding) -> Run:
    """A complete run is told what its rounding changes."""
    _write_manifest(RunFiles(run.root), {**run.manifest, "rounding": rounding})
    return open_run(run.root)


def follow_dataset(run: Run, dataset: Dataset) -> Run:
    """An imported run is told where its dataset is now."""
    now = _dataset(dataset)
    if run.manifest["dataset"]["path"] == now["path"]:
        return run
    files = RunFiles(run.root)
    there = dataset.samples.set_index("sample_id").loc[run.samples["sample_id"]]
    moved = [name for name in ("path", "mask_path", "evidence_path") if name in run.samples]
    columns = {name: there[name].to_numpy() for name in moved}
    _write_samples(files, run.samples.assign(**columns))
    _write_manifest(files, {**run.manifest, "dataset": now})
    return open_run(run.root)


def _checkpoint(classifier: "Classifier") -> CheckpointEntry:
    info = classifier.info
    options: CheckpointOptions = {
        "architecture": info.architecture,
        "classes": list(info.classes),
        "size": info.preprocessing.size,
    }
    if info.activation != SOFTMAX:
        options["activation"] = info.activation
    if info.weights:
        options["weights"] = info.weights
    if info.origin:  # of another program
        way = info.preprocessing
        options |= {"mean": list(way.mean), "std": list(way.std)}
    if classifier.layout:
        options["layout"] = classifier.layout
    entry: CheckpointEntry = {
        "path": str(classifier.path.absolute()),
        "name": classifier.name,
        "hash": classifier.hash,
        "training": info.training,
        "options": options,
        "colour_profiles": info.preprocessing.colour_profiles,
    }
    if info.origin:
        entry["origin"] = dict(info.origin)
    return entry


def _dataset(dataset: Dataset) -> DatasetEntry:
    return {
        "path": str(dataset.source),
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "options": dict(dataset.options),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write_samples(files: RunFiles, samples: pd.DataFrame) -> None:
    with disk.replacing(files.samples) as path:
        _as_stored(samples).to_parquet(path, index=False)


def _write_fingerprints(files: RunFiles, fingerprints: list[str]) -> None:
    with disk.replacing(files.fingerprints) as path, path.open("wb") as file:
        np.save(file, np.array(fingerprints, dtype=np.bytes_))


def _write_manifest(files: RunFiles, manifest: Manifest) -> None:
    with disk.replacing(files.manifest) as path:
        path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")


def _as_stored(samples: pd.DataFrame) -> pd.DataFrame:
    """Columns of mixed kinds as text, which Parquet can hold."""
    mixed = [name for name in samples if is_object_dtype(samples[name])]
    return samples.astype(dict.fromkeys(mixed, "str"))
