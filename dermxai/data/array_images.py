"""Images in arrays of ``.npz`` files, as MedMNIST publishes them, memory-mapped."""

from functools import lru_cache
from pathlib import Path
from shutil import disk_usage
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays, disk, entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import first_line
from dermxai.data.places import place_of, unpacked_file

_UNPACKING = Lock()
_PART = 1 << 20  # bytes


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
        raise InputError(f"{name}: {split}_images is damaged ({first_line(error)}).") from error
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
