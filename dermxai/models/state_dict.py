"""Tensors by name from files of any program.

Nothing is ever unpickled: files are read with ``weights_only=True`` or as safetensors.
"""

import pickle
import re
import struct
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PosixPath

import numpy as np
import torch
from numpy._core import multiarray
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from dermxai.core import entries
from dermxai.core.entries import UnusableError, shown
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.models import programs
from dermxai.models.file_kinds import STATE_DICT, TO_ONNX, other_kind

AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "ema")
"""Averages of the weights over a training, which timm takes before the last weights."""
CONTAINERS = (*AVERAGES, "state_dict", "model_state_dict", "model", "net", "network", "weights")
OPTIMISER = {"state", "param_groups"}
MOST_TEXT = 200_000  # characters of a value beside the weights
DEEPEST = 4  # layers of what programs put around weights
# What training programs keep beside the weights: options, paths and numpy's numbers. Plain values;
# making them runs nothing.
HARMLESS: list[Callable[..., object] | tuple[Callable[..., object], str]] = [
    Namespace,
    PosixPath,
    np.ndarray,
    np.dtype,
    *(type(np.dtype(code)) for code in "?bBhHiIlLefdUS"),
    *(
        (function, f"numpy.{core}.multiarray.{name}")
        for name, function in (
            ("scalar", multiarray.scalar),
            ("_reconstruct", multiarray._reconstruct),
        )
        for core in ("core", "_core")
    ),
]


@dataclass(frozen=True)
class Contents:
    """
    Attributes:
        tensors: by name.
        beside: plain values that a program has put beside them.
        weights, note: which of several sets of weights these are, and in words; empty where there
            is one.
        program: what it is, where it is no file of weights but a program that holds some.
    """

    tensors: Mapping[str, Tensor]
    beside: Mapping[str, object]
    weights: str = ""
    note: str = ""
    program: str = ""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict in a file, taken out of what programs put around it.

    Raises:
        InputError: the file may not be read, needs unpickling, is damaged, or holds no tensors, or
            sparse, complex or quantised ones.
    """
    return dict(read_contents(path).tensors)


def read_contents(path: Path, weights: str | None = None) -> Contents:
    """The state dict in a file, and what programs put around it.

    Args:
        weights: which of several, by its key; the average over a training where there is one.

    Raises:
        InputError: as `read_tensors`; the file has no such weights.
    """
    return own_contents(readable(path), weights)


def own_contents(path: Path, weights: str | None = None) -> Contents:
    """As `read_contents`, of a file that no visitor has chosen."""
    try:
        entries.check_file(path)
    except UnusableError as error:
        raise InputError(f"{path} {error}; expected a file of weights.") from error
    if kind := other_kind(path):
        raise InputError(f"{path} was not opened: it is {kind}.")
    if _is_packed(path):
        raise InputError(
            f"{path} was not opened: it is compressed, which torch.save does not do. Save it again."
        )
    program = programs.kind_of(path)
    content = _of_program(path, program) if program else _unwrapped(_of_weights(path), path)
    sets = _sets(content)
    if weights is not None and weights not in sets:
        there = ", ".join(sets) or "one set of weights, without a name"
        raise InputError(f"{path} has no weights {weights!r}; it has {there}.")
    if weights is None and len(sets) > 1 and not set(sets) & set(CONTAINERS):
        raise InputError(
            f"{path} holds several sets of weights ({', '.join(map(shown, sets[:8]))}); name one "
            f"of them, as {shown(sets[0])}."
        )
    chosen = weights or next(iter(sets), None)
    within = content[chosen] if chosen else content
    if not isinstance(within, Mapping):
        within = {}
    tensors = {
        str(name): value.detach() for name, value in within.items() if isinstance(value, Tensor)
    }
    if not tensors:
        raise InputError(f"{path} holds no named tensors; expected a state dict of a network.")
    if unusual := [name for name, tensor in tensors.items() if _is_unusual(tensor)]:
        raise InputError(
            f"{path} holds tensors that are not plain real numbers ({', '.join(unusual[:8])}); "
            "expected dense ones, neither complex nor quantised, with their values."
        )
    others = [key for key in sets if key != chosen]
    average = ", an average over the training" if chosen in AVERAGES else ""
    note = f"{chosen}{average}; not {', '.join(others)}" if others else ""
    if program:
        note = f"the tensors of {program}, whose code was not run"
    beside = (
        {str(name): value for name, value in content.items() if not _holds_tensors(value)}
        if chosen
        else {}
    )
    return Contents(tensors, beside, str(chosen) if others else "", note, program or "")


def _sets(content: Mapping[object, object]) -> list[str]:
    """Keys of the sets of weights in a file without tensors beside them, the likeliest first."""
    known = [key for key in CONTAINERS if _holds_tensors(content.get(key))]
    if known or _holds_tensors(content):
        return known
    return [
        key
        for key, value in content.items()
        if isinstance(key, str) and _holds_tensors(value) and not _holds_a_container(value)
    ]


def _holds_a_container(value: object) -> bool:
    return isinstance(value, Mapping) and any(_holds_tensors(value.get(key)) for key in CONTAINERS)


def _unwrapped(content: Mapping[object, object], path: Path) -> Mapping[object, object]:
    """What programs put around the weights, without the one thing that they put around that.

    Raises:
        InputError: it is the state of an optimiser.
    """
    if content.keys() >= OPTIMISER:
        raise InputError(
            f"{path} holds the state of an optimiser, not of a network; expected a state dict of a "
            "network."
        )
    for _ in range(DEEPEST):
        if _sets(content) or _holds_tensors(content):
            break
        lists = {key: each for key, each in content.items() if isinstance(each, list | tuple)}
        content = {**content, **{key: _parts(each) for key, each in lists.items()}}
        inner = [value for value in content.values() if isinstance(value, Mapping)]
        inner = [each for each in inner if _sets(each) and not each.keys() >= OPTIMISER]
        if len(inner) != 1:
            break
        beside = {key: value for key, value in content.items() if value is not inner[0]}
        content = {**beside, **inner[0]}
    return content


def _parts(content: Sequence[object]) -> object:
    """A list of state dicts by number; itself where it is another."""
    if content and all(_holds_tensors(each) for each in content):
        return {str(at): each for at, each in enumerate(content)}
    return content


def _of_weights(path: Path) -> Mapping[object, object]:
    """What lies in a file, taken apart without making anything but plain values and tensors.

    Raises:
        InputError: as `read_tensors`.
    """
    try:
        if _is_safetensors(path):
            content: object = _with_metadata(path)
        else:
            with torch.serialization.safe_globals(HARMLESS), warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Detected pickle protocol")  # refused anyway
                content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} was not opened: it is no state dict, or beside tensors it holds objects that "
            f"could run code{_named(error)}. Save only the state dict "
            "(torch.save(model.state_dict(), …)) or a .safetensors file."
        ) from error
    except Exception as error:  # a damaged file fails in many ways
        raise InputError(
            f"{path} is not a readable checkpoint: damaged, or of another kind; expected a state "
            "dict as .pth, .pt, .ckpt or .safetensors."
        ) from error
    return _by_name(content, path)


def _by_name(content: object, path: Path) -> Mapping[object, object]:
    """What a file holds as a mapping whose keys are texts: of a list, such as the folds of an
    ensemble, by number from 0.

    Raises:
        InputError: it is a list of tensors without names.
    """
    if isinstance(content, list | tuple):
        if content and all(isinstance(each, Tensor) for each in content):
            raise InputError(
                f"{path} holds {len(content)} tensors without names; expected a state dict of a "
                "network, which names them (model.state_dict())."
            )
        content = dict(enumerate(content))
    if not isinstance(content, Mapping):
        return {}
    named = {str(key) if isinstance(key, int) else key: each for key, each in content.items()}
    return named if len(named) == len(content) else content


def _of_program(path: Path, program: str) -> Mapping[object, object]:
    """
    Raises:
        InputError: its tensors cannot be read without running it, or have no names.
    """
    why: object = "they have no names"
    try:
        tensors: dict[object, object] = {}
        tensors.update(programs.tensors_of(path, program))
        if tensors:
            return tensors
    except ValueError as error:
        why = error
    except Exception:  # damaged, or of other objects, which fails in many ways
        why = "it is damaged, or holds other objects"
    raise InputError(
        f"{path} was not opened: it is {program}, whose code is not run, and its tensors cannot be "
        f"read without ({why}). {STATE_DICT[0].upper()}{STATE_DICT[1:]}, or {TO_ONNX}."
    )


def _with_metadata(path: Path) -> Mapping[str, object]:
    """A safetensors file's tensors, in a container where there are values beside them."""
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
    beside = {name: _plain(text) for name, text in metadata.items() if name not in tensors}
    return {**beside, CONTAINERS[-1]: tensors} if beside and tensors else tensors


