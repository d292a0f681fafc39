import pickle
import warnings
from argparse import Namespace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from dermxai.core.errors import InputError
from dermxai.models.state_dict import read_contents, read_tensors

STATE = {"fc.weight": torch.ones(7, 4), "fc.bias": torch.zeros(7)}


@pytest.mark.parametrize("file_name", ["A.SAFETENSORS", "a.pth"])
def test_safetensors_are_known_by_their_content(tmp_path: Path, file_name: str):
    save_file(STATE, tmp_path / file_name)
    assert read_tensors(tmp_path / file_name)["fc.weight"].shape == (7, 4)


@pytest.mark.parametrize(
    "change",
    [torch.Tensor.to_sparse, lambda tensor: tensor.to("meta"), lambda tensor: tensor + 1j],
    ids=["sparse", "meta", "complex"],
)
def test_tensors_that_are_no_plain_numbers_are_named(tmp_path: Path, change):
    torch.save(STATE | {"fc.weight": change(STATE["fc.weight"])}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"\(fc\.weight\)"):
        read_tensors(tmp_path / "a.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, zipped: bool):
    torch.save(
        {"fc.weight": torch.ones(3, 4)},
        tmp_path / "whole.pth",
        _use_new_zipfile_serialization=zipped,
    )
    content = (tmp_path / "whole.pth").read_bytes()
    for length in range(0, len(content) - 1, 5):
        (tmp_path / "a.pth").write_bytes(content[:length])
        with pytest.raises(InputError):
            read_tensors(tmp_path / "a.pth")


class Bomb:
    """Writes a file when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_malicious_pickle_is_refused_without_being_run(tmp_path: Path, writer: str):
    mark, path = tmp_path / "executed", tmp_path / "bomb.pth"
    if writer == "torch":
        torch.save({"state_dict": {}, "x": Bomb(mark)}, path)
    else:
        path.write_bytes(pickle.dumps({"x": Bomb(mark)}))
    with pytest.raises(InputError):
        read_tensors(path)
    assert not mark.exists()


def test_a_plain_pickle_is_refused_in_one_sentence(tmp_path: Path):
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps({"x": {1, 2}}, protocol=4))
    with warnings.catch_warnings(record=True) as warned, pytest.raises(InputError):
        warnings.simplefilter("always")
        read_tensors(path)
    assert not warned


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x02}q\x00.", b"\xff\xd8\xff"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".ckpt"])
def test_files_that_are_no_checkpoints(tmp_path: Path, content: bytes, suffix: str):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_tensors(path)


def test_plain_values_beside_the_weights_are_no_danger(tmp_path: Path):
    beside = {
        "args": Namespace(lr=0.1),
        "best": np.float64(0.9),
        "curve": np.arange(3),
        "at": tmp_path,
    }
    torch.save({"state_dict": STATE, **beside}, tmp_path / "timm.pth.tar")
    assert read_tensors(tmp_path / "timm.pth.tar")["fc.weight"].shape == (7, 4)


def test_a_torchscript_program_is_refused_without_the_advice_to_run_it(tmp_path: Path):
    with ZipFile(tmp_path / "a.pt", "w") as program:
        for record in ("data.pkl", "constants.pkl", "version"):
            program.writestr(f"a/{record}", b"")
    with pytest.raises(InputError, match="TorchScript program") as raised:
        read_tensors(tmp_path / "a.pt")
    assert "weights_only" not in str(raised.value)


OTHER = {"fc.weight": torch.zeros(7, 4), "fc.bias": torch.ones(7)}


@pytest.mark.parametrize(
    "content",
    [[STATE, OTHER], (STATE, OTHER), {0: STATE, 1: OTHER}, {"models": [STATE, OTHER], "epoch": 3}],
    ids=["list", "tuple", "numbers", "list within"],
)
def test_of_a_list_of_state_dicts_one_is_named_by_number(tmp_path: Path, content: object):
    path = tmp_path / "folds.pth"
    torch.save(content, path)
    with pytest.raises(InputError, match=r"several sets of weights \(0, 1\); name one"):
        read_contents(path)
    found = read_contents(path, "1")
    assert torch.equal(found.tensors["fc.bias"], OTHER["fc.bias"])
    assert found.note == "1; not 0"


@pytest.mark.parametrize(
    "content", [[STATE], (3, STATE), (STATE, {"state": {}, "param_groups": []})]
)
def test_of_a_list_with_one_state_dict_that_is_taken(tmp_path: Path, content: object):
    torch.save(content, tmp_path / "a.pth")
    assert torch.equal(read_tensors(tmp_path / "a.pth")["fc.weight"], STATE["fc.weight"])


def test_tensors_without_names_are_called_that(tmp_path: Path):
    torch.save(list(STATE.values()), tmp_path / "a.pth")
    with pytest.raises(InputError, match="2 tensors without names; expected a state dict"):
        read_tensors(tmp_path / "a.pth")
