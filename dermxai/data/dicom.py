"""DICOM images, by pydicom (the extra ``dicom``): photographs and dermoscopic images (VL),
secondary captures, windowed images of 12 and 16 bits.

Only the attributes named here are taken from a file: names, dates and addresses are never kept,
shown, logged or exported, and neither is the patient's id, which becomes a number.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, features

from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data import archives, image_kinds
from dermxai.data.table import Problem

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MOST_BYTES = 2_000_000_000
"""Of a file."""
MOST_READS = 300_000
"""Parts of a header, each an element or a part of one; a photograph's has hundreds."""
_HEADER = (
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
)
_ABOUT = ("PatientID", "PatientAge", "PatientSex", "BodyPartExamined", "AnatomicRegionSequence")
_COLOURS = ("Red", "Green", "Blue")
_PIXELS = (
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in _COLOURS),
    *(f"{colour}PaletteColorLookupTableData" for colour in _COLOURS),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in _COLOURS),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "VOILUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "ICCProfile", "OpticalPathSequence"),
    *("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
)
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_READERS, _AT_ONCE = 8, 64
_LONGEST = 64  # characters of a place on the body
_JPEG_OF_12_BITS = "1.2.840.10008.1.2.4.51"
_JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
"""Which pydicom's own decoders do not read, and Pillow does with eight bits."""
_LOSSLESS_SINCE = 3  # version of libjpeg-turbo

warnings.filterwarnings("ignore", module=r"pydicom\.")  # which may repeat a header's values


class _Bounded:
    """A file of which only so many parts are read: a header may be made of millions."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, MOST_READS
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """
        Raises:
            UnusableError: too many parts were read, or all at once, as only deflated files are.
        """
        if size < 0:
            raise UnusableError("is deflated as a whole, which is not read; save it uncompressed")
        self._left -= 1
        if self._left < 0:
            raise UnusableError(f"has a header of more than {MOST_READS:,} parts")
        return self._file.read(size)


def opened(source: str | BytesIO, name: str, most: int) -> Image.Image:
    """The image, decoded: grey or RGB of eight bits. Windows and look-up tables of the file are
    applied, of several windows the first; without one the stored bits span black to white. Its
    colour profile lies in ``info["icc_profile"]``.

    Args:
        source: a path, or the content.
        most: pixels that it may have, by its header.

    Raises:
        InputError: there is no image in it or more than one, or it cannot be read.
    """
    with _said_of(name), _file(source) as file:
        found = _parsed(file, (*_HEADER, *_PIXELS))
        _check(found, name, most)
        if "PixelData" not in found:
            raise UnusableError("holds no pixels, such as a report or a directory does not")
        image = Image.fromarray(_eight_bits(found))
        if profile := _profile(found):
            image.info["icc_profile"] = profile
        return image


def shape(source: str | BytesIO, name: str) -> tuple[int, int]:
    """Height and width, from the header.

    Raises:
        InputError: as `opened`, as far as the header tells.
    """
    with _said_of(name), _file(source) as file:
        found = _parsed(file, _HEADER)
        _check(found, name, None)
        return int(found.Rows), int(found.Columns)


def described(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows with ``age``, ``sex``, ``site`` and ``patient_id`` as the headers of DICOM files tell,
    where the table has no such column; and files without an image that can be read, whose rows are
    left out. A patient's id becomes a number, counted in the order of the rows.

    Args:
        rows: with ``path``, as a format reads them.
    """
    if "path" not in rows or not image_kinds.has_reader("DICOM"):
        return rows, []
    files = {path for path in set(rows["path"]) if _may_be(path)}
    places = [(at, path) for at, path in enumerate(rows["path"]) if path in files]
    if not places:
        return rows, []
    with ThreadPoolExecutor(_READERS) as pool:
        told = list(pool.map(_told, (path for _, path in places), chunksize=_AT_ONCE))
    columns: dict[str, list[str | None]] = {}
    people: dict[str, str] = {}
    problems, bad = [], set()
    for (at, path), found in zip(places, told, strict=True):
        if isinstance(found, str):
            bad.add(at)
            problems.append(Problem(Path(path).name, found))
            continue
        for column, value in (found or {}).items():
            known = columns.setdefault(column, [None] * len(rows))
            is_id = column == "patient_id"
            known[at] = people.setdefault(value, str(len(people) + 1)) if is_id else value
    with_columns = rows.copy()
    for column, values in columns.items():
        if column not in rows:
            with_columns[column] = values
    kept = [at not in bad for at in range(len(rows))]
    return with_columns[kept].reset_index(drop=True), problems


