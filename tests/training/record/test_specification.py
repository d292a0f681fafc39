"""In which folder a training, or a cross-validation, may begin."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from dermxai.core.errors import Cancelled, InputError
from dermxai.data import load_dataset
from dermxai.models import read_info
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.recipe import Recipe
from dermxai.training.record.specification import alone
from dermxai.training.studies.study import study

RECIPE = Recipe(
    architecture="test_efficientnet", size=32, epochs=1, batch_size=16, colour_constancy="none"
)
CROSS_VALIDATION = partial(study, folds=2)

Begin = Callable[..., Path]
either = pytest.mark.parametrize(
    "begin", [fit, CROSS_VALIDATION], ids=["training", "cross-validation"]
)


def content(folder: Path) -> dict[str, bytes]:
    """Of all files that are not hidden."""
    files = (path for path in folder.rglob("[!.]*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@either
@pytest.mark.parametrize("name", ["images/a.png", "notes.txt", "data.parquet"])
def test_a_folder_of_the_users_own_files_is_refused_and_they_stay(
    begin: Begin, name: str, two_colours: Path, tmp_path: Path
):
    own = tmp_path / "m" / name
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    said = re.escape(f"holds something else ({Path(name).parts[0]})")
    with pytest.raises(InputError, match=said):
        begin(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert content(tmp_path / "m") == {name: b"mine"}


def test_a_folder_of_hidden_files_alone_is_taken(two_colours: Path, tmp_path: Path):
    hidden = tmp_path / "m" / ".DS_Store"
    hidden.parent.mkdir()
    hidden.write_bytes(b"mine")
    fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert TrainingFiles(tmp_path / "m").learnt
    assert hidden.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"architecture": "no_network"}, "no_network"),
        ({"batch_size": 1}, "batch_size of at least 2"),
        ({"frozen_blocks": 99}, "99 cannot be frozen"),
        ({"start_from": "/nowhere"}, "/nowhere"),
    ],
    ids=str,
)
def test_after_a_start_that_was_refused_another_recipe_may_begin(
    settings: dict[str, object], complaint: str, two_colours: Path, tmp_path: Path
):
    data, out = load_dataset(two_colours), tmp_path / "m"
    with pytest.raises(InputError, match=complaint):
        fit(data, RECIPE.replaced(**settings), out)
    fit(data, RECIPE, out)
    assert read_info(out).recipe["batch_size"] == RECIPE.batch_size
    assert not TrainingFiles(out).images.exists()


@either
def test_until_an_epoch_has_ended_another_recipe_may_begin(
    begin: Begin, two_colours: Path, tmp_path: Path
):
    def cancel(phase: str, *_: object) -> None:
        if phase == "training":
            raise Cancelled

    data, out, other = load_dataset(two_colours), tmp_path / "m", RECIPE.replaced(seed=1)
    with pytest.raises(Cancelled):
        begin(data, RECIPE, out, cancel)
    begin(data, other, out)
    with pytest.raises(InputError, match="another recipe"):
        begin(data, RECIPE, out)
    assert begin(data, other, out) == out


@pytest.mark.parametrize(
    ("first", "second"),
    [(fit, CROSS_VALIDATION), (CROSS_VALIDATION, fit)],
    ids=["training", "cross-validation"],
)
def test_a_training_and_a_cross_validation_share_no_folder(
    first: Begin, second: Begin, two_colours: Path, tmp_path: Path
):
    data, out = load_dataset(two_colours), tmp_path / "m"
    first(data, RECIPE, out)
    before = content(out)
    with pytest.raises(InputError, match="another number of folds"):
        second(data, RECIPE, out)
    with pytest.raises(InputError, match="another recipe"):
        second(data, RECIPE.replaced(seed=1), out)
    assert content(out) == before


@either
@pytest.mark.parametrize("noted", ["", "{", "[]", "{}", '{"recipe": {}, "colour": "red"}', "\xff"])
def test_a_note_that_cannot_be_read_is_refused_with_a_sentence(
    begin: Begin, noted: str, two_colours: Path, tmp_path: Path
):
    about = TrainingFiles(tmp_path / "m").about
    about.parent.mkdir()
    about.write_text(noted, "latin-1")
    with pytest.raises(InputError, match=r"training\.json cannot be read"):
        begin(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert about.read_text("latin-1") == noted


@pytest.mark.parametrize("deep", ["", "a/b/c"])
def test_what_is_refused_leaves_no_folder_behind(tmp_path: Path, deep: str) -> None:
    files = TrainingFiles(tmp_path / "new" / deep / "out")

    def refused() -> None:
        with alone(files.lock):
            files.images.mkdir()
            (files.images / "a.npy").touch()
            files.about.touch()
            raise InputError("There is nothing to learn from.")

    with pytest.raises(InputError, match="nothing to learn"):
        refused()
    assert not list(tmp_path.iterdir())
    files.root.mkdir(parents=True)
    with pytest.raises(InputError, match="nothing to learn"):
        refused()
    assert files.images.is_dir()  # of who made the folder


def test_what_was_stopped_or_has_learnt_stays(tmp_path: Path) -> None:
    for error, left in ((KeyboardInterrupt, ".lock"), (InputError, "model.json")):
        files = TrainingFiles(tmp_path / left)
        with pytest.raises(error), alone(files.lock):
            (files.root / left).touch()
            raise error
        assert (files.root / left).exists()
