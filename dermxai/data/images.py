"""Images as every later stage wants them: RGB, eight bits, upright."""

import re
import warnings
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from os import PathLike, fsdecode
from pathlib import Path
from shutil import disk_usage
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dermxai.core import arrays, disk, entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.places import unpacked_file

ImageLike = str | PathLike[str] | Image.Image | NDArray[np.uint8]
"""A path, what Pillow has opened, or an array (height, width, 3) RGB."""

# 537 MB as RGB. A larger header is refused before anything is decoded.
MAX_PIXELS = 178_956_970
UPLOAD_PIXELS = 40_000_000
"""Of an image from a visitor, who is one of many: decoding takes about 14 bytes a pixel."""
LARGE = 12_000_000  # pixels; of such images one is decoded at a time
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".jp2", ".ppm", ".pgm"}
)
# Named, because a decoder that is not asked for (PostScript) cannot be attacked.
_DECODERS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG2000", "PPM")
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UNPACKING, _DECODING = Lock(), Lock()
_PART = 1 << 20  # bytes
_IN_ARRAY = re.compile(r"(?P<file>.+\.npz)#(?P<split>\w+)/(?P<index>\d+)", re.IGNORECASE)

Image.init()  # loads the decoders, so that they can be named
# An image between half of Pillow's limit and MAX_PIXELS is large, not an attack.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(path: str | Path, at_least: int | None = None) -> NDArray[np.uint8]:
    """The image as (height, width, 3) RGB, turned upright as its EXIF data say.

    16-bit values are scaled to eight bits, grey and palette images become RGB, CMYK is converted,
    transparency is laid over white, and of an animation the first frame is read. Colour profiles
    are not applied: networks are trained on the values as stored. ``file.npz#train/12`` is image
    12 of the array ``train_images`` in a MedMNIST file. Safe to call from several threads.

    Args:
        at_least: for a preview, a JPEG may be decoded at a half, a quarter or an eighth of its
            size, as long as both sides keep this many pixels.

    Raises:
        InputError: the file is missing, empty, truncated, no image, of 32 bits a channel, or
            larger than ``MAX_PIXELS``.
    """
    path = str(path)
    if member := _IN_ARRAY.fullmatch(path):
        return _from_array(path, Path(member["file"]), member["split"], int(member["index"]))
    with _opened(path, Path(path).name) as image:
        if at_least is not None:
            image.draft(None, (at_least, at_least))
        with _in_turn(image):
            return np.asarray(_laid_over(_upright(image, Path(path).name), _WHITE))


def as_image(image: ImageLike) -> NDArray[np.uint8]:
    """The image as ``read_image`` gives it, from a path or from what Pillow has opened, which is
    turned upright and converted in the same way; an array stays what it is.

    Raises:
        InputError: as ``read_image``, or it is none of these.
    """
    if isinstance(image, str | PathLike):
        return read_image(fsdecode(image))
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
        return np.asarray(_laid_over(_upright(image, name), _WHITE))


def decode(content: bytes, name: str, most: int = UPLOAD_PIXELS) -> NDArray[np.uint8]:
    """As ``read_image``, from the content of a file that is held in memory; one at a time.

    Args:
        most: pixels that it may have, by its header.

    Raises:
        InputError: as ``read_image``; it names the file ``name``.
    """
    if not content:
        raise InputError(f"{name}: an empty file; expected an image.")
    with _DECODING, _opened(BytesIO(content), name, most) as image:
        return np.asarray(_laid_over(_upright(image, name), _WHITE))


def _in_turn(image: Image.Image) -> AbstractContextManager[object]:
    """What to decode an image in: a large one waits for others."""
    return _DECODING if image.width * image.height > LARGE else nullcontext()


def read_mask(path: str | Path) -> NDArray[np.bool_]:
    """A mask as (height, width): true where the grey value exceeds half of the largest one, so
    that masks of 0/1, of 0/255 and with JPEG noise read alike.

    Transparency is laid over black; where nothing is bright then, what is opaque is the mask.

    Raises:
        InputError: as ``read_image``.
    """
    path = str(path)
    if _IN_ARRAY.fullmatch(path):
        return _brighter_half(read_image(path).max(axis=2))
    with _opened(path, Path(path).name) as opened:
        with _in_turn(opened):
            image = _upright(opened, Path(path).name)
        grey = np.asarray(_laid_over(image, _BLACK)).max(axis=2)
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
    with _opened(path, Path(path).name) as image:
        turned = _orientation(image) in range(5, 9) and image.format != "TIFF"  # which Pillow turns
        return (image.width, image.height) if turned else (image.height, image.width)


def container(path: str) -> str:
    """The file that holds an image: the path itself, or the archive that it names."""
    member = _IN_ARRAY.fullmatch(path)
    return member["file"] if member else path


