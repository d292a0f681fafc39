import json
from argparse import Namespace
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
    state = timm.create_model("test_efficientnet", num_classes=3).state_dict()
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(InputError, match="name it"):
        load_classifier(tmp_path / "a.pth")
    info = load_classifier(tmp_path / "a.pth", architecture="test_efficientnet").info
    assert info.classes == ("class 1", "class 2", "class 3")


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


def plain(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(network.state_dict())


@pytest.mark.parametrize(
    ("backbone", "head"),
    [
        ("backbone.", "head"),
        ("encoder.", "classifier.1"),
        ("feature_extractor.", "cls_head"),
        ("model.backbone.", "last_linear"),
        ("trunk.net.", "logits.layers.2"),
        ("", "fc.1"),
        ("", "last_linear"),
        ("module.", "fc.4"),
    ],
)
def test_a_backbone_with_a_head_of_its_own(
    tmp_path: Path, reference: torch.nn.Module, backbone: str, head: str
):
    state = {f"{backbone}{n}": t for n, t in plain(reference).items() if not n.startswith("fc.")}
    prefix = "module." if backbone == "module." else ""
    state |= {f"{prefix}{head}.{k}": getattr(reference.fc, k).detach() for k in ("weight", "bias")}
    state["loss.weight"] = torch.ones(7)
    torch.save(state, tmp_path / "a.pth")
    for asked in (None, "resnet18"):
        classifier = load_classifier(tmp_path / "a.pth", architecture=asked)
        images = torch.randn(2, 3, 64, 64)
        with torch.inference_mode():
            torch.testing.assert_close(classifier.infer(images).logits.sum(1), reference(images))
            assert torch.equal(
                classifier.network(images).flatten(),
                classifier.network(images).logits.sum(1).flatten(),
            )
        assert classifier.info.origin["unused"] == "loss.weight"


def test_hidden_layers_are_named(tmp_path: Path, reference: torch.nn.Module):
    state = {n: t for n, t in plain(reference).items() if not n.startswith("fc.")}
    state |= {"fc.0.weight": torch.ones(64, 512), "fc.0.bias": torch.ones(64)}
    state |= {"fc.3.weight": torch.ones(3, 64), "fc.3.bias": torch.ones(3)}
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"hidden layers \(fc.0 512 → 64, fc.3 64 → 3\)"):
        load_classifier(tmp_path / "a.pth")


def test_what_profilers_add_is_left_out(tmp_path: Path, reference: torch.nn.Module):
    state = plain(reference)
    state |= {f"{n.rpartition('.')[0]}.total_ops": torch.zeros(1) for n in state}
    torch.save(state, tmp_path / "a.pth")
    assert load_classifier(tmp_path / "a.pth").info.architecture == "resnet18"


def test_the_average_of_weights_is_taken_as_timm_does(tmp_path: Path, reference: torch.nn.Module):
    torch.manual_seed(1)
    last = timm.create_model("resnet18", num_classes=7).eval()
    content = {"state_dict": plain(last), "state_dict_ema": plain(reference), "arch": "resnet18"}
    torch.save(content, tmp_path / "a.pth.tar")
    images = torch.randn(1, 3, 64, 64)
    for asked, expected in ((None, reference), ("state_dict", last)):
        classifier = load_classifier(tmp_path / "a.pth.tar", weights=asked)
        with torch.inference_mode():
            torch.testing.assert_close(classifier.infer(images).logits.sum(1), expected(images))
    assert classifier.info.origin["weights"] == "state_dict; not state_dict_ema"
    both = {f"net.{n}": t for n, t in plain(last).items()}
    both |= {f"net_ema.module.{n}": t for n, t in plain(reference).items()}
    torch.save({"state_dict": both}, tmp_path / "b.ckpt")
    classifier = load_classifier(tmp_path / "b.ckpt")
    with torch.inference_mode():
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), reference(images))
    assert "average" in classifier.info.origin["weights"]
    with pytest.raises(InputError, match="no weights 'ema'; it has state_dict_ema, state_dict"):
        load_classifier(tmp_path / "a.pth.tar", weights="ema")


