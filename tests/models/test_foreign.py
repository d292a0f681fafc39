import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from dermxai.core.errors import InputError
from dermxai.models import load_classifier


@pytest.fixture(scope="module")
def reference() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("resnet18", num_classes=7, drop_rate=0.0).eval()


def prefixed(state: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


@pytest.mark.parametrize(
    ("file_name", "wrap"),
    [
        ("plain.pth", dict),
        ("parallel.pt", lambda state: {"state_dict": prefixed(state, "module.")}),
        ("compiled.pth", lambda state: prefixed(state, "_orig_mod.")),
        (
            "lightning.ckpt",
            lambda state: {
                "epoch": 3,
                "state_dict": prefixed(state, "model.") | {"criterion.weight": torch.ones(7)},
                "hyper_parameters": {"lr": 1e-3},
            },
        ),
        ("double.pth", lambda state: {"model": prefixed(state, "module.model.")}),
        (
            "averaged.pth",
            lambda state: prefixed(state, "module.") | {"n_averaged": torch.tensor(3)},
        ),
        (
            "wrapped.ckpt",
            lambda state: {"state_dict": prefixed(state, "net.") | {"loss.weight": torch.ones(7)}},
        ),
        (
            "parameters.pth",
            lambda state: {
                name: torch.nn.Parameter(tensor) if tensor.is_floating_point() else tensor
                for name, tensor in state.items()
            },
        ),
    ],
)
def test_state_dicts_of_others_give_the_same_logits(
    tmp_path: Path, reference: torch.nn.Module, file_name: str, wrap
):
    path = tmp_path / file_name
    torch.save(wrap(reference.state_dict()), path)
    classifier = load_classifier(path)
    assert classifier.info.architecture == "resnet18"
    assert len(classifier.info.classes) == 7
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), reference(images))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_of_lower_precision(
    tmp_path: Path, reference: torch.nn.Module, dtype: torch.dtype, suffix: str
):
    state = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in reference.state_dict().items()
    }
    path = tmp_path / f"low{suffix}"
    torch.save(state, path) if suffix == ".pth" else save_file(state, path)
    classifier = load_classifier(path)
    loaded = classifier.network.heads[0].weight
    assert torch.equal(loaded, state["fc.weight"].float())
    assert classifier.hash == load_classifier(path).hash


def test_safetensors_with_a_description_beside_it(tmp_path: Path, reference: torch.nn.Module):
    save_file(reference.state_dict(), tmp_path / "resnet.safetensors")
    classes = ["nv", "mel", "bkl", "bcc", "akiec", "vasc", "df"]
    description = json.dumps({"classes": classes, "size": 128})
    (tmp_path / "resnet.json").write_text(description, encoding="utf-8-sig")
    info = load_classifier(tmp_path / "resnet.safetensors").info
    assert info.classes == ("MN", "mel", "SK", "BCC", "akiec", "Hem", "DF")
    assert info.preprocessing.size == 128


@pytest.mark.parametrize(
    ("description", "complaint"),
    [
        ([1], "expected an object"),
        ({"size": "abc"}, "size is 'abc'; expected a whole number"),
        ({"size": [380, 300]}, r"size is \[380, 300\]"),
        ({"size": 1e9}, "whole number"),
        ({"size": 0}, "1 to 4096"),
        ({"size": 10**9}, "1 to 4096"),
        ({"architecture": 5}, "architecture is 5"),
        ({"classes": 5}, "classes is 5; expected a list"),
        ({"classes": "MN,BCC"}, "expected a list"),
        ({"classes": [None, "MN"]}, "expected a list"),
    ],
)
def test_a_description_of_another_form_is_refused(
    tmp_path: Path, reference: torch.nn.Module, description: object, complaint: str
):
    save_file(reference.state_dict(), tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=complaint):
        load_classifier(tmp_path / "a.safetensors")


def test_the_size_may_be_given_by_both_sides(tmp_path: Path, reference: torch.nn.Module):
    save_file(reference.state_dict(), tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(json.dumps({"size": [160, 160]}))
    assert load_classifier(tmp_path / "a.safetensors").info.preprocessing.size == 160


def test_an_input_too_small_for_the_network_is_refused(tmp_path: Path):
    network = timm.create_model("inception_v3", num_classes=2, aux_logits=False)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match="inception_v3 cannot take images of 64 pixels"):
        load_classifier(tmp_path / "a.pth", size=64)
    assert load_classifier(tmp_path / "a.pth", size=75).info.preprocessing.size == 75


def test_own_multi_head_network_as_a_bare_state_dict(tmp_path: Path, tiny_checkpoint: Path):
    original = load_classifier(tiny_checkpoint)
    torch.save(original.network.state_dict(), tmp_path / "heads.pth")
    loaded = load_classifier(
        tmp_path / "heads.pth", architecture="test_efficientnet", classes=original.info.classes
    )
    images = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(loaded.infer(images).logits, original.infer(images).logits)


def test_wrong_number_of_classes(tmp_path: Path, reference: torch.nn.Module):
    torch.save(reference.state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match="7 outputs, but 2 classes"):
        load_classifier(tmp_path / "a.pth", classes=("MN", "BCC"))


@pytest.mark.parametrize("classes", ["A,B,C,D", ("MN", "BCC", "DF", "SK", "Hem", "mel", " ")])
def test_classes_that_are_no_list_of_names(
    tmp_path: Path, reference: torch.nn.Module, classes: Any
):
    torch.save(reference.state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"expected a (list of names|name for each)"):
        load_classifier(tmp_path / "a.pth", classes=classes)


def test_wrong_architecture_lists_tensors(tmp_path: Path, reference: torch.nn.Module):
    torch.save(reference.state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"backbone\.layer1\.2\.conv1\.weight .* is missing") as no:
        load_classifier(tmp_path / "a.pth", architecture="resnet34")
    assert "Name the architecture" in str(no.value)


def test_unknown_architecture_is_asked_for(tmp_path: Path):
    state = timm.create_model("resnet10t", num_classes=3).state_dict()
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(InputError, match="name it"):
        load_classifier(tmp_path / "a.pth")
    assert load_classifier(tmp_path / "a.pth", architecture="resnet10t").info.classes == (
        "class 1", "class 2", "class 3",
    )  # fmt: skip


def test_backbone_without_classifier(tmp_path: Path):
    torch.save(timm.create_model("resnet18", num_classes=0).state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match="no classifier layer"):
        load_classifier(tmp_path / "a.pth")


def test_what_does_not_fit_the_nearest_architecture_is_listed(
    tmp_path: Path, reference: torch.nn.Module
):
    state = dict(reference.state_dict())
    state["layer1.0.conv1.weight"] = torch.zeros(64, 32, 3, 3)
    del state["layer2.0.bn1.bias"]
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(InputError) as raised:
        load_classifier(tmp_path / "a.pth")
    assert "2 tensors" in str(raised.value)
    assert "do not fit resnet18" in str(raised.value)
    assert "layer1.0.conv1.weight has (64, 32, 3, 3), expected (64, 64, 3, 3)" in str(raised.value)
    assert "layer2.0.bn1.bias (128,) is missing" in str(raised.value)
    assert "save it again" in str(raised.value) and "Name the" not in str(raised.value)
