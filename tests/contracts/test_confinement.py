"""Nothing outside its folders is read by a server, by whatever way; the command line reads all."""

import ast
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.core import arrays, entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import read_csv
from dermxai.data import files, images, labels, load_dataset
from dermxai.data import selection as selections
from dermxai.data.inventory import file_fingerprint
from dermxai.data.places import selection_file
from dermxai.data.selection import Selection
from dermxai.data.table_files import read_tables
from dermxai.explain.attribution import store
from dermxai.explain.attribution.files import map_file
from dermxai.explain.attribution.method import Attribution
from dermxai.jobs.records import read as read_record
from dermxai.models import load_classifier, read_info
from dermxai.models.feature_similarity import Space, TrainingFeatures
from dermxai.models.state_dict import read_tensors
from dermxai.models.training_images import open_training_images, write_training_images
from dermxai.projection import open_projection, project
from dermxai.projection.files import ProjectionFiles
from dermxai.runs import list_runs, open_run
from tests.generated import generated_run, rewrite

Read = Callable[[Path], object]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.fixture
def inside(workspace: Path) -> Path:
    paths.datasets().mkdir(parents=True)
    return paths.datasets()


@pytest.fixture
def confine(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setenv(paths.CONFINED, "1")


def _picture(at: Path) -> None:
    Image.effect_noise((40, 30), 50).save(at)


def _archive(at: Path) -> None:
    pixels = np.zeros((3, 28, 28), np.uint8)
    np.savez(at, train_images=pixels, train_labels=np.zeros((3, 1), np.uint8))


def _zip(at: Path) -> None:
    content = io.BytesIO()
    Image.effect_noise((40, 30), 50).save(content, "PNG")
    with zipfile.ZipFile(at, "w") as made:
        made.writestr("LP/1.png", content.getvalue())


def _table(at: Path) -> None:
    at.write_text("from,to\nx,LP\n")


def _parquet(at: Path) -> None:
    pd.DataFrame({"path": ["secret.png"], "label": ["secret"]}).to_parquet(at)


def _learnt(at: Path) -> None:
    space = Space(np.zeros(4, np.float32), np.zeros((4, 2), np.float32))
    TrainingFeatures("hash", np.array(["a"]), space, np.zeros((1, 2), np.float32)).write(at)


def _first(path: Path) -> bytes:
    with entries.opened(path) as file:
        return file.read(1)


def _columns(path: Path) -> list[str]:
    return [str(column) for rows, _ in read_tables(path) for column in rows]


def _json_lines(at: Path) -> None:
    at.write_text('{"file_name": "secret.png", "label": "secret"}\n')


def _workbook(at: Path) -> None:
    pd.DataFrame({"path": ["secret.png"], "label": ["secret"]}).to_excel(at, index=False)


FILES: list[tuple[str, Callable[[Path], object], Read]] = [
    ("a.png", _picture, images.read_image),
    ("a.png", _picture, partial(images.read_image, at_least=8)),
    ("a.png", _picture, images.read_mask),
    ("a.png", _picture, images.image_shape),
    ("a.png", _picture, lambda path: file_fingerprint(str(path))),
    ("a.npz", _archive, lambda path: images.read_image(f"{path}#train/1")),
    ("a.npz", _archive, lambda path: images.read_mask(f"{path}#train/1")),
    ("a.npz", _archive, lambda path: images.image_shape(f"{path}#train/1")),
    ("a.npz", _archive, lambda path: file_fingerprint(f"{path}#train/1")),
    ("a.npz", _archive, load_dataset),
    ("a.zip", _zip, load_dataset),
    ("a.zip", _zip, lambda path: images.read_image(f"{path}#/LP/1.png")),
    ("a.zip", _zip, lambda path: images.read_mask(f"{path}#/LP/1.png")),
    ("a.zip", _zip, lambda path: images.image_shape(f"{path}#/LP/1.png")),
    ("a.zip", _zip, lambda path: file_fingerprint(f"{path}#/LP/1.png")),
    ("a.csv", _table, labels.read_label_map),
    ("a.csv", _table, read_csv),
    ("a.csv", _table, files.last_change),
    ("a.parquet", _parquet, _columns),
    ("a.jsonl", _json_lines, _columns),
    ("a.xlsx", _workbook, _columns),
    ("a.csv", _table, _columns),
    ("a.json", lambda at: at.write_text('{"a": 1}'), read_record),
    ("learnt.npz", _learnt, lambda path: TrainingFeatures.read(path, "hash")),
    ("a.png", _picture, entries.kind),
    ("a.png", _picture, entries.read_bytes),
    ("a.png", _picture, _first),
    ("a.csv", _table, entries.read_text),
    ("a.json", lambda at: at.write_text('{"a": 1}'), entries.read_json),
    ("a.npz", _archive, arrays.load),
]


def _refused(read: Callable[[], object]) -> bool:
    """Whether it says that there is nothing, or in a sentence that it may not be read."""
    try:
        found = read()
    except (InputError, UnusableError) as error:
        assert "outside the folders that this server may open" in str(error)
        return True
    return found is None or (isinstance(found, dict | list) and not found)


@pytest.mark.parametrize("way", ["itself", "link", "folder", "dots"])
@pytest.mark.parametrize("file", FILES)
def test_a_file_outside_is_not_read(
    file: tuple[str, Callable[[Path], object], Read],
    way: str,
    outside: Path,
    inside: Path,
    confine: Callable[[], None],
) -> None:
    name, make, read = file
    make(outside / name)
    (inside / name).symlink_to(outside / name)
    (inside / "folder").symlink_to(outside)
    path = {
        "itself": outside / name,
        "link": inside / name,
        "folder": inside / "folder" / name,
        "dots": inside / ".." / ".." / "outside" / name,
    }[way]
    assert not _refused(lambda: read(path)), "the command line reads it"
    confine()
    assert _refused(lambda: read(path))
    (inside / name).unlink()
    shutil.copy(outside / name, inside / name)
    assert not _refused(lambda: read(inside / name)), "a server reads what lies inside"


def test_what_was_inside_and_leads_out_now_is_not_read(
    outside: Path, inside: Path, confine: Callable[[], None]
) -> None:
    """Also where the file's times are those of the one that was read before."""
    confine()
    for folder in (outside, inside):
        _picture(folder / "a.png")
        _archive(folder / "a.npz")
    images.read_image(inside / "a.png")
    images.read_image(f"{inside / 'a.npz'}#train/0")
    for name in ("a.png", "a.npz"):
        state = (inside / name).stat()
        (inside / name).unlink()
        os.utime(outside / name, ns=(state.st_atime_ns, state.st_mtime_ns))
        (inside / name).symlink_to(outside / name)
    for path in (str(inside / "a.png"), f"{inside / 'a.npz'}#train/0"):
        with pytest.raises(InputError, match="outside the folders"):
            images.read_image(path)


def test_a_folder_outside_is_not_looked_into(
    outside: Path, inside: Path, confine: Callable[[], None]
) -> None:
    _table(outside / "secret.csv")
    (inside / "link").symlink_to(outside)
    (inside / "table.csv").symlink_to(outside / "secret.csv")
    (inside / "gone").symlink_to(outside / "gone")
    for folder in (outside, inside / "link"):
        entries.check_folder(folder)
        assert entries.listed(folder)[0]
    confine()
    for folder in (outside, inside / "link"):
        with pytest.raises(UnusableError, match="outside the folders"):
            entries.check_folder(folder)
        here, odd = entries.listed(folder)
        assert not here and "secret" not in repr(odd)
    for path in ("link", "table.csv", "gone"):
        with pytest.raises(UnusableError, match=r"^lies outside the folders"):
            entries.check_file(inside / path)
    here, odd = entries.listed(inside)
    assert not here and {each.path.name for each in odd} == {"link", "table.csv", "gone"}


class TestDatasets:
    def test_a_folder_lists_nothing_behind_links(
        self, outside: Path, inside: Path, confine: Callable[[], None]
    ) -> None:
        _picture(outside / "secret-1.png")
        (outside / "deep").mkdir()
        _picture(outside / "deep" / "secret-2.png")
        folder = inside / "mine" / "LP"
        folder.mkdir(parents=True)
        _picture(folder / "a.png")
        (folder.parent / "SD").symlink_to(outside)
        assert len(load_dataset(folder.parent)) == 3
        confine()
        opened = load_dataset(folder.parent)
        assert opened.samples["sample_id"].tolist() == ["LP/a.png"]
        assert [problem.item for problem in opened.problems] == ["SD"]
        assert "secret" not in repr(opened.problems)

    @pytest.mark.parametrize("name", ["secret.csv", "secret_metadata.csv"])
    def test_tables_behind_links_are_not_looked_into(
        self, name: str, outside: Path, inside: Path, confine: Callable[[], None]
    ) -> None:
        (outside / name).write_text("image_id,dx\nSECRET-ID,nv\n")
        (inside / "mine").mkdir()
        _picture(inside / "mine" / "a.png")
        (inside / "mine" / "folder").symlink_to(outside)
        (inside / "mine" / name).symlink_to(outside / name)
        confine()
        opened = load_dataset(inside / "mine")
        assert opened.samples["sample_id"].tolist() == ["a.png"]
        assert "SECRET-ID" not in repr(opened.problems)

    def test_nobody_learns_whether_a_file_is_there(
        self, outside: Path, inside: Path, confine: Callable[[], None]
    ) -> None:
        _picture(outside / "Secret.PNG")
        (inside / "mine").mkdir()
        _picture(inside / "mine" / "a.png")
        (inside / "mine" / "link").symlink_to(outside)
        asked = [f"{place}/{name}" for place in (outside, "link") for name in ("secret.png", "no")]
        rows = "".join(f"{k},{path}\n" for k, path in enumerate(["a.png", *asked]))
        (inside / "mine" / "samples.csv").write_text(f"sample_id,path\n{rows}")
        confine()
        opened = load_dataset(inside / "mine")
        assert opened.samples["sample_id"].tolist() == ["0"]
        reasons = {problem.reason.partition(" lies ")[2] for problem in opened.problems}
        assert reasons == {"outside the folders that this server may open"}
        assert "Secret.PNG" not in repr(opened.problems)

    def test_folders_beside_a_root_are_not_searched(
        self, outside: Path, monkeypatch: pytest.MonkeyPatch, confine: Callable[[], None]
    ) -> None:
        """The format that looks for images in the folder beside the tables'."""
        (outside / "x_GroundTruth").mkdir()
        (outside / "x_Input").mkdir()
        _picture(outside / "x_Input" / "secret.png")
        truth = outside / "x_GroundTruth" / "truth.csv"
        truth.write_text("image,MEL,NV,BCC,AK,BKL,DF,VASC\nsecret,1,0,0,0,0,0,0\n")
        assert len(load_dataset(truth)) == 1
        monkeypatch.setenv("DERMXAI_ROOTS", str(truth.parent))
        confine()
        with pytest.raises(InputError):
            load_dataset(truth)

    def test_a_root_that_is_a_file_shows_nothing_beside_it(
        self, outside: Path, monkeypatch: pytest.MonkeyPatch, confine: Callable[[], None]
    ) -> None:
        _picture(outside / "secret.png")
        (outside / "samples.csv").write_text("path\nother.png\n")
        monkeypatch.setenv("DERMXAI_ROOTS", str(outside / "samples.csv"))
        confine()
        with pytest.raises(InputError) as refused:
            load_dataset(outside / "samples.csv")
        assert "secret" not in str(refused.value)


class TestCheckpoints:
    @pytest.mark.parametrize(
        "name", ["weights.safetensors", "model.json", "weights.safetensors.index.json", "."]
    )
    def test_no_part_is_read_through_a_link(
        self,
        name: str,
        tiny_checkpoint: Path,
        outside: Path,
        inside: Path,
        confine: Callable[[], None],
    ) -> None:
        mine = paths.checkpoints() / "mine"
        if name == ".":
            mine.parent.mkdir(parents=True)
            mine.symlink_to(tiny_checkpoint)
        else:
            shutil.copytree(tiny_checkpoint, mine)
            (mine / name).unlink(missing_ok=True)
            target = tiny_checkpoint / name
            (mine / name).symlink_to(target if target.exists() else outside / "absent")
        load_classifier(mine)
        confine()
        with pytest.raises(InputError, match="outside the folders"):
            load_classifier(mine)
        if name in {".", "model.json"}:
            with pytest.raises(InputError, match="outside the folders"):
                read_info(mine)

    def test_nor_a_file_of_another_program_or_what_lies_beside_it(
        self, tiny_checkpoint: Path, outside: Path, inside: Path, confine: Callable[[], None]
    ) -> None:
        file = shutil.copy(tiny_checkpoint / "weights.safetensors", outside / "a.safetensors")
        (outside / "a.json").write_text('{"architecture": "secret"}')
        mine = Path(shutil.copy(file, inside / "a.safetensors"))
        mine.with_suffix(".json").symlink_to(outside / "a.json")
        confine()
        for read in (read_tensors, load_classifier):
            with pytest.raises(InputError, match="outside the folders"):
                read(Path(file))
        with pytest.raises(InputError, match="outside the folders") as refused:
            load_classifier(mine)
        assert "secret" not in str(refused.value)

    def test_nor_what_it_has_learnt_from(
        self, outside: Path, inside: Path, confine: Callable[[], None]
    ) -> None:
        write_training_images(outside, ["a"], ["train"])
        (inside / "mine").symlink_to(outside)
        assert open_training_images(inside / "mine") is not None
        confine()
        assert open_training_images(inside / "mine") is None


class TestRuns:
    @pytest.fixture
    def run(self, workspace: Path) -> Any:
        return generated_run(paths.runs() / "run", 12)

    def test_one_whose_table_points_elsewhere_is_not_opened(
        self, run: Any, outside: Path, confine: Callable[[], None]
    ) -> None:
        _picture(outside / "a.png")
        places = list(run.samples["path"])
        rewrite(run, path=[*places[:-1], str(outside / "a.png")])
        confine()
        with pytest.raises(InputError, match="outside the folders"):
            open_run(run.root)
        rewrite_unconfined = pd.read_parquet(run.root / "samples.parquet")
        rewrite_unconfined["path"] = [*places[:-1], str(run.root / "images" / "link.png")]
        rewrite_unconfined.to_parquet(run.root / "samples.parquet", index=False)
        (run.root / "images" / "link.png").symlink_to(outside / "a.png")
        opened = open_run(run.root)
        with pytest.raises(InputError, match="outside the folders"):
            images.read_image(opened.samples["path"].iloc[-1])

    def test_a_folder_taken_out_of_the_roots_takes_its_runs_along(
        self, run: Any, outside: Path, monkeypatch: pytest.MonkeyPatch, confine: Callable[[], None]
    ) -> None:
        manifest = json.loads((run.root / "run.json").read_text())
        manifest["dataset"]["path"] = str(outside / "dataset")
        (run.root / "run.json").write_text(json.dumps(manifest))
        monkeypatch.setenv("DERMXAI_ROOTS", str(outside))
        confine()
        assert open_run(run.root).id == run.id
        monkeypatch.delenv("DERMXAI_ROOTS")
        with pytest.raises(InputError, match="outside the folders"):
            open_run(run.root)

    @pytest.mark.parametrize("name", ["run.json", "samples.parquet", "logits.npy", "pooled.npy"])
    def test_no_file_of_one_is_read_through_a_link(
        self, name: str, run: Any, outside: Path, confine: Callable[[], None]
    ) -> None:
        shutil.move(run.root / name, outside / name)
        (run.root / name).symlink_to(outside / name)
        assert open_run(run.root).id == run.id
        confine()
        with pytest.raises(InputError, match="outside the folders"):
            open_run(run.root)
        assert run.root not in list_runs()

    def test_what_is_kept_with_one_is_not_read_through_a_link(
        self, run: Any, outside: Path, confine: Callable[[], None]
    ) -> None:
        project(run, "pca")
        folder = ProjectionFiles.of(run.root).root
        shutil.move(folder, outside / "projections")
        folder.symlink_to(outside / "projections")
        assert open_projection(run, "pca") is not None
        confine()
        assert open_projection(run, "pca") is None


def test_kept_maps_and_selections_are_not_read_through_a_link(
    outside: Path, inside: Path, confine: Callable[[], None]
) -> None:
    map_ = np.zeros((2, 2), np.float32)
    about = {"head": None, "unit": "", "signed": True, "complete": True, "settings": {}}
    made = Attribution(
        map_, map_, method="x", target="LP", against=None, notes=(), per_area="", **about
    )
    store.write("kept", made)
    key = selections.keep(Selection.of("mine", ["a"]))
    for path in (map_file("kept"), selection_file(key)):
        shutil.move(path, outside / path.name)
        path.symlink_to(outside / path.name)
    assert store.read("kept") is not None
    assert selections.read(key).sample_ids == ("a",)
    confine()
    assert store.read("kept") is None
    with pytest.raises(InputError):
        selections.read(key)


READING = {
    *("read_text", "read_bytes", "iterdir", "glob", "rglob", "scandir", "walk", "listdir", "open"),
    *("load", "load_file", "safe_open", "read_parquet", "read_table", "read_schema", "read_csv"),
    *("ZipFile", "imread", "memmap", "fromfile", "read_image_file", "loadtxt", "genfromtxt"),
}
ASKS = {
    *("readable", "is_readable", "check_readable", "listed", "opened", "archive"),
    *("check_file", "check_folder", "read_manifest"),
}
ASKING = {"entries", "arrays"}
"""Modules, all functions of which ask by themselves; tested above."""
FREE = {
    "core/entries.py": "asks by itself",
    "data/format_contract.py": "its own examples",
    "access/": "the operator's settings and the server's own records",
    "ui/access/page.py": "the program's own files",
    "ui/wire.py": "the program's own files",
    "cli/": "the command line",
    "core/components.py": "the program's own files",
    "pages/": "the program's own files",
    "ui/app/link.py": "the program's own files",
    "ui/app/preload.py": "the program's own files",
    "ui/access/headers.py": "the program's own files",
    "core/disk.py": "writes",
    "jobs/queue.py": "locks, and names of tickets",
    "jobs/supervisor.py": "writes",
    "jobs/hardware.py": "writes",
    "core/settings_file.py": "the operator's settings",
    "data/atlas": "draws the demo",
}
"""Modules that read nothing which visitors could choose."""
LOCAL = {
    ("core/arrays.py", "described"): "of an archive that is open",
    ("core/arrays.py", "_read"): "of an archive that is open",
    ("doctor.py", "_locks"): "the command line",
    ("lessons/ready/__init__.py", "ready"): "files of the package",
    ("jobs/records.py", "_first_line"): "this computer's name for itself",
    ("readers/clock.py", "_boot"): "this computer's name for its start",
    ("readers/importing.py", "read"): "text that entries has read",
    ("readers/files.py", "backups"): "names in its own folder",
    ("readers/pictures.py", "kept_values"): "what the database holds",
    ("jobs/withdrawal.py", "remove"): "removes",
    ("jobs/withdrawal.py", "size"): "removes",
    ("jobs/withdrawal.py", "_maps"): "removes",
    ("jobs/withdrawal.py", "_selections"): "names in its own folder; entries reads them",
    ("models/checkpoint.py", "_umask"): "this process's own",
    ("report/document/word.py", "_dated_alike"): "of an archive in memory",
    ("training/record/specification.py", "_forget"): "removes",
    ("data/inventory.py", "_stamp"): "its callers ask",
    ("data/published/download.py", "opened"): "an answer of a network",
    ("data/formats/archive.py", "_mirrored"): "a folder of its own",
    ("data/formats/archive.py", "_innermost"): "a folder of its own",
    ("data/array_images.py", "_unpacked"): "array_images asks",
    ("models/checkpoint.py", "save_checkpoint"): "writes",
    ("models/file_kinds.py", "other_kind"): "read_contents asks",
    ("models/foreign/signatures.py", "_table"): "the program's own file",
    ("models/state_dict.py", "own_contents"): "read_contents asks, or the program's own file",
    ("models/state_dict.py", "_is_safetensors"): "read_contents asks",
    ("models/state_dict.py", "_is_packed"): "read_contents asks",
    ("models/state_dict.py", "_of_weights"): "read_contents asks",
    ("models/state_dict.py", "_with_metadata"): "read_contents asks",
    ("training/record/specification.py", "resumed"): "names in its own folder",
    ("training/files.py", "learnt"): "names in its own folder",
    ("explain/attribution/store.py", "_make_room"): "removes",
    ("data/images.py", "_upright"): "decodes what is open",
    ("data/dicom.py", "_lossless"): "decodes what is open",
    ("jobs/job.py", "list_jobs"): "open_job asks",
    ("training/loop/process.py", "train"): "Prepared.open asks",
    ("training/record/training_images.py", "keep_features"): "Prepared.open asks",
    ("training/data/prepared.py", "_write"): "writes",
    ("training/studies/sweep.py", "_outcome"): "Prepared.open asks",
    ("jobs/notices.py", "_post"): "asks a server",
    ("ui/session/caches/job_files.py", "_series"): "series asks, each time",
    ("ui/session/caches/job_files.py", "_reported"): "reported asks, each time",
    ("ui/pages/training/fine_tune.py", "_ask_output"): "names that are taken",
}


def _reads(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if getattr(getattr(node.func, "value", None), "id", "") in ASKING:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            writes = name == "open" and any(
                isinstance(mode, str) and mode[:1] in "wax" for mode in modes if mode
            )
            if name in READING and not writes:
                return True
    return False


def test_every_function_that_reads_asks_first() -> None:
    """A new one is found here; it asks `paths.readable`, or stands in a list above with why not."""
    package = paths.PROJECT / "dermxai"
    silent, seen = [], 0
    for file in sorted(package.rglob("*.py")):
        module = file.relative_to(package).as_posix()
        if any(module.startswith(free) for free in FREE):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and _reads(node):
                seen += 1
                called = {getattr(each, "attr", getattr(each, "id", "")) for each in ast.walk(node)}
                if not called & ASKS and (module, node.name) not in LOCAL:
                    silent.append(f"{module}: {node.name}")
    assert seen > 30
    assert not silent, "\n".join(silent)
