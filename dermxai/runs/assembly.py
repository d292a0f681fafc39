"""Shards become a run: arrays, sample table, and the manifest last."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.data import Dataset, Problem
from dermxai.models import Classifier
from dermxai.runs.files import RunFiles
from dermxai.runs.run import Run, open_run
from dermxai.runs.shards import Shards
from dermxai.version import __version__


def versions() -> dict[str, str]:
    """Of the software that a run's numbers depend on."""
    libraries = {name: version(name) for name in ("torch", "timm", "numpy")}
    return {"dermxai": __version__, **libraries}


def assemble(
    shards: Shards, classifier: Classifier, dataset: Dataset, settings: Mapping[str, Any]
) -> None:
    """Writes the run's files from its shards.

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
    _write_manifest(
        files,
        {
            "id": files.root.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **_origin(classifier, dataset),
            "settings": settings,
            "versions": versions(),
            "counts": {"images": len(samples), "problems": len(dataset.problems) + len(failed)},
            "heads": [asdict(head) for head in classifier.info.heads],
            "classes": classifier.info.classes,
            "problems": [asdict(problem) for problem in (*dataset.problems, *failed)],
        },
    )


def follow(run: Run, classifier: Classifier, dataset: Dataset) -> Run:
    """A complete run is told where its dataset and its checkpoint are now, and what training the
    latter says that it comes from, where that is other than it says: what has taken their old place
    may be another."""
    now = _origin(classifier, dataset)
    told = [(part, name) for part in now for name in ("path", "training")]
    if all(run.manifest[part].get(name) == now[part].get(name) for part, name in told):
        return run
    files = RunFiles(run.root)
    kept = dataset.samples["sample_id"].isin(run.samples["sample_id"])
    _write_samples(files, dataset.samples[kept].reset_index(drop=True))
    _write_manifest(files, {**run.manifest, **now})
    return open_run(run.root)


def _origin(classifier: Classifier, dataset: Dataset) -> dict[str, Any]:
    return {
        "checkpoint": {
            "path": str(classifier.path.absolute()),
            "name": classifier.name,
            "hash": classifier.hash,
            "training": classifier.info.training,
            "options": {
                "architecture": classifier.info.architecture,
                "classes": classifier.info.classes,
                "size": classifier.info.preprocessing.size,
            },
        },
        "dataset": {
            "path": str(dataset.source),
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "options": dataset.options,
        },
    }


def _write_samples(files: RunFiles, samples: pd.DataFrame) -> None:
    with disk.replacing(files.samples) as path:
        _as_stored(samples).to_parquet(path, index=False)


def _write_fingerprints(files: RunFiles, fingerprints: list[str]) -> None:
    with disk.replacing(files.fingerprints) as path, path.open("wb") as file:
        np.save(file, np.array(fingerprints, dtype=np.bytes_))


def _write_manifest(files: RunFiles, manifest: Mapping[str, Any]) -> None:
    with disk.replacing(files.manifest) as path:
        path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")


def _as_stored(samples: pd.DataFrame) -> pd.DataFrame:
    """Columns of mixed kinds as text, which Parquet can hold."""
    mixed = [name for name in samples if is_object_dtype(samples[name])]
    return samples.astype(dict.fromkeys(mixed, "str"))
