"""What a training in a folder has begun with, so that it goes on with the same, and alone."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from dermxai.data import Dataset
from dermxai.errors import InputError
from dermxai.paths import CheckpointFiles, TrainingFiles, locked, replacing
from dermxai.training.examples import Examples
from dermxai.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Beginning:
    """
    Attributes:
        recipe: as it is saved.
        examples: what is learnt from.
        data: fingerprint of the data set that they come from.
        ended: whether it is over.
    """

    recipe: Mapping[str, Any]
    examples: Examples
    data: str
    ended: bool = False

    def note(self, files: TrainingFiles, *, ended: bool) -> None:
        """Writes it down, for when the training is called for again."""
        if ended:
            files.examples.unlink(missing_ok=True)
        else:
            columns = self.examples.table.columns.intersection(
                ["sample_id", "label", "split", "patient_id", "lesion_id"]
            )
            with replacing(files.examples) as path:
                self.examples.table[columns].to_parquet(path, index=False)
        content = {**_identity(self), "ended": ended}
        with replacing(files.about) as path:
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def beginning(
    files: TrainingFiles, dataset: Dataset, recipe: Recipe, examples: Examples
) -> Beginning:
    """A new one; or that of the same training, which has lost some files of its data set at most:
    it has decoded them already, or lists them with those that cannot be read.

    Raises:
        InputError: another training has begun here, or the folder holds a checkpoint of other
            origin.
    """
    new = Beginning(asdict(recipe), examples, dataset.fingerprint)
    if not files.about.is_file():
        if CheckpointFiles(files.root).model.is_file():
            raise InputError(
                f"{files.root} holds a checkpoint that no training here has made; choose another "
                "output folder."
            )
        return new
    noted = json.loads(files.about.read_text("utf-8"))
    if {name: noted[name] for name in _identity(new)} == _identity(new):
        return Beginning(new.recipe, examples, new.data, noted["ended"])
    if noted["recipe"] == new.recipe and not noted["ended"] and files.examples.is_file():
        before = Examples.of(pd.read_parquet(files.examples))
        if _has_only_lost(before.table, examples.table, "split" in dataset.samples):
            return Beginning(new.recipe, before, noted["data"])
    changed = "data set" if noted["recipe"] == new.recipe else "recipe"
    raise InputError(
        f"{files.root} holds a training with another {changed}; choose another output folder, or "
        "delete it to start anew."
    )


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


def _identity(of: Beginning) -> dict[str, Any]:
    return {"recipe": of.recipe, "data": of.data, "examples": of.examples.fingerprint}


def _has_only_lost(before: pd.DataFrame, now: pd.DataFrame, divided: bool) -> bool:
    """Whether a data set is an earlier one with fewer images.

    Args:
        divided: its own column divides it: the divisions count, too.
    """
    columns = ["label", "split"] if divided else ["label"]
    kept = before.set_index("sample_id").reindex(now["sample_id"])[columns]
    same = (kept == now.set_index("sample_id")[columns]).to_numpy().all()
    return len(now) < len(before) and bool(same)
