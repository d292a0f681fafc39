"""Zip archives: their directory is read once, each file in them where it lies."""

import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from dermxai.core.entries import UnusableError, opened
from dermxai.data.archives.bounds import Contents, Listing, Member, kept, member

MOST_DIRECTORY = 300_000_000
"""Bytes of the list of files, which is read as a whole."""
_ENCRYPTED, _UTF8 = 0x1, 0x800
_END, _END64 = b"PK\5\6", b"PK\6\6"
_TAIL = (1 << 16) + 22 + 20 + 56  # bytes in which the end of a zip archive lies
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_HEADER = struct.Struct("<4s22xHH")


def contents(archive: Path) -> Contents:
    """
    Raises:
        UnusableError: it is no zip archive, or damaged, or beyond the bounds.
    """
    return kept(_listed, archive)


def content(archive: Path, name: str) -> bytes:
    """The bytes of a file in an archive.

    Raises:
        UnusableError: there is none of this name, or it is damaged.
    """
    wanted = member(contents(archive), name)
    with opened(archive) as file:
        try:
            file.seek(wanted.start)
            mark, name_length, extra_length = _HEADER.unpack(file.read(_HEADER.size))
            if mark != b"PK\3\4":
                raise UnusableError(f"is damaged at {name}")
            file.seek(name_length + extra_length, 1)
            packed = file.read(wanted.packed)
        except (OSError, struct.error) as error:
            raise UnusableError(f"is damaged or truncated at {name}") from error
    if len(packed) < wanted.packed:
        raise UnusableError(f"is truncated at {name}")
    unpacked = packed if wanted.method == zipfile.ZIP_STORED else _inflated(packed, wanted, name)
    if len(unpacked) != wanted.size or zlib.crc32(unpacked) != wanted.check:
        raise UnusableError(f"is damaged at {name}: its checksum is another")
    return unpacked


def _inflated(packed: bytes, wanted: Member, name: str) -> bytes:
    """Unpacked, and not a byte more than the archive claims."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unpacked = inflater.decompress(packed, wanted.size + 1)
    except zlib.error as error:
        raise UnusableError(f"is damaged at {name}") from error
    if len(unpacked) > wanted.size:
        raise UnusableError(f"unpacks {name} to more than it claims")
    return unpacked


def _listed(archive: Path) -> Contents:
    with opened(archive) as file:
        _check_directory(file)
        try:
            with zipfile.ZipFile(file) as found:
                infos = found.infolist()
        except OSError:
            raise
        except Exception as error:  # a damaged archive fails in many ways
            raise UnusableError(f"is damaged or no zip archive ({type(error).__name__})") from error
    listing = Listing()
    for info in infos:
        if info.is_dir():
            continue
        name = _name(info)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            listing.leave_out(name, "a link or a device, not a file")
        elif info.flag_bits & _ENCRYPTED:
            listing.leave_out(name, "encrypted; save them without a password")
        elif info.compress_type not in _METHODS:
            listing.leave_out(name, "packed in another way than deflate; pack them anew")
        else:
            listing.add(
                name,
                Member(
                    info.header_offset, info.file_size, info.compress_size,
                    info.compress_type, info.CRC,
                ),
            )  # fmt: skip
    return listing.contents()


def _name(info: zipfile.ZipInfo) -> str:
    """A name in UTF-8, even where the archive does not say that it is."""
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _check_directory(file: IO[bytes]) -> None:
    """
    Raises:
        UnusableError: the list of files is longer than is read at once.
    """
    end = file.seek(0, 2)
    file.seek(max(0, end - _TAIL))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    sizes = [0]
    if at >= 0 and len(tail) >= at + 22:
        (size,) = struct.unpack_from("<I", tail, at + 12)
        sizes.append(0 if size == 0xFFFFFFFF else size)
    at = tail.rfind(_END64)
    if at >= 0 and len(tail) >= at + 56:
        sizes += struct.unpack_from("<Q", tail, at + 40)
    if max(sizes) > MOST_DIRECTORY:
        raise UnusableError(f"has a list of files of more than {MOST_DIRECTORY / 1e6:.0f} MB")
