"""A classifier whose true attribution is known: its logit is the brightness of one corner."""

import numpy as np
import pytest

from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.corner_network import corner_case, corner_classifier, true_map
from dermxai.explain.faithfulness.measure import Candidate, Case, control_maps
from dermxai.models import Classifier


@pytest.fixture
def classifier() -> Classifier:
    return corner_classifier()


@pytest.fixture
def case(classifier: Classifier) -> Case:
    """An image that is bright in the corner, dark elsewhere."""
    return corner_case(classifier)


class Fixed:
    """A method that always gives the same map."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def attribute(self, *_: object) -> tuple[np.ndarray, tuple[str, ...]]:
        return self.values, ()


def fixed(case: Case, values: np.ndarray) -> Candidate:
    settings = control_maps()["centred_gaussian"].settings()
    return evaluate.candidate(case, Fixed(values.astype(np.float32)), settings)


@pytest.fixture
def truth(case: Case) -> Candidate:
    """The corner's contributions, a little noise to order equal ones."""
    return fixed(case, true_map())


@pytest.fixture
def noise(case: Case) -> Candidate:
    method = control_maps()["smooth_noise"]
    return evaluate.candidate(case, method, method.settings(cells=8, seed=1))
