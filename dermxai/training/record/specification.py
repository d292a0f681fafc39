"""The specification of the training in a folder, noted so that it resumes with the same one."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd

from dermxai.core import parquet
from dermxai.core.disk import locked, replacing
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.data import Dataset
from dermxai.training.files import StudyFiles, TrainingFiles
from dermxai.training.recipe import Recipe, as_saved, completed

_COLUMNS = ["path", "label", "split", "patient_id", "lesion_id"]  # that a training looks at


@dataclass(frozen=True, eq=False)
class Specification:
    """
    Attributes:
        recipe: as it is saved; of one that goes on, as it was saved, see `recipe.as_saved`.
        data: fingerprint of the data set.
        examples: that of the images that are learnt from.
        folds: of a cross-validation; 0 for one training.
        ended: whether it is over.
        sweep: values of settings that are compared, and how; empty where none are.
    """

    recipe: Mapping[str, object]
    data: str
    examples: str
    folds: int = 0
    ended: bool = False
    sweep: Mapping[str, object] = field(default_factory=dict)

    def note(self, at: Path, *, ended: bool) -> None:
        """Writes it down, for when the training is called for again."""
        content = json.dumps(asdict(replace(self, ended=ended)), indent=2, ensure_ascii=False)
        with replacing(at) as path:
            path.write_text(content + "\n", "utf-8")


def resumed(new: Specification, at: Path) -> Specification:
    """The new one; or that of the same training, which goes on, or has ended. Until an epoch has
    ended in its folder, another may begin there.

    Args:
        at: where it is noted.

    Raises:
        InputError: another training has learnt here, or the folder holds something else.
    """
    root = at.parent
    others = [path.name for path in root.glob("[!.]*")]  # before the note, which is written first
    if not at.is_file():
        if others:
            raise InputError(
                f"{root} holds something else ({min(others)}); a training writes to a folder of "
                "its own: choose a new one as output."
            )
        return new
    noted = _noted(at)
    if not (TrainingFiles(root).learnt or StudyFiles(root).learnt):
        return new
    going_on = as_saved(Recipe().replaced(**new.recipe), noted.recipe).model_dump()
    for what, then, now in (
        ("recipe", completed(noted.recipe), going_on),
        ("number of folds", noted.folds, new.folds),
        ("sweep", noted.sweep, json.loads(json.dumps(dict(new.sweep)))),
        ("data set", (noted.data, noted.examples), (new.data, new.examples)),
    ):
        if then != now:
            raise InputError(
                f"{root} holds a training with another {what}; choose another output folder, or "
                "delete it to start anew."
            )
    return noted


def _noted(at: Path) -> Specification:
    try:
        noted = Specification(**json.loads(readable(at).read_text("utf-8")))
        if not isinstance(noted.recipe, dict):
            raise TypeError
        return noted
    except (ValueError, TypeError):
        raise InputError(
            f"{at} cannot be read as what a training notes; choose another output folder."
        ) from None


def note_data(dataset: Dataset, at: Path) -> None:
    """Writes down the images of a data set, for `as_begun`."""
    samples = dataset.samples[dataset.samples.columns.intersection(["sample_id", *_COLUMNS])]
    samples.attrs = {"fingerprint": dataset.fingerprint}
    with replacing(at) as path:
        samples.to_parquet(path, index=False)


def as_begun(dataset: Dataset, at: Path) -> Dataset:
    """A data set as it was when it was written down, where it has only lost images since: those
    that were read before still serve, and the others are named as unreadable. Else as it is now."""
    try:
        parquet.check(at)
        before, now = pd.read_parquet(readable(at)), dataset.samples
    except (OSError, ValueError):  # not there, damaged, or something else
        return dataset
    columns = now.columns.intersection(_COLUMNS)
    lost = len(now) < len(before) and columns.isin(before.columns).all()
    if not lost:
        return dataset
    kept = before.set_index("sample_id").reindex(now["sample_id"])[columns]
    if not kept.astype("string").equals(now.set_index("sample_id")[columns].astype("string")):
        return dataset
    return replace(dataset, samples=before, fingerprint=before.attrs["fingerprint"])


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """What is refused in the block leaves no folder behind that was not there before.

    Raises:
        InputError: another process trains in the lock's folder.
    """

    def refuse() -> None:
        raise InputError(
            f"A training is at work in {lock.parent}; wait for its end, or choose another folder."
        )

    new = [each for each in (lock.parent, *lock.parent.parents) if not each.exists()]
    with locked(lock, waiting=refuse):
        try:
            yield
        except InputError:
            if new:
                _forget(TrainingFiles(lock.parent), new)
            raise


def _forget(files: TrainingFiles, new: list[Path]) -> None:
    """Removes the folders that were made for a training that was refused, the innermost first,
    where it has left nothing of use."""
    preparations = {each.name for each in (files.lock, files.about, files.data, files.images)}
    with suppress(OSError):
        if {path.name for path in files.root.iterdir()} <= preparations:
            shutil.rmtree(files.root)
            for folder in new[1:]:
                folder.rmdir()
