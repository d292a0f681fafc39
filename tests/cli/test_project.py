import json

import numpy as np

from dermxai.projection.files import ProjectionFiles
from dermxai.runs import Run
from tests.cli.conftest import Command


def test_project_keeps_its_map_with_the_run(command: Command, run: Run) -> None:
    code, out, _ = command("project", "generated", "--method", "pca", "--json")
    assert code == 0
    coordinates = json.loads(out)["coordinates"]
    assert list(coordinates) == list(run.samples["sample_id"])
    assert np.array(list(coordinates.values())).shape == (60, 2)
    assert any(ProjectionFiles.of(run.root).root.iterdir())
