"""What may go wrong while a training runs, done to it: real processes where a process dies."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from dermxai.core.errors import Cancelled, InputError
from dermxai.data import load_dataset
from dermxai.models import load_classifier, read_info
from dermxai.training.files import PreparedFiles, TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.loop import checkpoint_writer
from dermxai.training.loop.plan import Progress
from dermxai.training.recipe import Recipe
from dermxai.training.record.specification import Specification

# every option that draws random numbers or keeps a state of its own
RECIPE = Recipe(
    architecture="test_efficientnet",
    size=32,
    epochs=4,
    batch_size=8,
    learning_rate=5e-3,
    ema_decay=0.5,
    mixup=0.2,
    colour_constancy="none",
)


@pytest.fixture(scope="module")
def straight(two_colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training that nothing happens to."""
    return fit(load_dataset(two_colours), RECIPE, tmp_path_factory.mktemp("straight") / "m")


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_classifier(at).network.state_dict() for at in (one, other))
    return all(torch.equal(second[name], tensor) for name, tensor in first.items())


def without_times(folder: Path) -> pd.DataFrame:
    history = pd.read_csv(TrainingFiles(folder).history)
    return history.drop(columns=["seconds", "images_per_second", "memory"])


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_dies_mid_epoch_is_continued_bit_for_bit(
    how: signal.Signals, two_colours: Path, straight: Path, tmp_path: Path
):
    settings = [
        f"--set={name}={value}" for name, value in RECIPE.model_dump().items() if value != ""
    ]
    out = tmp_path / "m"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "train", str(two_colours), "--output", str(out), *settings],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 240
        while not TrainingFiles(out).state.is_file() and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.3)  # into the next epoch
        process.send_signal(how)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == (-signal.SIGKILL if how is signal.SIGKILL else 130), said
    assert "Traceback" not in said
    done = len(pd.read_csv(TrainingFiles(out).history))
    assert done < RECIPE.epochs
    fit(load_dataset(two_colours), RECIPE, out)
    assert same_weights(out, straight)
    assert same_weights(out / "last", straight / "last")
    pd.testing.assert_frame_equal(without_times(out), without_times(straight))
    assert not list(out.glob(".*.tmp"))


# the command line with steps slow enough to be hit in the middle
SLOW = """
import sys, time
from dermxai.training.loop import module
step = module.Training.training_step
def slow(self, *batch):
    time.sleep(0.2)
    return step(self, *batch)
module.Training.training_step = slow
from dermxai.cli import main
sys.exit(main())
"""


