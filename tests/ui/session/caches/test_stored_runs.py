import json
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.ui.components.thumbnails import stamp, thumbnails
from dermxai.ui.session import catalogue
from dermxai.ui.session.caches import pixels, stored_runs
from tests.generated import generated_run, rewrite


def test_a_run_over_data_outside_the_roots_is_as_if_it_were_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was open before its folder was taken out; its pictures, too."""
    run = generated_run(paths.runs() / "closed", 12)
    data = tmp_path / "patients"
    (run.root / "images").rename(data)
    rewrite(run, path=[str(data / Path(path).name) for path in run.samples["path"]])
    manifest = json.loads((run.root / "run.json").read_text())
    manifest["dataset"]["path"] = str(data)
    (run.root / "run.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("DERMXAI_ROOTS", str(data))
    monkeypatch.setenv(paths.CONFINED, "1")
    place = stored_runs.run("closed").samples["path"][0]
    assert thumbnails([place])[0] is not None
    assert [entry.id for entry in catalogue.entries()] == ["closed"]
    monkeypatch.delenv("DERMXAI_ROOTS")
    with pytest.raises(InputError, match="not in this workspace") as refused:
        stored_runs.run("closed")
    assert "patients" not in str(refused.value)
    assert catalogue.entries() == []
    assert str(data) not in catalogue.datasets(catalogue.entries())
    assert thumbnails([place]) == [None]
    with pytest.raises(InputError, match="outside the folders"):
        pixels.small_image(place, stamp(place) or 0, 240)
