import torch
from torch import nn

from dermxai.explain import Target
from dermxai.explain.faithfulness.cascade import cascade
from dermxai.explain.forward import Value, folded_network
from tests.explain.networks import random_classifier

TARGET = Target(3, 5)
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def value_and_gradient(network: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    images = IMAGES.clone().requires_grad_()
    value = TARGET.of(network(images).logits)
    (gradient,) = torch.autograd.grad(value.sum(), images)
    return value.detach(), gradient


def test_the_lean_network_has_the_values_and_gradients_of_the_classifiers():
    classifier = random_classifier("test_efficientnet", auxiliary=True)
    network = folded_network(classifier)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for found, expected in zip(
        value_and_gradient(network), value_and_gradient(classifier.network), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_the_lean_network_is_made_once_and_leaves_the_classifier_as_it_is():
    classifier = random_classifier("test_efficientnet", auxiliary=True)
    before = {key: tensor.clone() for key, tensor in classifier.network.state_dict().items()}
    assert folded_network(classifier) is folded_network(classifier) is not classifier.network
    after = classifier.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_a_network_that_forgets_is_never_asked_as_it_was():
    classifier = random_classifier("test_efficientnet", auxiliary=True)
    for _, forgetful in cascade(classifier, seed=0):
        expected = TARGET.of(forgetful(IMAGES).logits)
        scale = float(forgetful(IMAGES).logits.sum(1).abs().max())
        torch.testing.assert_close(
            Value(forgetful, TARGET)(IMAGES), expected, rtol=0, atol=1e-4 * scale
        )
