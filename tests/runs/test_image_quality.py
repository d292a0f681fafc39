"""Image quality is measured once, kept with the run, and becomes columns."""

from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.data.image_quality import MEASURES
from dermxai.jobs.kinds import KINDS
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.image_quality import measure_quality, open_quality
from dermxai.subgroups import columns
from tests.generated import generated_run, rewrite


def test_it_is_measured_once_and_kept(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 12)
    assert open_quality(run) is None
    seen: list[tuple[int, int]] = []
    found = measure_quality(run, lambda *at: seen.append(at))
    assert seen[-1] == (12, 12) and list(found) == list(MEASURES) and found.notna().all().all()
    pd.testing.assert_frame_equal(open_quality(open_run(run.root)), found, check_exact=True)
    seen.clear()
    measure_quality(run, lambda *at: seen.append(at))
    assert not seen
    table = columns(run, np.arange(12))
    assert "brightness" in table, "four files of different colours"
    named = rewrite(run, brightness="theirs")
    assert set(columns(named, np.arange(12)).get("brightness", ["theirs"])) == {"theirs"}


def test_what_is_damaged_or_of_other_images_is_measured_again(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 6)
    good = measure_quality(run)
    file = RunFiles(run.root).image_quality
    other = good.copy()
    other.attrs = {"of": "1 others"}
    for damage in (
        lambda: file.write_bytes(b"PAR1 nothing"),
        lambda: other.to_parquet(file, index=False),
        lambda: good.iloc[:3].to_parquet(file, index=False),
        lambda: good[["hair"]].to_parquet(file, index=False),
        file.unlink,
    ):
        damage()
        assert open_quality(run) is None
    np.testing.assert_array_equal(measure_quality(run), good)


def test_an_image_that_cannot_be_read_has_none_and_stops_no_other(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 8)
    Path(run.samples["path"][0]).write_bytes(b"no image")
    told = KINDS.find("image_quality").run(lambda *_, **__: None, run=str(run.root))
    assert told == {"run": str(run.root), "images": 8, "measured": 6}
    assert open_quality(run).isna().all(axis=1).tolist() == [True, False, False, False] * 2
