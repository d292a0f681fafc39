"""HDF5 files with an encoded image (a JPEG's bytes …) a dataset, as ISIC 2024 has; by h5py (the
extra ``hdf5``). Nothing outside the file is read: no links to other files, no data kept in them."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dermxai.core import paths
from dermxai.core.entries import UnusableError
from dermxai.data.archives.bounds import (
    MOST_BYTES,
    Contents,
    Listing,
    Member,
    kept,
    member,
)

if TYPE_CHECKING:
    import h5py

_DEEPEST = 3
_MOST_GROUPS = 10_000
_FILTERS = {1, 2, 3}  # deflate, shuffle, checksum: others would load a library
_EXTRA = 'is HDF5, which needs an extra: pip install "dermxai[hdf5]"'


def has_reader() -> bool:
    return find_spec("h5py") is not None


def contents(archive: Path) -> Contents:
    """
    Raises:
        UnusableError: h5py is missing, or it is no HDF5 file of encoded images.
    """
    return kept(_listed, archive)


def content(archive: Path, name: str) -> bytes:
    """The bytes of an encoded image.

    Raises:
        UnusableError: there is none of this name, or it is none.
    """
    member(contents(archive), name)
    with _opened(archive) as file:
        try:
            return _bytes(file, name)
        except UnusableError:
            raise
        except Exception as error:  # a damaged file fails in many ways
            raise UnusableError(f"is damaged at {name} ({type(error).__name__})") from error


def _opened(archive: Path) -> "h5py.File":
    if not has_reader():
        raise UnusableError(_EXTRA)
    import h5py

    try:
        return h5py.File(paths.readable(archive), "r", locking=False)
    except OSError as error:
        raise UnusableError("is damaged or no HDF5 file") from error


def _listed(archive: Path) -> Contents:
    listing = Listing()
    with _opened(archive) as file:
        try:
            for name in _names(file, "", _DEEPEST, [0]):
                listing.add(name, Member(0, 0, 0))
        except UnusableError:
            raise
        except Exception as error:  # a damaged file fails in many ways
            raise UnusableError(f"is damaged ({type(error).__name__})") from error
    return listing.contents()


def _names(group: "h5py.Group", before: str, depth: int, groups: list[int]) -> Iterator[str]:
    """Datasets beneath a group. Of many in one group the first is looked at: it tells of all."""
    import h5py

    groups[0] += 1
    if groups[0] > _MOST_GROUPS:
        raise UnusableError(f"holds more than {_MOST_GROUPS:,} groups")
    first = None
    for name in group:
        if first is None or issubclass(first, h5py.Group):
            first = group.get(name, getclass=True, getlink=False) if _is_own(group, name) else None
            if first is not None and issubclass(first, h5py.Group):
                if depth:
                    yield from _names(group[name], f"{before}{name}/", depth - 1, groups)
                continue
            if first is None or not _is_encoded(group[name]):
                first = None
                continue
        yield f"{before}{name}"


def _is_own(group: "h5py.Group", name: str) -> bool:
    import h5py

    return isinstance(group.get(name, getlink=True), h5py.HardLink)


def _is_encoded(dataset: "h5py.Dataset") -> bool:
    """Whether a dataset is the bytes of a file: a text, or a row of bytes."""
    row = dataset.ndim == 1 and dataset.dtype == np.uint8
    return row or (dataset.shape in ((), (1,)) and dataset.dtype.kind in "SVO")


def _bytes(file: "h5py.File", name: str) -> bytes:
    import h5py

    parts, place = name.split("/"), file
    for part in parts:
        if not isinstance(place, h5py.Group) or not _is_own(place, part):
            raise UnusableError(f"holds no data of its own at {name}")
        place = place[part]
    if not isinstance(place, h5py.Dataset) or not _is_encoded(place):
        raise UnusableError(f"holds no encoded image at {name}")
    plist = place.id.get_create_plist()
    filters = {plist.get_filter(index)[0] for index in range(plist.get_nfilters())}
    if place.external or place.is_virtual or filters - _FILTERS:
        raise UnusableError(f"keeps {name} elsewhere, or packed in an unknown way")
    if place.size * place.dtype.itemsize > MOST_BYTES:
        raise UnusableError(f"holds more than {MOST_BYTES / 1e6:.0f} MB at {name}")
    value = place[()]
    if isinstance(value, np.ndarray) and value.dtype != np.uint8:
        value = value.ravel()[0]
    return value if isinstance(value, bytes) else np.asarray(value).tobytes()
