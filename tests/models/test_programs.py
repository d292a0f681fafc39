"""TorchScript files and torch.export archives: their tensors are read, their code is not run."""

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from dermxai.core.errors import InputError
from dermxai.models import load_classifier, programs
from dermxai.models.programs import EXPORTED, TORCHSCRIPT, kind_of, tensors_of
from dermxai.models.state_dict import read_tensors

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*deprecated:FutureWarning")


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("resnet10t", num_classes=3).eval()


def traced(network: torch.nn.Module, path: Path) -> None:
    torch.jit.save(torch.jit.trace(network, torch.zeros(1, 3, 32, 32)), path)


def scripted(network: torch.nn.Module, path: Path) -> None:
    torch.jit.save(torch.jit.script(network), path)


def exported(network: torch.nn.Module, path: Path) -> None:
    torch.export.save(torch.export.export(network, (torch.zeros(1, 3, 32, 32),)), path)


@pytest.mark.parametrize("save", [traced, scripted, exported])
def test_the_tensors_of_a_program_are_those_of_the_network(
    tmp_path: Path, network, save: Callable[[Any, Path], None]
):
    path = tmp_path / "program.pt2"
    save(network, path)
    assert kind_of(path) == (EXPORTED if save is exported else TORCHSCRIPT)
    found = read_tensors(path)
    state = network.state_dict()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    assert state.keys() - found.keys() <= counters
    assert all(torch.equal(tensor, state[name]) for name, tensor in found.items())
    classifier = load_classifier(path, architecture="resnet10t")
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), network(images))
    assert "whose code was not run" in classifier.info.origin["weights"]


def test_of_an_unknown_network_onnx_is_named(tmp_path: Path):
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 3))
    traced(own, tmp_path / "a.pt")
    assert read_tensors(tmp_path / "a.pt").keys() == {"1.weight", "1.bias"}
    with pytest.raises(InputError, match="export it to ONNX"):
        load_classifier(tmp_path / "a.pt")
    frozen = torch.jit.freeze(torch.jit.trace(own.eval(), torch.zeros(1, 3, 32, 32)))
    torch.jit.save(frozen, tmp_path / "b.pt")
    with pytest.raises(InputError, match=r"they have no names.*export the network to ONNX"):
        load_classifier(tmp_path / "b.pt")


class Evil:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("touched"),)


def archive(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            made.writestr(f"a/{name}", content)
    return path


def test_what_could_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    files = {"constants.pkl": b"", "version": b"3", "byteorder": b"little"}
    path = archive(tmp_path / "a.pt", **files, **{"data.pkl": pickle.dumps(Evil(), 2)})
    assert kind_of(path) == TORCHSCRIPT
    with pytest.raises(InputError, match="whose code is not run"):
        load_classifier(path)
    assert not (tmp_path / "touched").exists()


def test_modules_within_modules_are_bounded():
    """A graph of 60 modules with 2^60 ways through it, and one that holds itself."""
    inner = programs.Module()
    inner.__setstate__({})
    for _ in range(60):
        outer = programs.Module()
        outer.__setstate__({"a": inner, "b": inner})
        inner = outer
    itself = programs.Module()
    itself.__setstate__({"me": itself})
    for whole in (inner, itself):
        with pytest.raises(ValueError, match="too many, or lie too deep"):
            list(programs._within(whole))


@pytest.mark.parametrize(
    "change",
    [
        {"use_pickle": True},
        {"path_name": "../../../etc/passwd"},
        {"dtype": 99},
        {"sizes": [10**9, 1], "strides": [0, 0]},
        {"sizes": [3, 2], "strides": [2, 1]},
        {"sizes": [-1, 2], "strides": [2, 1]},
        {"sizes": [2, 2], "strides": [2, -1]},
        {"sizes": [2, 2], "strides": [2, 1], "storage_offset": 2},
    ],
)
def test_tensors_of_an_export_that_claim_what_is_not_there(tmp_path: Path, change: dict[str, Any]):
    def ints(values: list[int]) -> list[dict[str, int]]:
        return [{"as_int": each} for each in values]

    meta = {"dtype": 7, "sizes": [2, 2], "strides": [2, 1], "storage_offset": 0} | change
    said = {"use_pickle": False, "path_name": "weight_0"}
    said |= {name: meta.pop(name) for name in ("use_pickle", "path_name") if name in meta}
    meta["sizes"], meta["strides"] = ints(meta["sizes"]), ints(meta["strides"])
    meta["storage_offset"] = {"as_int": meta["storage_offset"]}
    config = {"config": {"fc.weight": {**said, "tensor_meta": meta}}}
    raw = torch.arange(4.0).numpy().tobytes()
    path = archive(
        tmp_path / "a.pt2",
        **{
            "archive_format": b"pt2",
            "data/weights/weight_0": raw,
            f"data/weights/{programs.WEIGHTS}": json.dumps(config).encode(),
        },
    )
    with pytest.raises(InputError, match="whose code is not run"):
        read_tensors(path)


def test_an_export_without_its_list(tmp_path: Path):
    old = archive(tmp_path / "a.pt2", **{"serialized_exported_program.json": b"{}"})
    with pytest.raises(InputError, match=r"does not list its tensors.*ONNX"):
        tensors_of_file(old)
    assert kind_of(archive(tmp_path / "b.zip", **{"x": b""})) is None


def tensors_of_file(path: Path) -> Any:
    kind = kind_of(path)
    assert kind == EXPORTED
    with pytest.raises(ValueError, match="does not list"):
        tensors_of(path, kind)
    return read_tensors(path)
