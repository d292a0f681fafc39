"""`dermxai doctor` names whatever is of no use; what only one page reads is None to that page."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dermxai import doctor
from dermxai.access.files import rules_file
from dermxai.cli import main
from dermxai.core import entries, paths
from dermxai.core.errors import InputError
from dermxai.data import selection
from dermxai.data.places import selection_file
from dermxai.explain.attribution import store
from dermxai.explain.attribution.files import map_file
from dermxai.explain.confusion.files import PairFiles
from dermxai.explain.confusion.pair_maps import name_of, open_maps
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.explain.faithfulness.results import list_results, open_results
from dermxai.jobs.files import notify_settings_file, slurm_settings_file
from dermxai.models.feature_similarity import TrainingFeatures
from dermxai.models.files import CheckpointFiles
from dermxai.models.training_images import open_training_images
from dermxai.projection import open_projection, project
from dermxai.projection.files import ProjectionFiles
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.runs.near_duplicates import find_near_duplicates
from tests.generated import generated_run
from tests.odd import KINDS, NAMES, NOT_UTF8, ordinary
from tests.pages.test_odd_entries import PLACES, plant

TEXTS = {
    "an ill-typed study": '{"asked": {"images": "x", "methods": [], "measures": []}}',
    "an object": "{}",
}


@pytest.fixture
def run() -> Run:
    return generated_run(paths.runs() / "run", 12, heads={"final": 8})


def test_a_workspace_that_is_well(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dermxai", "doctor"])
    assert main() == 0
    assert "Nothing is wrong" in capsys.readouterr().out


def test_all_that_lies_there_is_named_with_what_to_do(
    run: Run,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(workspace, run)
    monkeypatch.setattr(sys, "argv", ["dermxai", "doctor", "--json"])
    with ordinary():
        assert main() == 1
        left_out = {entries.shown(str(each.path), None) for each in doctor.left_out()}
    found = json.loads(capsys.readouterr().out)
    named = {each["path"] for each in found}
    assert left_out <= named
    assert all(each["reason"] and each["remedy"].endswith(".") for each in found)
    for folder in (*PLACES, "selections", "attributions", "arrays"):
        assert str(workspace / folder / "caf\\xe9") in named, folder
    for folder, files in PLACES.items():
        for file in files:
            for kind in ("pipe", "loop", "folder", "unreadable"):
                place = workspace / folder / f"{file}-{kind}".replace(" ", "-")
                inside = any(path.startswith(str(place)) for path in named)
                assert inside or file in ("study.json", "samples.csv", "a.png"), (
                    folder,
                    file,
                    kind,
                )
    own = RunFiles(run.root)
    for place in (
        ProjectionFiles.of(run.root).root,
        PairFiles.of(run.root).root,
        FaithfulnessFiles.of(run.root).root,
    ):
        told = [path for path in named if path.startswith(str(place))]
        assert len(told) > len(KINDS) / 2, place
    assert str(slurm_settings_file()) in named
    assert str(own.near_duplicates) in named
    assert len(named) > 300


@pytest.mark.parametrize("kind", [*KINDS, *TEXTS])
def test_what_only_one_page_reads(run: Run, workspace: Path, kind: str, tmp_path: Path) -> None:
    def make(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            path.unlink()
        if kind in TEXTS:
            path.write_text(TEXTS[kind])
        else:
            KINDS[kind](path)

    files = RunFiles(run.root)
    project(run, "pca")
    (projection,) = ProjectionFiles.of(run.root).root.glob("*.npz")
    classes = run.classes[:2]
    key = "0" * 16
    for path in (
        projection,
        PairFiles.of(run.root).maps(name_of(run, *classes, None, 200)),
        FaithfulnessFiles.of(run.root).asked("study"),
        files.near_duplicates,
        map_file("map"),
        selection_file(key),
        CheckpointFiles(tmp_path).training_features,
        CheckpointFiles(tmp_path).training_images,
    ):
        make(path)
    with ordinary():
        assert open_projection(run, "pca") is None
        assert open_maps(run, *classes) is None
        assert list_results(run) == []
        assert open_results(run, "study") is None
        assert find_near_duplicates(run).empty
        assert store.read("map") is None
        assert TrainingFeatures.read(CheckpointFiles(tmp_path).training_features, "x") is None
        assert open_training_images(tmp_path) is None
        with pytest.raises(InputError, match="selection in this link"):
            selection.read(key)


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (lambda path: np.savez(path, about='{"notes": 5}', native=np.zeros((2, 2))), store.read),
        (lambda path: np.savez(path, about="[" * 9999, native=np.zeros((2, 2))), store.read),
        (lambda path: np.savez(path, about="{}", native=np.zeros(2, "U5")), store.read),
    ],
)
def test_arrays_of_another_kind(
    write: Callable[[Path], None], read: Callable[[str], object]
) -> None:
    path = map_file("map")
    path.parent.mkdir(parents=True)
    write(path)
    assert read("map") is None


def test_a_link_to_a_selection_whose_title_has_every_character() -> None:
    made = selection.Selection.of("a\0\n\u2028<b>", ["x\0y"])
    assert selection.read(selection.keep(made)) == made


def test_the_workspace_itself(workspace: Path) -> None:
    assert doctor.examine() == []  # there is none yet
    workspace.write_text("a file")
    (told,) = [each for each in doctor.examine() if each.path == workspace]
    assert "is a file, not a folder" in told.reason


def test_names_are_shown_whatever_they_are() -> None:
    for name in NAMES:
        text = entries.shown(name)
        text.encode()
        assert text.isprintable()
        assert len(text) <= entries.LONGEST + 1
    assert entries.shown(NOT_UTF8) == "caf\\xe9"


def test_settings_of_a_workspace_that_nobody_can_read_are_named(workspace: Path) -> None:
    workspace.mkdir(exist_ok=True)
    files = (slurm_settings_file(), notify_settings_file(), rules_file())
    for file in files:
        file.write_text("colour = 1")
    found = {odd.path: odd.reason for odd in doctor.examine()}
    assert all("There is no setting 'colour'" in found[file] for file in files)
