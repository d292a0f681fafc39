"""Checkpoint folders: weights.safetensors (sharded when large), model.json, README.md."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TypedDict

import torch
from huggingface_hub import save_torch_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dermxai.core import entries
from dermxai.core.activation import SOFTMAX
from dermxai.core.disk import replacing
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.paths import check_readable, named_checkpoint, readable
from dermxai.models.classifier import Classifier
from dermxai.models.files import CheckpointFiles
from dermxai.models.foreign import interpret
from dermxai.models.foreign.folders import is_folder_of_hub, kind_of_folder, read_folder
from dermxai.models.foreign.metadata import Metadata, check_metadata, sidecar_metadata
from dermxai.models.info import ModelInfo, read_info
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.models.onnx_network import is_onnx, load_onnx
from dermxai.models.state_dict import read_contents

FEW = 0.1  # share of tensors that do not fit, up to which the architecture itself is right
SHARD_SIZE = "2GB"
PART = re.compile(r"-\d{5}-of-(?!00001)\d{5}\.")
"""In the name of a file that holds some of a network's tensors."""
_STATUS = Path("/proc/self/status")
COLOURS = 3  # channels of an image
AMPLE = 128  # pixels; every network that ends in pooling has a map left of such an input


class _Index(TypedDict):
    """In which part of the weights each tensor lies."""

    weight_map: Annotated[dict[str, str], dict]


def load_classifier(
    path: str | Path,
    *,
    architecture: str | None = None,
    classes: Sequence[str] | None = None,
    size: int | None = None,
    activation: str | None = None,
    weights: str | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    layout: str | None = None,
) -> Classifier:
    """A classifier from a checkpoint folder or from a foreign file.

    Args:
        path: a checkpoint folder; the name of one in the workspace, or of the embedded one,
            "atlas-b4-heads"; a folder of the Hugging Face hub by timm or transformers; a ``.pth``,
            ``.pt``, ``.ckpt``, ``.bin`` or ``.safetensors`` file with a state dict; or an ``.onnx``
            file (with the extra ``onnx``), which gives logits only.
        architecture, classes, size: for foreign files, what the tensors do not say: timm name,
            class codes in the order of the logits, input size in pixels.
        activation: for foreign files, "sigmoid" where each class is told by itself (several labels
            an image), which tensors do not say; else "softmax".
        weights: for foreign files with several sets of weights, which, such as "state_dict"; an
            average of them by default, as timm takes it.
        mean, std: for foreign files, of the three channels, for values from 0 to 1, by which images
            are normalised.
        layout: for ONNX files whose shape leaves it open, "channels_first" or "channels_last".

    Raises:
        InputError: nothing there, not a checkpoint, not to be read, tensors or heads that do not
            fit, or an input size too small for the network.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> classifier.info.architecture, len(classifier.info.classes)
        ('test_efficientnet', 14)
        >>> classifier.info.preprocessing.size  # pixels
        64
    """
    if not os.path.lexists(path) and str(path) == Path(path).name:
        path = named_checkpoint(str(path))
    path = Path(path)
    check_readable(path)
    asked = partial(
        _requested,
        path,
        architecture=architecture,
        classes=classes,
        size=size,
        activation=activation,
        weights=weights,
        mean=mean,
        std=std,
        layout=layout,
    )
    if is_folder_of_hub(path) and not os.path.lexists(CheckpointFiles(path).model):
        contents, config = read_folder(path)
        info, tensors = interpret(contents, path, asked(), config)
    elif os.path.isdir(path):  # noqa: PTH112  # never an error, as below
        if kind := kind_of_folder(path):
            raise InputError(f"{path} was not opened: it is {kind}.")
        info = read_info(path)
        tensors = _read_weights(CheckpointFiles(path))
    elif is_onnx(path) and os.path.isfile(path):  # noqa: PTH113
        model = load_onnx(path, asked().or_else(sidecar_metadata(path)))
        return Classifier(model.network, model.info, model.hash, path)
    elif os.path.isfile(path):  # noqa: PTH113
        metadata = asked().or_else(sidecar_metadata(path))
        info, tensors = _foreign(path, metadata)
    else:
        raise InputError(
            f"There is no checkpoint at {path}; expected a checkpoint folder or a .pth, .pt, "
            ".ckpt, .safetensors or .onnx file."
        )
    with torch.device("meta"):
        network = _network(info)
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    check_fit(shapes, tensors, path, info.architecture)
    _check_description(info, network, path)
    if info.origin:
        _check_values(dict(network.named_parameters()), tensors, path)
    computed = {name for name, _ in network.named_buffers()} - shapes.keys()
    network = _network(info) if computed else network.to_empty(device="cpu")
    network.load_state_dict({key: tensors[key] for key in network.state_dict()})
    return Classifier(network, info, _hash(info, tensors), path)


