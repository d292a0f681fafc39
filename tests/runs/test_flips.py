"""Flipped images: what the network says of them, and their average as a remedy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import Dataset, load_dataset
from dermxai.jobs.kinds import find_kind
from dermxai.models import Classifier, load_classifier
from dermxai.remedies import Stack, fit_stack
from dermxai.remedies.images import outputs_of
from dermxai.remedies.keep import check_can_be_kept
from dermxai.runs import Run, infer
from dermxai.runs.files import RunFiles
from dermxai.runs.flip_inference import infer_flips
from dermxai.runs.flips import open_flips
from tests.generated import generated_run

STACK = Stack.parsed('[{"remedy":"average_flips","settings":{"of":"logits"}}]')


@pytest.fixture
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load_classifier(tiny_checkpoint)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    rng = np.random.default_rng(0)
    for index in range(18):
        path = tmp_path / "images" / ("BCC" if index % 2 else "MN") / f"{index:02d}.png"
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(rng.integers(0, 255, (70, 90, 3), np.uint8)).save(path)
    return load_dataset(tmp_path / "images")


@pytest.fixture
def run(classifier: Classifier, dataset: Dataset) -> Run:
    return infer(classifier, dataset)


def test_flips_are_those_of_the_classifier_and_are_averaged(
    classifier: Classifier, dataset: Dataset, run: Run
) -> None:
    assert fit_stack(run, STACK).told[0].skipped == "The images were not inferred flipped yet."
    find_kind("flips").run(lambda *_: None, run=str(run.root))
    said = open_flips(run)
    assert said is not None and said.shape == (18, 3, len(run.classes))
    expected = []
    for sample_id in run.samples["sample_id"]:
        image = torch.from_numpy(classifier.info.preprocessing(dataset.image(sample_id)))
        flipped = torch.stack([image.flip(axes) for axes in ((2,), (1,), (1, 2))])
        expected.append(np.asarray(classifier.infer(flipped).logits).sum(axis=1))
    np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-4)
    assert not np.allclose(said[:, 0], said[:, 1])
    fitted = fit_stack(run, STACK)
    made = fitted.applied(outputs_of(run, np.arange(18)))
    mean = (run.scores + said.sum(axis=1)) / 4
    np.testing.assert_allclose(made.logits, mean, rtol=1e-6)
    with pytest.raises(InputError, match="Average of flips cannot be written"):
        check_can_be_kept(fitted, "flipped")


def test_flips_come_first(classifier: Classifier, run: Run) -> None:
    infer_flips(run, classifier)
    text = '["logit_offset","average_flips"]'
    with pytest.raises(InputError, match="put them first"):
        fit_stack(run, Stack.parsed(text))


@pytest.mark.parametrize("damage", ["", "not an archive", "shape", "dtype", "nan"])
def test_damaged_flips_count_as_none(tmp_path: Path, damage: str) -> None:
    run = generated_run(tmp_path / "runs" / "one", 12)
    logits = np.zeros((12, 3, len(run.classes)), np.float32)
    file = RunFiles(run.root).flips
    np.savez(file, logits=logits)
    assert open_flips(run) is not None
    if damage in ("", "not an archive"):
        file.write_text(damage)
    elif damage == "nan":
        logits[3, 1] = np.nan
        np.savez(file, logits=logits)
    else:
        wrong = logits[:11] if damage == "shape" else logits.astype(np.float64)
        np.savez(file, logits=wrong)
    assert open_flips(run) is None


def test_images_that_have_changed_since_are_refused(
    classifier: Classifier, dataset: Dataset, run: Run
) -> None:
    Image.fromarray(np.zeros((70, 90, 3), np.uint8)).save(dataset.samples["path"].iloc[3])
    with pytest.raises(InputError, match="changed"):
        infer_flips(run, classifier)
    assert open_flips(run) is None
