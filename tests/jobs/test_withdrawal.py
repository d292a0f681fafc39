import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select

from dermxai.access import audit, codes
from dermxai.access.files import audit_log
from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.data import selection
from dermxai.data.array_images import array_images
from dermxai.data.places import selection_file
from dermxai.data.selection import Selection
from dermxai.explain.attribution.files import map_file
from dermxai.jobs import withdrawal
from dermxai.jobs.files import JobFiles, withdrawn_folder
from dermxai.jobs.job import Job, State, open_job
from dermxai.jobs.records import write
from dermxai.readers import sitting, studies
from dermxai.readers.definition import StudySettings
from dermxai.readers.files import backup_file
from dermxai.readers.sitting import Given, NotEnteredError, Shown
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import SETTING, database
from dermxai.readers.store.tables import CaseImage, Turn
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.training.files import TrainingFiles
from tests.generated import generated_run

Make = Callable[..., Run]


@pytest.fixture
def make() -> Make:
    """Makes a run of a dataset, said to lie at a path and to have a content."""

    def make_(name: str, dataset: Path, fingerprint: str, **options: Any) -> Run:
        run = generated_run(paths.runs() / name, 12, **options)
        manifest = RunFiles(run.root).manifest
        content = json.loads(manifest.read_text())
        content["dataset"] |= {"path": str(dataset), "fingerprint": fingerprint}
        manifest.write_text(json.dumps(content))
        return run

    return make_


@pytest.fixture
def skin(workspace: Path) -> Path:
    """A dataset of the workspace with one image, and another beside it."""
    for name in ("skin", "other"):
        folder = paths.datasets() / name
        folder.mkdir(parents=True)
        (folder / "1.png").write_bytes(b"x")
    return paths.datasets() / "skin"


def _job(name: str, state: State = State.SUCCEEDED, kind: str = "infer", **arguments: Any) -> Job:
    files = JobFiles(paths.jobs() / name)
    spec = {"kind": kind, "title": name, "lane": "device", "submitted": 1.7e9}
    write(files.spec, {**spec, "arguments": arguments})
    write(files.submit(1), {"supervisor": {}})
    write(files.result(1), {"state": state})
    return open_job(files.root)


def test_what_was_made_of_a_dataset_goes_and_nothing_else(skin: Path, make: Make) -> None:
    mine = make("mine", skin, "f1")
    copied = make("copied", Path("/elsewhere/skin"), "f1")
    others = make("others", paths.datasets() / "other", "f2")
    unfinished, foreign = RunFiles(paths.runs() / "u"), RunFiles(paths.runs() / "v")
    for files, seen in ((unfinished, "f1"), (foreign, "f2")):
        files.root.mkdir()
        files.plan.write_text(json.dumps({"run": "x", "dataset": seen}))
    kept = selection.keep(Selection.of("a", list(mine.samples["sample_id"])[:3]))
    elsewhere = selection.keep(Selection.of("b", ["of another dataset"]))
    map_file("a").parent.mkdir()
    map_file("a").write_bytes(b"map")
    jobs = [
        _job("a", dataset=str(skin), checkpoint="net"),
        _job("b", run=str(mine.root), kind="project"),
        _job("c", images=[str(skin)], kind="explain", checkpoint="net", output="/elsewhere/maps"),
    ]
    other = paths.datasets() / "other"
    untouched = _job("d", dataset=str(other), checkpoint="net", run=str(others.root))

    found = withdrawal.find(skin)
    assert found.counts == {
        **{"run": 3, "selection of its images": 1, "job": 3},
        "attribution map (of any dataset)": 1,
    }
    assert mine.root.is_dir(), "nothing is touched by a look"
    assert any("/elsewhere/maps" in sentence for sentence in found.stays)
    assert any(f"images at {skin} stay" in sentence for sentence in found.stays)

    withdrawal.remove(found)
    gone = [mine.root, copied.root, unfinished.root, selection_file(kept), map_file("a")]
    assert not any(path.exists() for path in (*gone, *(job.root for job in jobs)))
    stay = [others.root, foreign.root, selection_file(elsewhere), untouched.root, skin / "1.png"]
    assert all(path.exists() for path in stay)
    assert not list(withdrawn_folder().iterdir())
    noted = audit.entries()[0]
    assert (noted["action"], noted["dataset"]) == ("withdrew dataset", "skin")
    assert noted["fingerprints"] == ["f1"] and noted["removed"] == found.counts
    assert noted["account"].startswith("account ")


