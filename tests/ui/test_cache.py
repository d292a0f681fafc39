import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from dermxai import paths
from dermxai.data import load_dataset
from dermxai.errors import InputError
from dermxai.models import load_classifier
from dermxai.runs import infer
from dermxai.ui import cache, catalogue, sidebar
from dermxai.ui.thumbnails import stamp, thumbnails
from tests.generated import generated_run, rewrite


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
    loaded = cache.classifier(run)
    assert loaded.hash == run.manifest["checkpoint"]["hash"]
    assert loaded.info.classes == own.info.classes
    asked = sidebar._asked(str(weights), str(images), run.id)
    assert asked["checkpoint_options"] == options | {"classes": list(own.info.classes)}
    assert asked["dataset_options"] == {"confine": True}


def test_the_dashboard_computes_where_it_is_told_to(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 30), "tan").save(tmp_path / "a.png")
    run = infer(load_classifier(tiny_checkpoint), load_dataset(tmp_path))
    assert cache.classifier(run).device.type == "cpu"
    cache._classifier.clear()
    monkeypatch.setenv(cache.DEVICE, "nonsense")
    with pytest.raises(InputError, match="'nonsense' cannot be used"):
        cache.classifier(run)


def test_a_run_over_data_outside_the_roots_is_as_if_it_were_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was open before its folder was taken out; its pictures, too."""
    run = generated_run(paths.runs() / "closed", 12)
    data = tmp_path / "patients"
    (run.root / "images").rename(data)
    rewrite(run, path=[str(data / Path(path).name) for path in run.samples["path"]])
    manifest = json.loads((run.root / "run.json").read_text())
    manifest["dataset"]["path"] = str(data)
    (run.root / "run.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("DERMXAI_ROOTS", str(data))
    monkeypatch.setenv(paths.CONFINED, "1")
    place = cache.run("closed").samples["path"][0]
    assert thumbnails([place])[0] is not None
    assert [entry.id for entry in catalogue.entries()] == ["closed"]
    monkeypatch.delenv("DERMXAI_ROOTS")
    with pytest.raises(InputError, match="not in this workspace") as refused:
        cache.run("closed")
    assert "patients" not in str(refused.value)
    assert catalogue.entries() == []
    assert str(data) not in catalogue.datasets(catalogue.entries())
    assert thumbnails([place]) == [None]
    with pytest.raises(InputError, match="outside the folders"):
        cache.small_image(place, stamp(place) or 0, 240)
