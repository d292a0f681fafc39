import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dermxai.cli import app
from dermxai.core import paths
from dermxai.core.errors import Cancelled
from dermxai.runs import Run
from tests.cli.conftest import Command, one_line


@pytest.mark.parametrize(
    "verb", ["", "jobs", "access", "slices", "readers", "lesson", *map(app.name_of, app.VERBS)]
)
def test_every_verb_has_help(command: Command, verb: str) -> None:
    code, out, err = command(*filter(None, [verb]), "--help")
    assert (code, err) == (0, "")
    assert out.split()[0] == "Usage:" and verb in out


def test_a_verb_is_one_file_of_its_name() -> None:
    files = {file.stem for file in (paths.PROJECT / "dermxai" / "cli").glob("*.py")}
    shown = [command for command in app.app.registered_commands if not command.hidden]
    verbs = [command.callback for command in shown if command.callback]
    names = {verb.__name__ for verb in verbs}
    assert len(names) == len(verbs) > 10
    assert {verb.__module__ for verb in verbs} == {f"dermxai.cli.{name}" for name in names}
    shared = {"__init__", "app", "console", "foreground", "options"}
    assert files == names | shared | {
        "jobs",
        "access",
        "slices",
        "lesson",
        "reader_answers",
        "reader_studies",
    }


@pytest.mark.parametrize("verb", ["submit", "list", "show", "logs", "cancel", "resume", "delete"])
def test_every_verb_of_jobs_has_help(command: Command, verb: str) -> None:
    code, out, _ = command("jobs", verb, "--help")
    assert code == 0
    assert "Usage" in out


def test_help_is_quick_because_it_needs_no_library() -> None:
    code = (
        "import sys; sys.argv = ['dermxai', '--help']\n"
        "from dermxai.cli import main\n"
        "assert main() == 0\n"
        "assert not {'torch', 'pandas', 'numpy', 'cv2'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=paths.PROJECT, stdout=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], "nonsense"),
        (["infer"], "Missing argument"),
        (["infer", "nowhere", "nowhere"], "nowhere"),
        (["infer", "{checkpoint}", "{images}", "--column", "label"], "name=value"),
        (["infer", "{checkpoint}", "{images}", "--device", "abacus"], "abacus"),
        (["infer", "{checkpoint}", "{images}", "--batch-size", "0"], "batch-size"),
        (["evaluate", "nowhere"], "run.json"),
        (["evaluate", "generated", "--split", "holdout"], "train"),
        (["explain", "{checkpoint}", "{images}", "--output", "o", "--method", "x"], "grad_cam"),
        (["explain", "{checkpoint}", "{images}", "--output", "o", "--target", "x"], "BCC"),
        (["project", "generated", "--method", "x"], "umap"),
        (["project", "generated", "--method", "umap", "--set", "colour=1"], "colour"),
        (["train", "{images}", "--output", "o", "--set", "epochs=many"], "whole number"),
        (
            ["train", "{images}", "--output", "o", "--recipe", "fast"],
            "paper, light, scratch, quick",
        ),
        (["train", "{images}", "--output", "o", "--set", "epoch=3"], "epochs"),
        (["jobs", "show", "nothing"], "nothing"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    command: Command,
    run: Run,
    tiny_checkpoint: Path,
    images: Path,
    *,
    arguments: list[str],
    complaint: str,
) -> None:
    filled = [text.format(checkpoint=tiny_checkpoint, images=images) for text in arguments]
    code, out, err = command(*filled)
    assert code == 2
    assert out == ""
    assert one_line(err), err
    assert complaint in err


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_stopped_it_exits_130_without_a_word(
    command: Command, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupted(*_: object, **__: Any) -> None:
        raise stop

    monkeypatch.setattr("dermxai.jobs.foreground.work", interrupted)
    assert command("demo") == (130, "", "")


def test_bars_are_for_terminals(
    command: Command, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, images: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    code, out, err = command("infer", tiny_checkpoint, images)
    assert code == 0
    assert "images" in err
    assert "2/2" in err
    assert Path(out.strip()).is_dir()


@pytest.mark.parametrize("by", ["__cause__", "__context__"])
def test_a_full_disk_is_one_line_however_deep(
    by: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/data/a")
    last: Exception = RuntimeError("[enforce fail at inline_container.cc:603]")
    for error in (RuntimeError("PytorchStreamWriter failed"), ValueError("x"), last):
        setattr(error, by, full)
        full = error  # type: ignore[assignment]

    def work(*_: object, **__: object) -> None:
        raise last

    monkeypatch.setattr("dermxai.jobs.foreground.work", work)
    code, out, err = command("project", "run")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("Error: The disk is full (No space left on device: /data/a)")


def test_what_cannot_be_printed_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dermxai", "jobs", "list", "--json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            check=False,
            cwd=paths.PROJECT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "The disk is full" in done.stderr