def test_cancelled_mid_step_it_ends_with_the_state_kept(
    two_colours: Path, straight: Path, tmp_path: Path
):
    def cancel(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and done == 9:
            raise Cancelled

    with pytest.raises(Cancelled):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m", cancel)
    assert read_info(tmp_path / "m" / "last").metrics["validation"]["epoch"] == 1
    fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert same_weights(tmp_path / "m", straight)


def test_a_file_that_is_lost_before_it_is_read_is_named_and_the_rest_is_learnt(
    two_colours: Path, tmp_path: Path
):
    folder = copy_of(two_colours, tmp_path / "data")
    dataset = load_dataset(folder)
    (folder / "7.png").unlink()
    (folder / "9.png").write_bytes(b"no image")
    info = read_info(fit(dataset, RECIPE.replaced(epochs=1), tmp_path / "m"))
    assert set(info.data["unreadable_images"]) == {"s7", "s9"}
    assert info.data["training_images"] + info.data["validation_images"] == 58


def test_a_file_that_is_lost_while_training_is_not_missed(two_colours: Path, tmp_path: Path):
    folder = copy_of(two_colours, tmp_path / "data")

    def lose(phase: str, done: int, *_: object) -> None:
        if phase == "training":
            (folder / "7.png").unlink(missing_ok=True)

    info = read_info(fit(load_dataset(folder), RECIPE.replaced(epochs=2), tmp_path / "m", lose))
    assert info.data["training_images"] + info.data["validation_images"] == 60


def copy_of(data: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in data.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def cancelled_in_epoch(epoch: int) -> Progress:
    def cancel(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == epoch:
            raise Cancelled

    return cancel


def test_a_training_whose_data_lost_a_file_meanwhile_goes_on_as_it_would_have(
    two_colours: Path, tmp_path: Path
):
    folder, out = copy_of(two_colours, tmp_path / "data"), tmp_path / "m"
    straight = fit(load_dataset(folder), RECIPE, tmp_path / "straight")
    with pytest.raises(Cancelled):
        fit(load_dataset(folder), RECIPE, out, cancelled_in_epoch(2))
    (folder / "7.png").unlink()
    assert len(load_dataset(folder)) == 59
    fit(load_dataset(folder), RECIPE, out)
    assert same_weights(out, straight)
    assert read_info(out).data == read_info(straight).data
    assert not TrainingFiles(out).data.exists()


def test_a_file_lost_while_images_were_read_is_named_when_the_training_goes_on(
    two_colours: Path, tmp_path: Path
):
    folder, out = copy_of(two_colours, tmp_path / "data"), tmp_path / "m"

    def cancel(phase: str, *_: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fit(load_dataset(folder), RECIPE, out, cancel)
    (folder / "7.png").unlink()
    info = read_info(fit(load_dataset(folder), RECIPE, out))
    assert set(info.data["unreadable_images"]) == {"s7"}
    assert info.data["training_images"] + info.data["validation_images"] == 59


def test_a_training_does_not_go_on_with_images_that_became_others(
    two_colours: Path, tmp_path: Path
):
    data, out = load_dataset(two_colours), tmp_path / "m"
    with pytest.raises(Cancelled):
        fit(data, RECIPE, out, cancelled_in_epoch(2))
    samples = data.samples
    others = {
        "one more": pd.concat([samples, samples.iloc[[0]].assign(sample_id="new")]),
        "another label": samples.assign(label=samples["label"].to_numpy()[::-1]).iloc[:-1],
    }
    for name, changed in others.items():
        with pytest.raises(InputError, match="another data set"):
            fit(replace(data, samples=changed, fingerprint=name), RECIPE, out)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("kind", ["images", "pictures", "about"])
def test_images_that_the_power_failed_upon_are_read_again(
    two_colours: Path, straight: Path, tmp_path: Path, kind: str
):
    with pytest.raises(Cancelled):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m", cancelled_in_epoch(2))
    (about,) = (folder := TrainingFiles(tmp_path / "m").images).glob("*.json")
    cut_off(getattr(PreparedFiles(folder, about.stem), kind))
    fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert same_weights(tmp_path / "m", straight)


def test_a_state_that_the_power_failed_upon_is_named_and_the_weights_are_kept(
    two_colours: Path, straight: Path, tmp_path: Path
):
    files = TrainingFiles(tmp_path / "m")
    with pytest.raises(Cancelled):
        fit(load_dataset(two_colours), RECIPE, files.root, cancelled_in_epoch(2))
    cut_off(files.state)
    with pytest.raises(InputError, match=r"training\.ckpt is damaged"):
        fit(load_dataset(two_colours), RECIPE, files.root)
    assert read_info(files.last).metrics["validation"]["epoch"] == 1
    files.state.unlink()
    fit(load_dataset(two_colours), RECIPE, files.root)
    assert same_weights(files.root, straight)


def test_a_training_that_had_lost_patience_when_it_was_killed_learns_no_more(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stuck = RECIPE.replaced(
        epochs=9,
        patience=1,
        learning_rate=1e-6,
        optimiser="sgd",
        mixup=0.0,
        ema_decay=0.0,
        drop_rate=0.0,
    )
    data = load_dataset(two_colours)
    straight = fit(data, stuck, tmp_path / "straight")
    ended = len(pd.read_csv(TrainingFiles(straight).history))
    assert ended < 9
    with monkeypatch.context() as patch:  # killed before the end was written down
        patch.setattr(Specification, "note", killed_at_the_end)
        with pytest.raises(Cancelled):
            fit(data, stuck, tmp_path / "m")
    fit(data, stuck, tmp_path / "m")
    assert len(pd.read_csv(TrainingFiles(tmp_path / "m").history)) == ended
    assert same_weights(tmp_path / "m" / "last", straight / "last")


def killed_at_the_end(
    self: Specification, files: TrainingFiles, *, ended: bool, note=Specification.note
) -> None:
    if ended:
        raise Cancelled
    note(self, files, ended=False)


def test_a_checkpoint_of_other_origin_is_not_written_over(
    two_colours: Path, tiny_checkpoint: Path, tmp_path: Path
):
    shutil.copytree(tiny_checkpoint, tmp_path / "m")
    before = load_classifier(tmp_path / "m").hash
    with pytest.raises(InputError, match="holds something else"):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert load_classifier(tmp_path / "m").hash == before


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
)
def test_too_little_memory_is_answered_with_advice(
    error: RuntimeError, two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("dermxai.training.loop.module.augment", full)
    with pytest.raises(InputError, match=r"halve batch_size and double accumulate.*bfloat16"):
        fit(load_dataset(two_colours), RECIPE, tmp_path / "m")


def test_a_full_disk_is_named_and_the_last_whole_epoch_kept(
    two_colours: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    saved = 0

    def save(state: object, file: object) -> None:
        nonlocal saved
        saved += 1
        if saved == 2:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        torch_save(state, file)

    torch_save = torch.save
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_writer.torch, "save", save)
        with pytest.raises(InputError, match=r"is full.*free some space"):
            fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    state = torch.load(TrainingFiles(tmp_path / "m").state, weights_only=True)
    assert len(next(v for k, v in state["callbacks"].items() if "Keeping" in k)["records"]) == 1
    fit(load_dataset(two_colours), RECIPE, tmp_path / "m")
    assert same_weights(tmp_path / "m", straight)


def test_a_disk_without_room_for_the_images_is_named(two_colours: Path, tmp_path: Path):
    """A real limit on the size of files, in a process of its own."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from pathlib import Path;"
        "from dermxai.data import load_dataset;"
        "from dermxai.data.transforms import Preprocessing;"
        "from dermxai.training.data.prepared import prepare_images;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));"
        "data = load_dataset(sys.argv[1]);"
        "prepare_images(data, list(data.samples.sample_id), Preprocessing(32),"
        " Path(sys.argv[2]), lambda *_: None)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(two_colours), str(tmp_path / "images")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1].startswith(f"OSError: [Errno {errno.EFBIG}]")
    assert not list((tmp_path / "images").glob("*.npy"))


def test_what_another_training_left_is_not_overwritten(two_colours: Path, straight: Path):
    with pytest.raises(InputError, match="another recipe"):
        fit(load_dataset(two_colours), RECIPE.replaced(seed=1), straight)
    before = TrainingFiles(straight).history.stat().st_mtime_ns
    assert fit(load_dataset(two_colours), RECIPE, straight) == straight
    assert TrainingFiles(straight).history.stat().st_mtime_ns == before


def test_a_patient_on_both_sides_is_refused_with_the_way_out(two_colours: Path, tmp_path: Path):
    dataset = load_dataset(two_colours)
    split = np.where(np.arange(60) % 4 == 0, "validation", "train")
    torn = replace(dataset, samples=dataset.samples.assign(split=split))
    with pytest.raises(InputError, match=r"15 patients \(p0 first\).*split=patient"):
        fit(torn, RECIPE, tmp_path / "m")
    info = read_info(fit(torn, RECIPE.replaced(epochs=1, split="patient"), tmp_path / "m"))
    assert info.data["training_images"] + info.data["validation_images"] == 60