def _opened(source: str | BytesIO, name: str, most: int = MAX_PIXELS) -> Image.Image:
    if isinstance(source, str):
        source = str(paths.readable(source))
        _check_kind(source, name)
    try:
        image = Image.open(source, formats=_DECODERS)
    except FileNotFoundError:
        raise InputError(f"{name}: the file is missing ({source}).") from None
    except UnidentifiedImageError:
        empty = isinstance(source, str) and Path(source).stat().st_size == 0
        kind = "an empty file" if empty else "not an image that can be read"
        raise InputError(
            f"{name}: {kind}; expected JPEG, PNG, TIFF, BMP, WebP, GIF, JPEG 2000 or PPM."
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(name, most) from None
    except Exception as error:  # decoders raise errors of many kinds on damaged headers
        raise InputError(f"{name}: cannot be opened ({_said(error)}).") from error
    if image.width * image.height > most:
        image.close()
        raise _too_large(name, most)
    return image


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


def _upright(image: Image.Image, name: str) -> Image.Image:
    """Eight bits, RGB, or RGBA where there is transparency."""
    sixteen_bits = image.mode.startswith("I;16") or (image.mode, image.format) == ("I", "PPM")
    if image.mode in {"I", "F"} and not sixteen_bits:
        raise InputError(f"{name}: 32 bits a channel; save it with 8 or 16 bits.")
    try:
        image.load()
        orientation = _orientation(image)
        if sixteen_bits:
            image = Image.fromarray(_eight_bits(np.asarray(image)))
        mode = "RGBA" if image.has_transparency_data else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
    except Exception as error:  # decoders raise errors of many kinds on damaged data
        raise InputError(f"{name}: cannot be decoded ({_said(error)}).") from error


def _laid_over(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.mode != "RGBA":
        return image
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


def _said(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def _from_array(path: str, file: Path, split: str, index: int) -> NDArray[np.uint8]:
    images = array_images(file, split)
    if index >= len(images):
        raise InputError(f"{path}: {file.name} has {len(images)} images in {split}.")
    image = np.atleast_3d(images[index])
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else np.array(image)


def array_images(file: Path, split: str) -> NDArray[np.uint8]:
    """The array ``<split>_images`` of an ``.npz`` file, memory-mapped: (n, h, w), or (n, h, w, 1)
    or (n, h, w, 3).

    A compressed archive cannot be mapped, so the array is unpacked into the workspace once; what
    was unpacked of the archive before it changed is removed.

    Raises:
        InputError: the file or the array is missing or damaged.
    """
    file = paths.readable(file)
    try:
        state = file.stat()
    except OSError:
        raise InputError(f"{file.name}: the file is missing ({file}).") from None
    with _UNPACKING:
        return _unpacked(str(file), split, state.st_size, state.st_mtime_ns)


def place_of(archive: str | Path) -> str:
    """The name under which an archive's arrays are unpacked, see `unpacked_folder`."""
    return sha256(str(Path(archive).resolve()).encode()).hexdigest()[:16]


@lru_cache(maxsize=16)
def _unpacked(file: str, split: str, size: int, modified_ns: int) -> NDArray[np.uint8]:
    place = place_of(file)
    unpacked = unpacked_file(place, split, f"{size}-{modified_ns}")
    name = Path(file).name
    try:
        if not unpacked.exists():
            _unpack(Path(file), f"{split}_images", unpacked)
            for other in unpacked.parent.glob(f"{split}-*.npy"):
                if other != unpacked:  # the archive as it was
                    other.unlink(missing_ok=True)
        entries.check_file(unpacked)
        images: NDArray[np.uint8] = np.load(unpacked, mmap_mode="r")
    except InputError:
        raise
    except UnusableError as error:
        raise InputError(f"{name} {error}.") from error
    except OSError as error:
        raise InputError(
            f"{name}: its images cannot be unpacked into the workspace ({error.strerror}: "
            f"{unpacked.parent}); free some space there, or let this account write to it."
        ) from error
    except Exception as error:  # a damaged archive fails in many ways
        raise InputError(f"{name}: {split}_images is damaged ({_said(error)}).") from error
    return images


def _unpack(file: Path, name: str, at: Path) -> None:
    """Writes an array of an archive to a file of its own, and not a byte more than it claims.

    Raises:
        InputError: there is no room for it.
        UnusableError: as `arrays.described`.
    """
    with arrays.archive(file) as found:
        member = arrays.described(found, name)
        at.parent.mkdir(parents=True, exist_ok=True)
        if (free := disk_usage(at.parent).free) < member.size:
            raise InputError(
                f"{file.name}: its {name} take {member.size / 1e9:.1f} GB in the workspace, and "
                f"{free / 1e9:.1f} GB are free ({at.parent}); free some space."
            )
        left = member.size
        with (
            found.open(f"{name}.npy") as packed,
            disk.replacing(at) as temporary,
            temporary.open("wb") as target,
        ):
            while left and (part := packed.read(min(left, _PART))):
                left -= target.write(part)
            if left or packed.read(1):
                raise UnusableError(f"has another length of {name} than it claims")
