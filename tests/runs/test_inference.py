import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from PIL import Image
from scipy.special import expit

from dermxai.core import disk, paths
from dermxai.core.errors import Cancelled, InputError
from dermxai.data import Dataset, load_dataset
from dermxai.data.places import unpacked_file
from dermxai.models import Classifier, load_classifier
from dermxai.models.files import CheckpointFiles
from dermxai.report.evaluated import evaluated
from dermxai.runs import infer, infer_share, inference, list_runs, open_run, shards
from dermxai.runs.files import RunFiles
from dermxai.runs.rounding import in_words
from dermxai.runs.run import run_id

IMAGES = 45
REPLACING = disk.replacing


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 16)
    monkeypatch.setattr(inference, "SHARD", 16)


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load_classifier(tiny_checkpoint)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 45 images; numbers 3 and 20 are no images."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for index in range(IMAGES):
        path = root / ("BCC" if index % 2 else "MN") / f"{index:02d}.png"
        path.parent.mkdir(exist_ok=True)
        if index in (3, 20):
            path.write_bytes(b"not an image")
        else:
            Image.fromarray(rng.integers(0, 255, (70, 90, 3), np.uint8)).save(path)
    return root


@pytest.fixture
def dataset(folder: Path) -> Dataset:
    return load_dataset(folder)


def bad(dataset: Dataset) -> set[str]:
    paths_ = dataset.samples["path"].map(lambda path: Path(path).stem)
    return set(dataset.samples["sample_id"][paths_.isin(["03", "20"])])


def test_logits_and_pooled_are_those_of_the_classifier(
    classifier: Classifier, dataset: Dataset
) -> None:
    run = infer(classifier, dataset)
    for row, sample_id in enumerate(run.samples["sample_id"]):
        image = torch.from_numpy(classifier.info.preprocessing(dataset.image(sample_id)))
        expected = classifier.infer(image[None])
        assert np.allclose(run.logits[row], expected.logits[0], rtol=1e-4, atol=1e-4)
        assert np.allclose(run.pooled[row], expected.pooled[0], rtol=1e-4, atol=1e-4)


def test_images_that_cannot_be_read_are_listed_and_left_out(
    classifier: Classifier, dataset: Dataset
) -> None:
    run = infer(classifier, dataset)
    assert {problem.item for problem in run.problems} == bad(dataset)
    assert all("not an image" in problem.reason for problem in run.problems)
    kept = [name for name in dataset.samples["sample_id"] if name not in bad(dataset)]
    assert list(run.samples["sample_id"]) == kept
    assert len(run.logits) == len(run.pooled) == IMAGES - 2
    assert run.manifest["counts"] == {"images": IMAGES - 2, "problems": 2}


def test_a_run_says_where_it_came_from(classifier: Classifier, dataset: Dataset) -> None:
    run = infer(classifier, dataset)
    again = load_dataset(run.manifest["dataset"]["path"], **run.manifest["dataset"]["options"])
    assert again.fingerprint == dataset.fingerprint
    checkpoint = run.manifest["checkpoint"]
    assert load_classifier(checkpoint["path"], **checkpoint["options"]).hash == classifier.hash
    assert run.info == classifier.info
    assert run.classes == classifier.info.classes
    assert run.heads == tuple(head.name for head in classifier.info.heads)


def test_nothing_but_the_run_is_left(classifier: Classifier, dataset: Dataset) -> None:
    run = infer(classifier, dataset)
    left = {path.name for path in run.root.iterdir()}
    files = RunFiles(run.root)
    arrays = {files.logits, files.pooled, files.fingerprints, files.pictures}
    found = {files.manifest, files.samples, files.near_duplicates}
    assert left == {path.name for path in (*found, *arrays, files.lock)}


def test_the_same_pair_is_never_computed_twice(
    classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = infer(classifier, dataset)
    monkeypatch.setattr(inference, "forward_pass", _refuse)
    assert infer(classifier, dataset).id == first.id
    assert list_runs() == [first.root]


def test_a_run_follows_its_dataset(
    classifier: Classifier, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "old" / folder.name)
    first = infer(classifier, load_dataset(tmp_path / "old" / folder.name))
    (tmp_path / "old").rename(tmp_path / "new")
    monkeypatch.setattr(inference, "forward_pass", _refuse)
    again = infer(classifier, load_dataset(tmp_path / "new" / folder.name))
    assert again.id == first.id
    assert again.manifest["dataset"]["path"] == str(tmp_path / "new" / folder.name)
    assert all(Path(path).is_file() for path in again.samples["path"])
    assert list(again.samples["sample_id"]) == list(first.samples["sample_id"])


def test_a_run_follows_its_dataset_where_another_has_taken_its_place(
    classifier: Classifier, folder: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / folder.name, tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, here)
    first = infer(classifier, load_dataset(here))
    here.rename(tmp_path / "aside")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "aside").rename(there)
    shutil.copytree(there, here)
    for path in here.rglob("*.png"):
        Image.new("RGB", (90, 70), "tan").save(path)
    again = infer(classifier, load_dataset(there))
    assert again.id == first.id
    assert again.manifest["dataset"]["path"] == str(there)
    assert all(Path(path).is_relative_to(there) for path in again.samples["path"])


