"""Tensors by name from files of any program.

Nothing is ever unpickled: files are read with ``weights_only=True`` or as safetensors.
"""

import pickle
import re
import struct
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path, PosixPath
from typing import Any

import numpy as np
import torch
from numpy._core import multiarray
from safetensors.torch import load_file
from torch import Tensor

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.paths import readable

CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "state_dict_ema", "model_ema")
# What training programs keep beside the weights: options, paths and numpy's numbers. Plain values;
# making them runs nothing.
HARMLESS: list[Any] = [
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


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict in a file, taken out of what programs put around it.

    Raises:
        InputError: the file may not be read, needs unpickling, is damaged, or holds no tensors, or
            sparse, complex or quantised ones.
    """
    path = readable(path)
    try:
        entries.check_file(path)
    except UnusableError as error:
        raise InputError(f"{path} {error}; expected a file of weights.") from error
    if _is_packed(path):
        raise InputError(
            f"{path} was not opened: it is compressed, which torch.save does not do. Save it again."
        )
    if _is_program(path):
        raise InputError(
            f"{path} was not opened: it is a TorchScript program, which is code. Save only the "
            "state dict (torch.save(model.state_dict(), …)) or a .safetensors file."
        )
    try:
        if _is_safetensors(path):
            content: object = load_file(path)
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
    for key in CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    tensors = (
        {str(name): value.detach() for name, value in content.items() if isinstance(value, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if not tensors:
        raise InputError(f"{path} holds no named tensors; expected a state dict of a network.")
    if unusual := [name for name, tensor in tensors.items() if _is_unusual(tensor)]:
        raise InputError(
            f"{path} holds tensors that are not plain real numbers ({', '.join(unusual[:8])}); "
            "expected dense ones, neither complex nor quantised, with their values."
        )
    return tensors


def _is_program(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except Exception:  # no archive, or a damaged one, of which torch.load says more
        return False


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
