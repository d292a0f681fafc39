import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.data import array_images, load_dataset
from dermxai.data.formats import medmnist
from tests.core.test_arrays import npy_bytes


def archive(
    path: Path, size: int = 28, labels: np.ndarray | None = None, colour: bool = True, n: int = 7
) -> Path:
    rng = np.random.default_rng(0)
    shape = (n, size, size, 3) if colour else (n, size, size)
    arrays = {}
    for split in ("train", "val", "test"):
        arrays[f"{split}_images"] = rng.integers(0, 256, shape).astype(np.uint8)
        arrays[f"{split}_labels"] = np.arange(n)[:, None] if labels is None else labels
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("size", [28, 224])
def test_dermamnist_bears_our_codes(tmp_path: Path, size: int) -> None:
    dataset = load_dataset(archive(tmp_path / f"dermamnist_{size}.npz", size))
    assert len(dataset) == 21
    assert dataset.samples["label"].tolist()[:7] == ["akiec", "BCC", "SK", "DF", "mel", "MN", "Hem"]
    assert dataset.samples["split"].unique().tolist() == ["train", "validation", "test"]
    assert dataset.samples["sample_id"].tolist()[7] == "val-0"
    with np.load(tmp_path / f"dermamnist_{size}.npz") as arrays:
        np.testing.assert_array_equal(dataset.image("val-3"), arrays["val_images"][3])
    assert dataset.mask("val-3") is None


def test_grey_images_and_numbered_labels(tmp_path: Path) -> None:
    dataset = load_dataset(archive(tmp_path / "pneumoniamnist.npz", colour=False))
    assert dataset.image("train-0").shape == (28, 28, 3)
    assert dataset.samples["label"].tolist()[:3] == ["0", "1", "2"]
    named = load_dataset(tmp_path / "pneumoniamnist.npz", label_map={"0": "LP", "1": "Pso"})
    assert named.samples["label"].tolist()[:3] == ["LP", "Pso", "2"]


def test_grey_images_may_have_a_channel(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 28, 20), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", train_images=pixels[..., None], train_labels=[[0], [1]])
    image = load_dataset(tmp_path / "a.npz").image("train-1")
    np.testing.assert_array_equal(image, np.stack([pixels[1]] * 3, axis=2))


def test_several_labels_at_once_become_columns(tmp_path: Path) -> None:
    labels = np.array([[0, 1], [1, 1], [0, 0]])
    dataset = load_dataset(archive(tmp_path / "chestmnist.npz", labels=labels, n=3))
    assert dataset.samples["label"].isna().all()
    assert dataset.samples["label 1"].tolist()[:3] == [1, 1, 0]


def test_one_hot_labels_are_one_label(tmp_path: Path) -> None:
    labels = np.eye(3, dtype=np.uint8)
    dataset = load_dataset(archive(tmp_path / "a.npz", labels=labels, n=3))
    assert dataset.samples["label"].tolist()[:3] == ["0", "1", "2"]


def test_images_without_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", test_images=np.zeros((2, 28, 28), np.uint8))
    dataset = load_dataset(tmp_path / "a.npz")
    assert dataset.samples["label"].isna().all()
    assert len(dataset.problems) == 1


@pytest.mark.parametrize(
    "arrays",
    [
        {"train_images": np.zeros((2, 8, 8, 8), np.uint8)},
        {"train_images": np.zeros((2, 8, 8), np.float64)},
        {"train_images": np.zeros((2, 8, 8), np.uint8), "train_labels": np.zeros((3, 1), int)},
        {"train_images": np.zeros((2, 8, 8), np.uint8), "train_labels": np.array([{}, {}])},
        {"other": np.zeros(3)},
    ],
)
def test_other_archives_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError):
        load_dataset(tmp_path / "a.npz")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"a\.npz"):
        load_dataset(path)


def test_a_split_without_images_is_empty(tmp_path: Path) -> None:
    full, none = np.zeros((2, 28, 28, 3), np.uint8), np.zeros((0, 28, 28, 3), np.uint8)
    np.savez(
        tmp_path / "a.npz",
        train_images=full,
        train_labels=[[0], [1]],
        test_images=none,
        test_labels=np.zeros((0, 1), int),
    )
    assert load_dataset(tmp_path / "a.npz").samples["split"].tolist() == ["train", "train"]


@pytest.mark.parametrize("part", ["labels", "images"])
def test_an_archive_that_was_damaged_on_its_way(tmp_path: Path, part: str) -> None:
    content = bytearray(archive(tmp_path / "a.npz").read_bytes())
    start = content.index(f"train_{part}.npy".encode()) + 60
    content[start : start + 24] = bytes(24)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match=f"damaged header in train_{part}"):
        load_dataset(tmp_path / "a.npz").image("train-0")


def test_what_labels_are_is_the_same_in_all_splits(tmp_path: Path) -> None:
    arrays = {f"{split}_images": np.zeros((2, 28, 28), np.uint8) for split in ("train", "val")}
    several, one = np.array([[1, 1], [0, 1]]), np.eye(2, dtype=int)
    np.savez(tmp_path / "CHEST.NPZ.npz", **arrays, train_labels=several, val_labels=one)
    path = (tmp_path / "CHEST.NPZ.npz").rename(tmp_path / "CHEST.NPZ")
    dataset = load_dataset(path)
    assert dataset.samples["label"].isna().all()
    assert dataset.samples["label 0"].tolist() == [1, 0, 1, 0]
    assert dataset.image("val-1").shape == (28, 28, 3)


def claiming(path: Path, shape: tuple[int, ...], content: bytes = b"", labels: int = 0) -> Path:
    """An archive whose images have a header of their own making."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("train_images.npy", npy_bytes(shape, content=content))
        if labels:
            made.writestr("train_labels.npy", npy_bytes((shape[0], labels), content=bytes(labels)))
    return path


@pytest.mark.parametrize("shape", [(10**9, 28, 28), (10**9, 0, 28), (10**9, 28, 28, 3)])
def test_two_hundred_bytes_that_claim_a_billion_images(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match="claim"):
        load_dataset(claiming(tmp_path / "a.npz", shape))


def test_more_images_than_are_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medmnist, "MOST_IMAGES", 3)
    with pytest.raises(InputError, match="at most 3 images"):
        load_dataset(claiming(tmp_path / "a.npz", (4, 2, 2), bytes(16)))


def test_labels_that_unpack_to_gigabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medmnist, "MOST_LABELS", 10)
    with pytest.raises(InputError, match="for 1 images"):
        load_dataset(claiming(tmp_path / "a.npz", (1, 2, 2), bytes(4), labels=11))


def test_what_changes_under_us_is_unpacked_to_its_claim_at_most(
    tmp_path: Path, workspace: Path
) -> None:
    """The archive is another by the time that its images are wanted."""
    dataset = load_dataset(archive(tmp_path / "a.npz", n=3))
    claiming(tmp_path / "a.npz", (3, 28, 28, 3), bytes(40_000))
    with pytest.raises(InputError, match="claims 7,056 bytes"):
        dataset.image("train-0")
    assert not [*workspace.rglob("*.npy"), *workspace.rglob("*.tmp")]


def test_no_room_for_the_images(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = load_dataset(archive(tmp_path / "a.npz", n=3))
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(array_images, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="free some space"):
        dataset.image("train-0")
    assert not list(workspace.rglob("*.npy"))
