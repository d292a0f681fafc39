import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dermxai import __main__, paths
from dermxai.data import atlas, selection
from dermxai.data.selection import Selection
from dermxai.errors import Cancelled
from dermxai.explain.methods import grad_cam
from dermxai.jobs import State, list_jobs
from dermxai.jobs.kinds import explain
from dermxai.runs import Run, list_runs, open_run
from tests.generated import generated_run, rewrite, trained_here

Output = tuple[int, str, str]
Command = Callable[..., Output]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process: its exit code, what it printed, what it complained."""

    def run(*arguments: object) -> Output:
        monkeypatch.setattr(sys, "argv", ["dermxai", *map(str, arguments)])
        capsys.readouterr()
        code = __main__.main()
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def run() -> Run:
    return generated_run(paths.runs() / "generated", images=60)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two labelled images in the files of a table with columns of its own."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "table.csv").write_text("id,file,what\na,a.png,nv\nb,b.png,bcc\n")
    return tmp_path / "table.csv"


def one_line(err: str) -> bool:
    return err.startswith("Error: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    "verb", ["", "demo", "infer", "evaluate", "explain", "project", "report", "train"]
)
def test_every_verb_has_help(command: Command, verb: str) -> None:
    code, out, err = command(*filter(None, [verb]), "--help")
    assert (code, err) == (0, "")
    assert "Usage" in out


@pytest.mark.parametrize("verb", ["submit", "list", "show", "logs", "cancel", "resume", "delete"])
def test_every_verb_of_jobs_has_help(command: Command, verb: str) -> None:
    code, out, _ = command("jobs", verb, "--help")
    assert code == 0
    assert "Usage" in out


def test_report_writes_a_page_and_numbers(command: Command, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "out" / "pair.html"
    code, out, _ = command("report", run.root, "--pair", "MN", "BCC", "--output", page)
    assert (code, out.strip()) == (0, str(page))
    assert "<title>MN and BCC" in page.read_text()
    code, out, _ = command("report", run.root, "--pair", "MN", "BCC", "--split", "train", "--json")
    content = json.loads(out)
    assert code == 0 and content["pair"] == ["MN", "BCC"] and content["split"] == "train"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pair", "MN", "mel", "--json"], "no class 'mel'"),
        (["--pair", "MN", "MN", "--json"], "MN came twice"),
        (["--pair", "MN", "BCC", "--split", "x", "--json"], "no split 'x'"),
        (["--pair", "MN", "BCC"], "--output"),
    ],
)
def test_a_report_that_cannot_be_is_one_line(
    command: Command, run: Run, arguments: list[str], words: str
) -> None:
    code, out, err = command("report", run.root, *arguments)
    assert (code, out) == (2, "") and one_line(err) and words in err


def test_help_is_quick_because_it_needs_no_library() -> None:
    code = (
        "import sys; sys.argv = ['dermxai', '--help']\n"
        "from dermxai.__main__ import main\n"
        "assert main() == 0\n"
        "assert not {'torch', 'pandas', 'numpy', 'cv2'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=paths.PROJECT, stdout=subprocess.DEVNULL
    )


def test_infer_prints_the_runs_folder(
    command: Command, tiny_checkpoint: Path, images: Path
) -> None:
    code, out, err = command("infer", tiny_checkpoint, images, "--column", "label=what")
    assert (code, err) == (0, "")
    run = open_run(out.strip())
    assert list(run.samples["label"]) == ["MN", "BCC"]
    assert list_runs() == [run.root]


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


def test_evaluate_prints_a_table_and_every_number_as_json(command: Command, run: Run) -> None:
    code, out, _ = command("evaluate", run.root)
    assert code == 0
    assert "Top-1 accuracy" in out
    assert all(f"\n{name}" in out for name in run.classes)
    code, out, _ = command("evaluate", run.id, "--json")
    assert code == 2, "the id of a generated run is not its folder's name"
    code, out, _ = command("evaluate", "generated", "--json")
    said = json.loads(out)
    truth = run.samples["label"].to_numpy()
    assert said["overall"]["top1_accuracy"]["value"] == pytest.approx(
        (run.predicted == truth).mean()
    )
    assert np.sum(said["confusion"]) == 60


def test_evaluate_of_a_split(command: Command, run: Run) -> None:
    _, out, _ = command("evaluate", "generated", "--split", "test", "--json")
    assert json.loads(out)["counts"]["images"] == len(run.in_split("test"))


def test_evaluate_tells_what_leaks_from_training_and_leaves_it_out(
    command: Command, run: Run
) -> None:
    bare = rewrite(run, patient_id=None)
    split = bare.samples["split"].where(bare.samples.index >= 6, "train")
    split = split.where(bare.samples.index < 6, "validation")
    trained_here(bare, split)
    code, out, _ = command("evaluate", "generated")
    assert code == 0 and "trained on 6 of these 60 images" in out
    assert "Leakage premium: 6 of 60 evaluated images were seen in training." in out
    _, out, _ = command("evaluate", "generated", "--without-leaks", "--json")
    said = json.loads(out)
    assert said["counts"]["images"] == 54 and said["leakage"]["counts"] == {"file": 6}
    measure = said["leakage"]["premium"]["overall"]["top1_accuracy"]
    assert measure["without"] == said["overall"]["top1_accuracy"]["value"]
    assert measure["difference"] == pytest.approx(measure["value"] - measure["without"])


@pytest.mark.parametrize("many", [False, True])
def test_explain_writes_overlays_and_maps(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path, many: bool
) -> None:
    source = images if many else images.with_name("a.png")
    code, out, _ = command(
        *("explain", tiny_checkpoint, source, "--target", "BCC", "--output", tmp_path / "maps")
    )
    assert code == 0
    written = [Path(line) for line in out.splitlines()]
    assert len(written) == (6 if many else 3)
    with Image.open(written[0]) as overlay:
        assert overlay.size[0] > 300
    assert "logit" in written[1].read_text()
    with np.load(written[2]) as numbers:
        assert numbers["map_1"].shape == (60, 80)
        about = json.loads(str(numbers["about"]))
    made = about["maps"][0]
    assert (made["method"], made["target"]) == ("grad_cam", "BCC")
    assert about["preprocessing"]["size"] and about["versions"]["torch"]
    before = written[2].stat().st_mtime_ns
    command("explain", tiny_checkpoint, source, "--target", "BCC", "--output", tmp_path / "maps")
    assert written[2].stat().st_mtime_ns == before, "it was there already"
    with Image.open(images.with_name("a.png")) as opened:
        opened.rotate(180).save(images.with_name("a.png"))
    command("explain", tiny_checkpoint, source, "--target", "BCC", "--output", tmp_path / "maps")
    assert written[2].stat().st_mtime_ns > before, "of another image"
    written[2].write_bytes(b"PK\x03\x04 torn")
    command("explain", tiny_checkpoint, source, "--target", "BCC", "--output", tmp_path / "maps")
    np.load(written[2]).close()
    before = written[2].stat().st_mtime_ns
    with pytest.MonkeyPatch.context() as later:
        later.setattr(grad_cam, "VERSION", grad_cam.VERSION + 1)
        command(
            "explain", tiny_checkpoint, source, "--target", "BCC", "--output", tmp_path / "maps"
        )
    assert written[2].stat().st_mtime_ns > before, "by another version of the method"


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


def test_explain_names_the_image_that_cannot_be_read(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    images.with_name("b.png").write_bytes(b"nothing")
    code, out, err = command("explain", tiny_checkpoint, images, "--output", tmp_path / "maps")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert err.startswith("b: ")


def test_explain_names_what_the_dataset_cannot_use(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    images.with_name("b.png").unlink()
    line = ("explain", tiny_checkpoint, images, "--output", tmp_path / "maps")
    code, out, err = command(*line, "--json")
    assert code == 0 and len(json.loads(out)["written"]) == 3
    assert [problem["item"] for problem in json.loads(out)["problems"]] == ["b"]
    assert err.startswith("b: the file is missing") and "1 problem with files and rows;" in err
    asked = tmp_path / "ids.txt"
    asked.write_text("a\n")
    assert command(*line, "--ids", asked)[2] == "", "nobody has asked for b"
    asked.write_text("b\n")
    code, _, err = command(*line, "--ids", asked)
    assert code == 2 and one_line(err) and "b: the file is missing" in err


def test_explain_reads_a_table_with_columns_of_its_own(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    mapping = tmp_path / "map.csv"
    mapping.write_text("from,to\nodd,BCC\n")
    images.write_text("id,picture,said\na,a.png,odd\nb,b.png,nv\n")
    line = ("explain", tiny_checkpoint, images, "--output", tmp_path / "maps", "--class", "BCC")
    assert command(*line)[0] == 2
    columns = ("--column", "path=picture", "--column", "label=said")
    code, out, err = command(*line, *columns, "--label-map", mapping)
    assert (code, err) == (0, "")
    assert {Path(name).name[0] for name in out.splitlines()} == {"a"}


def test_explain_of_a_long_name_cuts_its_files_names(
    command: Command, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    long = [tmp_path / f"{'皮' * 80}{end}.png" for end in ("a", "b")]
    for index, path in enumerate(long):
        Image.new("RGB", (80, 60), (90 * index, 120, 110)).save(path)
    code, out, err = command("explain", tiny_checkpoint, *long, "--output", tmp_path / "maps")
    written = [Path(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert len(set(written)) == 6 and all(path.is_file() for path in written)
    assert written[0].name.startswith("皮" * 30)


def test_explain_tells_names_apart_that_are_alike_once_cleaned(
    command: Command, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    alike = [tmp_path / "a b.png", tmp_path / "a_b.png"]
    for path in alike:
        Image.new("RGB", (80, 60), "tan").save(path)
    code, out, _ = command("explain", tiny_checkpoint, *alike, "--output", tmp_path / "maps")
    written = out.splitlines()
    assert code == 0 and len(set(written)) == 6
    assert command("explain", tiny_checkpoint, *alike, "--output", tmp_path / "maps")[1] == out


def test_explain_goes_on_after_an_image_whose_maps_cannot_be_written(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "maps" / "a.grad_cam.predicted.png").mkdir(parents=True)
    code, out, err = command("explain", tiny_checkpoint, images, "--output", tmp_path / "maps")
    assert code == 0
    assert [Path(line).name[0] for line in out.splitlines()] == ["b"] * 3
    assert err.startswith("a: Its maps cannot be written")


def test_explain_ends_where_the_disk_is_full(
    command: Command,
    tiny_checkpoint: Path,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(explain.disk, "replacing", full)
    code, _, err = command("explain", tiny_checkpoint, images, "--output", tmp_path / "maps")
    assert code == 2 and one_line(err) and os.strerror(errno.ENOSPC) in err


def test_explain_of_ids_names_those_that_are_unknown(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "ids.txt"
    asked.write_text(" b \n\n")
    line = ("explain", tiny_checkpoint, images, "--ids", asked, "--output", tmp_path / "maps")
    code, out, _ = command(*line)
    assert code == 0
    assert [Path(line).name.split(".")[0] for line in out.splitlines()] == ["b"] * 3
    asked.write_text("b\nnobody\n")
    code, _, err = command(*line)
    assert code == 2 and one_line(err) and "nobody" in err
    asked.write_bytes(b"\xff\xfe\xff")
    code, _, err = command(*line)
    assert code == 2 and one_line(err) and "ids.txt" in err


def test_explain_of_a_selection(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    line = ("explain", tiny_checkpoint, images, "--output", tmp_path / "maps", "--selection")
    code, out, _ = command(*line, selection.keep(Selection.of("of b", ["b"])))
    assert code == 0
    assert [Path(line).name.split(".")[0] for line in out.splitlines()] == ["b"] * 3
    code, _, err = command(*line, "0" * 16)
    assert code == 2 and one_line(err) and "selection" in err


def test_explain_in_one_colour_scale(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    def scales(*options: object) -> list[float]:
        folder = tmp_path / "maps"
        _, out, _ = command("explain", tiny_checkpoint, images, "--output", folder, *options)
        found = []
        for file in out.splitlines()[2::3]:
            with np.load(file) as numbers:
                found.append(json.loads(str(numbers["about"]))["maps"][0]["full_colour"])
        return found

    apart = scales()
    assert len(set(apart)) == 2
    assert scales("--common-scale") == [max(apart)] * 2
    assert scales() == apart


def test_explain_stops_within_a_slow_map(tiny_checkpoint: Path, images: Path, tmp_path: Path):
    steps = []

    def report(phase: str, step: int, total: int, figures: object = None) -> None:
        steps.append((phase, step, total))
        if step > 20:
            raise Cancelled

    asked = {"images": [str(images)], "output": str(tmp_path), "method": "occlusion"}
    with pytest.raises(Cancelled):
        explain.run(report, checkpoint=str(tiny_checkpoint), **asked)
    assert steps[-1][1] < steps[-1][2] / 2, "within the first of two images"


def test_project_keeps_its_map_with_the_run(command: Command, run: Run) -> None:
    code, out, _ = command("project", "generated", "--method", "pca", "--json")
    assert code == 0
    coordinates = json.loads(out)["coordinates"]
    assert list(coordinates) == list(run.samples["sample_id"])
    assert np.array(list(coordinates.values())).shape == (60, 2)
    assert any(paths.RunFiles(run.root).projections.iterdir())


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
        (["train", "{images}", "--output", "o", "--recipe", "fast"], "paper, scratch, quick"),
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

    monkeypatch.setattr(__main__, "_foreground", interrupted)
    assert command("demo") == (130, "", "")


def test_a_stopped_training_says_how_it_goes_on(
    command: Command, monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "_foreground", interrupted)
    code, _, err = command("train", images, "--output", tmp_path / "mine")
    assert (code, err) == (130, "Stopped; the same command goes on after the last whole epoch.\n")


def test_the_demo_fills_the_home_it_is_given(
    command: Command, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoints = tmp_path / "project"
    for name in ("another", "embedded"):  # who trains into the project's folder changes no demo
        shutil.copytree(tiny_checkpoint, checkpoints / name)
    monkeypatch.setattr("dermxai.models.info.EMBEDDED_CHECKPOINTS", checkpoints)
    monkeypatch.setattr(paths, "EMBEDDED_CHECKPOINTS", checkpoints)
    monkeypatch.setattr(paths, "EMBEDDED_CHECKPOINT", checkpoints / "embedded")
    monkeypatch.setattr(atlas, "write_atlas", partial(atlas.write_atlas, workers=1))
    line = ("demo", "--home", tmp_path / "other", "--images")
    code, out, err = command(*line, "3")
    assert (code, err) == (0, "")
    assert Path(out.strip()).is_relative_to(tmp_path / "other")
    ran = open_run(out.strip()).manifest["checkpoint"]["path"]
    assert ran == str(checkpoints / "embedded")
    assert command(*line, "3") == (0, out, "")
    code, again, err = command(*line, "2")
    assert (code, again) == (0, out)
    assert "atlas of 3 images" in err and "--images 2 had no effect" in err


def test_bars_are_for_terminals(
    command: Command, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, images: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    code, out, err = command("infer", tiny_checkpoint, images)
    assert code == 0
    assert "images" in err
    assert "2/2" in err
    assert Path(out.strip()).is_dir()


def test_jobs_are_listed_shown_and_logged(command: Command, run: Run) -> None:
    from dermxai.jobs import submit

    assert command("jobs", "list") == (0, "", "")
    job = submit("project", {"run": "/nowhere"})
    while job.state.live:
        time.sleep(0.05)
    _, out, _ = command("jobs", "list")
    assert job.id in out
    assert "failed" in out
    _, out, _ = command("jobs", "show", job.id, "--json")
    said = json.loads(out)
    assert said["state"] == State.FAILED
    assert "run.json" in said["reason"]
    assert f"Failed. {said['reason']}" in command("jobs", "logs", job.id)[1]
    assert command("jobs", "cancel", job.id) == (0, "failed\n", "")
    assert [found.id for found in list_jobs()] == [job.id]


def test_settings_of_a_study_are_typed_by_whom_they_belong_to(command: Command, run: Run):
    given = ["integrated_gradients.baseline=black", "road.steps=2", "max_sensitivity.radius=1"]
    assert __main__._nested(given) == {
        "integrated_gradients": {"baseline": "black"},
        "road": {"steps": 2},
        "max_sensitivity": {"radius": 1.0},
    }
    for wrong, words in (
        ("deletion_blur.steps=2.5", "expected a whole number"),
        ("deletion_blur.parts=2", "there are steps"),
        ("deletion.steps=2", "deletion_blur"),
        ("steps=2", "deletion_blur.steps=4"),
    ):
        code, _, err = command("quality", run.root, "--set", wrong)
        assert code == 2 and one_line(err) and words in err


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

    monkeypatch.setattr(__main__, "_foreground", work)
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
