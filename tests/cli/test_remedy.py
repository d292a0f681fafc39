import json
import subprocess
import sys
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.runs import Run
from tests.cli.conftest import Command
from tests.generated import generated_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return generated_run(tmp_path / "run", 300, heads={"a": 3, "final": 6}, classes=("EAD", "SD"))


def test_a_stack_is_measured_and_looks_at_the_test_counted(
    command: Command, run: Run, tmp_path: Path
) -> None:
    code, out, err = command("remedy", run.root, "--stack", "logit_offset,retrain_heads")
    assert (code, err) == (0, "")
    for part in ("1. Logit offset. Offsets in logits", "validation  ", "Top-1 accuracy", "changed"):
        assert part in out
    assert "not looked at with any stack so far" in out
    file = tmp_path / "stack.json"
    file.write_text('[{"remedy": "logit_offset", "settings": {"by": "prior"}}]')
    for _ in range(2):
        code, out, _ = command("remedy", run.root, "--stack", file, "--split", "test", "--json")
        said = json.loads(out)
        assert code == 0 and said["test_looks"] == 1 and said["checkpoint"] is None
    assert said["stack"] == [{"remedy": "logit_offset", "settings": {"by": "prior"}}]
    assert said["decision"]["before"].startswith("argmax") and said["measures"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("--stack", "nonsense"), "no remedy 'nonsense'"),
        (("--stack", "nowhere.json"), "nowhere.json is not there"),
        (("--stack", "temperature", "--split", "train"), "validation or test"),
        (("--stack", "operating_point", "--keep", "x"), "changes no logit"),
        (("--stack", "temperature", "--keep", "../x"), "cannot be called"),
    ],
)
def test_bad_input_is_a_sentence(
    command: Command, run: Run, line: tuple[str, ...], told: str
) -> None:
    code, out, err = command("remedy", run.root, *line)
    assert code == 2 and told in err and not out and err.count("\n") == 1


def test_nothing_is_looked_at_that_cannot_be_kept(command: Command, run: Run) -> None:
    for stack, name in (("operating_point", "x"), ("temperature", "../x")):
        line = ("--stack", stack, "--split", "test", "--keep", name)
        assert command("remedy", run.root, *line)[0] == 2
    assert not (run.root / "test-looks.json").exists()


def test_what_needs_no_network_imports_none(run: Run) -> None:
    """Importing torch and timm takes longer than a stack on 300 images."""
    code = (
        f"import sys; sys.argv = ['dermxai', 'remedy', {str(run.root)!r}, '--stack', "
        "'logit_offset,retrain_heads', '--json']\n"
        "from dermxai.cli import main\n"
        "assert main() == 0\n"
        "assert not {'torch', 'timm'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=paths.PROJECT, stdout=subprocess.DEVNULL
    )
