"""What every dataset format must hold to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.data.formats import FORMATS, LAST, Format, by_priority
from dermxai.data.table import Options, Table
from tests import odd


def _class_folders(root: Path) -> Path:
    for name in ("nevus/1.jpg", "melanoma/2.jpg"):
        (root / name).parent.mkdir()
        (root / name).touch()
    return root


def _ham10000(root: Path) -> Path:
    (root / "images").mkdir()
    (root / "images" / "ISIC_1.jpg").touch()
    (root / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nH1,ISIC_1,nv\n")
    return root


def _isic(root: Path) -> Path:
    (root / "ISIC_1.jpg").touch()
    classes = "MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"
    (root / "GroundTruth.csv").write_text(f"image,{classes}\nISIC_1,0,1,0,0,0,0,0,0,0\n")
    return root


def _medmnist(root: Path) -> Path:
    images, labels = np.zeros((2, 28, 28), np.uint8), np.zeros((2, 1), np.uint8)
    np.savez(root / "dermamnist.npz", train_images=images, train_labels=labels)
    return root / "dermamnist.npz"


def _table(root: Path) -> Path:
    (root / "a.jpg").touch()
    (root / "samples.csv").write_text("path,label\na.jpg,MEL\n")
    return root


DATASETS: Mapping[str, Callable[[Path], Path]] = {
    "class_folders": _class_folders,
    "ham10000": _ham10000,
    "isic": _isic,
    "medmnist": _medmnist,
    "table": _table,
}


@pytest.fixture(params=by_priority(), ids=lambda each: each.name)
def data_format(request: pytest.FixtureRequest) -> Format:
    made: Format = request.param
    return made


def stolen(made: Format, folder: Path) -> Iterator[str]:
    """Datasets of other formats that a format claims, a sentence each."""
    for name, make in DATASETS.items():
        (place := folder / name).mkdir()
        claims = made.recognises(make(place))
        if claims and name != made.name and made.priority < LAST:
            yield f"{made.name} recognises a dataset of {name}."
        if not claims and name == made.name:
            yield f"{made.name} does not recognise its own."


def test_all_are_used_and_the_last_one_takes_what_is_left() -> None:
    assert FORMATS.left_out() == ()
    assert [each.name for each in by_priority() if each.priority == LAST] == ["class_folders"]
    assert set(DATASETS) <= set(FORMATS.all())


def test_it_recognises_its_own_alone(data_format: Format, tmp_path: Path) -> None:
    assert list(stolen(data_format, tmp_path)) == []


def test_what_it_recognises_it_reads(data_format: Format, tmp_path: Path) -> None:
    if data_format.name in DATASETS:
        table = data_format.read(DATASETS[data_format.name](tmp_path), Options())
        assert len(table.rows) > 0 and {"sample_id", "path"} <= set(table.rows)


@pytest.mark.parametrize("name", ["a.docx", "a.zip", "a.parquet.bak", "README", "<i>.json"])
def test_it_leaves_foreign_files_alone(data_format: Format, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0\1nothing of ours")
    assert not data_format.recognises(tmp_path / name)


def test_an_empty_folder_is_no_dataset(data_format: Format, tmp_path: Path) -> None:
    (tmp_path / "more" / "and more").mkdir(parents=True)
    assert not data_format.recognises(tmp_path)
    with pytest.raises(InputError, match=r"not a dataset of a known format\. Known formats: "):
        load_dataset(tmp_path)


@pytest.mark.parametrize("suffix", ["", ".csv", ".npz", ".jpg", ".parquet", "_metadata.csv"])
def test_whatever_lies_in_a_folder_it_raises_nothing_and_ends_in_a_sentence(
    data_format: Format, tmp_path: Path, suffix: str
) -> None:
    for number, make in enumerate(odd.KINDS.values()):
        make(tmp_path / f"{number}{suffix}")
    for name in odd.NAMES[:-1]:
        (tmp_path / name[: 250 - len(suffix)]).with_name(f"{name[:240]}{suffix}").touch()
    deep = tmp_path / "/".join(["d"] * 60)
    deep.mkdir(parents=True)
    (deep / f"x{suffix}").touch()
    with odd.ordinary():
        if data_format.recognises(tmp_path):
            try:
                assert isinstance(data_format.read(tmp_path, Options()), Table)
            except InputError as error:
                assert "\n" not in str(error)
        for place in filter(Path.is_file, tmp_path.iterdir()):
            assert data_format.recognises(place) in (True, False)


@dataclass(frozen=True, kw_only=True)
class Greedy(Format):
    """A format that claims folders which are others'."""

    asks_for_images: bool = False

    def recognises(self, path: Path) -> bool:
        if self.asks_for_images:
            return path.is_dir() and any(path.rglob("*.jpg"))
        return path.is_dir()

    def read(self, path: Path, options: Options) -> Table:
        return Table(pd.DataFrame({"path": [], "sample_id": []}), path, ())


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Greedy(name="greedy", expects="mine: all", priority=5), "It recognises any folder, even"),
        (Greedy(name="greedy", expects="mine: all", priority=LAST), "that of class_folders"),
        (Greedy(name="greedy", expects="all", priority=5), "expects is 'all': string should"),
        (Greedy(name="greedy", expects="a: b\nc", priority=5), "string should match pattern"),
        (Greedy(name="greedy", expects="mine: all", priority=500), "less than or equal to 90"),
        (Greedy(name="isic", expects="mine: all", priority=5), "another dataset format 'isic'"),
    ],
)
def test_a_wrong_one_is_found_as_it_is_loaded(made: Greedy, fault: str) -> None:
    assert any(fault in each for each in FORMATS.faults_of(made, FORMATS.all()))


def test_one_that_claims_the_folders_of_others_does_not_keep_the_contract(tmp_path: Path) -> None:
    made = Greedy(name="greedy", expects="mine: all", priority=5, asks_for_images=True)
    assert list(FORMATS.faults_of(made, FORMATS.all())) == []
    found = list(stolen(made, tmp_path))
    assert "greedy recognises a dataset of ham10000." in found
    assert "greedy recognises a dataset of class_folders." in found
