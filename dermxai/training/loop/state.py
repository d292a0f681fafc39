"""The state that an interrupted training goes on from, and whether it is what was written."""

import hashlib
import zipfile
from pathlib import Path

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO
from typing_extensions import override

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.training.files import TrainingFiles


class StateIO(TorchCheckpointIO):
    """Lightning's checkpoints, written atomically, with their SHA-256 beside."""

    @override
    def save_checkpoint(
        self, checkpoint: object, path: str | Path, storage_options: object = None
    ) -> None:
        files = TrainingFiles(Path(path).parent)
        with disk.replacing(Path(path)) as temporary:
            with temporary.open("wb") as file:
                torch.save(checkpoint, file)
            # that of the state that still lies there, too: a process may die before it is replaced
            _note(files, [*_noted(files)[-1:], _digest(temporary)])


def check_state(files: TrainingFiles) -> None:
    """Compares a state with its digest; one of a training that did not note any with the checksums
    of the archive that it is.

    Raises:
        InputError: it is not what was written.
    """
    noted = _noted(files)
    if noted:
        whole = _digest(files.state) in noted
    elif whole := _checksums_hold(files.state):
        _note(files, [_digest(files.state)])
    if not whole:
        raise InputError(
            f"{files.state} is damaged: it is not what the training has written, as when the power "
            "or the disk failed, and cannot be gone on from; delete it to begin anew. start_from "
            "can take up the weights that are kept."
        )


def _checksums_hold(path: Path) -> bool:
    try:
        with zipfile.ZipFile(readable(path)) as archive:
            return archive.testzip() is None
    except disk.UNREADABLE:
        return False


def _digest(path: Path) -> str:
    with readable(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _noted(files: TrainingFiles) -> list[str]:
    """The newest last; none where none were noted."""
    try:
        return readable(files.digest).read_text("ascii", errors="replace").split()
    except FileNotFoundError:
        return []


def _note(files: TrainingFiles, digests: list[str]) -> None:
    with disk.replacing(files.digest) as path:
        path.write_text("\n".join(digests) + "\n", "ascii")
