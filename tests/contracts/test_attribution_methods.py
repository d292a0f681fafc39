"""Every attribution method, found by looking, keeps the contract of `dermxai.explain.method`."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from dermxai.errors import InputError
from dermxai.explain import Cancelled, explain
from dermxai.explain.api import methods
from dermxai.models import Classifier, load_classifier


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load_classifier(tiny_checkpoint)


def untouched(classifier: Classifier) -> bool:
    """No hook, no gradient, no lock is left behind."""
    free = classifier.lock.acquire(blocking=False)
    if free:
        classifier.lock.release()
    modules = list(classifier.network.modules())
    hooks = [m for m in modules if m._forward_hooks or m._forward_pre_hooks or m._backward_hooks]
    parameters = classifier.network.parameters()
    return free and not hooks and all(p.grad is None and not p.requires_grad for p in parameters)


@pytest.mark.parametrize("name", methods())
class TestMethod:
    def test_describes_itself(self, name: str):
        method = methods()[name]
        assert method.TITLE and method.UNIT and method.NOTE.endswith(".")
        assert is_dataclass(method.Settings) and method.Settings.__dataclass_params__.frozen
        assert all(setting.metadata["help"] for setting in fields(method.Settings))

    def test_maps_lie_on_the_image_are_finite_and_signed(
        self, name: str, classifier: Classifier, photograph
    ):
        attribution = explain(classifier, photograph, name, "EAD")
        assert attribution.map.shape == photograph.shape[:2]
        assert attribution.map.dtype == np.float32
        assert np.isfinite(attribution.map).all() and attribution.map.std() > 0
        assert untouched(classifier)

    def test_contrast_turns_its_sign_with_the_classes(
        self, name: str, classifier: Classifier, photograph
    ):
        one = explain(classifier, photograph, name, "EAD", "SD").map
        other = explain(classifier, photograph, name, "SD", "EAD").map
        np.testing.assert_allclose(one, -other, atol=1e-4 * np.abs(one).max())

    def test_the_same_twice(self, name: str, classifier: Classifier, photograph):
        first = explain(classifier, photograph, name, "MN").map
        np.testing.assert_allclose(explain(classifier, photograph, name, "MN").map, first)

    def test_nothing_is_left_behind_when_it_is_cancelled(
        self, name: str, classifier: Classifier, photograph
    ):
        def stop(done: int, total: int) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            explain(classifier, photograph, name, "EAD", progress=stop)
        assert untouched(classifier)


def test_unknown_names_list_the_valid_ones(classifier: Classifier, photograph):
    with pytest.raises(InputError, match="grad_cam, integrated_gradients"):
        explain(classifier, photograph, "grad_camm")
    with pytest.raises(InputError, match="LP, Rosa"):
        explain(classifier, photograph, target="eczema")
    with pytest.raises(InputError, match="LP, Rosa"):
        explain(classifier, photograph, target="EAD", against="eczema")