def _network(info: ModelInfo) -> MultiHeadNetwork:
    return MultiHeadNetwork(
        info.architecture, len(info.classes), info.auxiliary, size=info.preprocessing.size
    )


def _foreign(path: Path, metadata: Metadata) -> tuple[ModelInfo, dict[str, Tensor]]:
    """What weights of another program are, see `load_classifier`."""
    if PART.search(path.name):
        raise InputError(f"{path} is one part of several; name the folder that they lie in.")
    contents = read_contents(path, metadata.weights)
    try:
        return interpret(contents, path, metadata)
    except InputError as error:
        if not contents.program:
            raise
        raise InputError(
            f"{error} {path.name} is {contents.program}, whose code is not run: of another network "
            "than timm's, export it to ONNX."
        ) from error


def _requested(
    path: Path,
    *,
    architecture: str | None,
    classes: Sequence[str] | None,
    size: int | None,
    activation: str | None,
    weights: str | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    layout: str | None,
) -> Metadata:
    """What `load_classifier` was told of a foreign file."""
    check_metadata(
        {
            "architecture": architecture,
            "classes": classes,
            "size": size,
            "activation": activation,
            "weights": weights,
            "mean": mean,
            "std": std,
            "layout": layout,
        },
        path,
    )
    return Metadata(
        architecture=architecture,
        classes=None if classes is None else tuple(map(str, classes)) or None,
        size=size,
        mean=_three(mean),
        std=_three(std),
        activation=activation,
        weights=weights,
        layout=layout,
    )


def _three(values: Sequence[float] | None) -> tuple[float, float, float] | None:
    if values is None:
        return None
    red, green, blue = map(float, values)
    return red, green, blue


def check_fit(
    expected: Mapping[str, torch.Size],
    tensors: Mapping[str, Tensor],
    source: Path,
    architecture: str = "the network",
) -> None:
    """
    Raises:
        InputError: a tensor is missing, unknown or of another shape; it lists them by name.
    """
    _check_colours(expected, tensors, source)
    complaints = [
        f"{name} {tuple(shape)} is missing"
        for name, shape in expected.items()
        if name not in tensors
    ]
    complaints += [
        f"{name} has {tuple(tensor.shape)}, expected {tuple(expected[name])}"
        for name, tensor in tensors.items()
        if name in expected and tensor.shape != expected[name]
    ]
    complaints += [
        f"{name} {tuple(tensor.shape)} is unknown"
        for name, tensor in tensors.items()
        if name not in expected
    ]
    if complaints:
        shown = "; ".join(complaints[:8])
        more = f"; and {len(complaints) - 8} more" if len(complaints) > 8 else ""
        advice = (
            "Name the architecture that it was trained with."
            if len(complaints) > FEW * len(expected)
            else "The others fit: the file is damaged or its network was altered; save it again."
        )
        raise InputError(
            f"{len(complaints)} tensors of {source} do not fit {architecture}: {shown}{more}. "
            f"{advice}"
        )


def _check_colours(
    expected: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], source: Path
) -> None:
    """
    Raises:
        InputError: a convolution that takes the image takes another number of channels.
    """
    for name, shape in expected.items():
        there = tensors[name].shape if name in tensors else shape
        if (
            len(shape) == len(there) == 4
            and shape[1] == COLOURS != there[1]
            and ((shape[0], *shape[2:]) == (there[0], *there[2:]))
        ):
            raise InputError(
                f"{source} takes images of {there[1]} channel{'s' * (there[1] != 1)} ({name} "
                f"{tuple(there)}); expected {COLOURS}, of colour images."
            )


def _check_description(info: ModelInfo, network: MultiHeadNetwork, source: Path) -> None:
    """
    Raises:
        InputError: the network has other heads, or cannot take images of this size.
    """
    said, there = (
        [head.channels for head in heads] for heads in (info.heads, network.head_descriptions)
    )
    if said != there:
        raise InputError(
            f"{source} describes heads on {said} channels, but {info.architecture} has heads on "
            f"{there}; copy the checkpoint again."
        )
    size = info.preprocessing.size
    if size >= AMPLE:
        return
    try:  # shapes alone: the network is still on the meta device
        network.eval()(torch.empty(1, 3, size, size, device="meta"))
    except RuntimeError as error:
        raise InputError(
            f"{info.architecture} cannot take images of {size} pixels: nothing is left of them in "
            f"its layers. Give {source} a larger input size."
        ) from error


