import pytest
import torch
from torch.nn.functional import cross_entropy

from dermxai.training.loop.losses import loss_of_votes
from dermxai.training.recipe import Recipe

LOGITS = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0))  # (n, head, class)
LABELS = torch.tensor([0, 1, 2, 3, 0, 0])


def test_loss_is_the_sums_plus_the_heads_mean():
    recipe = Recipe(head_loss=0.3, label_smoothing=0.1)
    heads = [cross_entropy(LOGITS[:, head], LABELS, label_smoothing=0.1) for head in range(3)]
    expected = cross_entropy(LOGITS.sum(1), LABELS, label_smoothing=0.1) + 0.3 * sum(heads) / 3
    torch.testing.assert_close(loss_of_votes(LOGITS, LABELS, recipe), expected)


def test_class_weights_multiply_each_images_loss():
    weights = torch.tensor([1.0, 3.0, 0.5, 0.0])
    recipe = Recipe(head_loss=0.0, label_smoothing=0.0)
    each = cross_entropy(LOGITS.sum(1), LABELS, reduction="none")
    weighted = loss_of_votes(LOGITS, LABELS, recipe, class_weights=weights)
    torch.testing.assert_close(weighted, (each * weights[LABELS]).mean())


def test_shares_of_one_class_are_its_label():
    recipe = Recipe()
    shares = torch.nn.functional.one_hot(LABELS, 4).float()
    torch.testing.assert_close(
        loss_of_votes(LOGITS, shares, recipe), loss_of_votes(LOGITS, LABELS, recipe)
    )


@pytest.mark.parametrize("heads", [1, 3])
def test_adjusted_loss_is_smallest_where_the_unadjusted_logits_are_balanced(heads: int):
    """Images that look alike, three in four of class 0: the plain loss learns these shares, the
    adjusted one that nothing tells the classes apart (Menon 2021)."""
    labels = torch.tensor([0, 0, 0, 1])
    priors = torch.tensor([0.75, 0.25]).log()
    for strength, expected in ((0.0, priors), (1.0, torch.zeros(2))):
        recipe = Recipe(logit_adjustment=strength, label_smoothing=0.0, head_loss=0.0)
        bias = torch.zeros(heads, 2, requires_grad=True)
        optimiser = torch.optim.LBFGS([bias], max_iter=100)

        def step(recipe: Recipe = recipe, bias=bias, optimiser=optimiser) -> torch.Tensor:
            optimiser.zero_grad()
            loss = loss_of_votes(bias.expand(4, -1, -1), labels, recipe, log_priors=priors)
            loss.backward()
            return loss

        optimiser.step(step)
        learnt = bias.detach().sum(0).log_softmax(0)
        torch.testing.assert_close(learnt, expected.log_softmax(0), rtol=0, atol=1e-3)
