import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.runs import infer
from dermxai.ui.app import sidebar
from dermxai.ui.components.thumbnails import stamp, thumbnails
from dermxai.ui.session import cache, catalogue
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
    cache.clear()
    monkeypatch.setenv(cache.DEVICE, "nonsense")
    with pytest.raises(InputError, match="'nonsense' cannot be used"):
        cache.classifier(run)


def test_a_result_is_computed_once_however_its_arguments_are_given() -> None:
    cache.clear()
    asked: list[tuple[object, ...]] = []

    @cache.kept()
    def found(name: str, options: object = None, *, leaks: bool = True) -> None:
        asked.append((name, options, leaks))  # and the result is None

    for _ in range(2):
        found("a")
        found("a", None)
        found(name="a", leaks=True)
    found("a", leaks=False)
    found("a", {"classes": ["x", "y"]})
    found("a", {"classes": ["x", "y"]})
    assert asked == [("a", None, True), ("a", None, False), ("a", {"classes": ["x", "y"]}, True)]
    cache.clear()
    found("a")
    assert len(asked) == 4


def test_all_results_share_one_room(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(cache._results, "room", 10 * 2**20)
    for index in range(40):
        cache.probes().put(index, np.zeros(2**20, np.uint8))
        cache.diagnoses().put(index, np.zeros(2**19, np.uint8))
    assert cache._results.held <= 10 * 2**20
    assert cache.probes().get(39) is not None and cache.probes().get(0) is None
    cache.clear()
    assert cache._results.held == 0


@pytest.mark.parametrize(("said", "room"), [("100", 100), ("0.5", 0.5), ("", 160), ("much", 160)])
def test_the_room_can_be_said(said: str, room: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.ROOM, said)
    assert cache._room() == room * 2**20


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


def test_two_large_images_side_by_side_are_decoded_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    decoded: list[str] = []
    read = cache.read_image
    monkeypatch.setattr(cache, "read_image", lambda path: decoded.append(path) or read(path))
    for name in ("a", "b"):
        Image.new("RGB", (4000, 3000), "tan").save(tmp_path / f"{name}.png")
    for _ in range(3):
        for name in ("a", "b"):
            assert cache.image(str(tmp_path / f"{name}.png"), 1).shape == (3000, 4000, 3)
    assert len(decoded) == 2
    cache.clear()
