"""Which files are images, told by their suffix, and what else a file is, told by how it begins."""

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.util import find_spec

from PIL import Image, ImageFile, features

Image.init()  # loads the decoders, so that they can be named

DICOM, HEIF = frozenset({".dcm", ".dicom"}), frozenset({".heic", ".heif", ".hif"})
START = 512
"""Bytes of a file by which it is told."""
# PostScript is a program; of MPEG Pillow reads no picture.
_NEVER = frozenset({"EPS", "MPEG"})
_PARTS = {"AVIF": "avif", "JPEG2000": "jpg_2000"}  # of Pillow that a build may lack
_OPENED_AS = {"MPO": "JPEG"}
_EXTRAS = {"HEIC": ("pillow_heif", "heic"), "DICOM": ("pydicom", "dicom")}
_DOCUMENTS = frozenset({"PDF", "PALM"})  # which Pillow only writes

# Told from all others by their first bytes, so they are looked for whatever a file is called.
_BY_CONTENT = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG2000", "PPM", "AVIF")


def _can_be_read(kind: str) -> bool:
    """Whether Pillow makes a picture of it by itself: not a stub for another program's reader."""
    if kind in _NEVER or kind not in Image.OPEN:
        return False
    part = _PARTS.get(kind)
    opener: object = Image.OPEN[kind][0]
    stub = isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)
    return not stub and (part is None or bool(features.check(part)))


_KINDS: Mapping[str, str] = {
    suffix: _OPENED_AS.get(kind, kind)
    for suffix, kind in Image.registered_extensions().items()
    if kind not in _DOCUMENTS and _can_be_read(_OPENED_AS.get(kind, kind))
}
_DECODERS = tuple(kind for kind in _BY_CONTENT if _can_be_read(kind))
_RAW = "a camera's raw data; export it as TIFF or JPEG"
_VIDEO = "a video; save its frames as images"
_DRAWING = "a drawing, not pixels; export it as PNG"
_PACKED = "an archive beside folders; open it as a dataset of its own, or unpack it"
_OTHERS: Mapping[str, str] = {
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf"), _RAW),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".mpg", ".mpeg", ".webm", ".wmv"), _VIDEO),
    **dict.fromkeys((".svg", ".eps", ".ps", ".wmf", ".emf", ".ai"), _DRAWING),
    **dict.fromkeys((".jxl",), "JPEG XL, which is not read; save it as PNG or JPEG"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz"), _PACKED),
    **dict.fromkeys((".rar", ".7z"), "an archive of a kind that is not read; unpack it"),
    **dict.fromkeys((".nii", ".nrrd", ".mha", ".mhd"), "a volume; save its slices as images"),
    ".npy": "an array, such as predictions or features; in one .npz file with the images' ids "
    "(np.savez: ids, and logits or probabilities) dermxai import makes a run of it",
    ".npz": "arrays; a MedMNIST file is opened itself, dermxai import makes a run of predictions",
}
"""Suffixes of what people take for images, and why they cannot be used."""
_LFS = "a Git LFS pointer, not the image itself; run git lfs pull where it was cloned"
_POINTERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", _LFS),
    (b"version https://hawser", _LFS),
    (b"/annex/objects/", "a git-annex pointer, not the image itself; run git annex get"),
)
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document, not an image"),
    (b"%!PS", "PostScript, not an image"),
    (b"PK\3\4", "a zip archive, not an image"),
    (b"Rar!", "an archive, not an image"),
    (b"7z\xbc\xaf", "an archive, not an image"),
    (b"\x1f\x8b", "a gzip file, not an image; unpack it"),
    (b"\x00\x05\x16\x07", "a Macintosh resource file, not an image"),
    (b"\xd0\xcf\x11\xe0", "an Office document or a Windows cache, not an image"),
)
_OPENINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"), (b"GIF8", "GIF"), (b"RIFF", "WebP"), (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"), (b"BM", "BMP"),
)  # fmt: skip
_PAGE = re.compile(rb"<(!doctype html|html|head|body|script|!--)", re.IGNORECASE)
_HEIF_BRANDS = re.compile(rb"....ftyp(hei[cxms]|hev[cmxs]|mif1|msf1)", re.DOTALL)
_PATTERNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (_HEIF_BRANDS, "a HEIC file that is damaged or truncated"),
    (re.compile(rb"....ftyp(qt  |mp4|iso|M4V|3gp)", re.DOTALL), "a video, not an image"),
    (re.compile(rb"<.*<?svg", re.DOTALL | re.IGNORECASE), "a drawing (SVG), not an image"),
    (re.compile(rb"<(\?xml|[a-z]+[ >])", re.IGNORECASE), "a web page or XML, not an image"),
    (re.compile(rb"[{\[]"), "JSON, perhaps the refusal of a server; not an image"),
)


