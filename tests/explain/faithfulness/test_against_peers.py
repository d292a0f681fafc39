"""Our values are those of Captum and Quantus, within rounding."""

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity

from dermxai.explain.attribution.method import Target
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.imputation import imputed
from dermxai.explain.faithfulness.localisation import pointing_game, relevance_mass
from dermxai.explain.faithfulness.measure import Candidate, Case
from dermxai.explain.faithfulness.measures.infidelity import InfidelitySettings, squares
from dermxai.explain.faithfulness.removal import CurveMeasure, CurveSettings, blurred
from dermxai.explain.faithfulness.similarity import spearman, ssim


def test_infidelity_is_captums(case: Case, noise: Candidate):
    masks = squares(case.size, InfidelitySettings().squares, case.seed)
    inputs = torch.stack([blurred(case, mask) for mask in masks])
    area = torch.from_numpy(masks)[:, None].double().expand(-1, 3, -1, -1)

    def perturbed(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return area, inputs.double()

    def value(images: torch.Tensor) -> torch.Tensor:
        return Target(0).of(case.classifier.infer(images.float()).logits).double()

    spread = torch.from_numpy(noise.values / 3).double().expand(1, 3, -1, -1)
    theirs = captum_infidelity(
        value,
        perturbed,
        case.image.double(),
        spread,
        n_perturb_samples=len(masks),
        normalize=True,
    )
    ours = evaluate.evaluated(case, noise, "infidelity").value
    assert ours == pytest.approx(float(theirs), rel=1e-4)


def test_imputation_is_that_of_quantus():
    functions = pytest.importorskip("quantus.functions.perturb_func")
    generator = np.random.default_rng(0)
    image = generator.random((3, 12, 12))
    for share in (0.2, 0.7):
        removed = generator.random((12, 12)) < share
        theirs = functions.noisy_linear_imputation(
            image, np.flatnonzero(removed), noise=0.0
        ).reshape(image.shape)
        np.testing.assert_allclose(imputed(image, removed), theirs, rtol=1e-5)


def test_deletion_is_pixel_flipping_of_quantus(case: Case, noise: Candidate):
    quantus = pytest.importorskip("quantus")

    class Plain(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return case.classifier(images).logits.sum(1)

    parts = 16
    flipping = quantus.PixelFlipping(
        features_in_step=case.size**2 // parts,
        perturb_func_kwargs={"perturb_baseline": 0.0},
        normalise=False,
        disable_warnings=True,
        display_progressbar=False,
    )
    theirs = flipping(
        model=Plain().eval(),
        x_batch=case.image.numpy(),
        y_batch=np.array([0]),
        a_batch=noise.values[None, None],
        softmax=False,
        device="cpu",
    )[0]

    def nothing(case: Case, removed: np.ndarray) -> torch.Tensor:
        return torch.where(torch.from_numpy(removed), 0.0, case.image[0])

    measure = CurveMeasure(
        name="deletion_nothing",
        title="Deletion",
        source="-",
        note="-.",
        unit="logit",
        higher=False,
        settings=CurveSettings,
        given_back=False,
        fill=nothing,
    )
    settings = CurveSettings(steps=parts)
    ours = measure.measure(case, noise, settings, None).curves["target"][1:]
    np.testing.assert_allclose(ours, theirs[2::3], atol=1e-5)  # theirs flips colours one by one


def test_localisation_is_that_of_quantus(case: Case, noise: Candidate):
    quantus = pytest.importorskip("quantus")
    mask = case.masks["lesion"]
    positive = np.clip(noise.values, 0, None)
    given = {
        "model": None,
        "x_batch": case.image.numpy(),
        "y_batch": np.array([0]),
        "s_batch": mask[None, None],
    }
    options = {"disable_warnings": True, "display_progressbar": False, "normalise": False}
    mass = quantus.RelevanceMassAccuracy(**options)(a_batch=positive[None, None], **given)[0]
    assert relevance_mass(noise.values, mask).value == pytest.approx(float(mass), rel=1e-6)
    for values in (noise.values, mask + noise.values / 100):
        hit = quantus.PointingGame(**options)(a_batch=values[None, None], **given)[0]
        assert pointing_game(values, mask).value == float(hit)


def test_likeness_is_that_of_quantus(noise: Candidate, truth: Candidate):
    functions = pytest.importorskip("quantus.functions.similarity_func")
    one, other = (each.values / np.abs(each.values).max() for each in (noise, truth))
    theirs = functions.correlation_spearman(one.ravel(), other.ravel())
    assert spearman(one, other) == pytest.approx(float(theirs), abs=1e-9)
    assert ssim(one, other) == pytest.approx(float(functions.ssim(one, other)), abs=1e-6)
