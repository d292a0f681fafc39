import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai import slices
from dermxai.core.errors import Cancelled
from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.explain.attribution.dropped import DROPPED
from dermxai.explain.attribution.methods.grad_cam import GRAD_CAM
from dermxai.jobs.kinds import explain
from dermxai.models import save_checkpoint
from dermxai.slices import Slice
from tests.cli.conftest import Command, one_line
from tests.explain.networks import random_classifier


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
        later.setitem(vars(GRAD_CAM), "version", GRAD_CAM.version + 1)
        command(
            "explain", tiny_checkpoint, source, "--target", "BCC", "--output", tmp_path / "maps"
        )
    assert written[2].stat().st_mtime_ns > before, "by another version of the method"


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
        explain.EXPLAIN.run(report, checkpoint=str(tiny_checkpoint), **asked)
    assert steps[-1][1] < steps[-1][2] / 2, "within the first of two images"


def test_explain_by_a_dropped_method_says_so(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    wanted = ("--method", "lrp", "--output", tmp_path / "maps")
    code, _, err = command("explain", tiny_checkpoint, images, *wanted)
    assert code == 2
    assert one_line(err) and DROPPED["lrp"] in err


def test_explain_without_a_method_takes_one_that_the_network_has(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    model = random_classifier("test_vit")
    transformer = save_checkpoint(tmp_path / "vit", model.network, model.info, "# vit")
    image, output = images.with_name("a.png"), ("--output", tmp_path / "maps", "--json")
    code, out, err = command("explain", tiny_checkpoint, image, *output)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["method"], told["method_chosen"]) == ("grad_cam", "")

    code, out, err = command("explain", transformer, image, *output)
    told = json.loads(out)
    assert code == 0 and told["method"] == "attention_relevance"
    assert told["method_chosen"] == err.strip()
    assert "(attention_relevance), since Grad-CAM is not available: " in err and "token" in err
    with np.load(told["written"][2]) as numbers:
        assert json.loads(str(numbers["about"]))["maps"][0]["method"] == "attention_relevance"

    code, _, err = command("explain", transformer, image, *output, "--method", "grad_cam")
    assert code == 2 and one_line(err) and "Take attention_relevance, for one." in err
    code, _, err = command("explain", tiny_checkpoint, image, *output, "--set", "steps=4")
    assert code == 2 and one_line(err) and "name one by --method" in err


def test_explain_of_a_slice(
    command: Command, tiny_checkpoint: Path, images: Path, tmp_path: Path
) -> None:
    slices.keep(images, Slice.of("of b", ["b"]))
    line = ("explain", tiny_checkpoint, images, "--output", tmp_path / "maps", "--slice")
    code, out, _ = command(*line, "of b")
    assert code == 0
    assert [Path(line).name.split(".")[0] for line in out.splitlines()] == ["b"] * 3
    for more, told in (
        (("of c",), "no slice 'of c'; there are: of b"),
        (("of b", "--selection", "0" * 16), "Both --selection and --slice"),
        (("of b", images), "A slice is of one dataset; 2 datasets"),
    ):
        code, _, err = command(*line, *more)
        assert code == 2 and one_line(err) and told in err
