"""A measure or control map that is wrong in one way is told so; those of the package are right."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from typing_extensions import override

from dermxai.core.errors import Cancelled
from dermxai.core.settings import Settings, setting
from dermxai.explain.faithfulness.contract import control_faults, measure_faults
from dermxai.explain.faithfulness.controls.smooth_noise import SMOOTH_NOISE, SmoothNoise
from dermxai.explain.faithfulness.measure import ControlMap, Measure, Score
from dermxai.explain.faithfulness.measures.deletion import DELETION_BLUR
from dermxai.explain.faithfulness.measures.mass import MASS_LESION, RelevanceMass
from dermxai.explain.faithfulness.measures.repeatability import REPEATABILITY, Repeatability
from dermxai.explain.faithfulness.removal import CurveMeasure

FEW = DELETION_BLUR.settings(steps=4)
WRONG: dict[str, Measure[Any]] = {}
ASIDE: list[Any] = []


def says(sentence: str, like: Measure[Any] = DELETION_BLUR, **changed: Any):
    """A class whose instance, described like another, the contract answers with a sentence."""

    def kept(made: type[Measure[Any]]) -> type[Measure[Any]]:
        WRONG[sentence] = made(**{**vars(like), **changed})
        return made

    return kept


class Inside(RelevanceMass):
    """The relevance mass, of another map."""

    def change(self, values: np.ndarray) -> Any:
        return values

    @override
    def measure(self, case, candidate, settings, progress):
        changed = replace(candidate, values=self.change(candidate.values))
        return super().measure(case, changed, settings, progress)


@says("and random maps 0.11; lower is better", MASS_LESION, higher=False)
class OtherWay(Inside):
    pass


@says("The true map of a known network scores 0.0625 and random maps 0.0625; higher", MASS_LESION)
class SeesNothing(Inside):
    def change(self, values):
        return np.ones_like(values)


@says("The true map of a known network scores nan", MASS_LESION)
class Undefined(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        return Score.undefined("It cannot say.")


@says("it does not depend on the map", REPEATABILITY)
class Always(Repeatability):
    @override
    def measure(self, case, candidate, settings, progress):
        return Score(1.0)

    @override
    def passes(self, classifier, map_passes, settings):
        return 0


@says("Of a map of zeros: measure raises ZeroDivisionError: ", MASS_LESION)
class Divides(Inside):
    def change(self, values):
        return values / (1 / float(np.abs(values).max()) if values.any() else 1 / 0)


@says("Of a map of zeros: the value is nan and its reason ''; expected a finite", MASS_LESION)
class NoReason(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        return replace(super().measure(case, candidate, settings, progress), reason="")


@says("Of a map of one pixel: measure raises IndexError", MASS_LESION)
class AsksForMany(Inside):
    def change(self, values):
        _ = values[values != 0][1]
        return values


@says("Of a map of huge values: the value is inf", MASS_LESION)
class Overflows(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        with np.errstate(over="ignore"):
            total = float(np.square(candidate.values).mean())
        found = super().measure(case, candidate, settings, progress)
        return found if np.isfinite(total) else Score(total)


@says("Of a map without positive values: measure raises ValueError", MASS_LESION)
class NeedsPositive(Inside):
    def change(self, values):
        return values if values.max() >= 0 else values[values > 0].max()


@says("Of the true map: the score's value is a str; expected a number", MASS_LESION)
class Text(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        return Score("1")


@says("Of the true map: measure gives a float; expected a Score.", MASS_LESION)
class Bare(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        return 1.0


@says("measure raises KeyError: 'lesion'; name the mask in needs.", MASS_LESION, needs=None)
class Unsaid(Measure[Settings]):
    @override
    def measure(self, case, candidate, settings, progress):
        return Score(float(candidate.values[case.masks["lesion"]].mean()))

    @override
    def passes(self, classifier, map_passes, settings):
        return 0


@says("Of a mask that is empty: measure raises ValueError", MASS_LESION)
class NeedsSomething(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        case.masks["lesion"].nonzero()[0].max()
        return super().measure(case, candidate, settings, progress)


@says("measure makes work of 9 forward passes where passes says 5 for a map of 3")
class FourMore(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        case.classifier.infer(case.image.repeat(4, 1, 1, 1))
        return super().measure(case, candidate, settings, progress)


@says("measure makes work of 6 forward passes where passes says 5 for a map of 3")
class OneMore(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        case.classifier.infer(case.image)
        return super().measure(case, candidate, settings, progress)


@says("measure makes work of 9 forward passes where passes says 3", REPEATABILITY)
class CountsNoMaps(Repeatability):
    @override
    def passes(self, classifier, map_passes, settings):
        return settings.seeds


@says("passes gives 0.5; expected a whole number", REPEATABILITY)
class Half(Repeatability):
    @override
    def passes(self, classifier, map_passes, settings):
        return 0.5


@says("The same question twice gives two values", MASS_LESION)
class Chance(Inside):
    @override
    def measure(self, case, candidate, settings, progress):
        found = super().measure(case, candidate, settings, progress)
        return replace(found, value=found.value + np.random.default_rng().random() / 100)


@says("measure draws from the random state of the process", MASS_LESION)
class FromTheProcess(Inside):
    def change(self, values):
        torch.rand(())
        return values


@says("measure changes the image, the map or a mask that it is given", MASS_LESION)
class ChangesTheMap(Inside):
    def change(self, values):
        values -= values.min()
        return values


@says("changes the image, the map or a mask that it is given; work")
class ChangesTheImage(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        case.image.mul_(0.5)
        return super().measure(case, candidate, settings, progress)


@says("measure changes the network, which all visitors share")
class ChangesTheNetwork(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        case.classifier.network.heads[0].weight.mul_(0.5)
        return super().measure(case, candidate, settings, progress)


@says("measure leaves hooks on the network")
class Hooks(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        case.classifier.network.heads[0].register_forward_hook(lambda *_: None)
        return super().measure(case, candidate, settings, progress)


@says("measure never calls progress, so it cannot be cancelled.")
class Silent(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        return super().measure(case, candidate, settings, None)


@says("measure catches what progress raises, and goes on.")
class Stubborn(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        try:
            return super().measure(case, candidate, settings, progress)
        except Cancelled:
            return super().measure(case, candidate, settings, None)


@says("It raises RuntimeError: broken (test_contract.py, line ")
class Broken(CurveMeasure):
    @override
    def passes(self, classifier, map_passes, settings):
        raise RuntimeError("broken")


@says("It raises SystemExit: gone")
class Leaves(CurveMeasure):
    @override
    def measure(self, case, candidate, settings, progress):
        raise SystemExit("gone")


@says("note is 'no'; expected", note="no")
class Undescribed(CurveMeasure):
    pass


@pytest.mark.parametrize("sentence", WRONG)
def test_what_is_wrong_with_a_measure_is_said(sentence: str) -> None:
    made = WRONG[sentence]
    found = list(measure_faults(made, FEW if isinstance(made, CurveMeasure) else None))
    assert any(sentence in fault for fault in found), found
    assert all(fault.endswith(".") and "\n" not in fault for fault in found)


@pytest.mark.parametrize("kind", [Inside, CurveMeasure])
def test_what_is_right_is_not(kind: type[Measure[Any]]) -> None:
    like, settings = (MASS_LESION, None) if kind is Inside else (DELETION_BLUR, FEW)
    assert list(measure_faults(kind(**vars(like)), settings)) == []


WRONG_CONTROLS: dict[str, ControlMap[Any]] = {}


def answers(sentence: str, **changed: Any):
    def kept(made: type[ControlMap[Any]]) -> type[ControlMap[Any]]:
        WRONG_CONTROLS[sentence] = made(**{**vars(SMOOTH_NOISE), **changed})
        return made

    return kept


@answers("Two images give two maps")
class OfTheImage(SmoothNoise):
    @override
    def attribute(self, classifier, image, target, settings, progress):
        return image[0, 0].numpy(), ()


@answers("Two networks give two maps")
class OfTheNetwork(SmoothNoise):
    @override
    def attribute(self, classifier, image, target, settings, progress):
        drawn = self.drawn(settings)
        drawn[0] *= float(classifier.infer(torch.ones(1, 3, 32, 32)).logits[0, 0, 0])
        drawn[0] *= classifier.network.side
        return drawn, ()


@answers("Two classes give two maps")
class OfTheClass(SmoothNoise):
    @override
    def attribute(self, classifier, image, target, settings, progress):
        return self.drawn(settings) + np.float32(target.index), ()


@answers("The same settings twice give two maps")
class Unsteady(SmoothNoise):
    @override
    def drawn(self, settings):
        return np.random.default_rng().random((4, 4), np.float32)


@answers("Another seed gives the same map.")
class Unseeded(SmoothNoise):
    @override
    def drawn(self, settings):
        return np.random.default_rng(0).random((4, 4), np.float32)


@answers("The map is the same everywhere")
class Flat(SmoothNoise):
    @override
    def drawn(self, settings):
        return np.ones((4, 4), np.float32)


@answers("The map is an array (4,) of float64; expected (rows, columns)")
class OneRow(SmoothNoise):
    @override
    def drawn(self, settings):
        return np.ones(4)


class Wide(Settings):
    width: float = setting(1.0, "Width", 0.0, 4.0)
    seed: int = setting(0, "Seed", 0, 9)


@answers("With width 0: 16 of the map's values are not finite", settings=Wide)
class Divided(SmoothNoise):
    @override
    def drawn(self, settings):
        with np.errstate(divide="ignore"):
            noise = np.random.default_rng(settings.seed).random((4, 4), np.float32)
            return noise / np.float32(settings.width)


@answers("It draws from the random state of the process")
class OfTheProcess(SmoothNoise):
    @override
    def drawn(self, settings):
        np.random.rand()  # noqa: NPY002
        return super().drawn(settings)


@answers("passes gives 1; a control map sees no network")
class Costs(SmoothNoise):
    @override
    def passes(self, classifier, settings):
        return 1


@answers("complete is True", complete=True, per_area="logit")
class Complete(SmoothNoise):
    pass


@answers("attribute changes the image that it is given.")
class Erases(SmoothNoise):
    @override
    def attribute(self, classifier, image, target, settings, progress):
        image.zero_()
        return super().attribute(classifier, image, target, settings, progress)


@answers("It raises OverflowError")
class Fails(SmoothNoise):
    @override
    def drawn(self, settings):
        raise OverflowError


@pytest.mark.parametrize("sentence", WRONG_CONTROLS)
def test_what_is_wrong_with_a_control_map_is_said(sentence: str) -> None:
    found = list(control_faults(WRONG_CONTROLS[sentence]))
    assert any(sentence in fault for fault in found), found
    assert all(fault.endswith(".") and "\n" not in fault for fault in found)
