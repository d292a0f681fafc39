"""Measures on a network whose true attribution is known."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.core.settings import described
from dermxai.explain.attribution.api import methods
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.cascade import cascade
from dermxai.explain.faithfulness.corner_network import CORNER
from dermxai.explain.faithfulness.measure import Candidate, Case, grain, measures
from dermxai.explain.faithfulness.removal import blurred, inpainted, top
from dermxai.models import Classifier
from tests.explain.faithfulness.conftest import fixed
from tests.explain.networks import random_classifier

COMPARED = [name for name, each in measures().items() if each.compared and each.needs is None]


@pytest.mark.parametrize("name", COMPARED)
def test_the_true_map_is_better_than_its_opposite(name: str, case: Case, truth: Candidate):
    if name == "infidelity":
        pytest.skip("its best factor may be negative")
    sign = 1 if measures()[name].higher else -1
    best = sign * evaluate.evaluated(case, truth, name).value
    assert best > sign * evaluate.evaluated(case, fixed(case, -truth.values), name).value


def test_deletion_goes_by_the_map(case: Case, truth: Candidate):
    found = evaluate.evaluated(case, truth, "deletion_inpainting", {"steps": 16})
    share = CORNER**2 / case.size**2
    values = np.array(found.curves["target"])
    assert values[0] == pytest.approx(case.intact, abs=1e-5)
    assert found.curves["x"][1] == pytest.approx(share)
    assert values[1] < 0 < values[0]  # the corner is gone, the dark skin stands in its place
    np.testing.assert_allclose(values[1:-1], values[1], atol=0.2)


def test_what_is_removed_is_replaced_and_the_rest_is_as_it_was(case: Case):
    removed = top(np.random.default_rng(0).random((case.size, case.size)), 0.3)
    assert removed.sum() == round(0.3 * case.size**2)
    for fill in (blurred, inpainted):
        filled = fill(case, removed)
        assert torch.equal(filled[:, ~torch.from_numpy(removed)], case.image[0][:, ~removed])
        assert torch.equal(fill(case, np.zeros_like(removed)), case.image[0])
        assert torch.isfinite(fill(case, np.ones_like(removed))).all()


def test_pointing_and_mass(case: Case, truth: Candidate, noise: Candidate):
    assert evaluate.evaluated(case, truth, "pointing_lesion").value == 1
    assert evaluate.evaluated(case, fixed(case, -truth.values), "pointing_lesion").value == 0
    area = case.masks["lesion"].mean()
    uniform = fixed(case, np.ones((case.size, case.size)))
    assert evaluate.evaluated(case, uniform, "mass_lesion").value == pytest.approx(area)
    assert evaluate.evaluated(case, truth, "mass_lesion").value > 0.98
    nothing = fixed(case, -np.ones((case.size, case.size)))
    assert "Nothing in the map" in evaluate.evaluated(case, nothing, "mass_lesion").reason
    assert "no evidence mask" in evaluate.evaluated(case, truth, "mass_evidence").reason


def test_a_map_that_ignores_the_network_fails_randomisation(case: Case, truth: Candidate):
    assert evaluate.evaluated(case, truth, "randomisation").value == pytest.approx(1)
    depending = evaluate.candidate(case, Depending(), truth.settings)
    assert evaluate.evaluated(case, depending, "randomisation").value < 0.1


class Depending:
    """A method whose map is another one for every other network."""

    def attribute(self, classifier: Classifier, image: torch.Tensor, *_: object) -> Any:
        parameters = [p.sum().item() for p in classifier.network.parameters()]
        seed = abs(hash(tuple(parameters)))
        return np.random.default_rng(seed).random(image.shape[-2:], np.float32), ()


class Turning:
    """A method whose map is upright or upside down by the sign of a weight of the heads."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.astype(np.float32)

    def attribute(self, classifier: Classifier, *_: object) -> tuple[np.ndarray, tuple[str, ...]]:
        return self.values * float(torch.sign(classifier.network.heads[0].weight[0, 0])), ()


