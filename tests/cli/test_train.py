from pathlib import Path
from typing import Any

import pytest

from dermxai.data import selection
from dermxai.slices import Slice, keep
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


def test_slices_are_learnt_from_or_left_out(
    command: Command, monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    asked: list[dict[str, Any]] = []

    def work(_: object, arguments: dict[str, Any], *__: object, **___: Any) -> dict[str, str]:
        asked.append(arguments)
        return {"checkpoint": "x"}

    monkeypatch.setattr("dermxai.jobs.foreground.work", work)
    keep(images, Slice.of("mine", ["a"]))
    line = ("train", images, "--output", tmp_path / "mine")
    code, _, err = command(*line, "--slice", "mine", "--without-slice", "mine")
    assert (code, err) == (0, "")
    recipe = asked[0]["recipe"]
    assert selection.read(recipe["only"]).sample_ids == ("a",) and recipe["only"] != ""
    assert recipe["leave_out"] == recipe["only"]
    code, _, err = command(*line, "--without-slice", "other")
    assert code == 2 and "no slice 'other'; there are: mine" in err
