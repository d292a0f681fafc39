from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.near_duplicates import between_splits
from tests.generated import generated_run


def test_near_duplicates_are_found_by_hash_and_by_features_and_not_where_nothing_is_to_be_seen(
    tmp_path: Path,
) -> None:
    """Four pairs of a training and a test image among 400: of hashes 12 bits apart, of the same
    features, of the same features and one shade, and both in training."""
    root = generated_run(tmp_path / "run", 400).root
    files, rng = RunFiles(root), np.random.default_rng(1)
    samples = pd.read_parquet(files.samples)
    samples["split"] = np.where(np.arange(400) < 300, "train", "test")
    samples.to_parquet(files.samples)
    pictures = rng.integers(0, 256, (400, 8, 32), dtype=np.uint8)
    pictures[310, 5] = pictures[10, 0] ^ np.repeat([255, 15, 0], [1, 1, 30]).astype(np.uint8)
    pictures[[30, 330]] = 0
    np.save(files.pictures, pictures)
    pooled = np.array(open_run(root).pooled)
    for known, other in ((20, 320), (30, 330), (40, 41)):
        pooled[other] = pooled[known] + 0.01 * rng.standard_normal(pooled.shape[1])
    np.save(files.pooled, pooled)

    found = between_splits(open_run(root))
    ids = samples["sample_id"]
    assert found[["first", "second", "kind", "splits"]].to_numpy().tolist() == [
        [ids[310], ids[10], "picture", "test, train"],
        [ids[320], ids[20], "features", "test, train"],
    ]
    assert found["bits"][0] == 12 and found["cosine"][1] > 0.98
