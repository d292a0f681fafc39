import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from tests.installed import installing


def table(folder: Path, text: str) -> Path:
    (folder / "t.csv").write_text(text)
    return folder / "t.csv"


def test_nothing_is_lost(draw, tmp_path: Path) -> None:
    draw("good.jpg", "twice.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    names = ["good", "twice", "missing", "empty", "folder", "pipe"]
    rows = [f"{name},{name}.jpg,LP" for name in names] + ["twice,good.jpg,MN", ",good.jpg,LP"]
    dataset = load_dataset(table(tmp_path, "\n".join(["sample_id,path,label", *rows, "a,b,c,d"])))
    items = {problem.item for problem in dataset.problems}
    assert dataset.samples["sample_id"].tolist() == ["good", "twice", "empty"]
    assert items == {"missing", "folder", "pipe", "twice", "row 8", "t.csv, line 10"}
    assert len(dataset) + len(dataset.problems) == len(rows) + 1
    with pytest.raises(InputError, match="empty"):
        dataset.image("empty")


def test_rows_images_and_unknown_ids(draw, tmp_path: Path) -> None:
    draw("a.png")
    dataset = load_dataset(table(tmp_path, "path,label,device\na.png,LP,X\n"))
    assert dataset.row("a")["device"] == "X"
    assert dataset.image("a").shape == (6, 8, 3)
    assert dataset.samples.index.equals(pd.RangeIndex(1))
    with pytest.raises(InputError, match="'b'"):
        dataset.image("b")


def test_a_mask_is_as_large_as_its_image(draw, tmp_path: Path) -> None:
    draw("a.png")
    Image.new("L", (80, 60), 255).save(tmp_path / "a_mask.png")
    mask = load_dataset(draw("b.png")).mask("a.png")
    assert mask is not None
    assert mask.shape == (6, 8)


def test_an_empty_folder_and_a_foreign_file_name_the_formats(tmp_path: Path) -> None:
    (tmp_path / "x.docx").write_text("hello")
    for path in (tmp_path, tmp_path / "x.docx"):
        with pytest.raises(InputError) as error:
            load_dataset(path)
        for name in ("class folders", "table", "HAM10000", "ISIC", "MedMNIST"):
            assert name in str(error.value)
    with pytest.raises(InputError, match="no file or folder"):
        load_dataset(tmp_path / "none")


def test_a_table_without_one_usable_image_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing"):
        load_dataset(table(tmp_path, "path\nx/a.jpg\n"))
    with pytest.raises(InputError, match="missing"):
        load_dataset(table(tmp_path, "path,mask\nx/a.jpg,x/b.png\n"))
    with pytest.raises(InputError, match="no image"):
        load_dataset(table(tmp_path, "path\n"))


def test_labels_are_mapped_by_the_users_file(draw, tmp_path: Path) -> None:
    draw("data/acne/a.jpg", "data/nv/b.jpg", "data/LP/c.jpg")
    (tmp_path / "map.csv").write_text("from,to\nacne,AV\n")
    dataset = load_dataset(tmp_path / "data", label_map=tmp_path / "map.csv")
    assert dataset.samples["label"].tolist() == ["LP", "AV", "MN"]
    assert dataset.samples["source_label"].tolist() == ["LP", "acne", "nv"]
    again = load_dataset(dataset.source, **dataset.options)
    assert again.fingerprint == dataset.fingerprint


def test_labels_of_ours_need_no_second_column(draw) -> None:
    assert "source_label" not in load_dataset(draw("LP/a.jpg")).samples


class TestFingerprint:
    def test_copies_elsewhere_and_touched_files_are_the_same(self, draw, tmp_path: Path) -> None:
        draw("one/images/a.jpg", "one/images/b.jpg")
        table(tmp_path / "one", "path,label\nimages/a.jpg,LP\nimages/b.jpg,MN\n")
        shutil.copytree(tmp_path / "one", tmp_path / "other")
        os.utime(tmp_path / "other/images/a.jpg", (1, 1))
        one, other = (load_dataset(tmp_path / name).fingerprint for name in ("one", "other"))
        assert one == other == load_dataset(tmp_path / "one").fingerprint

    def test_another_label_image_or_order_is_another(self, draw, tmp_path: Path) -> None:
        draw("a.jpg", "b.jpg")
        found = set()
        for text in ("a.jpg,LP\nb.jpg,MN", "a.jpg,LP\nb.jpg,DF", "b.jpg,MN\na.jpg,LP"):
            found.add(load_dataset(table(tmp_path, f"path,label\n{text}\n")).fingerprint)
        draw("a.jpg")
        found.add(load_dataset(tmp_path / "t.csv").fingerprint)
        assert len(found) == 4

    @pytest.mark.parametrize("name", ["a.bmp", "a.tif", "a.ppm", "a.pgm", "a.png", "a.jpg"])
    def test_an_image_edited_in_its_middle_is_another(self, tmp_path: Path, name: str) -> None:
        pixels = np.full((200, 200), 120, np.uint8)
        found = set()
        for value in (120, 30):
            pixels[80:120, 80:120] = value
            image = Image.fromarray(pixels)
            image.convert("L" if name.endswith("pgm") else "RGB").save(tmp_path / name)
            found.add(load_dataset(tmp_path).fingerprint)
        assert len(found) == 2


class TestConfine:
    @pytest.fixture
    def outside(self, draw, tmp_path: Path) -> Path:
        draw("secret/x.png")
        return tmp_path / "secret"

    @pytest.fixture
    def inside(self, draw, tmp_path: Path, workspace: Path) -> Path:
        return draw("mine/a.png", folder=workspace / "datasets") / "mine"

    def test_what_lies_inside_is_opened(self, inside: Path) -> None:
        assert len(load_dataset(inside, confine=True)) == 1

    def test_a_path_outside_is_refused(self, outside: Path, inside: Path) -> None:
        (inside / "link").symlink_to(outside)
        for path in (outside, inside / "link", inside / "../../../secret"):
            with pytest.raises(InputError, match="outside"):
                load_dataset(path, confine=True)

    def test_rows_that_reach_outside_are_problems(self, outside: Path, inside: Path) -> None:
        (inside / "link.png").symlink_to(outside / "x.png")
        rows = ["a.png", f"{outside}/x.png", "../../../secret/x.png", "link.png"]
        path = table(inside, "sample_id,path\n" + "".join(f"{k},{r}\n" for k, r in enumerate(rows)))
        assert len(load_dataset(path)) == 4
        confined = load_dataset(path, confine=True)
        assert confined.samples["sample_id"].tolist() == ["0"]
        assert all("outside" in problem.reason for problem in confined.problems)

    def test_masks_and_label_maps_outside_are_not_read(self, outside: Path, inside: Path) -> None:
        path = table(inside, f"path,label,mask_path\na.png,x,{outside}/x.png\n")
        dataset = load_dataset(path, confine=True)
        assert dataset.mask("a") is None
        assert "outside" in dataset.problems[0].reason
        (outside / "map.csv").write_text("from,to\nx,LP\n")
        with pytest.raises(InputError, match="outside"):
            load_dataset(path, label_map=outside / "map.csv", confine=True)

    def test_a_root_may_be_named(self, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DERMXAI_ROOTS", str(outside))
        assert len(load_dataset(outside, confine=True)) == 1

    def test_a_root_may_be_the_whole_disk(
        self, outside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DERMXAI_ROOTS", outside.anchor)
        assert load_dataset(outside, confine=True).problems == ()

    def test_a_root_is_no_other_that_begins_with_its_name(
        self, outside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DERMXAI_ROOTS", str(outside)[:-1])
        with pytest.raises(InputError, match="outside"):
            load_dataset(outside, confine=True)


def test_a_row_of_a_table_takes_few_calls(draw) -> None:
    """13,603 rows open in half a second as long as each takes little; pandas needs most of it."""
    lines = [f"s{k},images/a.jpg,LP,p{k // 2},{k % 90}" for k in range(4_000)]
    with TemporaryDirectory() as short:  # each folder above a table costs calls a row
        folder = draw("images/a.jpg", folder=Path(short))
        path = table(folder, "\n".join(["sample_id,path,label,patient_id,age", *lines]))
        script = f"""
import cProfile
from dermxai.data import load_dataset
load_dataset({str(folder / "images")!r})  # what is imported for the first time is no row's
with cProfile.Profile() as profile:
    assert len(load_dataset({str(path)!r})) == 4_000
print(sum(entry.callcount for entry in profile.getstats()))
"""
        # apart from what other tests have left in this process
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
    assert 0 < int(done.stdout) < 160 * 4_000


def test_no_network_library_is_imported() -> None:
    code = "import sys, dermxai.data.audit, dermxai.data.splits; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_column_of_the_user_is_not_written_over(draw, tmp_path: Path) -> None:
    draw("a.png")
    row = load_dataset(table(tmp_path, "path,label,source_label\na.png,nv,mine\n")).row("a")
    assert row["label"] == "MN"
    assert row["source_label"] == "nv"
    assert row["source_label (table)"] == "mine"


FORMAT = """
from dataclasses import dataclass
from dermxai.data.formats import Format

@dataclass(frozen=True, kw_only=True)
class Mine(Format):
    def recognises(self, path):
        {recognises}

    def read(self, path, options):
        {read}

MINE = Mine(name="mine", expects="mine: mine.txt", priority=1)
"""


@pytest.mark.parametrize(
    ("recognises", "read", "said"),
    [
        (
            "return path.name == 'folder' and {}['x']",
            "return None",
            r"The dataset format mine fails on .* \(KeyError",
        ),
        (
            "return path.name == 'folder'",
            "return None",
            "The dataset format mine gives no table of ",
        ),
        (
            "return path.name == 'folder'",
            "return {}['label']",
            r"The dataset format mine fails on .* \(KeyError: 'label'\)",
        ),
    ],
)
def test_a_format_of_another_package_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognises: str, read: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").touch()
    with installing(monkeypatch, tmp_path / "site") as install:
        code = FORMAT.format(recognises=recognises, read=read)
        install("dermxai.data.formats", "mine = theirs_mine", theirs_mine=code)
        with pytest.raises(InputError, match=said):
            load_dataset(tmp_path / "folder")
