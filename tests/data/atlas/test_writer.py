import json
import os
import signal
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.data.atlas import DEMO, AtlasSettings, write_atlas
from dermxai.data.atlas.settings import IMAGES
from dermxai.data.places import AtlasFiles


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"images": 0}, "images is 0"),
        ({"size": 31}, "size is 31"),
        ({"artefact_rates": {"tattoo": 0.1}}, "tattoo"),
        ({"artefact_rates": {"hair": 1.5}}, "1.5"),
        ({"shortcut_class": "MN"}, "both"),
        ({"shortcut_artefact": "ink"}, "both"),
        ({"shortcut_class": "MN", "shortcut_artefact": "tattoo"}, "tattoo"),
        ({"shortcut_class": "mole", "shortcut_artefact": "ink"}, "mole"),
        ({"class_mix": {"EAD": 1, "mole": 1}}, "mole"),
        ({"class_mix": {}}, "class mix"),
        ({"class_mix": {"EAD": 0}}, "class mix"),
        ({"patients": {"EAD": 0}}, "1 or more"),
        ({"class_mix": {"EAD": float("nan")}}, "class_mix.EAD is nan"),
        ({"images_a_patient": 0.5}, "from 1 to"),
        ({"images_a_patient": float("nan")}, "from 1 to"),
        ({"splits": {"test": 0.0}}, "splits"),
        ({"overlap": {"EAD": {"MN": 0.5}}}, "MN"),
        ({"overlap": {"EAD": {"EAD": 0.5}}}, "itself"),
        ({"overlap": {"EAD": {"SD": 1.5}}}, "1.5"),
        ({"label_noise": -0.1}, "-0.1"),
        ({"shortcut_splits": ["train"]}, "without one"),
        (
            {
                "shortcut_class": "MN",
                "shortcut_artefact": "ink",
                "shortcut_splits": ["train", "x\x1b"],
            },
            "Unknown split",
        ),
        ({"mislabelled": {"MN": {"MN": 0.1}}}, "itself"),
        ({"mislabelled": {"MN": {"BCC": 0.7, "SK": 0.4}}}, "add up to 1"),
        ({"mislabelled": {"MN": {"BCC": -0.1}}}, "add up to 1"),
        ({"mislabelled": {"mole": {"BCC": 0.1}}}, "mole"),
        ({"training_shares": {"MN": 0.0}}, "above 0"),
        ({"training_shares": {"MN": float("nan")}}, "MN is nan"),
        ({"training_shares": {"mole": 0.5}}, "mole"),
    ],
)
def test_settings_that_no_atlas_can_have(settings, said):
    with pytest.raises(InputError, match=said):
        AtlasSettings(**settings)


def test_what_is_kept_of_settings_is_as_it_always_was():
    kept = [json.dumps(each.model_dump(), indent=2) for each in (AtlasSettings(), DEMO)]
    known = [sha256(text.encode()).hexdigest()[:16] for text in kept]
    assert known == ["cdef566cdecd5dd8", "7231c48bfd5db460"]
    assert AtlasSettings(**json.loads(kept[1])) == DEMO


def test_an_atlas_is_a_dataset(tmp_path):
    calls = []
    settings = AtlasSettings(images=14, size=48, seed=5)
    root = write_atlas(tmp_path / "médical 数据", settings, lambda *at: calls.append(at), workers=1)
    assert calls == [(done, 14) for done in range(1, 15)]
    dataset = load_dataset(root)
    assert len(dataset) == 14
    assert not dataset.problems
    assert set(dataset.samples["label"]) == set(IMAGES)
    for sample_id in dataset.samples["sample_id"]:
        lesion, evidence = dataset.mask(sample_id), dataset.evidence(sample_id)
        assert dataset.image(sample_id).shape == (48, 48, 3)
        assert lesion.shape == evidence.shape == (48, 48)
        assert evidence.any()
        assert not (evidence & ~lesion).any()
    about = json.loads(AtlasFiles(root).about.read_text())
    assert (about["images"], about["size"], about["seed"]) == (14, 48, 5)


