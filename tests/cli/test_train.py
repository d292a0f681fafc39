from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command


def test_a_stopped_training_says_how_it_goes_on(
    command: Command, monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dermxai.jobs.foreground.work", interrupted)
    code, _, err = command("train", images, "--output", tmp_path / "mine")
    assert (code, err) == (
        130,
        "Stopped; the same command resumes after the last completed epoch.\n",
    )
