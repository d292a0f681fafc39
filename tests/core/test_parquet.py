"""Tables that unpack to more than they should, and those of all writers that should pass."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from dermxai.core import parquet
from dermxai.core.entries import UnusableError

ROWS = 3000
LONG = "x" * 100_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.parquet"


def table() -> pa.Table:
    return pa.table(
        {
            "few": [f"class {row % 7}" for row in range(ROWS)],
            "all": [f"image-{row}.png" for row in range(ROWS)],
            "number": list(range(ROWS)),
            "share": np.linspace(0, 1, ROWS),
            "gone": pa.nulls(ROWS),
            "flag": [row % 2 == 0 for row in range(ROWS)],
            "list": [["a", "b"]] * ROWS,
            "parts": [{"q": "a"}] * ROWS,
            "digest": pa.array([bytes(16)] * ROWS, pa.binary(16)),
            "when": pa.array([0] * ROWS, pa.timestamp("us")),
        }
    )


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_what_writers_write_passes(file: Path, compression: str, version: Any) -> None:
    pq.write_table(
        table(), file, compression=compression, data_page_version=version, row_group_size=700
    )
    parquet.check(file)
    assert parquet.columns(file) == table().column_names


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_so_do_other_encodings_empty_tables_and_long_statistics(file: Path, encoding: str) -> None:
    texts = table().select(["few", "all"])
    names = dict.fromkeys(texts.column_names, encoding)
    pq.write_table(texts, file, use_dictionary=False, column_encoding=names)
    parquet.check(file)
    for odd in (table().slice(0, 0), pa.table({}), pa.table({"long": [LONG] * 3})):
        pq.write_table(odd, file, write_statistics=True)
        parquet.check(file)
    pd.DataFrame({"a": ["b"]}, index=["row"]).to_parquet(file)
    parquet.check(file)


def repeated(times: int) -> pa.Table:
    """One long text, so many times, as a number each."""
    numbers = pa.array(np.zeros(times, np.int32))
    return pa.table({"path": pa.DictionaryArray.from_arrays(numbers, pa.array([LONG]))})


BOMBS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a text by its number": (lambda: repeated(1000), {}),
    "a text by its number in lists": (
        lambda: pa.table({"path": pa.array([[LONG] * 10] * 60, pa.list_(pa.string()))}),
        {},
    ),
    "a text by what it shares": (
        lambda: pa.table({"path": pa.array([LONG] * 600)}),
        {"use_dictionary": False, "column_encoding": {"path": "DELTA_BYTE_ARRAY"}},
    ),
    "zeros": (
        lambda: pa.table({f"n{index}": np.zeros(300_000, np.int8) for index in range(30)}),
        {"use_dictionary": False},
    ),
    "nothing": (lambda: pa.table({f"n{index}": pa.nulls(100_000) for index in range(70)}), {}),
    "rows": (lambda: pa.table({"n": pa.nulls(5_000_001)}), {}),
    "columns": (lambda: pa.table({f"n{index}": pa.nulls(1) for index in range(10_001)}), {}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_are_unpacked(
    name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, options = BOMBS[name]
    pq.write_table(make(), file, compression="zstd", **options)
    assert file.stat().st_size < 3_000_000
    monkeypatch.setattr(parquet, "MOST_BYTES", 50_000_000)
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    try:
        with pytest.raises(UnusableError, match=r"unpacks to more than|has [\d,]+ rows"):
            parquet.check(file)
    finally:
        pa.set_memory_pool(usual)
    assert pool.max_memory() < 20_000_000 + 2 * parquet._BYTES * ("shares" in name)


@pytest.mark.parametrize("encoding", ["RLE_DICTIONARY", "DELTA_BYTE_ARRAY"])
def test_texts_are_counted_where_their_pages_could_hold_more(
    file: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many texts of a long page: as often as each stands there, not all of it each time."""
    rows = pa.table({"path": [f"folder/{row:05}.png" for row in range(20_000)]})
    coded = {} if encoding == "RLE_DICTIONARY" else {"column_encoding": {"path": encoding}}
    pq.write_table(rows, file, use_dictionary=not coded, **coded)
    size = sum(len(text) for text in rows["path"].to_pylist())
    pages = sum(page.unpacked for page in pages_of(file))
    monkeypatch.setattr(parquet, "MOST_BYTES", max(8 * 20_000, pages) + size + 300_000)
    parquet.check(file)
    monkeypatch.setattr(parquet, "MOST_BYTES", size)
    with pytest.raises(UnusableError, match="unpacks to more"):
        parquet.check(file)


def pages_of(file: Path) -> list[Any]:
    with file.open("rb") as opened:
        chunk = pq.ParquetFile(file).metadata.row_group(0).column(0)
        return list(parquet._pages(opened, chunk))


def test_what_a_page_says_counts_whatever_the_footer_says(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The footer's sizes made small: the pages unpack to as much as before."""
    pq.write_table(
        pa.table({"a": ["y" * 2_000_000] * 40}),
        file,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    size = pq.ParquetFile(file).metadata.row_group(0).column(0).total_uncompressed_size
    content, claim = file.read_bytes(), varint(2 * size)
    assert content.count(claim) >= 2, "of the column and of the group of rows"
    footer = content.rindex(b"PAR1", 0, -4) if b"PAR1" in content[4:-4] else 4
    lied = content[:footer] + content[footer:].replace(claim, varint(2 * 9, len(claim)))
    file.write_bytes(lied)
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).total_uncompressed_size == 9
    monkeypatch.setattr(parquet, "MOST_BYTES", 70_000_000)
    with pytest.raises(UnusableError, match="unpacks to more than"):
        parquet.check(file)


def varint(value: int, length: int = 0) -> bytes:
    """In so many bytes, if they are more than it takes."""
    found = bytearray()
    while value > 0x7F or len(found) + 1 < length:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_one_sentence(file: Path, seed: int) -> None:
    """Whatever becomes of the bytes, it is refused, or passes and can be read or not."""
    pq.write_table(table().slice(0, 50), file, compression="zstd")
    rng, content = np.random.default_rng(seed), bytearray(file.read_bytes())
    for place in rng.integers(4, len(content) - 4, 12):
        content[place] = rng.integers(256)
    file.write_bytes(content[: len(content) - int(rng.integers(2)) * int(rng.integers(100))])
    try:
        parquet.check(file)
    except UnusableError as error:
        assert len(str(error)) < 300


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"PAR1" * 4, b"PARE" + bytes(20) + b"PARE", struct.pack("<i", -1) + b"PAR1"],
)
def test_what_is_no_such_file_is_said(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for look in (parquet.check, parquet.columns):
        with pytest.raises(UnusableError, match="is not a Parquet file that can be read"):
            look(file)
    file.unlink()
    with pytest.raises(UnusableError):
        parquet.check(file)


@pytest.mark.parametrize(
    "header",
    [
        b"\x55\x02\x00",  # a number where the kind of page is told
        b"\x15\x02\x15\x02\x15\x02\x2c\x18\x00\x00\x00",  # no number where values are counted
        b"\x2c\x00\x15\x02\x2c\x15\x02\x00\x00",  # a struct where bytes are counted
    ],
)
def test_headers_of_other_kinds_are_refused(header: bytes) -> None:
    with pytest.raises(UnusableError):
        parquet._page(header + bytes(64))


def test_headers_that_go_on_for_ever_are_refused() -> None:
    for data in (b"\x1c" * 100_000, b"\x15" * 100_000, b"\xff" * 100_000, b"\x18\xff\xff\x7f"):
        with pytest.raises(UnusableError):
            parquet._page(data)
