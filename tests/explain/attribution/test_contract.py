"""A method that is wrong in one way is told so; those of the package are right in all."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from typing_extensions import override

from dermxai.core.errors import Cancelled
from dermxai.explain.attribution.contract import method_faults, networks
from dermxai.explain.attribution.method import AttributionMethod, Made
from dermxai.explain.attribution.methods.grad_cam import GRAD_CAM, GradCam
from dermxai.explain.attribution.methods.occlusion import OCCLUSION
from dermxai.explain.forward import twin

WRONG: dict[str, type[GradCam]] = {}


def says(sentence: str):
    """A class whose instances the contract answers with such a sentence."""

    def kept(made: type[GradCam]) -> type[GradCam]:
        WRONG[sentence] = made
        return made

    return kept


class Changed(GradCam):
    """Grad-CAM, and something done with its map."""

    def change(self, values: np.ndarray) -> Any:
        return values

    @override
    def attribute(self, *given: Any) -> Made:
        values, notes = super().attribute(*given)
        return self.change(values), notes


@says("as if the map were transposed: row 0")
class Transposed(Changed):
    def change(self, values):
        return np.ascontiguousarray(values.T)


@says("as if the map were mirrored: row 0")
class Mirrored(Changed):
    def change(self, values):
        return values[:, ::-1].copy()


@says("as if the map were upside down: row 0")
class UpsideDown(Changed):
    def change(self, values):
        return values[::-1].copy()


@says("of the map's values are not finite")
class NotFinite(Changed):
    def change(self, values):
        return np.where(values == values.max(), np.float32(np.nan), values)


@says("The map is an array (1, 4, 4) of float32; expected (rows, columns) of float32.")
class OneMore(Changed):
    def change(self, values):
        return values[None]


@says("The map is an array (4, 4) of float64; expected (rows, columns) of float32.")
class Double(Changed):
    def change(self, values):
        return values.astype(np.float64)


@says("The map is a Tensor; expected a NumPy array.")
class OfTorch(Changed):
    def change(self, values):
        return torch.from_numpy(values)


@says("it does not depend on the image")
class Constant(Changed):
    def change(self, values):
        return np.eye(4, dtype=np.float32)


@says("its sum changes by")
class Twice(Changed):
    def change(self, values):
        return 2 * values


@says("exchanging the two classes does not turn its sign")
class Positive(Changed):
    def change(self, values):
        return np.abs(values)


@says("The same question twice gives two maps")
class Drawn(Changed):
    def change(self, values):
        return values + np.random.default_rng().normal(size=values.shape).astype(np.float32)


@says("draws from the random state of the process")
class FromTheProcess(Changed):
    def change(self, values):
        torch.rand(())
        return values


@says("attribute makes work of 41 forward passes where passes says 1; a backward pass")
class FortyMore(GradCam):
    @override
    def attribute(self, classifier, image, *rest):
        for _ in range(40):
            classifier.infer(image)
        return super().attribute(classifier, image, *rest)


@says("attribute makes work of 4 forward passes where passes says 3; a backward pass")
class OneMorePass(GradCam):
    @override
    def passes(self, classifier, settings):
        return 3

    @override
    def attribute(self, classifier, image, *rest):
        for _ in range(3):
            classifier.infer(image)
        return super().attribute(classifier, image, *rest)


@says("attribute makes work of 13 forward passes where passes says 1; a backward pass")
class GradientsOfItsOwnCopy(GradCam):
    @override
    def attribute(self, classifier, image, *rest):
        with twin(classifier) as network, torch.enable_grad():
            for _ in range(4):
                given = image.clone().requires_grad_()
                torch.autograd.grad(network(given).logits.sum(), given)
        return super().attribute(classifier, image, *rest)


@says("attribute changes the image that it is given; work on a clone.")
class Darkened(GradCam):
    @override
    def attribute(self, classifier, image, *rest):
        made = super().attribute(classifier, image, *rest)
        image.mul_(0.5)
        return made


@says("attribute never calls progress, so it cannot be cancelled.")
class Silent(GradCam):
    @override
    def attribute(self, classifier, image, target, settings, progress):
        return super().attribute(classifier, image, target, settings, None)


@says("attribute catches what progress raises, and goes on.")
class Stubborn(GradCam):
    @override
    def attribute(self, classifier, image, target, settings, progress):
        try:
            return super().attribute(classifier, image, target, settings, progress)
        except Cancelled:
            return super().attribute(classifier, image, target, settings, None)


@says("attribute leaves hooks on the network")
class Hooked(GradCam):
    @override
    def attribute(self, classifier, image, *rest):
        self.left.append(classifier.network.heads[0].register_forward_hook(lambda *_: None))
        return super().attribute(classifier, image, *rest)

    left: list = []  # noqa: RUF012


@says("unavailable gives 'no'; expected None or a sentence.")
class Curt(GradCam):
    @override
    def unavailable(self, classifier):
        return "no"


@says("passes gives 1.5; expected a whole number of at least 0.")
class Half(GradCam):
    @override
    def passes(self, classifier, settings):
        return 1.5


def of(kind: type[AttributionMethod[Any]]) -> AttributionMethod[Any]:
    """Described as Grad-CAM is."""
    return kind(**vars(GRAD_CAM))


@pytest.mark.parametrize("sentence", WRONG)
def test_what_is_wrong_is_said(sentence: str) -> None:
    try:
        found = list(method_faults(of(WRONG[sentence])))
    finally:
        for hook in Hooked.left:
            hook.remove()
    assert any(sentence in fault for fault in found), found
    assert all(fault.endswith(".") for fault in found)


def test_what_is_right_is_not() -> None:
    assert list(method_faults(of(Changed))) == []


def test_a_method_may_say_that_its_passes_are_not_exact() -> None:
    assert list(method_faults(replace(of(OneMorePass), passes_exact=False))) == []
    few = replace(of(FortyMore), passes_exact=False)
    assert any("41 forward passes where passes says 1" in each for each in method_faults(few))


def test_a_wrong_description_is_said_before_anything_is_tried() -> None:
    assert "full stop" in next(method_faults(replace(GRAD_CAM, note="No sentence")))
    assert "at least 1" in next(method_faults(replace(GRAD_CAM, version=0)))
    assert "per_area" in next(method_faults(replace(GRAD_CAM, per_area="")))


def test_what_a_network_costs_once_is_charged_to_no_method() -> None:
    networks.cache_clear()
    assert list(method_faults(OCCLUSION, OCCLUSION.settings(window=30))) == []
