"""Tensors by name out of programs that torch saves: TorchScript files and torch.export archives.

Their code is not run, and nothing is unpickled but plain values and tensors, by torch's own
``weights_only`` reader: a module becomes the dictionary of its attributes.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from pathlib import Path, PurePosixPath
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

TORCHSCRIPT, EXPORTED = "a TorchScript program", "a torch.export archive"
CODE = "constants.pkl"
"""Marks a TorchScript file; left out, what remains is what ``torch.save`` writes."""
WEIGHTS = "model_weights_config.json"
MODULES = "__torch__."
LISTS = tuple(f"torch.jit._pickle.build_{kind}list" for kind in ("int", "double", "bool", "tensor"))
TAGGED = "torch.jit._pickle.restore_type_tag"
DEEPEST = 64
MOST_TENSORS = 20_000
MOST_ATTRIBUTES = 500_000
MOST_JSON = 2**25
TYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
"""torch.export's numbers of types."""


class Module:
    """What a TorchScript file holds of a module: its attributes."""

    def __setstate__(self, state: object) -> None:
        self.attributes = state if isinstance(state, Mapping) else {}


def as_list(values: Iterable[object]) -> list[object]:
    return list(values)


def untagged(value: object, _type: str) -> object:
    return value


def kind_of(path: Path) -> str | None:
    """`TORCHSCRIPT`, `EXPORTED`, or None for all other files.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = {PurePosixPath(name).name for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError):
        return None
    if CODE in names:
        return TORCHSCRIPT
    return EXPORTED if {"archive_format", "serialized_exported_program.json"} & names else None


def tensors_of(path: Path, kind: str) -> dict[str, Tensor]:
    """The state dict in a program.

    Raises:
        ValueError: it holds none that can be read without running it.
        Exception: as `torch.load`, of a damaged file.
    """
    return _of_torchscript(path) if kind == TORCHSCRIPT else _of_export(path)


def _of_torchscript(path: Path) -> dict[str, Tensor]:
    plain = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(plain, "w") as copy:
        for name in archive.namelist():
            place = PurePosixPath(name)
            if place.name != CODE and "code" not in place.parts[1:2]:
                copy.writestr(name, archive.read(name))
    plain.seek(0)
    named = get_unsafe_globals_in_checkpoint(plain)
    known: list[Callable[..., object] | tuple[Callable[..., object], str]] = [
        (untagged, TAGGED),
        *((as_list, name) for name in LISTS),
        *((Module, name) for name in named if name.startswith(MODULES)),
    ]
    plain.seek(0)
    with safe_globals(known):
        found = torch.load(plain, map_location="cpu", weights_only=True)
    return dict(_within(found))


def _within(whole: object) -> Iterator[tuple[str, Tensor]]:
    """
    Raises:
        ValueError: modules lie too deep within each other, or are too many.
    """
    left: list[tuple[tuple[str, ...], object]] = [((), whole)]
    for _ in range(MOST_ATTRIBUTES):
        if not left:
            return
        names, value = left.pop()
        if isinstance(value, Tensor):
            yield ".".join(names), value
        elif isinstance(value, Module):
            inner = [((*names, str(name)), each) for name, each in value.attributes.items()]
            left += reversed(inner)
        if len(names) > DEEPEST:
            break
    raise ValueError("its modules are too many, or lie too deep within each other")


class _Whole(TypedDict):
    as_int: int


class _TensorMeta(TypedDict):
    dtype: int
    sizes: list[_Whole]
    strides: list[_Whole]
    storage_offset: _Whole


class _Stored(TypedDict):
    """What an export says of a tensor; nothing of it is certain."""

    path_name: str
    use_pickle: bool
    tensor_meta: _TensorMeta


def _of_export(path: Path) -> dict[str, Tensor]:
    with zipfile.ZipFile(path) as archive:
        places = {PurePosixPath(each.filename).name: each for each in archive.infolist()}
        if WEIGHTS not in places or places[WEIGHTS].file_size > MOST_JSON:
            raise ValueError("it does not list its tensors")
        listed = json.loads(archive.read(places[WEIGHTS]))["config"]
        if len(listed) > MOST_TENSORS:
            raise ValueError("it lists too many tensors")
        folder = PurePosixPath(places[WEIGHTS].filename).parent
        return {
            str(name): _raw(archive, str(folder / each["path_name"]), each)
            for name, each in listed.items()
        }


def _raw(archive: zipfile.ZipFile, place: str, stored: _Stored) -> Tensor:
    """
    Raises:
        ValueError: it is pickled, of another type, or shorter than is said.
    """
    if stored["use_pickle"]:
        raise ValueError("a tensor in it is pickled")
    about = stored["tensor_meta"]
    sizes = [int(each["as_int"]) for each in about["sizes"]]
    strides = [int(each["as_int"]) for each in about["strides"]]
    start = int(about["storage_offset"]["as_int"])
    if about["dtype"] not in TYPES or min([*sizes, *strides, start, 0]) < 0:
        raise ValueError(f"a tensor in it has the type {about['dtype']}")
    values = torch.from_numpy(np.frombuffer(archive.read(place), np.uint8).copy())
    values = values.view(TYPES[about["dtype"]])
    last = start + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if prod(sizes) > len(values) or (all(sizes) and last >= len(values)):
        raise ValueError("a tensor in it is shorter than it says")
    return torch.as_strided(values, sizes, strides, start).contiguous()
