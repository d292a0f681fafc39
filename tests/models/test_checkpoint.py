import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dermxai.core.errors import InputError
from dermxai.models import checkpoint, load_classifier, read_info
from dermxai.models.files import CheckpointFiles
from dermxai.models.multi_head import MultiHeadNetwork


def test_what_is_saved_is_what_is_loaded(tiny_checkpoint: Path):
    classifier = load_classifier(tiny_checkpoint)
    stored = load_file(CheckpointFiles(tiny_checkpoint).weights)
    for name, tensor in classifier.network.state_dict().items():
        torch.testing.assert_close(tensor, stored[name].to(tensor.dtype), rtol=0, atol=0)
    assert classifier.info == read_info(tiny_checkpoint)
    assert load_classifier(tiny_checkpoint).hash == classifier.hash


def test_vectors_keep_full_precision_and_matrices_are_halved(tiny_checkpoint: Path):
    for name, tensor in load_file(CheckpointFiles(tiny_checkpoint).weights).items():
        if tensor.is_floating_point():
            assert tensor.dtype == (torch.float16 if tensor.ndim > 1 else torch.float32), name


def test_large_weights_are_sharded(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    classifier = load_classifier(tiny_checkpoint)
    monkeypatch.setattr(checkpoint, "SHARD_SIZE", "200KB")
    folder = checkpoint.save_checkpoint(
        tmp_path / "sharded", classifier.network, classifier.info, "# card"
    )
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert load_classifier(folder).hash == classifier.hash


def test_weights_in_one_file_take_the_place_of_shards(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    classifier = load_classifier(tiny_checkpoint)
    with monkeypatch.context() as small:
        small.setattr(checkpoint, "SHARD_SIZE", "200KB")
        checkpoint.save_checkpoint(tmp_path, classifier.network, classifier.info, "# card")
    with torch.no_grad():
        classifier.network.heads[-1].bias += 1
    checkpoint.save_checkpoint(tmp_path, classifier.network, classifier.info, "# card")
    again = load_classifier(tmp_path)
    torch.testing.assert_close(again.head_weights(-1)[1], classifier.head_weights(-1)[1])
    assert [file.name for file in tmp_path.glob("weights*")] == ["weights.safetensors"]


def test_hash_follows_weights_and_classes_not_the_story(tiny_checkpoint: Path, tmp_path: Path):
    original = load_classifier(tiny_checkpoint).hash
    folder = copytree(tiny_checkpoint, tmp_path / "copy")
    model = CheckpointFiles(folder).model
    content = json.loads(model.read_text())
    content["metrics"] = {"accuracy": 1.0}
    model.write_text(json.dumps(content))
    assert load_classifier(folder).hash == original
    content["classes"] = content["classes"][::-1]
    model.write_text(json.dumps(content))
    assert load_classifier(folder).hash != original


def test_tensors_that_do_not_fit_are_listed_by_name_and_shape(tiny_checkpoint: Path):
    network = MultiHeadNetwork("test_efficientnet", 14, auxiliary=True)
    tensors = dict(load_file(CheckpointFiles(tiny_checkpoint).weights))
    tensors["heads.0.weight"] = torch.zeros(3, 4)
    tensors["stranger"] = torch.zeros(2)
    del tensors["heads.1.bias"]
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    with pytest.raises(InputError) as caught:
        checkpoint.check_fit(shapes, tensors, tiny_checkpoint)
    message = str(caught.value)
    assert "3 tensors" in message
    assert "heads.0.weight has (3, 4), expected (14, 16)" in message
    assert "heads.1.bias (14,) is missing" in message
    assert "stranger (2,) is unknown" in message


def damage_weights(files: CheckpointFiles) -> None:
    files.weights.write_bytes(files.weights.read_bytes()[:1000])


def remove_weights(files: CheckpointFiles) -> None:
    files.weights.unlink()


def damage_description(files: CheckpointFiles) -> None:
    files.model.write_text("{")


def remove_description(files: CheckpointFiles) -> None:
    files.model.unlink()


@pytest.mark.parametrize(
    "harm", [damage_weights, remove_weights, damage_description, remove_description]
)
def test_a_damaged_folder_is_refused(tiny_checkpoint: Path, tmp_path: Path, harm):
    folder = copytree(tiny_checkpoint, tmp_path / "copy")
    harm(CheckpointFiles(folder))
    with pytest.raises(InputError):
        load_classifier(folder)


def described(**changes: Any):
    def change(files: CheckpointFiles) -> None:
        content = json.loads(files.model.read_text())
        preprocessing = content["preprocessing"] | changes.get("preprocessing", {})
        files.model.write_text(json.dumps(content | changes | {"preprocessing": preprocessing}))

    return change


def fewer_heads(files: CheckpointFiles) -> None:
    content = json.loads(files.model.read_text())
    content["heads"] = content["heads"][1:]
    files.model.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lambda files: files.model.write_bytes(b"\xff\xfe{}"), "expected UTF-8"),
        (described(architecture=5), "a text was expected"),
        (described(classes=list(range(14))), "a text was expected"),
        (described(classes="ABCDEFGHIJKLMN"), "a list was expected"),
        (described(preprocessing={"size": 64.0}), "whole number"),
        (described(preprocessing={"mean": ["a", "b", "c"]}), "a number was expected"),
        (described(preprocessing={"std": [float("nan")] * 3}), "three numbers"),
        (fewer_heads, "describes heads on"),
        (lambda files: files.weights_index.write_text("{"), "does not list the parts"),
        (lambda files: files.weights_index.write_text("{}"), "does not list the parts"),
    ],
)
def test_a_folder_edited_by_hand_is_refused_with_the_reason(
    tiny_checkpoint: Path, tmp_path: Path, harm, complaint: str
):
    folder = copytree(tiny_checkpoint, tmp_path / "copy")
    harm(CheckpointFiles(folder))
    with pytest.raises(InputError, match=complaint):
        load_classifier(folder)


def test_nothing_there(tmp_path: Path):
    with pytest.raises(InputError, match="no checkpoint at"):
        load_classifier(tmp_path / "nowhere")
