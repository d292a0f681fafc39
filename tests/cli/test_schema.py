import json

import jsonschema

from dermxai.training.recipe import RECIPES
from tests.cli.conftest import Command, one_line


def test_without_a_name_all_are_listed_and_each_has_a_schema(command: Command) -> None:
    code, out, _ = command("schema")
    names = json.loads(out)
    assert code == 0 and {"recipe", "slurm", "notify", "access", "atlas"} <= set(names)
    for name in names:
        code, out, _ = command("schema", name)
        assert code == 0
        jsonschema.Draft202012Validator.check_schema(json.loads(out))


def test_the_schema_of_recipes_tells_those_from_others(command: Command) -> None:
    judge = jsonschema.Draft202012Validator(json.loads(command("schema", "recipe")[1]))
    for recipe in RECIPES.values():
        assert judge.is_valid(recipe.model_dump())
    for wrong in ({"epochs": 0}, {"epochs": "30"}, {"optimiser": "lamb"}, {"colour": 1}):
        assert not judge.is_valid(wrong)


def test_others_are_refused(command: Command) -> None:
    code, _, err = command("schema", "colour")
    assert code == 2 and one_line(err) and "choose from recipe, slurm" in err