@pytest.mark.parametrize(
    ("beside", "classes", "by"),
    [
        ({"class_to_idx": {"nv": 1, "bcc": 0, "mel": 2}}, ("BCC", "MN", "mel"), "class_to_idx"),
        ({"idx_to_class": {0: "bcc", 1: "nv", 2: "x"}}, ("BCC", "MN", "x"), "idx_to_class"),
        (
            {"hyper_parameters": {"classes": ["a", "b", "c"]}},
            ("a", "b", "c"),
            "hyper_parameters.cl",
        ),
        (
            {"meta": {"dataset_meta": {"classes": ("a", "b", "c")}}},
            ("a", "b", "c"),
            "meta.dataset_meta.classes",
        ),
        ({"meta": {"CLASSES": ("a", "b", "c")}}, ("a", "b", "c"), "meta.CLASSES"),
        ({"args": Namespace(class_names=["a", "b", "c"])}, ("a", "b", "c"), "args.class_names"),
        ({"classes": ["a", "b"]}, ("class 1", "class 2", "class 3"), "names 2 classes of 3"),
        ({"class_to_idx": {"a": 0, "b": 0, "c": 2}}, ("class 1", "class 2", "class 3"), "nothing"),
        ({"class_to_idx": {"a": 1, "b": 2, "c": 3}}, ("class 1", "class 2", "class 3"), "nothing"),
        ({"classes": ["nv", "nevus", "bcc"]}, None, "classes"),
    ],
)
def test_what_the_file_says_is_believed(tmp_path: Path, beside, classes, by: str):
    state = timm.create_model("resnet26d", num_classes=3).state_dict()
    torch.save({"arch": "resnet26d", "state_dict": state, **beside}, tmp_path / "a.pth.tar")
    info = load_classifier(tmp_path / "a.pth.tar").info
    assert info.architecture == "resnet26d"
    assert info.classes == classes or (classes is None and len(set(info.classes)) == 3)
    assert by in info.origin["classes"]
    named = load_classifier(tmp_path / "a.pth.tar", classes=("SK", "DF", "VS")).info
    assert named.classes == ("SK", "DF", "VS")
    assert named.origin["classes"] == "as asked for"


def test_input_as_the_file_says(tmp_path: Path, reference: torch.nn.Module):
    settings = {"img_size": (3, 192, 192), "mean": [0.5, 0.4, 0.3], "std": (0.2, 0.2, 0.3)}
    torch.save({"state_dict": plain(reference), "args": Namespace(**settings)}, tmp_path / "a.pth")
    found = load_classifier(tmp_path / "a.pth").info.preprocessing
    assert (found.size, found.mean, found.std) == (192, (0.5, 0.4, 0.3), (0.2, 0.2, 0.3))
    assert load_classifier(tmp_path / "a.pth", size=96).info.preprocessing.size == 96


def test_an_architecture_that_the_tensors_contradict(tmp_path: Path, reference: torch.nn.Module):
    torch.save({"arch": "resnet50", "state_dict": plain(reference)}, tmp_path / "a.pth")
    info = load_classifier(tmp_path / "a.pth").info
    assert info.architecture == "resnet18"
    assert "not those of resnet50, arch in the file" in info.origin["architecture"]


def test_one_output_is_two_classes(tmp_path: Path):
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=1).eval()
    torch.save(network.state_dict(), tmp_path / "a.pth")
    classifier = load_classifier(tmp_path / "a.pth", classes=("MN", "mel"))
    assert classifier.info.classes == ("MN", "mel")
    images = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        logit = network(images)[:, 0]
        scores = classifier.infer(images).logits.sum(1)
    torch.testing.assert_close(scores.softmax(1)[:, 1], logit.sigmoid())
    torch.testing.assert_close(scores[:, 1] - scores[:, 0], logit)
    assert "one output" in classifier.info.origin["outputs"]
    assert load_classifier(tmp_path / "a.pth").info.classes == ("class 1", "class 2")
    with pytest.raises(InputError, match=r"1 output, but 1 classes.*name both"):
        load_classifier(tmp_path / "a.pth", classes=("mel",))


def test_several_sigmoids_are_told_by_whoever_knows(tmp_path: Path, reference: torch.nn.Module):
    torch.save(reference.state_dict(), tmp_path / "a.pth")
    usual = load_classifier(tmp_path / "a.pth")
    several = load_classifier(tmp_path / "a.pth", activation="sigmoid")
    assert (usual.info.activation, several.info.activation) == ("softmax", "sigmoid")
    assert usual.hash != several.hash
    (tmp_path / "a.json").write_text('{"activation": "sigmoid"}')
    assert load_classifier(tmp_path / "a.pth").hash == several.hash
    with pytest.raises(InputError, match="activation is 'tanh'; expected softmax or sigmoid"):
        load_classifier(tmp_path / "a.pth", activation="tanh")


