"""ONNX files as classifiers of logits only."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from dermxai import explain, infer, load_classifier, load_dataset
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.explain.attribution.api import methods
from dermxai.explain.faithfulness.measure import measures
from dermxai.metrics.probability import probabilities
from dermxai.models import onnx_file, onnx_network
from dermxai.models.info import list_foreign
from dermxai.models.state_dict import read_tensors
from dermxai.runs import feature_spaces
from dermxai.training.initial_network import initial_network
from dermxai.training.recipe import Recipe
from tests.onnx_files import weights, write

SIZE = 16


def pictures(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def expected(images: torch.Tensor, n_outputs: int = 3) -> torch.Tensor:
    return images.mean((2, 3)) @ torch.from_numpy(weights(n_outputs))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"channels_last": True},
        {"shape": (1, 3, SIZE, SIZE)},
        {"shape": (2, SIZE, SIZE, 3), "channels_last": True},
        {"last": "Softmax"},
        {"last": "LogSoftmax"},
        {"last": "Sigmoid"},
        {"dtype": TensorProto.FLOAT16},
        {"external": "model.onnx.data"},
    ],
    ids=str,
)
def test_logits_are_those_of_the_graph(tmp_path: Path, how: dict[str, Any]) -> None:
    classifier = load_classifier(write(tmp_path / "model.onnx", **how), size=SIZE)
    images = pictures()
    found = classifier.prepare().infer(images, maps=True)
    wanted = expected(images)
    if how.get("last") == "LogSoftmax":
        wanted = wanted.log_softmax(1)
    assert torch.allclose(found.logits[:, 0], wanted, atol=5e-3 if "dtype" in how else 1e-5)
    assert torch.equal(found.pooled, found.logits[:, 0]) and found.maps == ()
    assert classifier.info.activation == ("sigmoid" if how.get("last") == "Sigmoid" else "softmax")
    weight, bias = classifier.head_weights(-1)
    assert torch.equal(found.pooled @ weight.T + bias, found.pooled)
    assert classifier.nbytes >= weights().nbytes
    reopened = load_classifier(classifier.path, size=SIZE, classes=classifier.info.classes)
    assert reopened.hash == classifier.hash


def test_probabilities_without_a_softmax_are_seen_and_give_the_same(tmp_path: Path) -> None:
    tail = [
        helper.make_node("Exp", ["scores"], ["exp"]),
        helper.make_node("ReduceL1", ["exp"], ["sum"], axes=[1], keepdims=1),
        helper.make_node("Div", ["exp", "sum"], ["output"]),
    ]
    path = with_tail(tmp_path / "shares.onnx", tail)
    classifier = load_classifier(path, size=SIZE)
    images = pictures()
    shares = probabilities(classifier.infer(images).logits[:, 0].numpy(), "softmax")
    assert np.allclose(shares, expected(images).softmax(1), atol=1e-5)
    assert "probabilities" in classifier.info.origin["outputs"]
    with pytest.raises(InputError, match="ends in a softmax"):
        load_classifier(path, size=SIZE, activation="sigmoid")


def with_tail(path: Path, tail: Sequence[Any], **how: Any) -> Path:
    """A file whose scores go through further operators, the last of which gives ``output``."""
    model = onnx.load(write(path, **how))
    model.graph.node.extend(tail)
    model.graph.output[0].name = "output"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("shape", [("n", 3, SIZE, SIZE), (2, 3, SIZE, SIZE)], ids=str)
@pytest.mark.parametrize(
    "tail",
    [
        [
            helper.make_node("DynamicQuantizeLinear", ["scores"], ["q", "scale", "zero"]),
            helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["output"]),
        ],
        [
            helper.make_node("ReduceMax", ["scores"], ["most"], axes=[0], keepdims=1),
            helper.make_node("Mul", ["scores", "most"], ["output"]),
        ],
    ],
    ids=["quantised by the batch", "scaled by the batch"],
)
def test_images_do_not_change_each_other(tmp_path: Path, tail: Any, shape: Any) -> None:
    classifier = load_classifier(with_tail(tmp_path / "a.onnx", tail, shape=shape))
    images = pictures(5) * torch.tensor([1.0, 30, 0.1, 5, 2])[:, None, None, None]
    together = classifier.infer(images).logits
    assert torch.equal(
        together, torch.cat([classifier.infer(each[None]).logits for each in images])
    )
    assert "one by one" in classifier.info.origin["outputs"]
    plain = load_classifier(write(tmp_path / "plain.onnx", shape=shape))
    assert "one by one" not in plain.info.origin["outputs"]


def test_a_network_that_draws_at_random_is_refused(tmp_path: Path) -> None:
    tail = [
        helper.make_node("RandomNormalLike", ["scores"], ["noise"]),
        helper.make_node("Add", ["scores", "noise"], ["output"]),
    ]
    with pytest.raises(InputError, match="evaluation mode"):
        load_classifier(with_tail(tmp_path / "a.onnx", tail), size=SIZE)


def test_one_output_is_two_classes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.onnx", n_outputs=1, last="Sigmoid")
    classifier = load_classifier(path, size=SIZE, classes=["benign", "malignant"])
    images = pictures()
    logits = classifier.infer(images).logits[:, 0]
    assert torch.allclose(logits.softmax(1)[:, 1], expected(images, 1)[:, 0].sigmoid(), atol=1e-6)
    with pytest.raises(InputError, match="always 1"):
        load_classifier(write(tmp_path / "b.onnx", n_outputs=1, last="Softmax"), size=SIZE)


@pytest.mark.parametrize(
    ("metadata", "classes"),
    [
        ({"names": "{0: 'mel', 1: 'nv', 2: 'bcc'}"}, ("mel", "MN", "BCC")),
        ({"classes": '["mel", "nv", "bcc"]'}, ("mel", "MN", "BCC")),
        ({"labels": '{"bcc": 2, "nv": 1, "mel": 0}'}, ("mel", "MN", "BCC")),
        ({"names": "mel, nv, bcc"}, ("mel", "MN", "BCC")),
        ({"names": "__import__('os').abort()"}, ("class 1", "class 2", "class 3")),
        ({"names": "[" * 150_000}, ("class 1", "class 2", "class 3")),
        ({"names": "{0: 'mel'}"}, ("class 1", "class 2", "class 3")),
    ],
    ids=range(7),
)
def test_names_of_classes(tmp_path: Path, metadata: dict[str, str], classes: Any) -> None:
    path = write(tmp_path / "model.onnx", metadata={**metadata, "imgsz": f"[{SIZE}, {SIZE}]"})
    classifier = load_classifier(path)
    assert tuple(each.lower() for each in classifier.info.classes) == tuple(map(str.lower, classes))
    assert classifier.info.preprocessing.size == SIZE
    said = classifier.info.origin["classes"]
    assert said == f"{next(iter(metadata))} in the file" or "numbered" in said
    named = load_classifier(path, classes=["A", "B", "C"])
    assert named.info.classes == ("A", "B", "C")


@pytest.mark.parametrize(
    ("how", "grey"),  # what reaches the network of a white pixel
    [
        ({}, (1 - 0.485) / 0.229),
        ({"channels_last": True}, 1),
        ({"before": [("Div", 255.0)]}, 255),
        ({"before": [("Mul", 1 / 127.5), ("Sub", 1.0)], "channels_last": True}, 255),
        ({"before": [("Sub", 0.5), ("Div", 0.25)]}, 1),
    ],
)
def test_pixels_are_scaled_as_the_graph_wants(tmp_path: Path, how: Any, grey: float) -> None:
    classifier = load_classifier(write(tmp_path / "model.onnx", **how), size=SIZE)
    white = classifier.info.preprocessing.normalise(np.full((SIZE, SIZE, 3), 255, np.uint8))
    assert np.allclose(white[0], grey, rtol=1e-4)
    assert ("a guess" in classifier.info.origin["input"]) == ("before" not in how)


def test_a_file_beside_it_says_mean_and_deviation(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx")
    told = {"mean": [0.5] * 3, "std": [0.5] * 3, "size": SIZE}
    (tmp_path / "model.json").write_text(json.dumps(told), "utf-8")
    found = load_classifier(path).info
    assert (found.preprocessing.mean, found.preprocessing.size) == ((0.5,) * 3, SIZE)
    assert "model.json" in found.origin["input"]


@pytest.mark.parametrize(
    ("how", "options", "sentence"),
    [
        ({"shape": ("n", 1, 16, 16)}, {}, "three channels"),
        ({"shape": ("n", 3, 16)}, {}, "3 dimensions"),
        ({"shape": ("n", 3, 16, 24)}, {}, "square"),
        ({"shape": (5000, 3, 16, 16)}, {}, "at once"),
        ({"shape": (1, 3, 16, 16)}, {"size": 32}, "takes images of 16 × 16 pixels; 32"),
        ({"dtype": TensorProto.INT32}, {}, "floating-point"),
        ({}, {"architecture": "resnet18"}, "Leave the architecture out"),
        ({}, {"classes": ["a", "b"]}, "3 outputs, but 2 classes"),
        ({"external": "../weights.data"}, {}, "own folder"),
        ({"external": "/etc/passwd"}, {}, "own folder"),
        ({"nodes": [helper.make_node("Steal", ["image"], ["x"], domain="my.ops")],
          "domains": ["my.ops"]}, {}, "my.ops.Steal is none of ONNX's own"),
        ({"nodes": [helper.make_node("Loop", ["image"], ["x"])]}, {}, "nothing bounds"),
        ({"nodes": [helper.make_node("Unheard", ["image"], ["x"])]}, {}, "onnxruntime"),
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, how: Any, options: Any, sentence: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "weights.data").write_bytes(bytes(1000))
    path = write(tmp_path / "in" / "model.onnx", **how)
    with pytest.raises(InputError, match=sentence):
        load_classifier(path, **{"size": 16, **options})


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    whole = write(path).read_bytes()
    for content in (b"", b"no model at all", whole[:-20], whole[: len(whole) // 2], bytes(200)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"model\.onnx"):
            load_classifier(path, size=SIZE)
    write(path, external="model.data")
    (tmp_path / "model.data").write_bytes(bytes(10))
    with pytest.raises(InputError, match="shorter"):
        load_classifier(path, size=SIZE)
    (tmp_path / "model.data").unlink()
    with pytest.raises(InputError, match="copy both"):
        load_classifier(path, size=SIZE)


def test_size_and_time_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "model.onnx")
    with monkeypatch.context() as patch, pytest.raises(InputError, match=r"model\.onnx"):
        patch.setattr(onnx_file, "MOST_BYTES", 100)
        load_classifier(path, size=SIZE)
    session = load_classifier(path, size=SIZE).network.session
    monkeypatch.setattr(onnx_network, "Timer", _AtOnce)
    with pytest.raises(InputError, match="cannot take"):
        session(pictures(), 1.0)


class _AtOnce:
    """A timer that does not wait."""

    def __init__(self, seconds: float, act: Any) -> None:
        self.start = act

    def cancel(self) -> None:
        pass


def test_a_server_reads_no_file_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.ROOTS, str(tmp_path / "in"))
    (tmp_path / "in").mkdir()
    path = write(tmp_path / "in" / "model.onnx", external="model.data")
    kept = (tmp_path / "in" / "model.data").rename(tmp_path / "model.data")
    (tmp_path / "in" / "model.data").symlink_to(kept)
    with paths.confining(), pytest.raises(InputError, match="outside the folders"):
        load_classifier(path, size=SIZE)
    load_classifier(path, size=SIZE)  # the command line is not confined


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "model.onnx")
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"dermxai\[onnx\]"):
        load_classifier(path)


def test_it_stands_among_the_checkpoints_of_the_workspace() -> None:
    paths.checkpoints().mkdir(parents=True)
    path = write(paths.checkpoints() / "model.onnx")
    assert path in list_foreign()


def test_a_run_of_it_is_opened_again(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx", last="Softmax", shape=(2, SIZE, SIZE, 3),
                 channels_last=True)  # fmt: skip
    (tmp_path / "images").mkdir()
    draws = np.random.default_rng(0)
    for index in range(5):
        picture = draws.integers(0, 256, (20, 24, 3), np.uint8)
        Image.fromarray(picture).save(tmp_path / "images" / f"{index}.png")
    classifier = load_classifier(path)
    run = infer(classifier, load_dataset(tmp_path / "images"), device="cpu")
    pixels = [classifier.info.preprocessing(run_image(each)) for each in run.samples["path"]]
    wanted = expected(torch.from_numpy(np.stack(pixels)))
    assert np.allclose(run.scores, wanted, atol=1e-4)
    assert feature_spaces.title(run, feature_spaces.NETWORK) == "Logits of the classes"
    kept = run.checkpoint
    assert load_classifier(kept["path"], **kept["options"]).hash == kept["hash"] == classifier.hash


def run_image(path: str) -> Any:
    return np.asarray(Image.open(path))


def test_methods_that_need_logits_only_explain_it(tmp_path: Path) -> None:
    classifier = load_classifier(write(tmp_path / "model.onnx"), size=SIZE).prepare(True)
    there = [name for name, each in methods().items() if each.excuse(classifier) is None]
    assert {"occlusion", "lime", "kernel_shap", "feature_ablation"} <= set(there)
    assert all(not methods()[name].needs for name in there)
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    picture[:8, :8] = (255, 0, 0)
    for name in there:
        if name.startswith("control"):
            continue
        found = explain(classifier, picture, name, keep=False)
        assert np.isfinite(found.map).all() and np.ptp(found.map) > 0, name
    with pytest.raises(InputError, match="logits only"):
        explain(classifier, picture, "saliency", keep=False)
    with pytest.raises(InputError, match="needs attention"):
        explain(classifier, picture, "attention_rollout", keep=False)
    with pytest.raises(InputError, match="black box"):
        explain(classifier, picture, "grad_cam", keep=False)


def test_weights_of_a_black_box_cannot_be_randomised(tmp_path: Path) -> None:
    classifier = load_classifier(write(tmp_path / "model.onnx"), size=SIZE)
    measure = measures()["randomisation"]
    case = SimpleNamespace(classifier=classifier, seed=0)
    with pytest.raises(InputError, match="black box"):
        measure.measure(case, None, measure.settings(), None)


def test_training_cannot_start_from_it(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx", shape=("n", 3, SIZE, SIZE))
    recipe = Recipe(architecture="test_efficientnet", size=64, start_size=64, start_from=str(path))
    with pytest.raises(InputError, match="logits only"):
        initial_network(recipe, ("a", "b", "c"))
    with pytest.raises(InputError, match="a black box without weights by name"):
        read_tensors(path)
    with pytest.raises(InputError, match=r"name it \.onnx"):
        read_tensors(path.rename(tmp_path / "model.pth"))


def test_mean_deviation_and_layout_are_said(tmp_path: Path) -> None:
    """By what is asked for, and a run keeps them."""
    told = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
    path = write(tmp_path / "model.onnx", shape=("n", "a", "b", "c"), channels_last=True)
    guessed = load_classifier(path, size=SIZE)
    assert "(n, h, w, 3): a guess" in guessed.info.origin["input"]
    named = load_classifier(path, size=SIZE, layout="channels_last", **told)
    assert "(n, h, w, 3): as asked for" in named.info.origin["input"]
    assert named.info.preprocessing.mean == (0.5, 0.4, 0.3)
    assert named.layout == "channels_last"
    again = load_classifier(path, size=SIZE, layout=named.layout, **told)
    assert again.hash == named.hash
    images = pictures()
    assert torch.allclose(named.infer(images).logits[:, 0], expected(images), atol=1e-5)
    with pytest.raises(InputError, match="cannot take images"):
        load_classifier(path, size=SIZE, layout="channels_first")
    with pytest.raises(InputError, match="channels_first or channels_last"):
        load_classifier(path, size=SIZE, layout="sideways")
    first = write(tmp_path / "first.onnx", shape=("n", "a", "b", "c"))
    assert "(n, 3, h, w): a guess" in load_classifier(first, size=SIZE).info.origin["input"]
    plain = write(tmp_path / "plain.onnx")
    assert load_classifier(plain, size=SIZE).layout is None
    with pytest.raises(InputError, match="not channels_last"):
        load_classifier(plain, size=SIZE, layout="channels_last")


def test_a_graph_that_takes_bytes_gets_bytes(tmp_path: Path) -> None:
    node = helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT)
    path = write(tmp_path / "model.onnx", nodes=[node])
    import onnx

    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    next(each for each in model.graph.node if each.op_type == "GlobalAveragePool").input[0] = (
        "floats"
    )
    onnx.save(model, path)
    classifier = load_classifier(path, size=SIZE)
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    image = torch.from_numpy(classifier.info.preprocessing.normalise(pixels))[None]
    mean = torch.from_numpy(pixels.astype(np.float32)).mean((0, 1))
    wanted = mean @ torch.from_numpy(weights())
    assert torch.allclose(classifier.infer(image).logits[0, 0], wanted, rtol=1e-5)