def test_a_pattern_that_random_weights_only_turn_round_fails_randomisation(
    case: Case, truth: Candidate
):
    turning = evaluate.candidate(case, Turning(truth.values), truth.settings)
    for seed in range(6):
        found = evaluate.evaluated(replace(case, seed=seed), turning, "randomisation")
        assert found.value == pytest.approx(1)
        assert set(np.abs(found.curves["Spearman"])) == {1}


def test_random_weights_are_those_of_new_layers_and_nobody_elses(case: Case):
    """The draws are torch's own, whoever draws at the same time, and leave the process's alone."""

    def heads(seed: int) -> torch.Tensor:
        return next(cascade(case.classifier, seed))[1].network.heads[0].weight.clone()

    torch.manual_seed(5)
    fresh = torch.nn.Linear(3, 2, bias=False).weight
    state = torch.get_rng_state()
    assert torch.equal(heads(0), heads(0))
    alone = [heads(seed) for seed in range(8)]
    assert torch.equal(torch.get_rng_state(), state)
    assert fresh.shape == alone[0].shape and alone[0].abs().max() <= 3**-0.5
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(heads, list(range(8)) * 6))
    assert all(torch.equal(one, alone[i % 8]) for i, one in enumerate(together))


@pytest.mark.parametrize("architecture", ["efficientnet_b0", "resnet10t", "inception_v3"])
def test_no_layer_draws_from_the_random_state_of_the_process(architecture: str):
    classifier = random_classifier(architecture, size=96)
    torch.manual_seed(7)
    state = torch.get_rng_state()
    before = {k: v.clone() for k, v in classifier.network.state_dict().items()}
    *_, (_, forgetful) = cascade(classifier, 0)
    assert torch.equal(torch.get_rng_state(), state)
    for name, weight in forgetful.network.named_parameters():
        if weight.ndim > 1:
            assert not torch.equal(weight, before[name]), name


def test_randomisation_leaves_the_shared_network_untouched(case: Case):
    method = methods()["grad_cam"]
    before = {k: v.clone() for k, v in case.classifier.network.state_dict().items()}
    evaluate.evaluated(case, evaluate.candidate(case, method, method.settings()), "randomisation")
    after = case.classifier.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(p.requires_grad for p in case.classifier.network.parameters())


def test_seeds_and_noise(case: Case, truth: Candidate, noise: Candidate):
    assert evaluate.evaluated(case, truth, "repeatability").value == 1
    assert abs(evaluate.evaluated(case, noise, "repeatability").value) < 0.3
    assert evaluate.evaluated(case, truth, "max_sensitivity").value == 0


@pytest.mark.parametrize("cells", [4, 8, 16, 32])
def test_grain_is_that_of_noise(cells: int, case: Case, noise: Candidate):
    settings = type(noise.settings)(cells=cells, seed=5)
    made = evaluate.candidate(case, noise.method, settings)
    assert grain(made.values) in {cells, cells // 2} and grain(made.values) >= 4


def test_bad_settings_say_what_is_allowed(case: Case, truth: Candidate):
    with pytest.raises(InputError, match="from 2 to 100"):
        evaluate.evaluated(case, truth, "deletion_blur", {"steps": 1})
    with pytest.raises(InputError, match="of deletion_blur; there are steps"):
        evaluate.evaluated(case, truth, "deletion_blur", {"parts": 3})
    with pytest.raises(InputError, match="deletion_blur"):
        evaluate.evaluated(case, truth, "delete")
    with pytest.raises(InputError, match="expected names and their values"):
        evaluate.evaluated(case, truth, "deletion_blur", "abc")


@pytest.mark.parametrize("name", measures())
def test_whole_numbers_stay_whole(name: str):
    for field in described(measures()[name].settings):
        if field.kind is int:
            for wrong in (field.default + 0.5, True):
                with pytest.raises(InputError, match=f"{field.name} of {name} .* whole number"):
                    evaluate.checked(name, {field.name: wrong})
