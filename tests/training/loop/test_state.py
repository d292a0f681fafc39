"""A state that is gone on from is what was written, to the last byte."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.training.files import TrainingFiles
from dermxai.training.loop.state import StateIO, check_state


@pytest.fixture
def files(tmp_path: Path) -> TrainingFiles:
    made = TrainingFiles(tmp_path)
    for epoch in range(2):
        StateIO().save_checkpoint({"epoch": epoch, "weights": torch.randn(300)}, made.state)
    return made


def flipped(path: Path, at: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def test_any_flipped_byte_is_found(files: TrainingFiles) -> None:
    check_state(files)
    size, rng = files.state.stat().st_size, np.random.default_rng(0)
    for at in {0, size - 1, *rng.integers(0, size, 60).tolist()}:
        flipped(files.state, at, bit := int(rng.integers(8)))
        with pytest.raises(InputError, match=r"training\.ckpt is damaged") as said:
            check_state(files)
        assert str(said.value).count(". ") == 1 and "delete it to begin anew" in str(said.value)
        flipped(files.state, at, bit)
    check_state(files)


def test_a_state_of_before_is_judged_by_its_archive_and_gone_on_from(files: TrainingFiles) -> None:
    files.digest.unlink()
    check_state(files)
    assert files.digest.is_file()
    files.digest.unlink()
    with zipfile.ZipFile(files.state) as archive:
        largest = max(archive.infolist(), key=lambda member: member.file_size)
    flipped(files.state, largest.header_offset + 400)
    with pytest.raises(InputError, match="damaged"):
        check_state(files)
    assert not files.digest.exists()


def test_a_process_that_dies_before_the_state_is_replaced_leaves_the_one_before(
    files: TrainingFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, replace = files.state.read_bytes(), Path.replace

    def dying(self: Path, target: Path) -> Path:
        if target == files.state:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", dying)
        StateIO().save_checkpoint({"epoch": 2}, files.state)
    assert files.state.read_bytes() == before
    check_state(files)
    StateIO().save_checkpoint({"epoch": 2}, files.state)
    check_state(files)
