import re

from dermxai.cli.faithfulness import nested
from dermxai.runs import Run
from tests.cli.conftest import Command, one_line


def test_settings_of_a_study_are_typed_by_whom_they_belong_to(command: Command, run: Run):
    given = ["integrated_gradients.baseline=black", "road.steps=2", "max_sensitivity.radius=1"]
    assert nested(given) == {
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
        code, _, err = command("faithfulness", run.root, "--set", wrong)
        assert code == 2 and one_line(err) and words in err


def test_the_earlier_name_of_the_verb_works_and_says_what_it_is_called_now(command: Command):
    code, out, err = command("quality", "nowhere", "--json")
    assert code == 2 and not out
    first, second = err.splitlines()
    assert "quality is called faithfulness now" in first
    assert command("faithfulness", "nowhere", "--json")[2].splitlines() == [second]
    assert not re.search(r"(?<!image-)quality", command("--help")[1])