@lru_cache(maxsize=16)
def has_reader(kind: str) -> bool:
    """Whether the extra that reads HEIC or DICOM is installed."""
    return find_spec(_EXTRAS[kind][0]) is not None


def missing_reader(kind: str) -> str:
    """What to do where it is not."""
    return f'{kind}, which needs an extra: pip install "dermxai[{_EXTRAS[kind][1]}]"'


@lru_cache(maxsize=1)
def suffixes() -> frozenset[str]:
    """Suffixes of images, in lower case, that can be read here."""
    heif = HEIF if has_reader("HEIC") else frozenset()
    return frozenset(_KINDS) | heif | (DICOM if has_reader("DICOM") else frozenset())


def may_be_dicom(suffix: str) -> bool:
    """Whether files of a suffix are DICOM where they begin so: such as have none, or end in a UID's
    number."""
    return suffix in DICOM or suffix in {"", "."} or suffix[1:].isdigit()


def unread(suffix: str) -> str | None:
    """Why files of a suffix that people take for images are not read; None for all others."""
    if suffix in HEIF:
        return missing_reader("HEIC")
    return missing_reader("DICOM") if suffix in DICOM else _OTHERS.get(suffix)


def decoders(suffix: str) -> tuple[str, ...]:
    """Pillow's decoders for a file of a suffix. Named, because a decoder that is not asked for
    cannot be attacked; those of rare formats are asked for by name only."""
    named = _KINDS.get(suffix)
    return _DECODERS if named is None or named in _DECODERS else (*_DECODERS, named)


def is_plain(file: str, start: bytes) -> bool:
    """Whether pixels may lie in a file as they are, so that one may change and no more than it:
    DICOM, and Pillow's rare formats."""
    named = _KINDS.get(os.path.splitext(file)[1].lower())  # noqa: PTH122
    return is_dicom(start) or (named is not None and named not in _DECODERS)


def is_dicom(start: bytes) -> bool:
    """Whether a file that begins so is DICOM (PS3.10, 7.1)."""
    return start[128:132] == b"DICM"


def is_heif(start: bytes) -> bool:
    return _HEIF_BRANDS.match(start) is not None


def pointer(start: bytes) -> str | None:
    """What a file that begins so is that stands for an image and never is one: a Git LFS pointer
    or a web page; None otherwise."""
    text = _as_ascii(start)
    if said := _said_of(_POINTERS, text):
        return said
    return "a web page saved under this name, not an image" if _PAGE.match(text) else None


def told(start: bytes) -> str:
    """What a file is that begins so and that no decoder opens."""
    if not start.strip(b"\0"):
        return "nothing but zero bytes; copy it anew" if start else "an empty file"
    text = _as_ascii(start)
    by_name = pointer(start) or _said_of(_BEGINNINGS, start) or _said_of(_BEGINNINGS, text)
    if by_name:
        return by_name
    for pattern, said in _PATTERNS:
        if pattern.match(start) or pattern.match(text):
            return said
    cut = _said_of(_OPENINGS, start)
    if cut:
        return f"the beginning of a {cut} file, damaged or truncated"
    return "not an image that can be read"


def _said_of(beginnings: Iterable[tuple[bytes, str]], start: bytes) -> str | None:
    return next((said for first, said in beginnings if start.startswith(first)), None)


def _as_ascii(start: bytes) -> bytes:
    """Text without a byte order mark, blanks before it, and the zeros of UTF-16."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start[2:].replace(b"\0", b"")
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()
