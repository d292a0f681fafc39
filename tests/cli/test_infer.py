import json
from pathlib import Path

from dermxai.runs import list_runs, open_run
from tests.cli.conftest import Command


def test_infer_prints_the_runs_folder(
    command: Command, tiny_checkpoint: Path, images: Path
) -> None:
    code, out, err = command("infer", tiny_checkpoint, images, "--column", "label=what")
    assert (code, err) == (0, "")
    run = open_run(out.strip())
    assert list(run.samples["label"]) == ["MN", "BCC"]
    assert list_runs() == [run.root]


def test_infer_by_another_engine_says_what_that_changes(
    command: Command, tiny_checkpoint: Path, images: Path
) -> None:
    given = ("infer", tiny_checkpoint, images, "--column", "label=what", "--engine")
    code, out, err = command(*given, "openvino")
    assert code == 0 and "2 of 2 images keep their class; logits differ by " in err
    assert open_run(out.strip()).manifest["settings"]["engine"] == "openvino"
    code, out, err = command(*given, "steam")
    assert (code, out) == (2, "") and "expected torch, openvino" in err


def test_infer_as_json_with_a_label_map(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "map.csv").write_text("from,to\nnv,SK\nbcc,DF\n")
    code, out, _ = command(
        *("infer", tiny_checkpoint, images, "--column", "label=what", "--json"),
        *("--label-map", tmp_path / "map.csv"),
    )
    assert code == 0
    said = json.loads(out)
    assert said["counts"] == {"images": 2, "problems": 0}
    assert list(open_run(said["run"]).samples["label"]) == ["SK", "DF"]


def test_images_that_cannot_be_used_are_told(
    command: Command, tiny_checkpoint: Path, images: Path
) -> None:
    images.with_name("b.png").write_bytes(b"nothing")
    with images.open("a") as table:
        table.writelines(f"lost {index},lost {index}.png,nv\n" for index in range(6))
    line = ("infer", tiny_checkpoint, images, "--column", "label=what")
    code, out, err = command(*line)
    told = err.splitlines()
    assert code == 0 and len(open_run(out.strip())) == 1
    assert len(told) == 6 and told[0].startswith("lost 0: ")
    assert told[-1].startswith("7 problems with files and rows (all of them with --json)")
    code, _, err = command("evaluate", out.strip())
    assert code == 0 and err.splitlines() == told
    for again in (line, ("evaluate", out.strip())):
        said = json.loads(command(*again, "--json")[1])
        assert {problem["item"] for problem in said["problems"]} == {
            "b",
            *(f"lost {index}" for index in range(6)),
        }
