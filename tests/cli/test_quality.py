from dermxai.cli.quality import nested
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
        code, _, err = command("quality", run.root, "--set", wrong)
        assert code == 2 and one_line(err) and words in err
