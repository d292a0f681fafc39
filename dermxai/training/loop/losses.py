"""Training losses."""

import torch
from torch import Tensor
from torch.nn import functional

from dermxai.training.recipe import Recipe


def loss_of_votes(
    logits: Tensor,
    targets: Tensor,
    recipe: Recipe,
    *,
    class_weights: Tensor | None = None,
    log_priors: Tensor | None = None,
) -> Tensor:
    """Cross-entropy of the summed logits plus ``head_loss`` times the heads' mean cross-entropy.

    Args:
        logits: (n, head, class).
        targets: (n,) class indices, or (n, class) shares of mixed images.
        class_weights: (class,) weight of an image of each class.
        log_priors: (class,) logarithm of each class's share among the images drawn. Times
            ``logit_adjustment`` it is added to the logits of the sum and of each head, so that
            the network itself learns what would hold if classes were equally frequent (Menon et
            al. 2021, arXiv:2007.07314, eq. 10).
    """
    total = logits.sum(1)  # (n, class)
    if log_priors is not None and recipe.logit_adjustment:
        shift = recipe.logit_adjustment * log_priors
        total, logits = total + shift, logits + shift
    loss = _entropy(total, targets, recipe, class_weights)
    n_heads = logits.shape[1]
    if n_heads == 1 or not recipe.head_loss:
        return loss
    repeated = targets.repeat_interleave(n_heads, dim=0)
    return loss + recipe.head_loss * _entropy(logits.flatten(0, 1), repeated, recipe, class_weights)


def _entropy(logits: Tensor, targets: Tensor, recipe: Recipe, weights: Tensor | None) -> Tensor:
    """Mean over the images; weights, whose mean over all images is 1, are not divided out."""
    losses = functional.cross_entropy(
        logits, targets, weights, reduction="none", label_smoothing=recipe.label_smoothing
    )
    return torch.mean(losses)