def test_the_table_tells_the_truth_about_each_image(tmp_path):
    settings = AtlasSettings(images=60, size=32, overlap={"EAD": {"SD": 0.8}}, label_noise=0.5)
    root = write_atlas(tmp_path / "atlas", settings, workers=1)
    samples = load_dataset(root).samples
    mixed = samples[samples["other_class"].notna()]
    assert set(mixed["drawn_class"]) == {"EAD"}
    assert set(mixed["other_class"]) == {"SD"}
    assert mixed["other_share"].between(0, 0.8).all()
    assert (mixed["other_share"] > 0).any()
    noisy = mixed["label_noise"] == "yes"
    assert 0 < noisy.sum() < len(mixed)
    assert (mixed["label"] == np.where(noisy, "SD", "EAD")).all()
    others = samples[samples["other_class"].isna()]
    assert (others["label"] == others["drawn_class"]).all()
    assert (others["other_share"] == 0).all()
    assert (others["label_noise"] == "no").all()


def test_a_planted_shortcut_is_always_there_and_never_else(tmp_path):
    settings = AtlasSettings(
        images=42, size=32, seed=5, shortcut_class="MN", shortcut_artefact="ink"
    )
    root = write_atlas(tmp_path / "atlas", settings, workers=1)
    table = pd.read_csv(AtlasFiles(root).table, keep_default_na=False)
    inked = table["artefacts"].str.split().map(lambda names: "ink" in names)
    assert (inked == (table["label"] == "MN")).all()
    assert table["artefacts"].str.contains("hair").any()


def test_a_shortcut_of_the_training_is_broken_in_the_test_and_the_table_says_so(tmp_path):
    settings = AtlasSettings(
        images=84,
        size=32,
        seed=5,
        shortcut_class="MN",
        shortcut_artefact="ruler",
        shortcut_splits=("train", "validation"),
        artefact_rates={"ruler": 0.5},
        training_shares={"PWS": 0.1},
        class_mix={"MN": 1, "PWS": 1},
    )
    calls = []
    root = write_atlas(tmp_path / "atlas", settings, lambda *at: calls.append(at), workers=1)
    table = pd.read_csv(AtlasFiles(root).table, keep_default_na=False)
    assert calls[-1] == (len(table), len(table)) and len(table) < 84
    ruled = table["artefacts"] == "ruler"
    learnt = table["split"] != "test"
    assert (ruled[learnt] == (table["label"][learnt] == "MN")).all()
    assert ruled[~learnt].nunique() == 2
    assert ((table["shortcut"] == "yes") == (learnt & (table["label"] == "MN"))).all()
    assert set(table["training_share"][table["label"] == "PWS"]) == {0.1}
    kept = json.loads(AtlasFiles(root).about.read_text())
    assert kept["shortcut_splits"] == ["train", "validation"]
    assert "mislabelled" not in kept


def test_workers_change_nothing(tmp_path):
    settings = AtlasSettings(images=20, size=32)
    alone, shared = (
        write_atlas(tmp_path / str(workers), settings, workers=workers) for workers in (1, 2)
    )
    assert contents(alone) == contents(shared)


def test_what_is_there_stays_as_it_is(tmp_path):
    root = tmp_path / "atlas"
    root.mkdir()
    assert write_atlas(root, AtlasSettings(images=3, size=32)) == root
    assert not list(root.iterdir())


def test_a_cancelled_atlas_is_not_visible_and_can_be_written_again(tmp_path):
    def cancel(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    root, settings = tmp_path / "atlas", AtlasSettings(images=6, size=32)
    with pytest.raises(KeyboardInterrupt):
        write_atlas(root, settings, cancel, workers=1)
    assert not root.exists()
    (AtlasFiles(root).partial / "images" / "of an older version.jpg").write_text("")
    write_atlas(root, settings, workers=1)
    assert len(list((root / "images").iterdir())) == 6
    assert not AtlasFiles(root).partial.exists()


def test_two_at_once_write_one_atlas(tmp_path):
    root, settings = tmp_path / "atlas", AtlasSettings(images=8, size=32)
    drawn = []

    def write() -> None:
        write_atlas(root, settings, lambda done, _: drawn.append(done), workers=1)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(load_dataset(root)) == 8
    assert sorted(done for done in drawn if done) == list(range(1, 9))


def test_after_a_kill_no_worker_stays_and_the_next_start_begins_anew(tmp_path):
    root = tmp_path / "atlas"
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from dermxai.data.atlas import AtlasSettings, write_atlas\n"
        "if __name__ == '__main__':\n"
        f"    write_atlas(Path({str(root)!r}), AtlasSettings(images=400, size=32), workers=2)\n"
    )
    here = {"PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen([sys.executable, str(script)], env=os.environ | here)
    images = AtlasFiles(root).partial / "images"
    while not (images.is_dir() and list(images.iterdir())):
        assert process.poll() is None
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    assert not root.exists()
    assert len(load_dataset(write_atlas(root, AtlasSettings(images=3, size=32), workers=1))) == 3
