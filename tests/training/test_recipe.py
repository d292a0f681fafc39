import json
import pickle
from hashlib import sha256

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.training.recipe import RECIPES, Recipe, as_saved, chosen, completed

PAPER, STAGES = RECIPES["paper"], 10


def test_the_papers_learning_rates_and_layers():
    counted = {1: 1, 4: 1, 5: 2, 9: 2, 24: 5, 25: 6, 44: 9, 45: 10, 50: 10}  # as people count
    assert {e: PAPER.learning_stages_at(e - 1, STAGES) for e in counted} == counted
    for epoch, rate in ((1, 1e-3), (24, 10**-3.8), (25, 1e-4), (29, 1e-4), (50, 1e-5)):
        assert PAPER.learning_rate_at(epoch - 1, STAGES) == pytest.approx(rate)
    rates = [PAPER.learning_rate_at(epoch, STAGES) for epoch in range(50)]
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == STAGES
    assert (PAPER.optimiser, PAPER.momentum, PAPER.size) == ("sgd", 0.9, 380)
    assert PAPER.colour_constancy != "none"


@pytest.mark.parametrize("epochs", [*range(2, 14), 50, 51])
def test_every_layer_has_learnt_by_the_last_epoch(epochs: int):
    recipe = PAPER.replaced(epochs=epochs)
    learning = [recipe.learning_stages_at(epoch, STAGES) for epoch in range(epochs)]
    assert learning[0] == 1 and learning[-1] == STAGES and learning == sorted(learning)
    assert recipe.learning_rate_at(0, STAGES) == pytest.approx(1e-3)
    assert recipe.learning_rate_at(epochs - 1, STAGES) == pytest.approx(1e-5)
    assert PAPER.replaced(epochs=1).learning_stages_at(0, STAGES) == STAGES


@pytest.mark.parametrize(
    ("epochs", "stages", "decades"),
    [
        (1, 10, [0]),
        (2, 10, [0, 2]),
        (2, 2, [0, 2]),
        (4, 2, [0, 2, 2, 2]),
        (3, 3, [0, 1, 2]),
        (6, 3, [0, 1, 1, 2, 2, 2]),
        (2, 3, [0, 2]),
        (4, 4, [0, 0.5, 1, 2]),
    ],
)
def test_learning_rates_of_few_epochs_or_stages(epochs: int, stages: int, decades: list[float]):
    recipe = PAPER.replaced(epochs=epochs)
    rates = [recipe.learning_rate_at(epoch, stages) for epoch in range(epochs)]
    assert -np.log10(rates) - 3 == pytest.approx(decades)


def test_without_unfreezing_all_layers_learn_from_the_start():
    assert Recipe().learning_stages_at(0, STAGES) == STAGES


def test_image_side_grows_to_its_full_size():
    recipe = Recipe(size=160, start_size=96, epochs=10)
    sizes = [recipe.size_at(epoch) for epoch in range(10)]
    assert sizes[0] == 96 and sizes[-1] == 160 and sizes == sorted(sizes)
    assert all(size % 32 == 0 for size in sizes)
    assert {Recipe(size=150, epochs=3).size_at(epoch) for epoch in range(3)} == {150}


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"learning_rate": -1.0},
        {"colour_constancy": "sepia"},
        {"precision": "half"},
        {"batch_size": 7, "mixup": 0.2},
        {"start_from": "a", "weights": "b"},
        {"merge": "EAD+EAD"},
        {"merge": "EAD+SD, SD+LP"},
        {"watch": "EAD"},
        {"watch": "EAD/ EAD"},
        {"keep_by": "accuracy"},
        {"mean": "0.5"},
        {"mean": "0.5,0.5,x"},
        {"mean": "0.5,0.5,nan"},
        {"std": "0.2,0.2,0"},
        {"std": "1e-9,0.2,0.2"},
        {"mean": "123.7,116.3,103.5"},
        {"mean": "-0.1,0.5,0.5"},
        {"only": "slice"},
        {"leave_out": "0" * 17},
        {"leave_out": "../" + "0" * 13},
    ],
)
def test_settings_out_of_bounds_are_refused(settings: dict[str, object]):
    with pytest.raises(InputError, match=next(iter(settings))):
        Recipe(**settings)


def test_unknown_recipes_and_settings_name_those_there_are():
    with pytest.raises(InputError, match="paper, light, scratch, quick"):
        chosen("fast")
    with pytest.raises(InputError, match="learning_rate"):
        chosen("paper", {"learningrate": 1})
    assert chosen("paper", {"epochs": 3}).epochs == 3


def test_what_is_kept_of_a_recipe_is_as_it_always_was():
    """But for settings that came later, which change nothing by default."""
    later = {"only", "leave_out"}
    kept = {
        name: json.dumps(each.model_dump(exclude=later), indent=2) for name, each in RECIPES.items()
    }
    assert all(each.only == each.leave_out == "" for each in RECIPES.values())
    assert {name: sha256(text.encode()).hexdigest()[:16] for name, text in kept.items()} == {
        "paper": "74818407e62f04f1",
        "light": "183a4f77646a3713",
        "scratch": "d568fa84e21c0f56",
        "quick": "ad9f6cc580da3fd8",
    }
    assert all(Recipe(**json.loads(text)) == RECIPES[name] for name, text in kept.items())
    assert pickle.loads(pickle.dumps(PAPER)) == PAPER


def test_a_training_that_began_before_images_were_named_goes_on() -> None:
    now = RECIPES["light"].model_dump()
    noted = {name: value for name, value in now.items() if name not in ("only", "leave_out")}
    assert completed(noted) == as_saved(RECIPES["light"], noted).model_dump() == now
    asked = RECIPES["light"].replaced(leave_out="0" * 16)
    assert as_saved(asked, noted).model_dump() != completed(noted)


def test_the_same_number_written_otherwise_is_the_same_recipe():
    one, other = Recipe(epochs=30, balance=1.0), Recipe(epochs=30.0, balance=1)
    assert one == other and hash(one) == hash(other)
    assert json.dumps(one.model_dump()) == json.dumps(other.model_dump())
    with pytest.raises(InputError, match=r"^epochs is '30'; expected a whole number from 1 to"):
        Recipe(epochs="30")


@pytest.mark.parametrize("given", [[], "epochs", 5, [["epochs", 3]]])
def test_a_recipe_is_settings_by_their_names(given: object):
    with pytest.raises(InputError, match="expected settings by their names"):
        chosen("scratch", given)


def test_classes_to_merge_and_to_watch():
    recipe = Recipe(merge="EAD+SD, MN+SK", watch="LP / Pso")
    assert recipe.merged == (("EAD", "SD"), ("MN", "SK"))
    assert recipe.watched == ("LP", "Pso")
    with pytest.raises(InputError, match="EAD/SD"):
        _ = Recipe(watch="EAD").watched


def test_images_never_vanish_while_they_grow() -> None:
    recipe = Recipe(size=160, start_size=16, epochs=10)
    assert min(recipe.size_at(epoch) for epoch in range(10)) == 32
