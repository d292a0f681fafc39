"""Probabilities of logits."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from dermxai.core.activation import SIGMOID, SOFTMAX

Float = TypeVar("Float", bound=np.floating)


def probabilities(scores: NDArray[Float], activation: str = SOFTMAX) -> NDArray[Float]:
    """
    Args:
        scores: (…, class) logits.
        activation: see `dermxai.core.activation`.
    """
    values = np.asarray(scores)
    if not values.size:
        return values
    found: NDArray[Float] = expit(values) if activation == SIGMOID else softmax(values, axis=-1)
    return found