def _may_be(path: object) -> bool:
    if not isinstance(path, str):
        return False
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122
    if not image_kinds.may_be_dicom(suffix):
        return False
    inside = archives.split(path)
    return paths.is_readable(inside[0] if inside else path)  # asked here: threads are not confined


def _told(path: str) -> dict[str, str] | str | None:
    """What a file's header tells of its patient; or why there is no image in it; None where it is
    no DICOM file, or is not there, of which others tell."""
    name = Path(path).name
    try:
        with _file(archives.source(path)) as file:
            if not image_kinds.is_dicom(file.read(image_kinds.START)):
                return None
            file.seek(0)
            with _said_of(name):
                found = _parsed(file, (*_HEADER, *_ABOUT))
                _check(found, name, None)
                return dict(_about(found))
    except InputError as error:
        return str(error).removeprefix(f"{name}: ").rstrip(".")
    except (UnusableError, OSError):
        return None


def _about(found: "Dataset") -> Iterator[tuple[str, str]]:
    region = next(iter(found.get("AnatomicRegionSequence") or ()), None)
    site = region.get("CodeMeaning") if region is not None else None
    values = {
        "patient_id": found.get("PatientID"),
        "age": found.get("PatientAge"),
        "sex": found.get("PatientSex"),
        "site": site or found.get("BodyPartExamined"),
    }
    for column, value in values.items():
        if isinstance(value, str) and value.strip():
            yield column, value.strip()[:_LONGEST].lower() if column == "site" else value.strip()


@contextmanager
def _file(source: str | BytesIO) -> Iterator[IO[bytes]]:
    if isinstance(source, BytesIO):
        source.seek(0)
        yield source
        return
    with entries.opened(Path(source)) as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise UnusableError(f"is longer than {MOST_BYTES / 1e9:.0f} GB")
        yield file


@contextmanager
def _said_of(name: str) -> Iterator[None]:
    """Whatever fails in the block is said of a file, without the words of pydicom, which may repeat
    what the file says of its patient."""
    try:
        yield
    except InputError:
        raise
    except UnusableError as error:
        raise InputError(f"{name}: the DICOM file {error}.") from None
    except RecursionError:
        raise InputError(f"{name}: the DICOM file is nested too deeply.") from None
    except MemoryError:
        raise
    except Exception as error:  # damaged files fail in many ways
        raise InputError(
            f"{name}: the DICOM file is damaged or truncated ({type(error).__name__})."
        ) from None


def _parsed(file: IO[bytes], keywords: tuple[str, ...]) -> "Dataset":
    from pydicom import config, dcmread

    config.settings.reading_validation_mode = config.IGNORE  # else it warns with values
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)  # which may repeat them, too
    return dcmread(
        _Bounded(file),
        stop_before_pixels="PixelData" not in keywords,
        specific_tags=list(keywords),
    )


