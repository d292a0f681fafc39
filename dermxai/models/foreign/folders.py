"""Folders of the Hugging Face hub: config.json and weights, as timm and transformers write them."""

import os
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from dermxai.core import entries
from dermxai.core.entries import UnusableError, shown
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.models.foreign.adapters import MERGE
from dermxai.models.state_dict import Contents, read_contents

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
MOST_SHARDS = 200
TENSORFLOW = ("saved_model.pb", "keras_metadata.pb")
ADAPTERS = "adapter_config.json"
ACTIVATIONS = (None, "gelu", "gelu_python", "relu")
"""Of transformers' networks that timm's have, too."""
OWN = {"efficientnet": "swish"}
"""Those of one kind of network."""
POOLINGS = ("max", "avgmax", "catavgmax")


def is_folder_of_hub(folder: Path) -> bool:
    """Whether it holds weights under the hub's names; what describes them may be absent."""
    return any(os.path.lexists(folder / name) for name in (*WEIGHTS, *INDICES))


def read_folder(folder: Path) -> tuple[Contents, dict[str, object]]:
    """The weights in a folder, and its config.json with what lies beside that.

    Raises:
        InputError: they cannot be read, or say that the network computes otherwise than timm's.
    """
    config = _read(folder / CONFIG) if os.path.lexists(folder / CONFIG) else {}
    if os.path.lexists(folder / PREPROCESSOR):
        config["preprocessor_config"] = _read(folder / PREPROCESSOR)
    _check(config, folder)
    return _weights(folder), config


def kind_of_folder(folder: Path) -> str | None:
    """What a folder is that is no checkpoint; None where that is not known."""
    if any(os.path.lexists(folder / name) for name in TENSORFLOW):
        return "a TensorFlow SavedModel; export the network to ONNX"
    if os.path.lexists(folder / ADAPTERS):
        return f"adapters (peft), which change another network's weights; {MERGE}"
    if folder.suffix.lower() in {".mlpackage", ".mlmodelc"}:
        return "a Core ML model; export the network to ONNX"
    if os.path.lexists(folder / "data.pkl"):
        return "an unpacked file of torch.save; pack it again, or take the file as it was"
    return None


def _read(path: Path) -> dict[str, object]:
    try:
        content = entries.read_json(readable(path))
    except UnusableError as error:
        raise InputError(f"{path} cannot be read: it {error}; expected JSON.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} does not describe a network; expected a JSON object.")
    return content


def _check(config: Mapping[str, object], folder: Path) -> None:
    """
    Raises:
        InputError: the network differs from timm's in what has no tensors.
    """
    act, pool = config.get("hidden_act"), config.get("global_pool")
    kind = config.get("model_type")
    if kind is not None and act not in (*ACTIVATIONS, OWN.get(str(kind))):
        raise InputError(
            f"{folder / CONFIG} says hidden_act {act!r:.40}, which timm's network does not have; "
            "export the network to ONNX."
        )
    if pool in POOLINGS:
        raise InputError(
            f"{folder / CONFIG} says global_pool {pool!r}; DermXAI explains networks that average."
        )


def _weights(folder: Path) -> Contents:
    for name in WEIGHTS:
        if os.path.lexists(folder / name):
            return read_contents(folder / name)
    index = next(folder / name for name in INDICES if os.path.lexists(folder / name))
    content = _read(index).get("weight_map")
    names = set(content.values()) if isinstance(content, dict) else set()
    plain = all(isinstance(name, str) and Path(name).name == name for name in names)
    if not names or not plain or len(names) > MOST_SHARDS:
        raise InputError(
            f"{index} does not list the parts of the weights; expected weight_map with names of at "
            f"most {MOST_SHARDS} files beside it."
        )
    tensors: dict[str, Tensor] = {}
    for name in sorted(names):
        if not os.path.lexists(folder / name):
            raise InputError(f"{shown(name)} is missing in {folder}; copy the folder again.")
        tensors |= read_contents(folder / name).tensors
    return Contents(tensors, {})
