from pathlib import Path

import pytest
import torch
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.runs import infer
from dermxai.ui.app import inference
from dermxai.ui.session.caches import everything, models


def test_foreign_weights_are_loaded_as_the_run_was_asked_for(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    """What the tensors do not say is kept with the run: its pages and its repetition know it."""
    weights, images = tmp_path / "foreign.pth", tmp_path / "images"
    own = load_classifier(tiny_checkpoint)
    torch.save(own.network.state_dict(), weights)
    images.mkdir()
    Image.new("RGB", (40, 30), "tan").save(images / "a.png")
    options = {"architecture": own.info.architecture, "classes": own.info.classes, "size": 64}
    run = infer(load_classifier(weights, **options), load_dataset(images))
    loaded = models.classifier(run)
    assert loaded.hash == run.manifest["checkpoint"]["hash"]
    assert loaded.info.classes == own.info.classes
    asked = inference.asked(str(weights), str(images), run.id)
    usual = own.info.preprocessing
    assert asked["checkpoint_options"] == options | {
        "classes": list(own.info.classes), "mean": list(usual.mean), "std": list(usual.std),
    }  # fmt: skip
    assert asked["dataset_options"] == {"confine": True}


def test_the_dashboard_computes_where_it_is_told_to(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 30), "tan").save(tmp_path / "a.png")
    run = infer(load_classifier(tiny_checkpoint), load_dataset(tmp_path))
    assert models.classifier(run).device.type == "cpu"
    everything.clear()
    monkeypatch.setenv(models.DEVICE, "nonsense")
    with pytest.raises(InputError, match="'nonsense' cannot be used"):
        models.classifier(run)