def _check(found: "Dataset", name: str, most: int | None) -> None:
    """
    Raises:
        UnusableError: the header is not that of one image that can be read.
        InputError: it has more than ``most`` pixels.
    """
    if "Rows" not in found or "Columns" not in found:
        raise UnusableError("holds no image; reports, directories and the like are not read")
    if (frames := int(found.get("NumberOfFrames") or 1)) != 1:
        raise UnusableError(f"holds {frames:,} frames; save the one that counts as a file")
    if int(found.Rows) < 1 or int(found.Columns) < 1:
        raise UnusableError("claims an image without pixels")
    if most is not None and int(found.Rows) * int(found.Columns) > most:
        raise InputError(
            f"{name}: more than {most / 1e6:.0f} million pixels, refused before decoding; "
            "save a smaller copy."
        )
    kind = str(found.get("PhotometricInterpretation"))
    if kind not in (*_GREY, *_COLOUR, "PALETTE COLOR"):
        raise UnusableError(f"has colours of the kind {kind[:20]!r}; save it as RGB")
    if int(found.get("SamplesPerPixel") or 1) != (3 if kind in _COLOUR else 1):
        raise UnusableError(f"has {found.get('SamplesPerPixel')} values a pixel for {kind}")
    allocated, stored = int(found.BitsAllocated), int(found.get("BitsStored") or 0)
    if allocated not in (8, 16) or not 1 <= stored <= allocated:
        raise UnusableError(f"has {stored} of {allocated} bits a channel; save it with 8 or 16")
    _check_packing(found)


def _check_packing(found: "Dataset") -> None:
    from pydicom.pixels.decoders.base import get_decoder

    packing = found.file_meta.get("TransferSyntaxUID")
    if packing is None:
        raise UnusableError("does not say how its pixels are packed")
    if not packing.is_encapsulated or (_by_pillow(found) and int(found.BitsStored) <= 8):
        return
    try:
        known = get_decoder(packing).is_available
    except NotImplementedError:
        known = False
    if not known or (packing == _JPEG_OF_12_BITS and int(found.BitsStored) > 8):
        raise UnusableError(
            f"is packed as {packing.name[:60]}, which is not read here; save it uncompressed, or "
            "as JPEG or JPEG 2000"
        )


def _by_pillow(found: "Dataset") -> bool:
    """Whether a file is packed as lossless JPEG and the Pillow that is here reads that."""
    version = (features.version("libjpeg_turbo") or "0").partition(".")[0]
    is_new = version.isdecimal() and int(version) >= _LOSSLESS_SINCE
    return is_new and found.file_meta.TransferSyntaxUID in _JPEG_LOSSLESS


def _lossless(found: "Dataset") -> NDArray[np.integer]:
    """(height, width) or (height, width, 3) of lossless JPEG of eight bits.

    Raises:
        UnusableError: it is damaged, or other than the header says.
    """
    from pydicom.encaps import generate_frames
    from pydicom.pixels.processing import convert_color_space

    samples = int(found.SamplesPerPixel)
    try:
        packed = next(generate_frames(found.PixelData, number_of_frames=1))
        with Image.open(BytesIO(packed), formats=["JPEG"]) as image:
            fits = image.size == (int(found.Columns), int(found.Rows))
            if not fits or len(image.getbands()) != samples or image.info.keys() & _MARKED:
                raise UnusableError("is packed otherwise than its header says")
            values = np.asarray(image)
    except (OSError, ValueError, SyntaxError, StopIteration):
        raise UnusableError("has pixels that are damaged or truncated") from None
    if str(found.PhotometricInterpretation) == "YBR_FULL":
        return np.asarray(convert_color_space(values, "YBR_FULL", "RGB"))
    return values


_MARKED = frozenset(("jfif", "adobe"))
"""Marks by which Pillow would turn colours that are no luminance and chroma."""


