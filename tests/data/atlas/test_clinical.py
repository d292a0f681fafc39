"""Plain photographs of an atlas's lesions."""

import numpy as np
import pandas as pd

from dermxai.data import load_dataset
from dermxai.data.atlas import AtlasSettings, write_atlas, write_clinical
from dermxai.data.places import AtlasFiles

SMALL = AtlasSettings(images=30, size=48, seed=5, class_mix={"EAD": 2, "MN": 1})


def test_each_lesion_has_one_photograph_of_its_patient(tmp_path) -> None:
    atlas = write_atlas(tmp_path / "atlas", SMALL, workers=1)
    before = {file: file.read_bytes() for file in sorted(atlas.rglob("*.*"))}
    told: list[tuple[int, int]] = []
    made = write_clinical(tmp_path / "clinical", SMALL, lambda *step: told.append(step))
    assert {file: file.read_bytes() for file in sorted(atlas.rglob("*.*"))} == before
    one, other = (pd.read_csv(AtlasFiles(root).table) for root in (atlas, made))
    assert set(other["lesion_id"]) == set(one["lesion_id"]) and other["lesion_id"].is_unique
    assert told == [(done, len(other)) for done in range(1, len(other) + 1)]
    first = one.groupby("lesion_id").first()
    for column in ("label", "patient_id", "split", "age"):
        assert (first.loc[other["lesion_id"], column].to_numpy() == other[column]).all()
    assert not set(other["sample_id"]) & set(one["sample_id"])
    dataset = load_dataset(made)
    assert len(dataset) == len(other) and not dataset.problems
    assert set(dataset.samples["modality"]) == {"clinical"}


def test_they_show_less_detail_and_are_drawn_alike_again(tmp_path) -> None:
    atlas = load_dataset(write_atlas(tmp_path / "atlas", SMALL, workers=1))
    made = load_dataset(write_clinical(tmp_path / "clinical", SMALL))
    again = load_dataset(write_clinical(tmp_path / "again", SMALL))
    assert made.fingerprint == again.fingerprint
    assert write_clinical(tmp_path / "again", SMALL) == tmp_path / "again", "left as it is"

    def detail(dataset) -> float:
        pixels = [dataset.image(name).astype(float) for name in dataset.samples["sample_id"]]
        return float(np.mean([np.abs(np.diff(each, axis=0)).mean() for each in pixels]))

    assert made.image(made.samples["sample_id"][0]).shape == (48, 48, 3)
    assert detail(made) < detail(atlas)
