"""Leaks planted across the real sample: copies, images saved anew, others of trained lesions."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.data import load_dataset
from dermxai.data.images import read_image
from dermxai.data.picture_hash import picture_hashes
from dermxai.models import load_classifier
from dermxai.models.training_images import digests, write_training_images
from dermxai.runs import infer

COPIES, FURTHER, LEARNT, OTHERS = 40, 60, 400, 200


@pytest.mark.real
def test_all_that_is_planted_is_found_with_its_kind(
    real_data: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    whole = load_dataset(real_data)
    order = np.random.default_rng(0).permutation(len(whole))
    samples = whole.samples.iloc[order].reset_index(drop=True)
    learnt, new = samples[:LEARNT], samples[LEARNT:].reset_index(drop=True)
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny_checkpoint, checkpoint)
    files = [whole.file_fingerprints[name] for name in learnt["sample_id"]]
    write_training_images(
        checkpoint,
        digests(learnt["path"], files),
        ["train"] * LEARNT,
        owners={"lesion_id": learnt["lesion_id"]},
        pictures=np.array([picture_hashes(read_image(path))[0] for path in learnt["path"]]),
    )

    planted = tmp_path / "planted"
    planted.mkdir()
    rows = []
    for row in range(3 * COPIES + FURTHER + OTHERS):
        name, kind = f"{row:03d}.{'png' if row // COPIES == 2 else 'jpg'}", ""
        source, lesion = new["path"][row % len(new)], new["lesion_id"][row % len(new)]
        if row < 3 * COPIES:
            kind, source, lesion = "picture", learnt["path"][row], f"NEW_{row:07d}"
        elif row < 3 * COPIES + FURTHER:
            kind, lesion = "lesion", learnt["lesion_id"][row]
        if COPIES <= row < 3 * COPIES:
            options = {} if name.endswith("png") else {"quality": 75}
            Image.fromarray(read_image(source)).save(planted / name, **options)
        else:
            kind = "file" if row < COPIES else kind
            shutil.copyfile(source, planted / name)
        rows.append((name, lesion, kind))
    columns = ["path", "lesion_id", "planted"]
    pd.DataFrame(rows, columns=columns).to_csv(planted / "samples.csv", index=False)

    run = infer(load_classifier(checkpoint), load_dataset(planted))
    assert run.leaks is not None
    expected = run.samples["planted"].fillna("").to_numpy(dtype=object)
    there = expected != ""
    assert there.sum() == 180
    assert run.leaks.kind[there].tolist() == expected[there].tolist()
    alarms = pd.Series(run.leaks.kind[~there])
    assert (alarms == "picture").sum() == 0 and (alarms != "").sum() <= OTHERS * 0.01
