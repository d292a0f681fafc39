"""Images that leak from training, planted among others and in other data sets, on drawn images."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.data import Dataset, load_dataset
from dermxai.data.atlas import AtlasSettings, write_atlas
from dermxai.data.images import read_image
from dermxai.data.picture_hash import picture_hashes
from dermxai.data.splits import owners
from dermxai.models import load_classifier
from dermxai.models.files import CheckpointFiles
from dermxai.models.training_images import digests, open_training_images, write_training_images
from dermxai.report.evaluated import evaluated, leaks_json, premium
from dermxai.report.leakage import describe_leakage
from dermxai.runs import Run, infer, open_run
from dermxai.runs.files import RunFiles

IMAGES, EACH = 56, 5


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    root = tmp_path_factory.mktemp("drawn") / "atlas"
    write_atlas(root, AtlasSettings(images=IMAGES, size=128), workers=1)
    samples = load_dataset(root).samples
    samples["lesion_id"] = "drawn " + samples["lesion_id"]  # as no other dataset would call it
    return samples.drop_duplicates("lesion_id").reset_index(drop=True)


def divided(folder: Path, dataset: Dataset, *, tells: bool = True, whole: bool = True) -> None:
    """As a training on all images of a data set leaves it."""
    rows = dataset.samples
    files = [dataset.file_fingerprints[name] for name in rows["sample_id"]]
    hashes = [picture_hashes(dataset.image(name))[0] for name in rows["sample_id"]]
    ids = {name: of for name, of in owners(rows).items() if name != "sample_id"}
    kept = {"owners": ids, "pictures": np.array(hashes)} if tells else {}
    write_training_images(
        folder, digests(rows["path"], files), ["train"] * len(rows), whole=whole, **kept
    )


@pytest.fixture
def learnt(atlas: pd.DataFrame, tiny_checkpoint: Path, tmp_path: Path) -> tuple[Path, Dataset]:
    """A checkpoint and what it has learnt from: the first half of the lesions."""
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny_checkpoint, checkpoint)
    half = atlas[: len(atlas) // 2].drop(columns=["split", "mask_path", "evidence_path"])
    half.to_csv(tmp_path / "learnt.csv", index=False)
    dataset = load_dataset(tmp_path / "learnt.csv")
    divided(checkpoint, dataset)
    return checkpoint, dataset


def planted(folder: Path, atlas: pd.DataFrame) -> Dataset:
    """Copies, images saved anew and further images of lesions of the first half, under other names,
    among images of the other half."""
    folder.mkdir()
    half = len(atlas) // 2
    old, new = atlas[:half], atlas[half:]
    rows = []
    for row in range(4 * EACH):
        known = old.iloc[row]
        name = f"{row:03d}.{'png' if row // EACH == 2 else 'jpg'}"
        if row // EACH == 0:
            stands, lesion = "file", f"{known['lesion_id']} elsewhere"
            shutil.copyfile(known["path"], folder / name)
        elif row // EACH < 3:
            stands, lesion = "picture", f"{known['lesion_id']} elsewhere"
            Image.fromarray(read_image(known["path"])).save(folder / name)
        else:  # another picture of a lesion that was learnt from
            stands, lesion = "lesion", known["lesion_id"]
            shutil.copyfile(new["path"].iloc[row - 3 * EACH], folder / name)
        rows.append((name.partition(".")[0], name, known["label"], lesion, stands))
    for row in new[EACH:].itertuples():
        shutil.copyfile(row.path, folder / f"{row.sample_id}.jpg")
        rows.append((row.sample_id, f"{row.sample_id}.jpg", row.label, row.lesion_id, None))
    columns = ["sample_id", "path", "label", "lesion_id", "planted"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "samples.csv", index=False)
    return load_dataset(folder)


def test_what_is_planted_is_found_with_its_kind_and_nothing_else(
    learnt: tuple[Path, Dataset], atlas: pd.DataFrame, tmp_path: Path
) -> None:
    run = infer(load_classifier(learnt[0]), planted(tmp_path / "other", atlas))
    assert run.leaks is not None
    expected = run.samples["planted"].fillna("").tolist()
    assert run.leaks.kind.tolist() == expected
    assert [expected.count(kind) for kind in ("file", "picture", "lesion")] == [
        EACH,
        2 * EACH,
        EACH,
    ]
    everything = np.arange(len(run))
    assert describe_leakage(run, everything).startswith(
        f"The model was trained on {EACH} of these {len(run)} images, near-duplicates of "
        f"{2 * EACH} and other images of the lesions of {EACH}: "
    )
    assert run.trained_on.sum() == 3 * EACH

    whole, without = evaluated(run), evaluated(run, leaks=False)
    clean = [
        name for name, kind in zip(run.samples["sample_id"], expected, strict=True) if not kind
    ]
    assert without.sample_ids.tolist() == clean
    found = premium(run, None, whole)
    row = found.table.set_index("measure").loc["top1_accuracy"]
    right = run.predicted == run.samples["label"]
    assert row["value"] == pytest.approx(right.mean())
    assert row["without"] == pytest.approx(right[np.array(expected) == ""].mean())
    told = leaks_json(run, None, found, "patients")
    assert told["counts"] == {"file": EACH, "picture": 2 * EACH, "lesion": EACH}
    assert len(told["images"]) == 4 * EACH and told["premium"]["seen"] == 4 * EACH


def test_a_foreign_test_set_was_not_trained_on(
    learnt: tuple[Path, Dataset], atlas: pd.DataFrame, tmp_path: Path
) -> None:
    half = len(atlas) // 2
    for row in atlas[half:].itertuples():
        target = tmp_path / "foreign" / str(row.label) / f"{row.sample_id}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(row.path, target)
    checkpoint, dataset = learnt
    foreign = load_dataset(tmp_path / "foreign")
    run = infer(load_classifier(checkpoint), foreign)
    (told, *_) = evaluated(run).notes
    assert told == (
        "The model was trained on none of these images, told by files and perceptual hashes."
    )
    assert premium(run, None, evaluated(run)) is None
    divided(checkpoint, dataset, whole=False)
    assert "that it started from does not tell" in describe_leakage(
        open_run(run.root), np.arange(len(run))
    )
    CheckpointFiles(checkpoint).training_images.unlink()
    assert "is not known" in evaluated(open_run(run.root)).notes[0]


def test_training_images_of_earlier_versions_still_tell_files(
    learnt: tuple[Path, Dataset], atlas: pd.DataFrame, tmp_path: Path
) -> None:
    checkpoint, dataset = learnt
    divided(checkpoint, dataset, tells=False)
    run = infer(load_classifier(checkpoint), planted(tmp_path / "other", atlas))
    table = run.leaks.table
    assert table["file"].sum() == EACH
    assert not table["lesion"].any() and "keeps" not in " ".join(run.leaks.compared)
    assert open_training_images(checkpoint).pictures is None


def test_lesions_of_the_training_are_found_beside_it_though_an_old_checkpoint_tells_none(
    learnt: tuple[Path, Dataset], atlas: pd.DataFrame, tmp_path: Path
) -> None:
    checkpoint, dataset = learnt
    divided(checkpoint, dataset, tells=False)
    other = planted(tmp_path / "other", atlas)
    both = pd.concat([dataset.samples, other.samples.assign(sample_id="x" + other.samples["path"])])
    both.to_csv(tmp_path / "both.csv", index=False)
    run = infer(load_classifier(checkpoint), load_dataset(tmp_path / "both.csv"))
    stands = run.samples["planted"].fillna("").to_numpy()
    found = run.leaks.kind[len(dataset) :]
    assert found.tolist() == stands[len(dataset) :].tolist()
    pairs = run.leaks.table["of"].to_numpy()[len(dataset) :]
    assert all(of in set(dataset.samples["sample_id"]) for of in pairs[(found == "picture")])


def test_ids_that_any_dataset_may_have_tell_nothing_of_another(
    atlas: pd.DataFrame, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny_checkpoint, checkpoint)
    half = len(atlas) // 2
    columns = ["sample_id", "path", "label", "patient_id"]
    numbered = atlas.assign(patient_id=[f"P{row % half:03d}" for row in range(len(atlas))])[columns]
    for name, rows in (("one", numbered[:half]), ("two", numbered[half : 2 * half])):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    divided(checkpoint, load_dataset(tmp_path / "one.csv"))
    run = infer(load_classifier(checkpoint), load_dataset(tmp_path / "two.csv"))
    assert not run.leaks.any.any()
    assert "another dataset may have" in describe_leakage(run, np.arange(len(run)))


@pytest.mark.parametrize("same", [True, False])
def test_a_file_that_both_hold_tells_whether_their_ids_are_the_same(
    atlas: pd.DataFrame, tiny_checkpoint: Path, tmp_path: Path, same: bool
) -> None:
    """Two datasets of one name, whose patients are called 0, 1, 2, and who share one image."""
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny_checkpoint, checkpoint)
    half = len(atlas) // 2
    rows = atlas[["sample_id", "path", "label"]].assign(
        patient_id=[row % half for row in range(len(atlas))]
    )
    other = pd.concat([rows[half:], rows[:1].assign(patient_id=0 if same else 5)])
    for folder, part in (("one", rows[:half]), ("two", other)):
        (tmp_path / folder / "images").mkdir(parents=True)
        part.to_csv(tmp_path / folder / "images" / "samples.csv", index=False)
    divided(checkpoint, load_dataset(tmp_path / "one" / "images"))
    run = infer(load_classifier(checkpoint), load_dataset(tmp_path / "two" / "images"))
    kinds = run.leaks.kind.tolist()
    assert kinds == ["patient" if same else ""] * (len(run) - 1) + ["file"]
    assert ("another dataset may have" in describe_leakage(run, np.arange(len(run)))) != same


def test_a_damaged_file_of_training_images_is_not_known_rather_than_wrong(tmp_path: Path) -> None:
    images = [f"{number:016x}" for number in range(40)]
    write_training_images(tmp_path, images, ["train"] * 40)
    file = CheckpointFiles(tmp_path).training_images
    whole = file.read_bytes()
    at = whole.index(images[7].encode()) if images[7].encode() in whole else 40
    for position in (at, at + 9, len(whole) // 3, len(whole) - 20):
        damaged = bytearray(whole)
        damaged[position] ^= 4
        file.write_bytes(bytes(damaged))
        found = open_training_images(tmp_path)
        assert found is None or found.table["image"].tolist() == images
    file.write_bytes(b"")
    assert open_training_images(tmp_path) is None


def test_a_run_of_an_earlier_version_gets_its_hashes(
    learnt: tuple[Path, Dataset], atlas: pd.DataFrame, tmp_path: Path
) -> None:
    dataset = planted(tmp_path / "other", atlas)
    classifier = load_classifier(learnt[0])
    run = infer(classifier, dataset)
    kept = np.array(run.picture_hashes)
    RunFiles(run.root).pictures.unlink()
    old = open_run(run.root)
    assert old.picture_hashes is None and "run inference again" in describe_leakage(
        old, np.arange(len(old))
    )
    seen: list[tuple[int, int]] = []
    again: Run = infer(classifier, dataset, progress=lambda *step: seen.append(step))
    np.testing.assert_array_equal(again.picture_hashes, kept)
    assert seen[-1] == (len(run), len(run)) and kept.any(axis=(1, 2)).all()


def test_what_a_training_started_from_was_learnt_too(tmp_path: Path) -> None:
    write_training_images(tmp_path / "first", ["a", "b"], ["train", "validation"])
    first = open_training_images(tmp_path / "first")
    write_training_images(tmp_path / "second", ["c", "b"], ["train", "train"], earlier=first)
    second = open_training_images(tmp_path / "second")
    assert (second.rows_of_images(["a", "b", "c", "d"]) >= 0).tolist() == [True, True, True, False]
    assert second.split_of(["a", "c"]).fillna("").tolist() == ["", "train"]
    write_training_images(tmp_path / "third", ["e"], ["train"], earlier=second, whole=False)
    third = open_training_images(tmp_path / "third")
    assert not third.whole and (third.rows_of_images(["a", "c", "e"]) >= 0).all()
