"""What a run's images are grouped by, and clusters that are kept with it."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from dermxai.core.errors import InputError
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from dermxai.subgroups import CLUSTER, asked_groups, columns, feature_clusters
from tests.generated import generated_run, rewrite

CLASSES = ("EAD", "SD", "MN", "BCC")


def test_clusters_are_those_of_the_features_and_are_kept(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 200, classes=CLASSES, heads={"final": 32})
    found = feature_clusters(run, 4)
    assert adjusted_rand_score(run.samples["label"], found) > 0.9, "features cluster by class"
    sizes = np.bincount(found)
    assert (np.diff(sizes) <= 0).all() and sizes.size == 4
    (file,) = RunFiles(run.root).clusters.iterdir()
    told = json.loads(file.read_text())
    assert told["cluster"] == found.tolist()
    file.write_text(json.dumps({**told, "cluster": [0] * 200}))
    assert not feature_clusters(run, 4).any(), "what is kept is not computed again"
    for damaged in ("", "[]", json.dumps({**told, "images": "others"}), '{"images": 1}'):
        file.write_text(damaged)
        np.testing.assert_array_equal(feature_clusters(open_run(run.root), 4), found)


def test_clusters_of_little_or_equal_data(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 3, classes=CLASSES, heads={"final": 4})
    assert feature_clusters(run, 8).max() <= 2
    np.save(RunFiles(run.root).pooled, np.zeros((3, 4), np.float32))
    assert feature_clusters(open_run(run.root), 2).shape == (3,)
    for count in (1, 31):
        with pytest.raises(InputError, match="expected 2 to 30"):
            feature_clusters(run, count)
    with pytest.raises(InputError, match="no feature space 'x'"):
        feature_clusters(run, 2, "x")


def test_columns_tell_images_apart_and_ids_are_none(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 80, classes=CLASSES, heads={"final": 8})
    run = rewrite(run, constant="same", name=[f"n{i}" for i in range(80)], mask_path="x")
    table = columns(run, np.arange(80))
    assert list(table) == ["split", "age", "sex", "site", "name", CLUSTER]
    asked, left_out = asked_groups(table)
    assert left_out == ["name"] and [each.column for each in asked] == [
        *("split", "age", "sex", "site", CLUSTER)
    ]
    assert [each.column for each in asked_groups(table, ["name"])[0]] == ["name"]
    rows = run.in_split("test")
    of_test = columns(run, rows)
    assert len(of_test) == rows.size and "split" not in of_test
    with pytest.raises(InputError, match=r"no column 'nix' .* there are: split, age"):
        asked_groups(table, ["nix"])
    assert table[CLUSTER].str.endswith("%").all(), "with the label that most images have"