def _eight_bits(found: "Dataset") -> NDArray[np.uint8]:
    """(height, width) or (height, width, 3) from whatever the file holds."""
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
    from pydicom.pixels.utils import pixel_array

    stored, signed = int(found.BitsStored), bool(found.get("PixelRepresentation"))
    packed = found.file_meta.TransferSyntaxUID.is_encapsulated
    try:  # unused bits are left to `_used_bits`: pydicom takes them to be the highest
        values = (
            _lossless(found) if _by_pillow(found)
            else pixel_array(found, correct_unused_bits=packed)
        )  # fmt: skip
    except RuntimeError:  # of its decoders
        raise UnusableError("has pixels that are damaged, truncated or packed otherwise") from None
    kind = str(found.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        coloured = np.asarray(apply_color_lut(values, found))[..., :3]
        return _scaled(coloured, 0, 255 if coloured.dtype == np.uint8 else 65535)
    if not packed:
        values = _used_bits(values, stored, int(found.get("HighBit", stored - 1)), signed)
    least, largest = (
        (-(1 << stored - 1), (1 << stored - 1) - 1) if signed else (0, (1 << stored) - 1)
    )
    if kind in _COLOUR:
        return _scaled(values, least, largest)
    grey = np.asarray(apply_modality_lut(values, found))
    if tables := found.get("VOILUTSequence"):
        bits = int(tables[0].LUTDescriptor[2])
        shades = _scaled(np.asarray(apply_voi(grey, found, index=0)), 0, (1 << bits) - 1)
    elif (window := _window(found)) is not None:
        shades = window(grey)
    elif found.get("ModalityLUTSequence"):
        shades = _scaled(grey, 0, (1 << int(found.ModalityLUTSequence[0].LUTDescriptor[2])) - 1)
    else:
        slope, intercept = (
            float(found.get("RescaleSlope") or 1),
            float(found.get("RescaleIntercept") or 0),
        )
        ends = sorted((least * slope + intercept, largest * slope + intercept))
        shades = _scaled(grey, *ends)
    return 255 - shades if kind == "MONOCHROME1" else shades


def _used_bits(
    values: NDArray[np.integer], stored: int, high: int, signed: bool
) -> NDArray[np.integer]:
    """Values without the bits that a file stores beside them, such as overlays."""
    unused = values.dtype.itemsize * 8 - 1 - high
    if not unused and high == stored - 1:
        return values
    size = values.dtype.itemsize
    wide = np.left_shift(values.view(f"u{size}"), unused)  # drops what lies above
    return np.asarray(np.right_shift(wide.view(f"i{size}") if signed else wide, 8 * size - stored))


def _window(found: "Dataset") -> Callable[[NDArray[np.number]], NDArray[np.uint8]] | None:
    """The first window of a file (PS3.3, C.11.2.1.2); None where there is none that can be used."""
    centre, width = (_first(found.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or not np.isfinite([centre, width]).all():
        return None
    function = str(found.get("VOILUTFunction") or "LINEAR")

    def shades(values: NDArray[np.number]) -> NDArray[np.uint8]:
        x = values.astype(np.float64)
        if function == "SIGMOID":
            with np.errstate(over="ignore"):
                return _rounded(1 / (1 + np.exp(-4 * (x - centre) / width)))
        if function == "LINEAR_EXACT":
            return _rounded((x - centre) / width + 0.5)
        if width == 1:
            return _rounded((x > centre - 0.5).astype(np.float64))
        return _rounded((x - (centre - 0.5)) / (width - 1) + 0.5)

    return shades if width >= 1 or (width > 0 and function != "LINEAR") else None


def _first(value: str | float | Sequence[float] | None) -> float | None:
    """Of one number or of several; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, Sequence) and not isinstance(value, str):
        return float(value[0]) if len(value) else None
    return float(value)


def _scaled(values: NDArray[np.number], least: float, largest: float) -> NDArray[np.uint8]:
    if values.dtype == np.uint8 and (least, largest) == (0, 255):
        return values.astype(np.uint8, copy=False)
    return _rounded((values.astype(np.float64) - least) / max(largest - least, 1e-9))


def _rounded(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(shares, 0, 1) * 255), dtype=np.uint8)


def _profile(found: "Dataset") -> bytes | None:
    path = next(iter(found.get("OpticalPathSequence") or ()), None)
    profile = found.get("ICCProfile") or (path.get("ICCProfile") if path is not None else None)
    return bytes(profile) if profile else None