def test_arrays_unpacked_of_its_archive_go(workspace: Path, make: Make) -> None:
    folder = paths.datasets() / "arrays"
    folder.mkdir(parents=True)
    for name in ("mine.npz", "other.npz"):
        np.savez_compressed(folder / name, train_images=np.zeros((2, 4, 4), np.uint8))
        array_images(folder / name, "train")
    found = withdrawal.find(folder / "mine.npz")
    assert found.counts == {"array unpacked from it": 1}
    withdrawal.remove(found)
    left = list((paths.home() / "arrays").iterdir())
    assert left == [part.path for part in withdrawal.find(folder / "other.npz").parts]


def test_copies_of_images_that_a_training_keeps_go_and_its_checkpoint_is_named(
    skin: Path, make: Make
) -> None:
    make("mine", skin, "f1")
    for name, data in (("learnt", "f1"), ("foreign", "f2")):
        files = TrainingFiles(paths.checkpoints() / name)
        files.images.mkdir(parents=True)
        files.data.write_bytes(b"table")
        files.about.write_text(json.dumps({"data": data}))
    found = withdrawal.find(skin)
    withdrawal.remove(found)
    learnt, foreign = (TrainingFiles(paths.checkpoints() / n) for n in ("learnt", "foreign"))
    assert learnt.about.exists() and not learnt.images.exists() and not learnt.data.exists()
    assert foreign.images.exists() and foreign.data.exists()
    assert any("learnt" in sentence and "stays" in sentence for sentence in found.stays)


def test_a_dataset_that_is_gone_is_withdrawn_by_its_path(skin: Path, make: Make) -> None:
    run = make("mine", skin, "f1")
    shutil.rmtree(skin)
    withdrawal.remove(withdrawal.find(skin))
    assert not run.root.exists()
    with pytest.raises(InputError, match="nothing here was made of one"):
        withdrawal.find(skin)


def test_a_damaged_run_goes_too_and_one_of_nobody_knows_what_stays(skin: Path, make: Make) -> None:
    mine, odd = make("mine", skin, "f1"), make("odd", skin, "f1")
    RunFiles(mine.root).samples.write_bytes(b"damaged")
    for content in ("[]", "{", '{"dataset": 3}', '{"dataset": {"fingerprint": ["f1"]}}'):
        RunFiles(odd.root).manifest.write_text(content)
        assert [part.path for part in withdrawal.find(skin).parts] == [mine.root]


