"""What a training in a folder has begun with, so that it goes on with the same, and alone."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from dermxai.data import Dataset
from dermxai.disk import locked, replacing
from dermxai.errors import InputError
from dermxai.paths import CheckpointFiles, TrainingFiles
from dermxai.training.recipe import Recipe

_COLUMNS = ["path", "label", "split", "patient_id", "lesion_id"]  # that a training looks at


@dataclass(frozen=True, eq=False)
class Beginning:
    """
    Attributes:
        recipe: as it is saved.
        data: fingerprint of the data set.
        examples: that of the images that are learnt from.
        ended: whether it is over.
    """

    recipe: Mapping[str, Any]
    data: str
    examples: str
    ended: bool = False

    def note(self, files: TrainingFiles, *, ended: bool) -> None:
        """Writes it down, for when the training is called for again."""
        content = json.dumps(asdict(replace(self, ended=ended)), indent=2, ensure_ascii=False)
        with replacing(files.about) as path:
            path.write_text(content + "\n", "utf-8")


def beginning(files: TrainingFiles, recipe: Recipe, data: str, examples: str) -> Beginning:
    """A new one; or that of the same training, which goes on, or has ended.

    Raises:
        InputError: another training has begun here, or the folder holds a checkpoint of other
            origin.
    """
    new = Beginning(asdict(recipe), data, examples)
    if not files.about.is_file():
        if CheckpointFiles(files.root).model.is_file():
            raise InputError(
                f"{files.root} holds a checkpoint that no training here has made; choose another "
                "output folder."
            )
        return new
    noted = Beginning(**json.loads(files.about.read_text("utf-8")))
    if (noted.recipe, noted.data, noted.examples) != (new.recipe, new.data, new.examples):
        changed = "data set" if noted.recipe == new.recipe else "recipe"
        raise InputError(
            f"{files.root} holds a training with another {changed}; choose another output folder, "
            "or delete it to start anew."
        )
    return noted


def note_data(dataset: Dataset, at: Path) -> None:
    """Writes down the images of a data set, for `as_begun`."""
    samples = dataset.samples[dataset.samples.columns.intersection(["sample_id", *_COLUMNS])]
    samples.attrs = {"fingerprint": dataset.fingerprint}
    with replacing(at) as path:
        samples.to_parquet(path, index=False)


def as_begun(dataset: Dataset, at: Path) -> Dataset:
    """A data set as it was when it was written down, where it has only lost images since: those
    that were read before still serve, and the others are named as unreadable. Else as it is now."""
    if not at.is_file():
        return dataset
    before, now = pd.read_parquet(at), dataset.samples
    columns = now.columns.intersection(_COLUMNS)
    lost = len(now) < len(before) and columns.isin(before.columns).all()
    if not lost:
        return dataset
    kept = before.set_index("sample_id").reindex(now["sample_id"])[columns]
    if not kept.astype("string").equals(now.set_index("sample_id")[columns].astype("string")):
        return dataset
    return replace(dataset, samples=before, fingerprint=before.attrs["fingerprint"])


@contextmanager
def alone(files: TrainingFiles) -> Iterator[None]:
    """
    Raises:
        InputError: another process trains here.
    """

    def refuse() -> None:
        raise InputError(
            f"A training is at work in {files.root}; wait for its end, or choose another folder."
        )

    with locked(files.lock, waiting=refuse):
        yield
