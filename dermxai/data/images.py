"""Images as every later stage wants them: RGB, eight bits, upright."""

import re
import warnings
from contextlib import AbstractContextManager, nullcontext, suppress
from io import BytesIO
from os import PathLike, fsdecode
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import first_line
from dermxai.data import archives, colour, dicom, heif, image_kinds
from dermxai.data.array_images import array_images

ImageLike = str | PathLike[str] | Image.Image | NDArray[np.uint8]
"""A path, what Pillow has opened, or an array (height, width, 3) RGB."""

# 537 MB as RGB. A larger header is refused before anything is decoded.
MAX_PIXELS = 178_956_970
UPLOAD_PIXELS = 40_000_000
"""Of an image from a visitor, who is one of many: decoding takes about 14 bytes a pixel."""
LARGE = 12_000_000  # pixels; of such images one is decoded at a time
SUFFIXES = image_kinds.suffixes()
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_ORIENTATION_TAG, _BITS, _PLANES = 0x0112, 258, 284
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DECODING = Lock()
_IN_ARRAY = re.compile(r"(?P<file>.+\.npz)#(?P<split>\w+)/(?P<index>\d+)", re.IGNORECASE)

# An image between half of Pillow's limit and MAX_PIXELS is large, not an attack.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(
    path: str | Path, at_least: int | None = None, *, profiles: bool = False
) -> NDArray[np.uint8]:
    """The image as (height, width, 3) RGB, turned upright as its EXIF data say.

    16-bit values are scaled to eight bits, grey and palette images become RGB, CMYK is converted,
    transparency is laid over white (but for an image all of which is transparent: a program left
    the fourth byte empty), and of an animation the first frame is read. ``file.npz#train/12`` is
    image 12 of the array ``train_images`` in a MedMNIST file, and ``file.zip#/a/1.jpg`` one in an
    archive (see `dermxai.data.archives`). Safe to call from several threads.

    Args:
        at_least: for a preview, a JPEG may be decoded at a half, a quarter or an eighth of its
            size, as long as both sides keep this many pixels.
        profiles: applies an embedded colour profile, see `dermxai.data.colour`; else the values are
            what the file stores, as `Preprocessing.colour_profiles` says.

    Raises:
        InputError: the file is missing, empty, truncated, no image, of 32 bits a channel, or
            larger than ``MAX_PIXELS``.
    """
    path = str(path)
    if member := _IN_ARRAY.fullmatch(path):
        return _from_array(path, Path(member["file"]), member["split"], int(member["index"]))
    with _opened(archives.source(path), Path(path).name) as image:
        if at_least is not None:
            image.draft(None, (at_least, at_least))
        with _in_turn(image):
            return np.asarray(_laid_over(_upright(image, Path(path).name, profiles), _WHITE))


def as_image(image: ImageLike, *, profiles: bool = False) -> NDArray[np.uint8]:
    """The image as ``read_image`` gives it, from a path or from what Pillow has opened, which is
    turned upright and converted in the same way; an array stays what it is.

    Raises:
        InputError: as ``read_image``, or it is none of these.
    """
    if isinstance(image, str | PathLike):
        return read_image(fsdecode(image), profiles=profiles)
    if isinstance(image, np.ndarray):
        return image
    if not isinstance(image, Image.Image):
        raise InputError(
            f"The image is a {type(image).__name__}; expected a path, a PIL image, or an array "
            "(height, width, 3) RGB of uint8."
        )
    name = Path(fsdecode(getattr(image, "filename", None) or "")).name or "The image"
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(name, MAX_PIXELS)
    with _in_turn(image):
        return np.asarray(_laid_over(_upright(image, name, profiles), _WHITE))


def decode(
    content: bytes, name: str, most: int = UPLOAD_PIXELS, *, profiles: bool = False
) -> NDArray[np.uint8]:
    """As ``read_image``, from the content of a file that is held in memory; one at a time.

    Args:
        most: pixels that it may have, by its header.

    Raises:
        InputError: as ``read_image``; it names the file ``name``.
    """
    if not content:
        raise InputError(f"{name}: an empty file; expected an image.")
    with _DECODING, _opened(BytesIO(content), name, most) as image:
        return np.asarray(_laid_over(_upright(image, name, profiles), _WHITE))


