import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Command


@pytest.fixture
def folder(tmp_path: Path, workspace: Path) -> Path:
    for number, name in enumerate(("bkl/a", "bkl/b", "Clark nevus/c", "unknown/d", "quux/e")):
        file = tmp_path / "data" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((6, 8, 3), number, np.uint8)).save(file)
    return tmp_path / "data"


def test_what_was_mapped_to_what_and_why(command: Command, folder: Path) -> None:
    code, out, err = command("labels", folder)
    assert code == 0
    assert "HAM10000" in out and "Derm7pt" in out and "a group that holds the class" in out
    assert "Folders of level 1 (Clark nevus, bkl, quux, unknown): class; a guess." in err
    code, out, _ = command("labels", folder, "--json")
    told = json.loads(out)
    found = {each["written"]: (each["images"], each["class"]) for each in told["labels"]}
    assert found == {
        "bkl": (2, "SK"),
        "Clark nevus": (1, "MN"),
        "unknown": (1, None),
        "quux": (1, "quux"),
    }
    assert told["levels"][0]["role"] == "class"
    assert any("unknown: no class" in note for note in told["notes"])


def test_what_could_not_be_used_is_told(command: Command, tmp_path: Path, workspace: Path) -> None:
    (place := tmp_path / "data").mkdir()
    Image.new("RGB", (8, 6)).save(place / "a.png")
    gone = "".join(f"gone{number}.png,1\n" for number in range(25))
    (place / "t.csv").write_text(f"image,age\na.png,old\n{gone}")
    code, out, err = command("labels", place)
    assert code == 0 and not out
    assert "1 image, 1 of them without label." in err
    assert "no age in years" in err and "gone0.png" in err and "further problems" in err
    told = json.loads(command("labels", place, "--json")[1])
    assert len(told["problems"]) > 25 and all(len(each) == 2 for each in told["problems"])


def test_what_is_said_can_be_kept_and_forgotten(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    own = tmp_path / "map.csv"
    own.write_text("from,to\nquux,Pso\n")

    def mapped(*options: object) -> dict[str, str]:
        code, out, _ = command("labels", folder, "--json", *options)
        assert code == 0
        return {each["written"]: each["class"] for each in json.loads(out)["labels"]}

    assert mapped()["quux"] == "quux"
    assert mapped("--label-map", own)["quux"] == "Pso"
    assert mapped()["quux"] == "quux"
    assert mapped("--label-map", own, "--keep")["quux"] == "Pso"
    own.unlink()
    assert mapped()["quux"] == "Pso"
    assert mapped("--level", "1=patient", "--keep") == {}
    assert mapped() == {}
    assert mapped("--forget")["quux"] == "quux"
    code, _, err = command("labels", folder, "--keep", "--forget")
    assert code == 2 and "not both" in err
