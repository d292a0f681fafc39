from pathlib import Path

import pytest

from dermxai.models.files import CheckpointFiles
from dermxai.models.training_images import digests, open_training_images, write_training_images

PATHS = ["/a/P1.png", "/a/P2.png", "/a/all.npz#train/0", "/a/all.npz#train/1"]
FILES = ["f1", "f2", "f3", "f3"]


def test_an_image_is_known_by_its_file_and_its_place_in_an_archive():
    told = digests(PATHS, FILES)
    assert len(set(told)) == 4
    moved = [path.replace("/a/", "/elsewhere/") for path in PATHS]
    assert digests(moved, FILES) == told
    assert digests(PATHS[:1], ["other"]) != told[:1]


def test_what_was_written_is_read_for_whatever_images_are_asked_for(tmp_path: Path):
    told = digests(PATHS, FILES)
    write_training_images(
        tmp_path / "made", [*told[:3], told[0]], ["train", "validation", "test", "train"]
    )
    found = open_training_images(tmp_path / "made").split_of([told[3], told[2], told[0]])
    assert found.isna().tolist() == [True, False, False]
    assert found[1:].tolist() == ["test", "train"]
    assert b"P1" not in CheckpointFiles(tmp_path / "made").training_images.read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"no table"])
def test_a_checkpoint_that_does_not_tell(tmp_path: Path, content: bytes | None):
    if content is not None:
        CheckpointFiles(tmp_path).training_images.write_bytes(content)
    assert open_training_images(tmp_path) is None