@pytest.mark.parametrize(
    ("architecture", "size"), [("tiny_vit_5m_224", None), ("vit_tiny_patch16_224", 96)]
)
def test_transformers_with_all_that_they_compute(tmp_path: Path, architecture: str, size):
    torch.manual_seed(0)
    options = {"img_size": size} if size else {}
    network = timm.create_model(architecture, num_classes=3, **options).eval()
    torch.save(network.state_dict(), tmp_path / "a.pth")
    side = size or 224
    images = torch.randn(1, 3, side, side)
    for asked in (None, architecture):
        classifier = load_classifier(tmp_path / "a.pth", architecture=asked)
        assert classifier.info.preprocessing.size == side
        with torch.inference_mode():
            torch.testing.assert_close(classifier.infer(images).logits.sum(1), network(images))


def test_two_heads_that_timm_averages(tmp_path: Path):
    torch.manual_seed(0)
    network = timm.create_model("efficientformer_l1", num_classes=3).eval()
    torch.save(network.state_dict(), tmp_path / "a.pth")
    classifier = load_classifier(tmp_path / "a.pth")
    images = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), network(images))
    assert "average of head and head_dist" in classifier.info.origin["head"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"checkpoint": {"state_dict": prefixed(state, "module.")}, "epoch": 3},
        lambda state: {"state": {"model": state, "rng": torch.zeros(3)}},
        lambda state: {"my_classifier": state, "optimizer": {"state": {0: {}}, "param_groups": []}},
        lambda state: prefixed(state, "model._orig_mod."),
        lambda state: state | {"mean": torch.zeros(1, 3, 1, 1), "temperature": torch.ones(1)},
    ],
    ids=range(5),
)
def test_weights_are_found_in_what_lies_around_them(tmp_path: Path, reference, wrap):
    torch.save(wrap(plain(reference)), tmp_path / "a.pth")
    classifier = load_classifier(tmp_path / "a.pth")
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), reference(images))


def test_of_several_sets_one_is_named(tmp_path: Path, reference: torch.nn.Module):
    state = plain(reference)
    torch.save({"fold 1": state, "fold 2": {n: -t for n, t in state.items()}}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="several sets of weights \\(fold 1, fold 2\\)"):
        load_classifier(tmp_path / "a.pth")
    found = load_classifier(tmp_path / "a.pth", weights="fold 1")
    assert torch.equal(found.network.heads[0].weight, state["fc.weight"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s | {"conv1.weight": torch.zeros(64, 1, 7, 7)}, "takes images of 1 channel"),
        (lambda s: s | {"layer1.0.bn1.weight": torch.full((64,), torch.nan)}, "are not finite"),
        (lambda s: {n: (t * 99).to(torch.int8) for n, t in s.items()}, "are whole numbers"),
        (
            lambda s: s | {"fc2.weight": torch.zeros(4, 512), "fc2.bias": torch.zeros(4)},
            r"2 heads \(fc 512 → 7, fc2 512 → 4\)",
        ),
        (lambda s: {"state": {0: {"exp_avg": s["fc.bias"]}}, "param_groups": []}, "optimiser"),
    ],
    ids=range(5),
)
def test_what_is_no_network_of_colour_images_is_told(tmp_path: Path, reference, change, complaint):
    torch.save(change(plain(reference)), tmp_path / "a.pth")
    with pytest.raises(InputError, match=complaint):
        load_classifier(tmp_path / "a.pth")


def test_values_in_the_head_of_a_safetensors_file_are_believed(tmp_path: Path, reference):
    names = [f"kind {index}" for index in range(7)]
    metadata = {"format": "pt", "classes": json.dumps(names), "img_size": "96", "arch": "resnet18"}
    save_file(plain(reference), tmp_path / "a.safetensors", metadata=metadata)
    info = load_classifier(tmp_path / "a.safetensors").info
    assert info.classes == tuple(names) and info.preprocessing.size == 96
    assert info.origin["classes"] == "classes in the file"


