from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam

from dermxai.core.errors import InputError
from dermxai.explain import diagnose, explain
from dermxai.explain.confusion.averaging import contrast_maps
from dermxai.explain.faithfulness.badge import badge
from dermxai.models import load_classifier


def test_one_pass_gives_the_same_numbers_as_the_classifier(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    diagnosis = diagnose(classifier, photograph)
    tensor = torch.from_numpy(classifier.info.preprocessing(photograph))[None]
    logits = classifier.infer(tensor).logits[0].numpy()
    np.testing.assert_allclose(diagnosis.logits, logits, rtol=1e-5, atol=1e-6)
    assert diagnosis.ranking[0] == classifier.info.classes[logits.sum(0).argmax()]
    assert diagnosis.probabilities.sum() == pytest.approx(1, abs=1e-6)


def test_grad_cam_of_every_head_adds_up_to_its_logit(tiny_checkpoint: Path, photograph):
    diagnosis = diagnose(load_classifier(tiny_checkpoint), photograph)
    sums = np.stack([cams.sum((1, 2)) for cams in diagnosis.cams])
    np.testing.assert_allclose(sums + diagnosis.biases, diagnosis.logits, rtol=1e-4, atol=1e-5)


def test_one_number_that_is_not_finite_is_one_sentence(tiny_checkpoint: Path, photograph):
    """In an early head and of one class: on the page, in averaged maps, and in the badge."""
    classifier = load_classifier(tiny_checkpoint)
    made = explain(classifier, photograph, "grad_cam", "EAD")
    with torch.inference_mode():
        classifier.network.heads[1].weight[classifier.info.classes.index("SD"), 0] = float("nan")
    for look in (
        lambda: diagnose(classifier, photograph),
        lambda: contrast_maps(classifier, [photograph], ("EAD", "SD")),
        lambda: contrast_maps(classifier, [photograph], ("EAD", "MN")),
        lambda: badge(classifier, photograph, made),
    ):
        with pytest.raises(InputError, match="numbers that are not finite"):
            look()


def test_an_image_too_small_is_one_sentence(tiny_checkpoint: Path):
    with pytest.raises(InputError, match="at least 8×8 are needed"):
        diagnose(load_classifier(tiny_checkpoint), np.zeros((30, 7, 3), np.uint8))


def test_grad_cam_says_whose_vote_it_is(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    diagnosis = diagnose(classifier, photograph)
    for made in (
        explain(classifier, photograph, "grad_cam", "EAD"),
        diagnosis.attribution("grad_cam", "EAD"),
    ):
        assert made.head == "final"
    assert diagnosis.attribution("vote_map", "EAD").head is None
    assert explain(classifier, photograph, "grad_cam", "EAD", head="block 2").head == "block 2"


def test_grad_cam_equals_captums_for_every_class(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    cams = diagnose(classifier, photograph).cams[-1]
    tensor = torch.from_numpy(classifier.info.preprocessing(photograph))[None]
    reference = LayerGradCam(
        lambda images: classifier(images).logits.sum(1), classifier.network.backbone.bn2
    )
    for index in range(len(cams)):
        expected = reference.attribute(tensor.requires_grad_(), target=index)[0, 0].detach().numpy()
        scale = np.abs(expected).max()
        np.testing.assert_allclose(cams[index], expected, rtol=0, atol=1e-5 * scale)


def test_map_lies_on_the_original_image_and_contrast_is_the_difference(
    tiny_checkpoint: Path, photograph
):
    diagnosis = diagnose(load_classifier(tiny_checkpoint), photograph)
    ead, sd = diagnosis.grad_cam("EAD"), diagnosis.grad_cam("SD")
    assert ead.shape == photograph.shape[:2]
    np.testing.assert_allclose(diagnosis.grad_cam("EAD", "SD"), ead - sd, atol=1e-6)


def test_explain_gives_the_same_grad_cam(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    np.testing.assert_allclose(
        explain(classifier, photograph, "grad_cam", "EAD", "SD").map,
        diagnose(classifier, photograph).grad_cam("EAD", "SD"),
        atol=1e-6,
    )


def test_features_are_what_the_final_head_reads(tiny_checkpoint: Path, photograph):
    classifier = load_classifier(tiny_checkpoint)
    diagnosis = diagnose(classifier, photograph)
    weight, bias = classifier.head_weights(-1)
    expected = weight.numpy() @ diagnosis.features + bias.numpy()
    np.testing.assert_allclose(diagnosis.logits[-1], expected, rtol=1e-4, atol=1e-5)


def test_maps_of_fewer_classes_are_the_same_and_the_decision_stays(
    tiny_checkpoint: Path, photograph
):
    whole = diagnose(load_classifier(tiny_checkpoint), photograph)
    target, against = whole.ranking[-1], whole.ranking[2]  # in another order than the classes
    fewer = whole.with_maps_of({target, against, None})
    assert set(fewer.mapped) == {target, against}
    assert fewer.maps(target, None) and not fewer.maps(target, whole.ranking[0])
    assert sum(each.nbytes for each in fewer.cams) * 7 == sum(each.nbytes for each in whole.cams)
    for other in (against, None):
        one, all_ = fewer.decomposition(target, other), whole.decomposition(target, other)
        assert (one.decision, one.margin, one.without) == (all_.decision, all_.margin, all_.without)
        for mine, known in zip(one.maps, all_.maps, strict=True):
            np.testing.assert_array_equal(mine, known)
        np.testing.assert_array_equal(
            fewer.attribution("vote_map", target, other).map,
            whole.attribution("vote_map", target, other).map,
        )
    with pytest.raises(ValueError):
        fewer.decomposition(whole.ranking[0])
