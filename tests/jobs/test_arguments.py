"""What the command line makes of a job's arguments."""

import inspect
from pathlib import Path

import pytest

from dermxai.core import parsing, paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.jobs import list_jobs, submit
from dermxai.jobs.arguments import arguments_of, recipe_of
from dermxai.jobs.kinds import OPTIONS, check_arguments, find_kind
from dermxai.models import load_classifier
from dermxai.training.recipe import RECIPES
from tests.generated import generated_run


def test_arguments_are_texts_numbers_and_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").touch()
    monkeypatch.chdir(tmp_path)
    texts = {
        "dataset": "here",
        "output": "there",
        "recipe": "paper",
        "recipe.epochs": "5",
        "recipe.auxiliary": "False",
        "devices": "2",
        "device": "cpu",
        "baselines": "resnet101, inception_v3",
        "dataset_options.columns": '{"label": "diagnosis"}',
        "dataset_options.label_map": "here",
    }
    given = arguments_of(find_kind("train"), texts)
    assert given["dataset"] == str(tmp_path / "here")
    assert given["output"] == str(tmp_path / "there")
    expected = RECIPES["paper"].replaced(epochs=5, auxiliary=False)
    assert given["recipe"] == expected.model_dump()
    assert (given["devices"], given["device"]) == (2, "cpu")
    assert given["baselines"] == ["resnet101", "inception_v3"]
    options = {"columns": {"label": "diagnosis"}, "label_map": str(tmp_path / "here")}
    assert given["dataset_options"] == options
    check_arguments(find_kind("train"), given | {"folds": 5})


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("recipe=papier", "no recipe 'papier'"),
        ("recipe.epoch=5", "no setting 'epoch'"),
        ("recipe.epochs=ten", "epochs is 'ten'; expected a whole number"),
        ("recipe.seed=1.5", "seed is '1.5'; expected a whole number"),
        ("recipe.auxiliary=perhaps", "expected true or false"),
        ("recipe.epochs=0", "expected a whole number from 1 to 1000"),
        ("folds=five", "folds is 'five'; expected a whole number"),
        ("dataset_options=none", "expected settings by their names"),
        ("dataset_options.columns.label=dx", "no 'columns.label'; there are columns, label_map"),
        ("device.kind=gpu", "device is .*; expected a text"),
        ("dataset=/nowhere", "dataset is '/nowhere', and there is no such"),
        ("seeds=3", "give folds"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_line(
    said: str, complaint: str, tmp_path: Path
) -> None:
    given = {"dataset": str(tmp_path), "output": "q", **parsing.assigned([said])}
    with pytest.raises(InputError, match=complaint):
        submit("train", arguments_of(find_kind("train"), given))
    assert list_jobs() == []


def test_options_of_jobs_are_those_of_what_they_open() -> None:
    for name, opens in (("dataset_options", load_dataset), ("checkpoint_options", load_classifier)):
        _, *options = inspect.signature(opens).parameters
        assert sorted(OPTIONS[name]) == sorted(options)


@pytest.mark.parametrize("recipe", ["paper", {"auxiliary": "False"}, {"seed": 1.5}, {"watch": 1}])
def test_a_recipe_of_another_kind_is_refused(recipe: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is .*; expected"):
        submit("train", {"dataset": str(tmp_path), "output": "q", "recipe": recipe})
    assert list_jobs() == []


def test_a_checkpoint_and_a_run_are_known_by_name(workspace: Path) -> None:
    generated_run(paths.runs() / "some", images=3)
    given = arguments_of(find_kind("project"), {"run": "some"})
    assert given["run"] == str(paths.runs() / "some")
    (paths.checkpoints() / "mine").mkdir(parents=True)
    mine = arguments_of(find_kind("infer"), {"checkpoint": "mine"})
    assert mine["checkpoint"] == str(paths.checkpoints() / "mine")
    embedded = arguments_of(find_kind("infer"), {"checkpoint": "atlas-b4-heads"})
    assert embedded["checkpoint"] == str(paths.EMBEDDED_CHECKPOINT)


def test_first_weights_are_a_path_from_here_or_a_checkpoint_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b4.pth").touch()
    monkeypatch.chdir(tmp_path)
    for pair, expected in (
        ("weights=b4.pth", str(tmp_path / "b4.pth")),
        ("weights=imagenet", "imagenet"),
        ("weights=", ""),
        ("start_from=atlas-b4-heads", str(paths.EMBEDDED_CHECKPOINT)),
    ):
        assert recipe_of("scratch", [pair])[pair.partition("=")[0]] == expected
        given = arguments_of(find_kind("train"), parsing.assigned([f"recipe.{pair}"]))
        assert given["recipe"][pair.partition("=")[0]] == expected
    with pytest.raises(InputError, match="start_from is 'none', and there is no such file"):
        recipe_of("scratch", ["start_from=none"])


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("faithfulness", {"run": "r", "images": 0}),
        ("faithfulness", {"run": "r", "images": -5}),
        ("train", {"dataset": "d", "output": "o", "devices": 0}),
        ("train", {"dataset": "d", "output": "o", "folds": -1}),
        ("train", {"dataset": "d", "output": "o", "nodes": 0}),
        ("infer", {"checkpoint": "c", "dataset": "d", "batch_size": 0}),
        ("infer", {"checkpoint": "c", "dataset": "d", "workers": -1}),
        ("pair", {"run": "r", "first": "EAD", "second": "SD", "most": 0}),
        ("demo", {"images": 0}),
    ],
)
def test_numbers_of_a_job_have_bounds(kind: str, given: dict[str, object]) -> None:
    name = list(given)[-1]
    with pytest.raises(InputError, match=f"{name} is .*; expected a whole number of at least"):
        check_arguments(find_kind(kind), given)
