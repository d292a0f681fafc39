"""Descriptions and weights that somebody made up to cost or to break something."""

import json
import zipfile
from pathlib import Path
from shutil import copytree

import pytest
import torch

from dermxai.core.errors import LONGEST, InputError
from dermxai.core.paths import checkpoints
from dermxai.models import foreign, load_classifier, read_info
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import list_checkpoints
from tests.odd import KINDS, ordinary


def described(tiny: Path, to: Path, **changes: object) -> Path:
    folder = copytree(tiny, to)
    files = CheckpointFiles(folder)
    content = json.loads(files.model.read_text())
    content.update({key: value for key, value in changes.items() if key != "preprocessing"})
    content["preprocessing"] |= changes.get("preprocessing", {})
    files.model.write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architecture": "efficientnet_b4.evil_tag"}, "no weights 'evil_tag'"),
        ({"architecture": "efficientnet_b4."}, "no weights ''"),
        ({"architecture": "hf-hub:evil/model"}, "no network named"),
        ({"architecture": "local-dir:/etc"}, "no network named"),
        ({"architecture": "[" * 400}, "no network named"),
        ({"architecture": "x" * 1_000_000}, "a name of 1,000,000 characters"),
        ({"name": "x" * 1_000_000}, "a name of 1,000,000 characters"),
        ({"format": True}, "where a whole number was expected"),
        ({"heads": [{"name": "final", "channels": True}]}, "where a whole number was expected"),
        ({"heads": [{"name": "final", "channels": 0}]}, "0 channels"),
        ({"heads": [{"name": "final", "channels": 10**30}]}, "beyond 64 bits"),
        ({"heads": [{"name": str(n), "channels": 1} for n in range(1000)]}, "expected at most"),
        ({"classes": [str(n) for n in range(20_000)]}, "expected at most"),
        ({"preprocessing": {"size": True}}, "where a whole number was expected"),
        ({"preprocessing": {"size": 10**9}}, "from 1 to 4096"),
        ({"preprocessing": {"mean": [True, 0.5, 0.5]}}, "where a number was expected"),
        ({"preprocessing": {"std": [1e300, 1, 1]}}, "three numbers"),
        ({"preprocessing": {"std": [float("inf"), 1, 1]}}, "three numbers"),
        ({"recipe": [1]}, "where an object was expected"),
    ],
)
def test_a_description_is_refused_in_a_sentence(
    tiny_checkpoint: Path, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load_classifier(described(tiny_checkpoint, tmp_path / "a", **changes))
    assert len(str(caught.value)) <= LONGEST + 10


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        *(("model.json", kind) for kind in KINDS),
        *(("weights.safetensors", kind) for kind in ("pipe", "loop", "zeros", "unreadable")),
    ],
)
def test_whatever_lies_in_place_of_its_files(
    tiny_checkpoint: Path, tmp_path: Path, kind: str, file: str
) -> None:
    folder = copytree(tiny_checkpoint, tmp_path / "a")
    (folder / file).unlink()
    KINDS[kind](folder / file)
    with ordinary(), pytest.raises(InputError):
        load_classifier(folder)


def test_a_damaged_description_is_in_no_list(tiny_checkpoint: Path) -> None:
    copytree(tiny_checkpoint, checkpoints() / "good")
    bad = copytree(tiny_checkpoint, checkpoints() / "bad")
    CheckpointFiles(bad).model.write_text("[" * 100_000)
    names = [folder.name for folder in list_checkpoints()]
    assert "good" in names
    assert "bad" not in names
    copytree(tiny_checkpoint, bad, dirs_exist_ok=True)
    assert "bad" in [folder.name for folder in list_checkpoints()]
    with pytest.raises(InputError, match="it has no model"):
        read_info(bad.parent)


def test_a_few_tensors_do_not_have_every_network_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "MultiHeadNetwork", lambda *_, **__: pytest.fail("it was built"))
    torch.save({"fc.weight": torch.zeros(2, 1), "fc.bias": torch.zeros(2)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="cannot be told from its tensors"):
        load_classifier(tmp_path / "a.pth")


def test_networks_are_built_once_however_many_files_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    class Network:
        def __init__(self, architecture: str, *_: object) -> None:
            built.append(architecture)

        def state_dict(self) -> dict[str, torch.Tensor]:
            return {"heads.0.weight": torch.zeros(1, 3), "x": torch.zeros(5)}

    foreign._expected.cache_clear()
    monkeypatch.setattr(foreign, "MultiHeadNetwork", Network)
    tensors = {f"layer{n}.weight": torch.zeros(1) for n in range(100)}
    for number in (2, 3):
        torch.save(tensors | {"fc.weight": torch.zeros(number, 1)}, tmp_path / f"{number}.pth")
        with pytest.raises(InputError, match="cannot be told"):
            load_classifier(tmp_path / f"{number}.pth")
    foreign._expected.cache_clear()
    assert sorted(built) == sorted(foreign.ARCHITECTURES)


def test_fewest_is_what_resnet18_has() -> None:
    assert len(foreign._expected("resnet18", False)) == foreign.FEWEST


@pytest.mark.parametrize(
    "tensors",
    [
        {"fc.weight": torch.zeros(1).expand(10**6, 10**5)},
        {"fc.weight": torch.zeros(10**6, 0)},
        {"heads.999999.weight": torch.zeros(2, 1)},
    ],
)
def test_tensors_that_claim_more_than_there_is(
    tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    assert (tmp_path / "a.pth").stat().st_size < 2000
    with pytest.raises(InputError, match=r"plain real numbers|expected at most"):
        load_classifier(tmp_path / "a.pth")


def test_a_packed_archive_is_not_opened(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(1000, 1000)}, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as whole,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    with pytest.raises(InputError, match="compressed"):
        load_classifier(tmp_path / "b.pth")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_lies_beside_foreign_weights(tmp_path: Path, kind: str) -> None:
    torch.save({"fc.weight": torch.zeros(2, 1), "fc.bias": torch.zeros(2)}, tmp_path / "a.pth")
    KINDS[kind](tmp_path / "a.json")
    with ordinary(), pytest.raises(InputError):
        load_classifier(tmp_path / "a.pth")
