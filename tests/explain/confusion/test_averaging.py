from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dermxai.core.errors import Cancelled, InputError
from dermxai.data import load_dataset
from dermxai.data.images import read_image
from dermxai.explain import diagnose
from dermxai.explain.confusion import averaging
from dermxai.explain.confusion.averaging import average_maps, contrast_maps
from dermxai.explain.confusion.files import PairFiles
from dermxai.explain.confusion.pair_maps import MOST, SIDE, canonical, name_of, open_maps
from dermxai.models import load_classifier
from dermxai.runs import infer, open_run
from dermxai.runs.files import RunFiles
from tests.verification import verified

N = 12  # images


@pytest.fixture
def pair(tiny_checkpoint: Path, tmp_path: Path):
    """A run of twelve images with masks, its classifier, and its two most frequent predictions."""
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    rows = []
    for index in range(N):
        picture = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / f"images/{index}.png")
        mask = np.zeros((40, 60), np.uint8)
        mask[10:30, 15:45] = 255
        Image.fromarray(mask).save(tmp_path / f"masks/{index}.png")
        rows.append((str(index), f"images/{index}.png", "EAD", f"masks/{index}.png"))
    table = pd.DataFrame(rows, columns=["sample_id", "path", "label", "mask_path"])
    table.to_csv(tmp_path / "samples.csv", index=False)
    classifier = load_classifier(tiny_checkpoint)
    run = infer(classifier, load_dataset(tmp_path / "samples.csv"))
    names, counts = np.unique(run.predicted, return_counts=True)
    first, second = (str(code) for code in names[np.argsort(-counts, kind="stable")[:2]])
    labels = [first if index % 3 else second for index in range(N)]
    run.samples.assign(label=labels).to_parquet(RunFiles(run.root).samples, index=False)
    return open_run(run.root), classifier, first, second


def test_a_cells_map_is_the_mean_of_its_images_vote_maps(pair):
    run, classifier, first, second = pair
    made = average_maps(run, classifier, first, second)
    for index, (true, predicted) in enumerate(made.cells):
        chosen = (run.samples["label"] == true) & (run.predicted == predicted)
        assert made.in_cell[index] == made.images[0, index] == chosen.sum()
        if not chosen.any():
            assert np.isnan(made.maps[0, index]).all()
            continue
        maps = [
            replace(
                diagnose(classifier, np.asarray(Image.open(path).convert("RGB"))),
                shape=(SIDE, SIDE),
            ).density(first, second)
            for path in run.samples["path"][chosen]
        ]
        verified(
            "Averaged maps",
            "the mean of the images' own maps",
            made.maps[0, index],
            np.mean(maps, axis=0),
            tolerance=2e-4,
        )
    assert made.images.sum() > 0


def test_the_other_order_turns_the_signs_and_is_the_same_file(pair):
    run, classifier, first, second = pair
    one = average_maps(run, classifier, first, second)
    other = open_maps(run, second, first)
    assert other is not None and other.cells == one.cells[::-1]
    np.testing.assert_array_equal(other.maps, -one.maps[:, ::-1])
    np.testing.assert_array_equal(other.images, one.images[:, ::-1])
    assert other.scale("image") == one.scale("image")
    assert len(list((run.root / "pairs").glob("*.npz"))) == 1


def test_interrupted_work_goes_on_where_it_was(pair, monkeypatch):
    run, classifier, first, second = pair
    monkeypatch.setattr(averaging, "PART", 2)
    monkeypatch.setattr(averaging, "BATCH", 2)
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append(done)
        if done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        average_maps(run, classifier, first, second, progress=stop)
    assert open_maps(run, first, second) is None
    (parts,) = (run.root / "pairs").glob("*.parts")
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npz")}
    assert kept
    counted = []
    monkeypatch.setattr(
        averaging,
        "contrast_maps",
        lambda *given, original=averaging.contrast_maps: (
            counted.append(len(given[1])) or original(*given)
        ),
    )
    made = average_maps(run, classifier, first, second)
    in_pair = made.in_cell.sum()
    assert sum(counted) == in_pair - 2 * len(kept)
    assert not parts.exists()
    again = average_maps(run, lambda: pytest.fail("it is stored"), first, second)
    np.testing.assert_array_equal(again.maps, made.maps)