def test_while_a_job_works_on_it_nothing_goes(
    skin: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("mine", skin, "f1")
    _job("a", dataset=str(skin), checkpoint="net")
    monkeypatch.setattr(Job, "state", State.RUNNING)
    with pytest.raises(InputError, match="at work on skin"):
        withdrawal.remove(withdrawal.find(skin))
    assert run.root.is_dir() and not audit.entries()


def test_while_a_run_is_written_it_stays(skin: Path, make: Make) -> None:
    run = make("mine", skin, "f1")
    with (
        disk.locked(RunFiles(run.root).lock),
        pytest.raises(InputError, match="being written"),
    ):
        withdrawal.remove(withdrawal.find(skin))
    assert run.root.is_dir()


def test_what_cannot_be_noted_is_not_done(skin: Path, make: Make) -> None:
    run = make("mine", skin, "f1")
    audit_log().mkdir(parents=True)
    with pytest.raises(OSError):
        withdrawal.remove(withdrawal.find(skin))
    assert run.root.is_dir()


def test_images_go_only_where_they_are_the_workspaces(
    skin: Path, make: Make, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    make("mine", outside, "f1")
    for place in (outside, paths.datasets()):
        with pytest.raises(InputError, match="not DermXAI's to remove"):
            withdrawal.find(place, images=True)
    link = paths.datasets() / "link"
    link.symlink_to(outside)
    withdrawal.remove(withdrawal.find(link, images=True))
    assert not link.exists() and outside.is_dir(), "a link goes, not what it leads to"
    withdrawal.remove(withdrawal.find("skin", images=True))
    assert not skin.exists()


def test_files_of_predictions_that_were_sent_go_with_the_dataset(make: Make, skin: Path) -> None:
    """Those of a run, and of a job that failed; not those of another dataset, nor a user's own."""
    files = {}
    for name in ("run", "job", "other"):
        files[name] = paths.predictions() / name / "p.csv"
        files[name].parent.mkdir(parents=True)
        files[name].write_text("image,mel")
    own = paths.home() / "p.csv"
    own.write_text("image,mel")
    manifest = RunFiles(make("mine", skin, "content").root).manifest
    content = json.loads(manifest.read_text())
    content["predictions"] = content.pop("checkpoint") | {"path": str(files["run"])}
    manifest.write_text(json.dumps(content))
    for name, place in {"1": files["job"], "2": own}.items():
        _job(name, State.FAILED, "import", predictions=str(place), dataset=str(skin))
    _job("3", State.FAILED, "import", predictions=str(files["other"]), dataset="elsewhere")
    withdrawal.remove(withdrawal.find(skin))
    assert not files["run"].exists() and not files["job"].exists()
    assert files["other"].exists() and own.exists()


def test_reader_studies_of_its_images_go_with_their_answers(
    skin: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the dataset, the run, or an image that was shown; others stay, whoever shares a name."""
    databases.forget()
    monkeypatch.setattr(codes, "_COST", 2**4)
    other = paths.datasets() / "other"
    for folder in (skin, other):
        (folder / "1.png").unlink()
        for label in ("EAD", "SD"):
            for index in range(2):
                file = folder / label / f"{index}.png"
                file.parent.mkdir(exist_ok=True)
                pixels = np.random.default_rng(index).integers(0, 255, (24, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(file)
    make("mine", skin, "f1")
    for name, dataset in (("Mine", skin), ("Other", other)):
        studies.make(database(), StudySettings(name=name, dataset=str(dataset), per_class=1))
    (code,) = studies.make_codes(database(), "Mine", 1)
    shown = sitting.enter(database(), code.text)
    assert shown
    case = sitting.go_on(database(), shown)
    assert isinstance(case, Shown)
    sitting.give(database(), shown, Given(case.token, "a", case.classes[0], 3, done=True))
    copy = backup_file("0001", "20260101T000000")
    copy.write_bytes(b"x")

    found = withdrawal.find(skin)
    assert found.studies == ("Mine",)
    assert found.counts[withdrawal.STUDY] == 1
    assert copy in [part.path for part in found.parts]
    withdrawal.remove(found)
    assert [each.name for each in studies.all_of(database())] == ["Other"]
    assert not copy.exists()
    with pytest.raises(NotEnteredError):
        sitting.go_on(database(), shown)
    with database().reading() as session:
        assert session.scalar(select(func.count()).select_from(Turn)) == 0
        assert session.scalar(select(func.count()).select_from(CaseImage)) == 2
    kept = withdrawal.find(other)
    assert kept.studies == ("Other",)


def test_a_database_that_is_gone_stops_a_withdrawal(
    skin: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else studies of the dataset would stay, and nobody would know."""
    databases.forget()
    run = make("mine", skin, "f1")
    monkeypatch.setenv(SETTING, "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(InputError, match="cannot be reached"):
        withdrawal.find(skin)
    assert run.root.exists()
