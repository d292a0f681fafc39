import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from dermxai.core.errors import InputError
from dermxai.models import load_classifier
from dermxai.models.files import CheckpointFiles

CONFIG = {
    "architecture": "resnet10t",
    "num_classes": 3,
    "label_names": ["nv", "bcc", "something else"],
    "pretrained_cfg": {
        "input_size": [3, 176, 176],
        "mean": [0.5, 0.4, 0.3],
        "std": [0.2, 0.25, 0.3],
        "architecture": "resnet10t",
    },
}


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("resnet10t", num_classes=3).eval()


def hub(folder: Path, network: torch.nn.Module, config: Any, weights: str) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    if weights.endswith(".bin"):
        torch.save(network.state_dict(), folder / weights)
    else:
        save_file(network.state_dict(), folder / weights)
    return folder


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_what_timm_says_in_its_folder_is_believed(tmp_path: Path, network, weights: str):
    folder = hub(tmp_path / "mine", network, CONFIG, weights)
    classifier = load_classifier(folder)
    info = classifier.info
    assert (info.name, info.architecture) == ("mine", "resnet10t")
    assert info.classes == ("MN", "BCC", "something else")
    way = info.preprocessing
    assert (way.size, way.mean, way.std) == (176, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3))
    assert "label_names of the folder" in info.origin["classes"]
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), network(images))
    other = load_classifier(folder, classes=("SK", "DF", "BCC"), size=96).info
    assert (other.classes, other.preprocessing.size) == (("SK", "DF", "BCC"), 96)


def test_transformers_say_classes_and_input_in_two_files(tmp_path: Path, network):
    config = {
        "architectures": ["ResNetForImageClassification"],
        "id2label": {"1": "nv", "0": "mel", "2": "bcc"},
        "problem_type": "multi_label_classification",
        "hidden_act": "relu",
        "model_type": "resnet",
        "image_size": 224,
    }
    folder = hub(tmp_path / "a", network, config, "model.safetensors")
    beside = {"crop_size": {"height": 160, "width": 160}, "size": {"shortest_edge": 182}}
    beside |= {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (folder / "preprocessor_config.json").write_text(json.dumps(beside))
    info = load_classifier(folder).info
    assert info.classes == ("mel", "MN", "BCC")
    assert (info.preprocessing.size, info.preprocessing.mean) == (160, (0.5, 0.5, 0.5))
    assert info.activation == "sigmoid"
    numbered = {"id2label": {str(k): f"LABEL_{k}" for k in range(3)}}
    (folder / "config.json").write_text(json.dumps(config | numbered))
    assert load_classifier(folder).info.classes == ("class 1", "class 2", "class 3")


def test_weights_in_parts(tmp_path: Path, network):
    folder = hub(tmp_path / "a", network, CONFIG, "model.safetensors")
    state = network.state_dict()
    parts = {name: f"part-{index % 2}.safetensors" for index, name in enumerate(state)}
    for part in set(parts.values()):
        save_file({n: t for n, t in state.items() if parts[n] == part}, folder / part)
    whole = load_classifier(folder)
    (folder / "model.safetensors").unlink()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    assert load_classifier(folder).hash == whole.hash
    (folder / "part-1.safetensors").unlink()
    with pytest.raises(InputError, match=r"part-1.safetensors is missing"):
        load_classifier(folder)
    for bad in ({}, {"weight_map": {"a": "../x.bin"}}, {"weight_map": {"a": 3}}, {"weight_map": 3}):
        index.write_text(json.dumps(bad))
        with pytest.raises(InputError, match="does not list the parts"):
            load_classifier(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"global_pool": "catavgmax"}, "networks that average"),
        ({"model_type": "vit", "hidden_act": "quick_gelu"}, "hidden_act 'quick_gelu'"),
    ],
)
def test_networks_that_compute_otherwise_are_refused(tmp_path: Path, network, change, complaint):
    folder = hub(tmp_path / "a", network, CONFIG | change, "model.safetensors")
    with pytest.raises(InputError, match=complaint):
        load_classifier(folder)


@pytest.mark.parametrize("config", [[1], "text", None, {"label_names": {"a": []}, "mean": "x"}])
def test_a_config_of_another_form(tmp_path: Path, network, config: Any):
    folder = hub(tmp_path / "a", network, config, "model.safetensors")
    if isinstance(config, dict):
        assert load_classifier(folder).info.classes[0] == "class 1"
    else:
        with pytest.raises(InputError, match="expected a JSON object"):
            load_classifier(folder)


def test_other_folders_are_told_by_their_kind(tmp_path: Path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(InputError, match="TensorFlow SavedModel; export the network to ONNX"):
        load_classifier(tmp_path)


def test_a_checkpoint_of_ours_comes_first(tmp_path: Path, network, tiny_checkpoint: Path):
    folder = hub(tmp_path / "a", network, CONFIG, "model.safetensors")
    ours = CheckpointFiles(folder)
    for file in (ours.weights, ours.model):
        file.write_bytes((tiny_checkpoint / file.name).read_bytes())
    assert load_classifier(folder).hash == load_classifier(tiny_checkpoint).hash