def test_numbers_do_not_depend_on_batches(pair, monkeypatch):
    run, classifier, first, second = pair
    one = average_maps(run, classifier, first, second)
    PairFiles.of(run.root).maps(next((run.root / "pairs").glob("*.npz")).stem).unlink()
    monkeypatch.setattr(averaging, "BATCH", 1)
    monkeypatch.setattr(averaging, "PART", 5)
    other = average_maps(run, classifier, first, second)
    np.testing.assert_allclose(other.maps, one.maps, atol=1e-4)
    np.testing.assert_allclose(other.pictures.astype(int), one.pictures, atol=1)


def test_the_most_images_of_a_cell_are_drawn_and_counted(pair):
    run, classifier, first, second = pair
    made = average_maps(run, classifier, first, second, most=3)
    assert made.images[0].max() == 3 < made.in_cell.max()


def test_files_that_cannot_be_read_are_left_out_and_named(pair):
    run, classifier, first, second = pair
    gone, unmasked = np.flatnonzero(np.isin(run.predicted, (first, second)))[:2]
    Path(run.samples["path"][gone]).unlink()
    Path(run.samples["mask_path"][unmasked]).write_bytes(b"nothing")
    made = average_maps(run, classifier, first, second)
    assert made.images[0].sum() == made.in_cell.sum() - 1
    assert made.images[1].sum() == made.in_cell.sum() - 2
    assert len(made.problems) == 1 and f"{gone}.png" in made.problems[0]


def test_files_that_came_back_are_averaged_when_it_is_asked_again(pair):
    run, classifier, first, second = pair
    complete = average_maps(run, classifier, first, second)
    PairFiles.of(run.root).maps(name_of(run, *canonical(run, first, second), None, MOST)).unlink()
    gone = Path(run.samples["path"][np.flatnonzero(run.predicted == first)[0]])
    content = gone.read_bytes()
    gone.unlink()
    assert average_maps(run, classifier, first, second).problems
    gone.write_bytes(content)
    again = average_maps(run, classifier, first, second)
    assert not again.problems
    np.testing.assert_array_equal(again.images, complete.images)
    np.testing.assert_allclose(again.maps, complete.maps)


def test_another_classifier_and_unknown_classes_are_refused(pair):
    run, classifier, first, second = pair
    with pytest.raises(InputError, match="no class 'mel'"):
        average_maps(run, classifier, first, "mel")
    with pytest.raises(InputError, match="came twice"):
        open_maps(run, first, first)
    manifest = run.manifest | {"checkpoint": run.manifest["checkpoint"] | {"hash": "other"}}
    with pytest.raises(InputError, match="not the one that made run"):
        average_maps(replace(run, manifest=manifest), classifier, first, second)


def test_where_fewer_than_half_of_the_images_reach_nothing_is_said(pair, tmp_path):
    run, classifier, first, second = pair
    corner = np.zeros((40, 60), np.uint8)
    corner[:8, :10] = 255  # its box reaches beyond the image at the left and above
    for index in range(N):
        Image.fromarray(corner).save(tmp_path / f"masks/{index}.png")
    made = average_maps(run, classifier, first, second)
    cell = int(made.images[1].argmax())
    assert np.isnan(made.maps[1, cell, :10, :10]).all()
    assert (made.pictures[1, cell, :10, :10] == 208).all()
    assert np.isfinite(made.maps[1, cell, SIDE // 2 :, SIDE // 2 :]).all()


def test_with_little_memory_the_averages_are_the_same(pair, monkeypatch: pytest.MonkeyPatch):
    run, classifier, first, second = pair
    pictures = [read_image(path) for path in run.samples["path"][:4]]
    roomy = contrast_maps(classifier, pictures, (first, second))
    network = type(classifier.network)
    forward = network.forward

    def cramped(self, images: torch.Tensor, maps: bool = False):
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return forward(self, images, maps)

    monkeypatch.setattr(network, "forward", cramped)
    for one, other in zip(contrast_maps(classifier, pictures, (first, second)), roomy, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5 * np.abs(other).max())
