import json
from pathlib import Path

from tests.cli.conftest import Command, one_line


def test_methods_are_listed_with_their_cost_or_the_reason(
    command: Command, tiny_checkpoint: Path
) -> None:
    code, out, _ = command("methods", tiny_checkpoint, "--json")
    said = {row["method"]: row for row in json.loads(out)}
    assert code == 0
    assert said["grad_cam"]["passes"] == 1 and said["grad_cam"]["unavailable"] is None
    assert "SiLU" in said["guided_backprop"]["unavailable"]


def test_methods_of_foreign_weights_are_told_what_their_tensors_do_not_say(
    command: Command, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    import torch

    from dermxai.models import load_classifier

    own = load_classifier(tiny_checkpoint)
    torch.save(own.network.state_dict(), tmp_path / "foreign.pth")
    options = ("--architecture", own.info.architecture, "--size", 64)
    named = ("--classes", ",".join(own.info.classes))
    code, out, _ = command("methods", tmp_path / "foreign.pth", *options, *named, "--json")
    assert code == 0
    assert out == command("methods", tiny_checkpoint, "--json")[1]
    code, _, err = command("methods", tmp_path / "foreign.pth", *options, "--classes", "MN,BCC")
    assert code == 2 and one_line(err) and "2 classes were named" in err