def _plain(text: str) -> object:
    """A value written as JSON, else the text."""
    if len(text) > MOST_TEXT:
        return None
    try:
        return entries.parse_json(text.encode("utf-8", "surrogatepass"))
    except (UnusableError, ValueError, RecursionError):
        return text


def _holds_tensors(value: object) -> bool:
    return isinstance(value, Mapping) and any(isinstance(each, Tensor) for each in value.values())


def _is_packed(path: Path) -> bool:
    """Whether it is an archive that unpacks to more than it has."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = sum(each.file_size for each in archive.infolist())
    except Exception:  # no archive, or a damaged one, of which torch.load says more
        return False
    return held > 2 * path.stat().st_size


def _is_safetensors(path: Path) -> bool:
    """By its suffix, or by its start: the length of a JSON object, and that object."""
    if path.suffix.lower() == ".safetensors":
        return True
    with path.open("rb") as file:
        start = file.read(9)
    return (
        len(start) == 9
        and start.endswith(b"{")
        and struct.unpack("<Q", start[:8])[0] < path.stat().st_size
    )


def _is_unusual(tensor: Tensor) -> bool:
    if tensor.layout != torch.strided or tensor.is_meta:
        return True
    # a view may claim more values than there are
    whole = tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
    return not whole or tensor.is_complex() or tensor.is_quantized


def _named(error: pickle.UnpicklingError) -> str:
    """What a file asked to be made, as far as torch says."""
    found = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f" ({found[1]})" if found else ""