def test_a_run_follows_its_checkpoint_where_another_has_taken_its_place(
    tiny_checkpoint: Path, dataset: Dataset, tmp_path: Path
) -> None:
    here, there = tmp_path / "tiny", tmp_path / "tiny_v1"
    shutil.copytree(tiny_checkpoint, here)
    first = infer(load_classifier(here), dataset)
    here.rename(there)
    here.mkdir()
    again = infer(load_classifier(there), dataset)
    assert again.id == first.id
    assert again.manifest["checkpoint"]["path"] == str(there)


def test_asked_for_again_a_run_is_told_what_its_checkpoint_now_says_of_its_training(
    tiny_checkpoint: Path, dataset: Dataset, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "tiny")
    first = infer(load_classifier(folder), dataset)
    model = CheckpointFiles(folder).model
    content = json.loads(model.read_text())
    model.write_text(json.dumps(content | {"data": {"name": "mended"}}))
    assert open_run(first.root).info is None
    again = infer(load_classifier(folder), dataset)
    assert again.id == first.id
    assert again.info is not None and again.info.data == {"name": "mended"}


def test_a_run_knows_which_images_have_changed_since(
    classifier: Classifier, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "data")
    run = infer(classifier, load_dataset(tmp_path / "data"))
    changed, gone, same = run.samples["sample_id"][:3]
    by_id = run.samples.set_index("sample_id")["path"]
    Image.new("RGB", (90, 70), "tan").save(by_id[changed])
    Path(by_id[gone]).unlink()
    Path(by_id[same]).touch()
    assert run.has_changed(changed)
    assert not run.has_changed(same), "copied again, its content is what it was"
    with pytest.raises(InputError, match="missing"):
        run.has_changed(gone)


def test_a_dataset_without_fingerprints_is_a_run_that_checks_nothing(
    classifier: Classifier, dataset: Dataset
) -> None:
    run = infer(classifier, replace(dataset, file_fingerprints={}))
    assert run.fingerprints is None
    assert not run.has_changed(run.samples["sample_id"][0])


def test_another_precision_or_dataset_is_another_run(
    classifier: Classifier, dataset: Dataset, folder: Path
) -> None:
    ids = {
        infer(classifier, dataset).id,
        infer(classifier, dataset, precision="bfloat16").id,
        infer(classifier, dataset, engine="openvino").id,
        infer(classifier, load_dataset(folder, label_map={"BCC": "SK"})).id,
    }
    assert len(ids) == 4


def test_bfloat16_is_close(classifier: Classifier, dataset: Dataset) -> None:
    exact = infer(classifier, dataset)
    rounded = infer(classifier, dataset, precision="bfloat16")
    scale = np.abs(exact.scores).max()
    assert 0 < np.abs(exact.scores - rounded.scores).max() < 0.1 * scale


def test_by_pytorch_in_float32_nothing_is_named_and_nothing_measured(
    classifier: Classifier, dataset: Dataset
) -> None:
    run = infer(classifier, dataset, engine="torch")
    assert run.id == infer(classifier, dataset).id == run_id(
        classifier.hash, dataset.fingerprint, {"precision": "float32"}
    )  # fmt: skip
    assert "rounding" not in run.manifest and run.manifest["settings"] == {"precision": "float32"}


def test_by_openvino_it_is_the_same_up_to_rounding(
    classifier: Classifier, dataset: Dataset
) -> None:
    exact, whole = infer(classifier, dataset), infer(classifier, dataset, engine="openvino")
    assert np.array_equal(exact.samples["sample_id"], whole.samples["sample_id"])
    apart = np.abs(exact.scores - whole.scores)
    assert apart.max() < 1e-4 * np.abs(exact.scores).max()
    assert np.abs(exact.pooled - whole.pooled).max() < 1e-4 * np.abs(exact.pooled).max()
    assert whole.manifest["settings"] == {"precision": "float32", "engine": "openvino"}
    assert set(whole.manifest["versions"]) == {"dermxai", "torch", "timm", "numpy", "openvino"}
    told = whole.manifest["rounding"]
    assert told["images"] == told["same_top1"] == 32
    assert told["largest_difference"] <= apart.max() + 1e-5


