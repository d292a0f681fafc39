"""The whole path once on real dermoscopic images: other classes, another backbone."""

from pathlib import Path

import numpy as np
import pytest

from dermxai.data import load_dataset
from dermxai.explain import explain
from dermxai.metrics import evaluate
from dermxai.models import load_classifier
from dermxai.projection import project
from dermxai.runs import infer, open_run

CLASSES = ("DF", "SK", "MN", "Hem", "BCC", "akiec", "mel")


@pytest.mark.real
def test_real_images_become_numbers_maps_and_coordinates(real_data: Path, real_checkpoint: Path):
    dataset = load_dataset(real_data)
    classifier = load_classifier(real_checkpoint)
    assert classifier.info.classes == CLASSES
    assert [problem.reason for problem in dataset.problems] == ["no images, left out: 1 .md"]

    run = infer(classifier, dataset)
    assert len(run) == len(dataset) == 1255
    again = open_run(run.root)
    np.testing.assert_array_equal(again.logits, run.logits)

    evaluation = evaluate(run.samples["label"], run.classes, run.scores, run.samples["sample_id"])
    assert evaluation.counts.evaluated == 1255
    assert evaluation.confusion.sum() == 1255
    most_frequent = run.samples["label"].value_counts(normalize=True).iloc[0]
    assert np.trace(evaluation.confusion) / 1255 > most_frequent

    sample_id = run.samples["sample_id"].iloc[0]
    image = dataset.image(sample_id)
    attribution = explain(classifier, image, target="mel", against="MN")
    assert attribution.map.shape == image.shape[:2] == dataset.mask(sample_id).shape

    projection = project(run, "pca")
    assert projection.coordinates.shape == (1255, 2)
    assert list(projection.sample_ids) == list(run.samples["sample_id"])
