import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from dermxai.core import arrays
from dermxai.core.entries import UnusableError


def npy_bytes(shape: object, descr: object = "|u1", content: bytes = b"") -> bytes:
    """A member whose header says what it likes."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


def written(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x.npy", content)
    return path


def test_what_numpy_writes_is_read_alike(tmp_path: Path) -> None:
    held = {
        "x": np.arange(12.0).reshape(3, 4),
        "name": np.array("a text"),
        "none": np.zeros((0, 3)),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **held)
        read = arrays.load(tmp_path / "a.npz")
        assert set(read) == set(held)
        for name, array in held.items():
            np.testing.assert_array_equal(read[name], array)
        assert set(arrays.load(tmp_path / "a.npz", "x")) == {"x"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (npy_bytes((10**9, 28, 28)), "claims 784,000,000,000 bytes for x and holds 0"),
        (npy_bytes((3,), content=b"abcd"), "claims 3 bytes for x and holds 4"),
        (npy_bytes((10**9, 0)), "without a byte"),
        (npy_bytes((10**9,), "|V0"), "without a byte"),
        (npy_bytes((-1, 3)), "damaged|claims"),
        (npy_bytes((2,), "|O", b"cos\nsystem\n"), "objects in x"),
        (npy_bytes((1,), [("a", "|O")], b"x"), "objects in x"),
        (b"\x93NUMPY\x01\x00\x00\x20" + b"(" * 8192, "damaged header in x"),
        (b"\x93NUMPY\x01\x00\x00\x20" + b"-" * 8192, "damaged header in x"),
        (b"no array at all", "damaged header in x"),
        (b"", "damaged header in x"),
    ],
)
def test_a_claim_is_compared_with_what_is_there(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UnusableError, match=said):
        arrays.load(written(tmp_path / "a.npz", content))


def test_the_directory_of_an_archive_is_not_believed_either(tmp_path: Path) -> None:
    """It says ten bytes more than are there."""
    path = written(tmp_path / "a.npz", npy_bytes((4,), content=b"abcd"), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    size = struct.unpack_from("<I", content, entry + 24)[0]
    struct.pack_into("<I", content, entry + 24, size + 10)
    path.write_bytes(content)
    with pytest.raises(UnusableError):
        arrays.load(path)


def test_few_bytes_do_not_become_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "SMALL", 10_000)
    bomb = written(tmp_path / "a.npz", npy_bytes((100_000,), content=bytes(100_000)))
    with pytest.raises(UnusableError, match="times its size"):
        arrays.load(bomb)
    noise = np.random.default_rng(0).integers(0, 256, 100_000, dtype=np.uint8)
    np.savez_compressed(tmp_path / "b.npz", x=noise)
    assert len(arrays.load(tmp_path / "b.npz")["x"]) == 100_000
    with pytest.raises(UnusableError, match="unpacks to"):
        arrays.load(tmp_path / "b.npz", most=50_000)


@pytest.mark.parametrize(
    ("offset", "value", "said"), [(8, 1, "encrypted"), (10, 98, "unknown way")]
)
def test_encrypted_and_unknown_ones_are_said(
    tmp_path: Path, offset: int, value: int, said: str
) -> None:
    path = written(tmp_path / "a.npz", npy_bytes((1,), content=b"a"))
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + offset, value)
    path.write_bytes(content)
    with pytest.raises(UnusableError, match=said):
        arrays.load(path)


def test_no_archive_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    for path in (tmp_path / "a.npz", tmp_path, tmp_path / "gone.npz"):
        with pytest.raises(UnusableError):
            arrays.load(path)
    np.savez(tmp_path / "b.npz", x=[1])
    with pytest.raises(UnusableError, match="holds no array y"):
        arrays.load(tmp_path / "b.npz", "y")


def test_the_header_that_is_made_up_here_is_numpys(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(npy_bytes((2, 2), content=b"abcd"))
    assert np.load(tmp_path / "x.npy").shape == (2, 2)
    with (tmp_path / "x.npy").open("rb") as file:
        assert npy.read_magic(file) == (1, 0)