def test_a_part_of_the_weights_names_the_folder(tmp_path: Path, reference: torch.nn.Module):
    state, folder = plain(reference), tmp_path / "sharded"
    folder.mkdir()
    parts = {n: f"model-{1 + k % 2:05d}-of-00002.safetensors" for k, n in enumerate(state)}
    for part in set(parts.values()):
        save_file({n: t for n, t in state.items() if parts[n] == part}, folder / part)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    for file in (folder / next(iter(parts.values())), index):
        with pytest.raises(InputError, match="name the folder"):
            load_classifier(file)
    assert load_classifier(folder).info.architecture == "resnet18"  # without a config.json


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pb", "TensorFlow graph"),
        ("a.mlmodel", "Core ML"),
        ("a.pdparams", "PaddlePaddle"),
        ("a.msgpack", "Flax"),
        ("a.engine", "TensorRT"),
        ("a.caffemodel", "Caffe"),
        ("a.pkl", "a pickle, which can run code as it is opened, and was not"),
    ],
)
def test_files_of_other_programs_are_told_by_their_kind(tmp_path: Path, name: str, kind: str):
    (tmp_path / name).write_bytes(b"\x08\x05\x12\x20\n\x0e\n\x05" + bytes(range(256)))
    with pytest.raises(InputError, match=kind):
        load_classifier(tmp_path / name)


@pytest.mark.parametrize("members", [("models.0.", "models.1."), ("encoder_q.", "encoder_k.")])
def test_several_networks_alike_are_named_and_none_is_taken(
    tmp_path: Path, reference: torch.nn.Module, members: tuple[str, ...]
):
    state = reference.state_dict()
    path = tmp_path / "ensemble.pth"
    torch.save({k: v for each in members for k, v in prefixed(state, each).items()}, path)
    named = ", ".join(each.rstrip(".") for each in members)
    with pytest.raises(InputError, match=rf"2 networks alike \({named}\); expected one"):
        load_classifier(path)


@pytest.mark.parametrize("beside", ["teacher.", "ema_model.module."])
def test_a_teacher_or_an_average_is_no_second_network(
    tmp_path: Path, reference: torch.nn.Module, beside: str
):
    state = reference.state_dict()
    path = tmp_path / "student.pth"
    torch.save(prefixed(state, "model.") | prefixed(state, beside), path)
    assert load_classifier(path).info.architecture == "resnet18"


@pytest.mark.parametrize(
    "name",
    [
        "layer1.0.conv1.lora_A.default.weight",
        "base_model.model.fc.lora_B.weight",
        "layer1.0.conv1.lora_down.weight",
        "fc.hada_w1_a",
    ],
)
def test_low_rank_updates_are_to_be_merged_first(
    tmp_path: Path, reference: torch.nn.Module, name: str
):
    path = tmp_path / "adapted.pth"
    for state in ({name: torch.ones(4, 64)}, reference.state_dict() | {name: torch.ones(4, 64)}):
        torch.save(state, path)
        with pytest.raises(InputError, match=r"low-rank updates .*; merge them"):
            load_classifier(path)


def test_a_folder_of_adapters_is_called_that(tmp_path: Path):
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"it is adapters \(peft\)"):
        load_classifier(tmp_path)


@pytest.mark.parametrize(
    ("mean", "std"),
    [([0.5, 0.4, 0.3], [0.5, 0.25, 0.1]), ([127.5, 102.0, 76.5], [127.5, 63.75, 25.5])],
)
def test_mean_and_deviation_may_be_of_values_to_255(
    tmp_path: Path, reference: torch.nn.Module, mean: list[float], std: list[float]
):
    path = tmp_path / "a.pth"
    torch.save({"state_dict": reference.state_dict(), "cfg": {"mean": mean, "std": std}}, path)
    preprocessing = load_classifier(path).info.preprocessing
    assert preprocessing.mean == pytest.approx((0.5, 0.4, 0.3))
    assert preprocessing.std == pytest.approx((0.5, 0.25, 0.1))


def test_a_deviation_of_1_beside_a_mean_of_bytes_is_of_bytes(
    tmp_path: Path, reference: torch.nn.Module
):
    path = tmp_path / "caffe.pth"
    said = {"mean": [104.0, 117.0, 123.0], "std": [1.0, 1.0, 1.0]}
    torch.save({"state_dict": reference.state_dict(), "cfg": said}, path)
    assert load_classifier(path).info.preprocessing.std == pytest.approx((1 / 255,) * 3)


@pytest.mark.parametrize(
    ("key", "value"), [("img_size", [224, 300]), ("img_size", 10**9), ("std", [0, 0, 0])]
)
def test_numbers_that_are_not_understood_are_told(
    tmp_path: Path, reference: torch.nn.Module, key: str, value: object
):
    path = tmp_path / "a.pth"
    torch.save({"state_dict": reference.state_dict(), "args": {key: value}}, path)
    assert (
        f"args.{key} in the file is {value}, not" in load_classifier(path).info.origin["not used"]
    )