def _in_turn(image: Image.Image) -> AbstractContextManager[object]:
    """What to decode an image in: a large one waits for others."""
    return _DECODING if image.width * image.height > LARGE else nullcontext()


def read_mask(path: str | Path) -> NDArray[np.bool_]:
    """A mask as (height, width): true where the grey value exceeds half of the largest one, so
    that masks of 0/1, of 0/255 and with JPEG noise read alike.

    Transparency is laid over black; where nothing is bright then, what is opaque is the mask. Of
    one all of which is transparent the colours count, if there are several.

    Raises:
        InputError: as ``read_image``.
    """
    path = str(path)
    if _IN_ARRAY.fullmatch(path):
        return _brighter_half(read_image(path).max(axis=2))
    with _opened(archives.source(path), Path(path).name) as opened:
        with _in_turn(opened):
            image = _upright(opened, Path(path).name)
        grey = np.asarray(_laid_over(image, _BLACK)).max(axis=2)
        if _is_transparent(image) and grey.min() == grey.max():
            return np.zeros(grey.shape, np.bool_)
        if image.mode == "RGBA" and not grey.any():
            opaque = np.asarray(image.getchannel("A"))
            grey = opaque if opaque.min() < opaque.max() else grey
        return _brighter_half(grey)


def _brighter_half(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(grey > grey.max(initial=0) / 2)


def image_shape(path: str | Path) -> tuple[int, int]:
    """Height and width of the upright image, from the header alone.

    Raises:
        InputError: the header cannot be read.
    """
    path = str(path)
    if _IN_ARRAY.fullmatch(path):
        height, width, _ = read_image(path).shape
        return height, width
    source = archives.source(path)
    if _is_dicom(source, path):
        return dicom.shape(source, Path(path).name)
    with _opened(source, Path(path).name) as image:
        turned = _orientation(image) in range(5, 9) and image.format != "TIFF"  # which Pillow turns
        return (image.width, image.height) if turned else (image.height, image.width)


def container(path: str) -> str:
    """The file that holds an image: the path itself, or the archive that it names."""
    if member := _IN_ARRAY.fullmatch(path):
        return member["file"]
    inside = archives.split(path)
    return inside[0] if inside else path


def _opened(source: str | BytesIO, name: str, most: int = MAX_PIXELS) -> Image.Image:
    if isinstance(source, str):
        source = str(paths.readable(source))
        _check_kind(source, name)
    suffix = Path(name).suffix.lower()
    try:
        if image_kinds.may_be_dicom(suffix) and image_kinds.is_dicom(_start(source)):
            return _opened_by_extra(source, name, most)  # it may be a TIFF as well
        image: Image.Image = Image.open(source, formats=image_kinds.decoders(suffix))
    except FileNotFoundError:
        raise InputError(f"{name}: the file is missing ({source}).") from None
    except UnidentifiedImageError:
        image = _opened_by_extra(source, name, most)
    except Image.DecompressionBombError:
        raise _too_large(name, most) from None
    except InputError:
        raise
    except UnusableError as error:
        raise InputError(f"{name} {error}.") from error
    except Exception as error:  # decoders raise errors of many kinds on damaged headers
        raise InputError(f"{name}: cannot be opened ({first_line(error)}).") from error
    if image.width * image.height > most:
        image.close()
        raise _too_large(name, most)
    return image


def _opened_by_extra(source: str | BytesIO, name: str, most: int) -> Image.Image:
    """What Pillow by itself does not know: HEIC, DICOM.

    Raises:
        InputError: it is neither, or its reader is not installed.
    """
    start = _start(source)
    if image_kinds.is_heif(start):
        if not image_kinds.has_reader("HEIC"):
            raise InputError(f"{name}: {image_kinds.missing_reader('HEIC')}.")
        return heif.opened(source, name)
    if image_kinds.is_dicom(start):
        if not image_kinds.has_reader("DICOM"):
            raise InputError(f"{name}: {image_kinds.missing_reader('DICOM')}.")
        return dicom.opened(source, name, most)
    raise InputError(
        f"{name}: {image_kinds.told(start)}; expected JPEG, PNG, TIFF, BMP, WebP, GIF, JPEG 2000, "
        "AVIF, PPM or another format that Pillow reads."
    )


def _is_dicom(source: str | BytesIO, path: str) -> bool:
    if not image_kinds.may_be_dicom(Path(path).suffix.lower()):
        return False
    with suppress(UnusableError, OSError):
        return image_kinds.has_reader("DICOM") and image_kinds.is_dicom(_start(source))
    return False


def _start(source: str | BytesIO) -> bytes:
    if isinstance(source, BytesIO):
        return source.getvalue()[: image_kinds.START]
    with entries.opened(Path(source)) as file:
        return file.read(image_kinds.START)


def _check_kind(path: str, name: str) -> None:
    """
    Raises:
        InputError: something other than a file lies there, such as a pipe, which would be waited
            for.
    """
    try:
        found = entries.kind(Path(path))
    except UnusableError:  # whose opening says more
        return
    if found != "a file":
        raise InputError(f"{name}: {found}, not an image ({path}).")


def _upright(image: Image.Image, name: str, profiles: bool = False) -> Image.Image:
    """Eight bits, RGB, or RGBA where there is transparency."""
    sixteen_bits = image.mode.startswith("I;16") or (image.mode, image.format) == ("I", "PPM")
    if image.mode in {"I", "F"} and not sixteen_bits:
        raise InputError(f"{name}: 32 bits a channel; save it with 8 or 16 bits.")
    try:
        image = _planes_of_sixteen_bits(image) or image
        image.load()
        orientation = _orientation(image)
        profile = image.info.get("icc_profile") if profiles else None
        if sixteen_bits:
            image = Image.fromarray(_eight_bits(np.asarray(image)))
        image = colour.in_srgb(image, profile)
        mode = "RGBA" if image.has_transparency_data else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
    except Exception as error:  # decoders raise errors of many kinds on damaged data
        raise InputError(f"{name}: cannot be decoded ({first_line(error)}).") from error


def _planes_of_sixteen_bits(image: Image.Image) -> Image.Image | None:
    """A TIFF of 16 bits that holds a plane a channel and is not compressed, whose bytes Pillow
    takes for pixels; None for all others."""
    if not isinstance(image, TiffImageFile):
        return None
    tags, file = image.tag_v2, image.fp
    raw = bool(image.tile) and image.tile[0][0] == "raw"
    if tags.get(_PLANES, 1) != 2 or max(tags.get(_BITS, (1,))) <= 8 or not raw or file is None:
        return None
    from tifffile import TiffFile

    file.seek(0)
    planes = TiffFile(file).pages[0].asarray()  # (channel, height, width)
    if planes.dtype != np.uint16 or planes.ndim != 3 or len(planes) not in (3, 4):
        raise ValueError(f"planes of {planes.dtype} {planes.shape}")
    whole = Image.fromarray(_eight_bits(np.ascontiguousarray(planes.transpose(1, 2, 0))))
    whole.info = image.info
    turned = _UPRIGHT.get(_orientation(image))
    return whole if turned is None else whole.transpose(turned)


def _is_transparent(image: Image.Image) -> bool:
    """Whether all of it is, as where a program left the fourth byte of its pixels 0."""
    return image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0)


def _laid_over(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.mode != "RGBA":
        return image
    if _is_transparent(image):
        return image.convert("RGB")
    whole = Image.new("RGBA", image.size, (*background, 255))
    whole.alpha_composite(image)
    return whole.convert("RGB")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF data say nothing about the pixels
        return 1


def _eight_bits(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """65535 becomes 255 and 257 becomes 1, rounded."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _too_large(name: str, most: int) -> InputError:
    return InputError(
        f"{name}: more than {most / 1e6:.0f} million pixels, refused before decoding; "
        "save a smaller copy."
    )


def _from_array(path: str, file: Path, split: str, index: int) -> NDArray[np.uint8]:
    images = array_images(file, split)
    if index >= len(images):
        raise InputError(f"{path}: {file.name} has {len(images)} images in {split}.")
    image = np.atleast_3d(images[index])
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else np.array(image)