def test_how_far_bfloat16_lies_is_kept_with_the_run(
    classifier: Classifier, dataset: Dataset
) -> None:
    exact = infer(classifier, dataset).scores
    run = infer(classifier, dataset, precision="bfloat16")
    told = run.manifest["rounding"]
    assert told["images"] == 32 and told["same_top1"] <= 32
    assert 0 < told["mean_difference"] < told["largest_difference"]
    assert told["largest_difference"] <= np.abs(exact - run.scores).max() + 1e-5
    assert told["range"] <= np.ptp(exact) + 1e-5
    assert f"{told['same_top1']} of 32 images keep their class" in in_words(told)
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    del content["rounding"]  # as an earlier version has written it
    manifest.write_text(json.dumps(content))
    assert infer(classifier, dataset, precision="bfloat16").manifest["rounding"] == told


def test_the_classifier_stays_as_it_is(classifier: Classifier, dataset: Dataset) -> None:
    before = {key: value.clone() for key, value in classifier.network.state_dict().items()}
    infer(classifier, dataset, precision="bfloat16")
    after = classifier.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_progress_ends_at_the_number_of_images(classifier: Classifier, dataset: Dataset) -> None:
    seen: list[tuple[int, int]] = []
    infer(classifier, dataset, batch_size=8, progress=lambda *step: seen.append(step))
    assert seen[0] == (0, IMAGES)
    assert seen[-1] == (IMAGES, IMAGES)
    assert seen == sorted(seen)


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_a_cancelled_run_resumes_to_the_same_bits(
    classifier: Classifier,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    engine: str,
) -> None:
    expected = _content(infer(classifier, dataset, batch_size=8, engine=engine).root)
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path / "other"))

    def stopped(step: int, _: int) -> None:
        if step > 24:
            raise Cancelled

    with pytest.raises(Cancelled):
        infer(classifier, dataset, batch_size=8, engine=engine, progress=stopped)
    assert list_runs() == []
    resumed: list[int] = []
    run = infer(
        classifier,
        dataset,
        batch_size=8,
        engine=engine,
        progress=lambda step, _: resumed.append(step),
    )
    assert resumed[0] == 16
    assert _content(run.root) == expected


def test_a_damaged_shard_is_computed_again(
    classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = _content(infer(classifier, dataset).root)
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path / "other"))
    with pytest.raises(InterruptedError), monkeypatch.context() as patch:
        patch.setattr(inference, "assemble", _refuse)
        infer(classifier, dataset)
    (shard,) = paths.runs().glob("*/shards/*1.npz")
    shard.write_bytes(shard.read_bytes()[:100])
    assert _content(infer(classifier, dataset).root) == expected


def test_shards_of_other_batches_are_not_mixed_in(
    classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InterruptedError), monkeypatch.context() as patch:
        patch.setattr(inference, "assemble", _refuse)
        infer(classifier, dataset, batch_size=8)
    seen: list[int] = []
    infer(classifier, dataset, batch_size=4, progress=lambda step, _: seen.append(step))
    assert seen[0] == 0


CHILD = """
import sys
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.runs import infer, inference, shards
shards.SHARD = inference.SHARD = 4
infer(load_classifier(sys.argv[1]), load_dataset(sys.argv[2]), batch_size=2,
      progress=lambda done, total: print(done, flush=True))
"""


def test_killed_it_resumes_to_the_same_bits(
    tiny_checkpoint: Path,
    classifier: Classifier,
    dataset: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shards, "SHARD", 4)
    monkeypatch.setattr(inference, "SHARD", 4)
    expected = _content(infer(classifier, dataset, batch_size=2).root)
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path / "killed"))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tiny_checkpoint), str(dataset.source)],
        cwd=paths.PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    while int(child.stdout.readline()) < 20:
        pass
    child.send_signal(signal.SIGKILL)
    child.communicate()
    finished = sum(1 for _ in paths.runs().glob("*/shards/*.npz"))
    assert finished >= 3
    written = _shards_written(monkeypatch)
    assert _content(infer(classifier, dataset, batch_size=2).root) == expected
    assert written == list(range(finished, 12))