def _check_values(
    parameters: Mapping[str, Tensor], tensors: Mapping[str, Tensor], source: Path
) -> None:
    """
    Raises:
        InputError: weights of another program are whole numbers, or not finite.
    """
    learnt = {name: tensors[name] for name in parameters}
    if whole := [name for name, each in learnt.items() if not each.is_floating_point()]:
        raise InputError(
            f"{source} has weights that are whole numbers ({', '.join(whole[:4])}), as quantised "
            "ones are; save those that it was trained with, or export the network to ONNX."
        )
    odd = [name for name, each in learnt.items() if not bool(torch.isfinite(each.float()).all())]
    if odd:
        raise InputError(
            f"{source} has weights that are not finite ({', '.join(odd[:4])}); the training "
            "diverged, or the file is damaged: take an earlier state."
        )


def save_checkpoint(
    folder: str | Path,
    network: MultiHeadNetwork,
    info: ModelInfo,
    card: str,
    *,
    exact: bool = False,
) -> Path:
    """Writes a checkpoint folder; matrices as float16, vectors (biases, batch norms) as float32.

    model.json is written last: a folder is a checkpoint once it is there. The weights of an older
    one there stay until the new ones are whole.

    Args:
        exact: keep matrices as they are where float16 would round them.
    """
    files = CheckpointFiles(Path(folder))
    state = {
        name: _as_kept(tensor.detach(), exact).cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    files.root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=files.root, prefix=".weights.", suffix=".tmp") as incoming:
        save_torch_state_dict(
            state,
            incoming,
            filename_pattern="weights{suffix}.safetensors",
            max_shard_size=SHARD_SIZE,
        )
        written = {shard.name for shard in Path(incoming).iterdir()}
        for name in written:
            (Path(incoming) / name).chmod(0o666 & ~_umask())
            (Path(incoming) / name).replace(files.root / name)
    shards = files.root.glob(f"{files.weights.stem}-?????-of-?????.safetensors")
    for older in (files.weights, files.weights_index, *shards):
        if older.name not in written:  # an index would be read before a single file
            older.unlink(missing_ok=True)
    save_description(files.root, info, card)
    return files.root


def _as_kept(tensor: Tensor, exact: bool) -> Tensor:
    half = tensor.half() if tensor.ndim > 1 else tensor
    return tensor if exact and not torch.equal(half.to(tensor.dtype), tensor) else half


def save_description(folder: str | Path, info: ModelInfo, card: str) -> None:
    """Writes what a checkpoint folder says of its weights: model card and model.json."""
    files = CheckpointFiles(Path(folder))
    with replacing(files.card) as path:
        path.write_text(card, encoding="utf-8")
    with replacing(files.model) as path:
        path.write_text(info.to_json(), encoding="utf-8")


def _read_weights(files: CheckpointFiles) -> dict[str, Tensor]:
    shards = [files.weights]
    index_file = readable(files.weights_index)
    if index_file.is_file():
        try:
            index = entries.read_json(index_file, _Index)
            names = {Path(name).name for name in index["weight_map"].values()}
        except (UnusableError, TypeError) as error:
            raise InputError(
                f"{files.weights_index} does not list the parts of the weights; copy it again."
            ) from error
        shards = [files.root / name for name in sorted(names)]
    tensors: dict[str, Tensor] = {}
    for shard in map(readable, shards):
        try:
            entries.check_file(shard)
            tensors |= load_file(shard)
        except (OSError, UnusableError, SafetensorError) as error:
            raise InputError(
                f"{shard} cannot be read ({error}); the checkpoint is incomplete, copy it again."
            ) from error
    return tensors


def _umask() -> int:
    """The permissions that this process keeps from others; to ask by setting it would change what
    other threads write meanwhile."""
    try:
        said = re.search(r"^Umask:\s*(\d+)", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        said = None
    return int(said[1], 8) if said else 0o022


def _hash(info: ModelInfo, tensors: Mapping[str, Tensor]) -> str:
    """Identity of what the numbers depend on: architecture, classes, preprocessing, weights."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((info.architecture, info.heads, info.classes, info.preprocessing)).encode())
    if info.activation != SOFTMAX:
        digest.update(info.activation.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
