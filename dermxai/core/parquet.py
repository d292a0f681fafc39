"""What a Parquet file unpacks to, found out before any memory is taken for it.

Rows, columns and sizes stand in its footer, and each page says its own: claims of a file from
outside, of a few hundred bytes perhaps. A page unpacks to no more than its own header says, so
these are added up. Texts that pages write by number or by what they share with the one before
count as often as they stand there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from dermxai.core import entries
from dermxai.core.entries import UnusableError

MOST_ROWS = 5_000_000
MOST_COLUMNS = 10_000
MOST_BYTES = 1_000_000_000
"""Of all values together, each at least `_EACH`."""
_EACH = 8  # bytes of a value in memory, at least
_MOST_PAGES = 200_000
_USUAL_HEADER, _MOST_HEADER = 1 << 10, 1 << 20  # bytes of a page's; statistics may take most
_MOST_TEXT, _MOST_PARTS = 16_000_000, 1_000_000  # of the footer: bytes of a text, parts of a list
_ROWS, _BYTES = 1 << 16, 1 << 26  # that are looked at together
_UNSAFE = (
    "is encrypted, in parts, or written in a way that is not read here; write it anew as one plain "
    "Parquet file"
)


def check(path: Path) -> None:
    """Whether a table may be read: where this returns, it takes memory within the limits.

    Raises:
        UnusableError: there is no file, it is damaged, encrypted or none of Parquet, or it unpacks
            to more than `MOST_ROWS`, `MOST_COLUMNS` or `MOST_BYTES`.
    """
    with _telling(path) as file:
        _check(file)


def columns(path: Path) -> list[str]:
    """The names of the columns, of which nothing is unpacked.

    Raises:
        UnusableError: as `check`.
    """
    with _telling(path) as file:
        return list(_opened(file).schema_arrow.names)


@contextmanager
def _telling(path: Path) -> Iterator[IO[bytes]]:
    """The file, opened; what goes wrong with it is an UnusableError."""
    with entries.opened(path) as file:
        try:
            yield file
        except UnusableError:
            raise
        except Exception as error:  # a damaged file fails in many ways
            raise UnusableError("is not a Parquet file that can be read") from error


def _opened(file: IO[bytes], **options: object) -> pq.ParquetFile:
    return pq.ParquetFile(
        file,
        thrift_string_size_limit=_MOST_TEXT,
        thrift_container_size_limit=_MOST_PARTS,
        **options,
    )


def _check(file: IO[bytes]) -> None:
    about = _opened(file).metadata
    if about.num_rows > MOST_ROWS or about.num_columns > MOST_COLUMNS:
        raise UnusableError(
            f"has {about.num_rows:,} rows and {about.num_columns:,} columns; at most "
            f"{MOST_ROWS:,} and {MOST_COLUMNS:,} are read"
        )
    if about.num_row_groups * about.num_columns > _MOST_PAGES:
        raise UnusableError(_UNSAFE)
    room, pages = MOST_BYTES, 0
    counted: dict[str, int] = {}
    for place in range(about.num_columns):
        column, said = about.schema.column(place), _Column()
        if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
            room -= column.length * about.num_rows
        for group in range(about.num_row_groups):
            for page in _pages(file, about.row_group(group).column(place)):
                said.add(page)
                pages += 1
                room -= max(page.unpacked, _EACH * page.values)
                if room < 0 or pages > _MOST_PAGES:
                    raise _too_large()
        if column.physical_type == "BYTE_ARRAY" and said.repeated > room:
            if column.max_repetition_level or "." in column.path:
                raise _too_large()
            counted[column.path] = said.longest
    for name, longest in counted.items():
        file.seek(0)
        room -= _texts(file, name, longest, room)


@dataclass
class _Column:
    """What the pages of a column of texts say.

    Attributes:
        repeated: bytes at most, as often as texts stand there.
        longest: bytes at most of a text, where some are written by what they share; else 0.
        dictionary: bytes of the last one.
    """

    repeated: int = 0
    longest: int = 0
    dictionary: int = 0

    def add(self, page: "_Page") -> None:
        if page.is_dictionary:
            self.dictionary = page.unpacked
            return
        each = page.unpacked if page.shares else self.dictionary
        self.repeated += page.values * each
        if page.shares or self.longest:
            self.longest = max(self.longest, page.unpacked, self.dictionary)


def _too_large() -> UnusableError:
    return UnusableError(
        f"unpacks to more than {MOST_BYTES / 10**9:g} GB or {_MOST_PAGES:,} pages, which is not "
        "read; leave out columns, or write it anew"
    )


def _texts(file: IO[bytes], column: str, longest: int, room: int) -> int:
    """Bytes of the texts of a column, each as often as it stands there.

    Args:
        longest: bytes of one at most, where they are written by what they share; 0 for those of
            dictionaries, which stay numbers.

    Raises:
        UnusableError: they are more than there is room for.
    """
    opened = _opened(file, read_dictionary=None if longest else [column], pre_buffer=False)
    rows, total = min(_ROWS, max(1, _BYTES // longest)) if longest else _ROWS, 0
    for batch in opened.iter_batches(rows, columns=[column], use_threads=False):
        held = batch.column(0)
        if longest:
            lengths = pc.binary_length(held)
        else:
            lengths = pc.take(pc.binary_length(held.dictionary), held.indices)
        total += pc.sum(lengths.cast(pa.int64())).as_py() or 0
        if total > room:
            raise _too_large()
    return total


class _Page(NamedTuple):
    """What the header of a page says.

    Attributes:
        unpacked: bytes.
        values: how many.
        is_dictionary: whether others repeat its values.
        shares: whether a value is written by what it has in common with the one before.
        length: bytes until the next page.
    """

    unpacked: int
    values: int
    is_dictionary: bool
    shares: bool
    length: int


def _pages(file: IO[bytes], chunk: pq.ColumnChunkMetaData) -> Iterator[_Page]:
    """The pages of a column in a group of rows, one after the other.

    Raises:
        UnusableError: they are in another file, or encrypted.
    """
    if chunk.file_path:
        raise UnusableError(_UNSAFE)
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        at = min(at, chunk.dictionary_page_offset)
    values = 0
    while values < chunk.num_values:
        file.seek(at)
        try:
            page = _page(file.read(_USUAL_HEADER))
        except UnusableError:  # statistics of long texts
            file.seek(at)
            page = _page(file.read(_MOST_HEADER))
        values += 0 if page.is_dictionary else page.values
        at += page.length
        yield page


Struct = dict[int, "int | Struct | None"]
"""By the number of a field; None for what is neither a whole number nor a struct."""
_V1, _DICTIONARY, _V2 = 5, 7, 8  # fields of a page's header, by its kind
_DELTA_BYTE_ARRAY = 7


def _page(data: bytes) -> _Page:
    """The header of a page (`PageHeader` of parquet.thrift).

    Raises:
        UnusableError: it is none.
    """
    try:
        header, length = _struct(data, 0)
        kind = next(each for each in (_V1, _DICTIONARY, _V2) if each in header)
        about = header[kind]
        if not isinstance(about, dict):
            raise KeyError(kind)
        encoding = about.get(4 if kind == _V2 else 2)
        values, unpacked, packed = _whole(about, 1), _whole(header, 2), _whole(header, 3)
    except (IndexError, KeyError, StopIteration, RecursionError) as error:
        raise UnusableError(_UNSAFE) from error
    if min(values, unpacked, packed) < 0:
        raise UnusableError(_UNSAFE)
    shares = encoding == _DELTA_BYTE_ARRAY
    return _Page(unpacked, values, kind == _DICTIONARY, shares, length + packed)


def _whole(struct: Struct, field: int) -> int:
    """
    Raises:
        KeyError: there is no whole number.
    """
    value = struct[field]
    if not isinstance(value, int):
        raise KeyError(field)
    return value


def _struct(data: bytes, at: int) -> tuple[Struct, int]:
    """The whole numbers and structs in a struct of Thrift's compact protocol by the numbers of
    their fields, and where it ends."""
    found: Struct = {}
    field = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            field, at = _number(data, at)
        found[field], at = _value(data, at, head & 15)
    return found, at + 1


def _value(data: bytes, at: int, kind: int) -> tuple[int | Struct | None, int]:
    if kind in (1, 2):  # true, false: in the head itself
        return None, at
    if kind in (3, 7):  # a byte, a double
        return None, at + (1 if kind == 3 else 8)
    if kind in (4, 5, 6):
        return _number(data, at)
    if kind == 8:  # bytes
        size, at = _varint(data, at)
        return None, at + size
    if kind == 12:
        return _struct(data, at)
    raise KeyError(kind)  # lists and maps: there are none in a page's header


def _number(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if shift > 63:
            raise IndexError
    return value | data[at] << shift, at + 1