@pytest.mark.parametrize("write", [1, 2, 3, 4, 5, 6, 7, 8])
def test_killed_at_any_write_it_resumes_to_the_same_bits(
    classifier: Classifier,
    dataset: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: int,
) -> None:
    """The plan, three shards, logits, pooled features, samples, manifest: each is left as a killed
    process would leave it, half written under its temporary name."""
    expected = _content(infer(classifier, dataset).root)
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path / "killed"))
    writes = 0

    @contextmanager
    def killed(path: Path) -> Iterator[Path]:
        nonlocal writes
        writes += 1
        if writes == write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(f".{path.name}.12345678.tmp").write_bytes(b"half")
            raise InterruptedError
        with REPLACING(path) as temporary:
            yield temporary

    with pytest.raises(InterruptedError), monkeypatch.context() as patch:
        patch.setattr(disk, "replacing", killed)
        patch.setattr(shards, "replacing", killed)
        infer(classifier, dataset)
    assert list_runs() == []
    run = infer(classifier, dataset)
    assert _content(run.root) == expected
    assert not list(run.root.rglob("*.tmp"))


def test_two_at_once_share_the_work(
    classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = _shards_written(monkeypatch)
    roots: list[Path] = []
    threads = [
        threading.Thread(target=lambda: roots.append(infer(classifier, dataset).root))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 2
    assert roots[0] == roots[1]
    assert sorted(computed) == [0, 1, 2]


def test_one_image_is_a_run(classifier: Classifier, tmp_path: Path) -> None:
    Image.new("RGB", (80, 60), "pink").save(tmp_path / "one.png")
    (tmp_path / "table.csv").write_text("sample_id,path\none,one.png\n")
    run = infer(classifier, load_dataset(tmp_path / "table.csv"))
    assert run.scores.shape == (1, 14)


def test_mixed_columns_are_kept(classifier: Classifier, dataset: Dataset) -> None:
    mixed = pd.Series([1, "two", None] * 15, dtype="object")
    changed = Dataset(
        dataset.name, dataset.root, dataset.samples.assign(mixed=mixed), (), "another"
    )
    stored = infer(classifier, changed).samples["mixed"]
    assert set(stored.dropna()) == {"1", "two"}
    assert stored.isna().any()


def test_no_readable_image_is_said(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "MN").mkdir()
    (tmp_path / "MN" / "a.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match="None of the 1 images"):
        infer(classifier, load_dataset(tmp_path))
    assert list_runs() == []


def test_images_that_all_failed_are_looked_at_again_when_the_cause_is_mended(
    classifier: Classifier, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (3, 28, 28, 3), np.uint8)
    np.savez_compressed(tmp_path / "m.npz", train_images=images)
    dataset = load_dataset(tmp_path / "m.npz")
    in_the_way = unpacked_file("archive", "train", "state").parents[1]
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.touch()
    with pytest.raises(InputError, match="None of the 3 images"):
        infer(classifier, dataset)
    in_the_way.unlink()
    assert len(infer(classifier, dataset)) == 3


def test_an_output_that_is_not_finite_is_a_problem(tiny_checkpoint: Path, dataset: Dataset) -> None:
    broken = load_classifier(tiny_checkpoint)
    with torch.no_grad():
        broken.network.heads[-1].bias[0] = float("nan")
    with pytest.raises(InputError, match="not a finite number"):
        infer(broken, dataset)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("precision", "int8"),
        ("engine", "steam"),
        ("device", "abacus"),
        ("device", "meta"),
        ("batch_size", -1),
        ("workers", -1),
    ],
)
def test_bad_options_are_refused(
    classifier: Classifier, dataset: Dataset, option: str, value: object
) -> None:
    with pytest.raises(InputError, match=str(value)):
        infer(classifier, dataset, **{option: value})


def test_the_manifest_is_plain_json(classifier: Classifier, dataset: Dataset) -> None:
    run = infer(classifier, dataset)
    manifest = json.loads(RunFiles(run.root).manifest.read_text())
    assert set(manifest["versions"]) == {"dermxai", "torch", "timm", "numpy"}
    assert manifest["id"] == run.id == run.root.name
    assert manifest["dataset"]["fingerprint"] == dataset.fingerprint


def _refuse(*_: object) -> Callable[..., None]:
    raise InterruptedError


def _shards_written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fills with the index of each shard that is written from now on."""
    written: list[int] = []
    original = shards.Shards.write
    monkeypatch.setattr(
        shards.Shards,
        "write",
        lambda self, index, *rest: (written.append(index), original(self, index, *rest)),
    )
    return written


def _content(root: Path) -> dict[str, bytes]:
    files = RunFiles(root)
    content = {path.name: path.read_bytes() for path in (files.logits, files.pooled, files.samples)}
    manifest = json.loads(files.manifest.read_text())
    del manifest["created"]
    return content | {files.manifest.name: json.dumps(manifest).encode()}


@pytest.mark.parametrize("of", [2, 3])
def test_shared_it_is_the_same_to_the_last_bit(
    of: int, classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = infer(classifier, dataset)
    expected = _content(run.root)
    shutil.rmtree(run.root)
    computed = _shards_written(monkeypatch)
    told: list[tuple[int, int]] = []
    for index in range(of):
        infer_share(
            classifier,
            dataset,
            index,
            of,
            token="one",
            progress=lambda *done: told.append(done),
        )
        assert told[-1][0] == told[-1][1]
    assert sorted(computed) == [0, 1, 2], "each once"
    assert list_runs() == [], "until they are joined"
    assert _content(infer(classifier, dataset).root) == expected
    assert sorted(computed) == [0, 1, 2], "nothing twice"
    infer_share(classifier, dataset, 0, of, token="two")
    assert sorted(computed) == [0, 1, 2], "what is there is left alone"


def test_what_a_share_has_not_done_is_done_when_they_are_joined(
    classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = infer(classifier, dataset)
    expected = _content(run.root)
    shutil.rmtree(run.root)
    computed = _shards_written(monkeypatch)
    infer_share(classifier, dataset, 1, 2, token="one")
    assert computed == [1]
    assert _content(infer(classifier, dataset).root) == expected
    assert sorted(computed) == [0, 1, 2]


def test_who_would_round_otherwise_does_not_take_part(
    classifier: Classifier, dataset: Dataset
) -> None:
    """Nor does he take away what others have done."""
    infer_share(classifier, dataset, 0, 2, token="one", batch_size=8)
    (run,) = paths.runs().iterdir()
    done = sorted((run / "shards").iterdir())
    with pytest.raises(InputError, match="round otherwise"):
        infer_share(classifier, dataset, 1, 2, token="one", batch_size=4)
    assert sorted((run / "shards").iterdir()) == done
    infer_share(classifier, dataset, 1, 2, token="two", batch_size=4)
    assert sorted((run / "shards").iterdir()) != done, "what is left of before makes way"


def test_shares_wait_for_who_works_alone(
    classifier: Classifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = infer(classifier, dataset)
    expected = _content(run.root)
    shutil.rmtree(run.root)
    computed = _shards_written(monkeypatch)
    shares = [
        lambda index=index: infer_share(classifier, dataset, index, 2, token="x")
        for index in range(2)
    ]
    alone = [lambda: infer(classifier, dataset)] * 2
    threads = [threading.Thread(target=work) for work in (*shares, *alone)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _content(run.root) == expected
    assert sorted(computed) == [0, 1, 2]


def test_a_run_keeps_that_each_class_is_told_by_itself(tmp_path: Path, dataset: Dataset):
    network = timm.create_model("resnet18", num_classes=2)
    torch.save(network.state_dict(), tmp_path / "several.pth")
    told = {"classes": ("MN", "BCC"), "size": 64}
    several = load_classifier(tmp_path / "several.pth", activation="sigmoid", **told)
    run = infer(several, dataset)
    np.testing.assert_allclose(run.probabilities, expit(run.scores))
    assert run.manifest["checkpoint"]["options"]["activation"] == "sigmoid"
    found = evaluated(run)
    np.testing.assert_allclose(found.probabilities, expit(run.scores))
    usual = infer(load_classifier(tmp_path / "several.pth", **told), dataset)
    assert usual.id != run.id
    assert "activation" not in usual.manifest
    assert "activation" not in usual.manifest["checkpoint"]["options"]


def test_one_output_is_no_perfect_score_by_construction(tmp_path: Path, dataset: Dataset):
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=1)
    torch.save(network.state_dict(), tmp_path / "one.pth")
    run = infer(load_classifier(tmp_path / "one.pth", classes=("MN", "BCC"), size=64), dataset)
    found = evaluated(run)
    assert found.counts.evaluated == IMAGES - 2
    accuracy = (found.predicted == found.true).mean()
    assert accuracy < 0.9
    np.testing.assert_allclose(run.probabilities[:, 1], expit(run.scores[:, 1] - run.scores[:, 0]))
