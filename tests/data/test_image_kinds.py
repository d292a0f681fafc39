from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import image_kinds, load_dataset
from dermxai.data.files import scan
from dermxai.data.inventory import file_fingerprint
from tests.data.conftest import Draw


def test_every_suffix_that_pillow_opens_as_pixels_is_one_of_an_image() -> None:
    Image.init()
    opened = {
        suffix for suffix, kind in Image.registered_extensions().items()
        if kind in {*Image.OPEN, "MPO"}
    }  # fmt: skip
    never = {".eps", ".ps", ".mpg", ".mpeg", ".wmf", ".emf", ".bufr", ".grib", ".h5", ".hdf"}
    lib = image_kinds.HEIF | image_kinds.DICOM | {".heics", ".heifs", ".hif"}
    assert opened - never - lib == image_kinds.suffixes() - lib
    assert not image_kinds.suffixes() & (never | {".pdf"})


def test_decoders_that_run_programs_or_take_anything_are_never_asked_for() -> None:
    asked = {kind for suffix in image_kinds.suffixes() for kind in image_kinds.decoders(suffix)}
    assert not asked & {"EPS", "WMF", "HDF5", "GRIB", "BUFR", "MPEG"}
    assert "TGA" not in image_kinds.decoders(".jpg")


@pytest.fixture
def folder(tmp_path: Path, draw: Draw) -> Path:
    return draw("LP/a.png", "Pso/b.JFIF", "Pso/c.jpe", "LP/d.dib")


def reasons(folder: Path) -> dict[str, str]:
    return {problem.item: problem.reason for problem in load_dataset(folder).problems}


def test_what_is_left_out_is_counted_by_suffix_with_the_reason(folder: Path) -> None:
    for name in ("LP/1.CR2", "LP/2.cr2", "Pso/film.mp4", "Pso/x.svg", "read me.txt", "LICENSE"):
        (folder / name).write_bytes(b"x")
    found = reasons(folder)
    assert "raw data" in found["2 files .cr2"]
    assert "LP/1.CR2" in found["2 files .cr2"]
    assert "a video" in found["1 file .mp4"]
    assert "a drawing" in found["1 file .svg"]
    assert found["2 files of other kinds"].endswith(": 1 without suffix, 1 .txt")
    assert len(load_dataset(folder)) == 4


def test_files_of_systems_are_no_problem(folder: Path) -> None:
    names = ("Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", ".DS_Store", "LP/._a.png")
    for name in (*names, "Icon\r", "__MACOSX/LP/._a.png", "@eaDir/a.png", "$RECYCLE.BIN/z.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert reasons(folder) == {}
    assert len(load_dataset(folder)) == 4


def test_where_an_extra_is_missing_its_files_are_counted_and_the_extra_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_kinds.suffixes.cache_clear()
    monkeypatch.setattr(image_kinds, "has_reader", lambda kind: False)
    (folder / "LP/1.HEIC").write_bytes(b"x")
    (folder / "LP/2.dcm").write_bytes(b"x")
    (folder / "LP/0001").write_bytes(bytes(128) + b"DICM")
    found = reasons(folder)
    assert 'pip install "dermxai[heic]"' in found["1 file .heic"]
    assert 'pip install "dermxai[dicom]"' in found["2 files .dcm"]
    image_kinds.suffixes.cache_clear()


def test_a_folder_of_nothing_else_says_so(tmp_path: Path) -> None:
    (tmp_path / "Pso").mkdir()
    (tmp_path / "Pso/1.nef").write_bytes(b"x")
    with pytest.raises(InputError, match=r"1 file \.nef: a camera's raw data"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "Git LFS pointer"),
        (b"<!doctype html><title>Sign in</title>", "web page"),
    ],
)
def test_pointers_and_web_pages_are_named_as_the_folder_is_opened(
    folder: Path, content: bytes, said: str
) -> None:
    (folder / "LP/p.jpg").write_bytes(content)
    assert said in reasons(folder)["LP/p.jpg"]
    assert len(load_dataset(folder)) == 4


def test_a_pixel_of_a_file_that_is_not_compressed_changes_its_fingerprint(
    tmp_path: Path, draw: Draw
) -> None:
    path = tmp_path / "a.tga"
    Image.fromarray(np.zeros((90, 90, 3), np.uint8)).save(path)
    before = file_fingerprint(str(path))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert file_fingerprint(str(path)) != before


def test_left_out_files_are_told_of_tables_too(tmp_path: Path, draw: Draw) -> None:
    draw("images/a.png", "images/b.png")
    (tmp_path / "images/c.nef").write_bytes(b"x")
    (tmp_path / "samples.csv").write_text("path,label\nimages/a.png,LP\nimages/b.png,Pso\n")
    assert "raw data" in reasons(tmp_path)["1 file .nef"]


def test_scanning_counts_thousands_of_suffixes_in_one_line(tmp_path: Path, draw: Draw) -> None:
    draw("a.png")
    for number in range(40):
        (tmp_path / f"x.s{number}").write_bytes(b"")
    (problem,) = scan(tmp_path).problems
    assert problem.item == "40 files of other kinds"
    assert problem.reason.endswith(", …")
