"""Shared fixtures: a tiny classifier, images, the real sample."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from dermxai.core import paths

# The processes of the tests share the cores: threads that wait sleep, rather than spin. Read when
# torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

TINY = "test_efficientnet"  # timm's smallest EfficientNet: four stages, 0.4 M parameters

# A slow machine is no failure, and the same examples are tried every time.
settings.register_profile("dermxai", deadline=None, derandomize=True)
settings.load_profile("dermxai")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real sample's folder; tests that need it are skipped where it is absent."""
    folder = os.environ.get("DERMXAI_REAL_DATA")
    if not folder:
        pytest.skip("DERMXAI_REAL_DATA does not name the folder of the real sample")
    return Path(folder)


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test writes into a workspace of its own, and reads from everywhere until it runs the
    dashboard."""
    monkeypatch.setenv(paths.CONFINED, "")
    home = tmp_path / "workspace"
    monkeypatch.setenv("DERMXAI_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder: a tiny network with auxiliary heads, random weights, 14 classes."""
    import torch

    from dermxai.data.transforms import Preprocessing
    from dermxai.models import ModelInfo, save_checkpoint
    from dermxai.models.multi_head import MultiHeadNetwork
    from dermxai.taxonomy import CODES

    torch.manual_seed(0)
    network = MultiHeadNetwork(TINY, len(CODES), auxiliary=True)
    with torch.no_grad():
        for _ in range(30):  # batch norms settle, so that logits are of the usual size
            network(torch.randn(16, 3, 64, 64))
    info = ModelInfo(TINY, network.head_descriptions, CODES, Preprocessing(size=64), name="tiny")
    return save_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny", network, info, "# tiny")


@pytest.fixture(scope="session")
def real_checkpoint(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network trained on the real sample: seven classes, another backbone."""
    from dermxai.data import load_dataset
    from dermxai.training.fit import fit
    from dermxai.training.recipe import Recipe

    recipe = Recipe(
        architecture="resnet10t", auxiliary=False, size=64, epochs=2, batch_size=32, ema_decay=0.9
    )
    return fit(load_dataset(real_data), recipe, tmp_path_factory.mktemp("checkpoints") / "ham")


@pytest.fixture
def photograph() -> NDArray[np.uint8]:
    """A smooth random RGB image that is not square (61, 83, 3)."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(40, 220, (7, 9, 3)).astype(np.float32)
    import cv2

    return cv2.resize(coarse, (83, 61), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
