"""Every attribution method that is discovered keeps the contract of `attribution.method`."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dermxai.core.errors import InputError, NoRoomError
from dermxai.explain import Cancelled, explain, memory
from dermxai.explain.attribution import pass_cache
from dermxai.explain.attribution.api import find_target, methods, prepared
from dermxai.explain.attribution.contract import method_faults
from dermxai.explain.attribution.method import description_faults
from dermxai.explain.forward import twin
from dermxai.models import Classifier, load_classifier
from tests.explain.networks import random_classifier

FEW = {"samples": 30, "steps": 8, "superpixels": 9, "channels": 8, "window": 50, "masks": 30}
ENOUGH = {"samples": 40, "steps": 16, "superpixels": 20, "channels": 32, "window": 30, "masks": 200}
HEADS = {True: "block 2", False: "final"}


def quick(name: str) -> dict[str, Any]:
    """Settings of a method that cost little."""
    known = methods()[name].settings.model_fields
    return {setting: value for setting, value in FEW.items() if setting in known}


@pytest.fixture(scope="module")
def classifiers(tiny_checkpoint: Path) -> list[Classifier]:
    """With auxiliary heads, SiLU and squeeze-and-excitation; of ReLU layers and one head; of tokens
    that attend to each other."""
    networks = [random_classifier(name) for name in ("resnet10t", "test_vit")]
    return [load_classifier(tiny_checkpoint), *networks]


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """Some tests change a network, which nothing else does: no pass of before is shared."""
    pass_cache.clear()


@pytest.fixture(scope="module")
def able(classifiers: list[Classifier]):
    """The first of them for which a method is valid."""

    def find(name: str) -> Classifier:
        for classifier in classifiers:
            if methods()[name].excuse(classifier) is None:
                return classifier
        pytest.skip(f"{name} is valid for none of the networks")

    return find


def untouched(classifier: Classifier) -> bool:
    """No hook, no gradient is left behind, also on a twin to be used again; every turn is free."""
    free = memory._turns._value == memory.TURNS
    with twin(classifier) as network:
        modules = [*classifier.network.modules(), *network.modules()]
    hooks = [m for m in modules if m._forward_hooks or m._forward_pre_hooks or m._backward_hooks]
    parameters = classifier.network.parameters()
    return free and not hooks and all(p.grad is None and not p.requires_grad for p in parameters)


@pytest.mark.parametrize("name", methods())
class TestMethod:
    def test_describes_itself(self, name: str):
        method = methods()[name]
        of_a_position = re.match("logit per (input pixel|.*position)", method.unit)
        assert bool(method.per_area) == bool(of_a_position) >= method.complete
        assert list(description_faults(method)) == []

    def test_keeps_the_contract_that_authors_can_check(self, name: str):
        """A map that lies where the image changes, and no more passes than it declares."""
        method = methods()[name]
        known = method.settings.model_fields
        settings = {setting: value for setting, value in ENOUGH.items() if setting in known}
        assert list(method_faults(method, method.settings(**settings))) == []

    def test_is_valid_or_says_why_not(self, name: str, classifiers: list[Classifier], photograph):
        method = methods()[name]
        for classifier in classifiers:
            reason = method.excuse(classifier)
            assert method.passes(classifier, method.settings()) >= 1
            if reason is not None:
                assert reason.endswith(".")
                with pytest.raises(InputError, match="not available for this network"):
                    explain(classifier, photograph, name, "EAD")

    def test_maps_lie_on_the_image_and_are_finite(self, name: str, able, photograph):
        classifier, steps = able(name), []
        made = explain(
            classifier,
            photograph,
            name,
            "EAD",
            settings=quick(name),
            progress=lambda *step: steps.append(step),
        )
        assert made.map.shape == photograph.shape[:2]
        assert made.map.dtype == np.float32
        assert np.isfinite(made.map).all() and made.map.std() > 0
        assert steps[-1][0] == steps[-1][1] and len({total for _, total in steps}) == 1
        assert untouched(classifier)

    def test_a_contrast_of_the_sum_and_of_a_head(self, name: str, able, photograph):
        """Signed maps turn their sign with the classes; the others say that they do not, and
        answer the two questions differently."""
        classifier = able(name)
        for head in (None, HEADS[classifier.info.auxiliary]):
            one, other = (
                explain(classifier, photograph, name, *pair, head=head, settings=quick(name)).map
                for pair in (("EAD", "SD"), ("SD", "EAD"))
            )
            scale = np.abs(one).max()
            assert scale > 0
            if methods()[name].signed:
                np.testing.assert_allclose(one, -other, atol=2e-4 * scale)
            elif not methods()[name].class_specific:
                np.testing.assert_array_equal(one, other)
            else:
                assert np.abs(one + other).max() > 0.01 * scale
                assert np.abs(one - other).max() > 0.01 * scale

    def test_what_is_complete_adds_up_to_what_it_says_it_explains(
        self, name: str, able, classifiers: list[Classifier], photograph
    ):
        """From one image to another, the sum of the map changes as the logit of its own target and
        head does, whether a head is asked for or not."""
        if not methods()[name].complete:
            pytest.skip("it does not claim to")
        classifier = able(name)
        for head in (None, HEADS[classifier.info.auxiliary]):
            sums, values = [], []
            for image in (photograph, photograph[::-1, ::-1, ::-1] // 2):
                made = explain(classifier, image, name, "EAD", "SD", head=head)
                target = find_target(classifier, made.target, made.against, made.head)
                logits = classifier.infer(prepared(classifier, image)).logits
                sums.append(made.native.sum(dtype=np.float64))
                values.append(float(target.of(logits)))
            assert sums[1] - sums[0] == pytest.approx(values[1] - values[0], rel=0.1, abs=1e-3)

    def test_heads_have_maps_of_their_own(self, name: str, able, photograph):
        classifier = able(name)
        if not classifier.info.auxiliary:
            pytest.skip("the method is valid for the network with one head only")
        first, second = (
            explain(classifier, photograph, name, "EAD", head=head, settings=quick(name)).map
            for head in ("block 2", "final")
        )
        assert np.abs(first - second).max() > 0.01 * np.abs(first).max()

    def test_the_same_twice_whatever_is_drawn_meanwhile(self, name: str, able, photograph):
        """And without a trace in the random state of the process."""
        classifier = able(name)
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002
        first = explain(classifier, photograph, name, "MN", settings=quick(name)).map
        drawn = float(torch.rand(())), float(np.random.rand())  # noqa: NPY002
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002
        assert drawn == (float(torch.rand(())), float(np.random.rand()))  # noqa: NPY002
        again = explain(classifier, photograph, name, "MN", settings=quick(name)).map
        assert untouched(classifier)
        np.testing.assert_allclose(again, first, rtol=1e-6, atol=1e-7)

    def test_the_seed_decides(self, name: str, able, photograph):
        if "seed" not in methods()[name].settings.model_fields:
            pytest.skip("nothing is drawn")
        one, other = (
            explain(able(name), photograph, name, "MN", settings={**quick(name), "seed": seed}).map
            for seed in (0, 1)
        )
        assert np.abs(one - other).max() > 0

    def test_nothing_is_left_behind_when_it_is_cancelled(self, name: str, able, photograph):
        classifier = able(name)

        def stop(done: int, total: int) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            explain(classifier, photograph, name, "EAD", progress=stop)
        assert untouched(classifier)

    def test_nothing_is_left_behind_when_the_network_breaks(
        self, name: str, able, photograph, monkeypatch: pytest.MonkeyPatch
    ):
        """In the middle of a forward pass, on the shared network or on a twin."""
        classifier = able(name)
        layer = torch.nn.Linear if classifier.capabilities.attention else torch.nn.Conv2d
        forward, calls = layer.forward, []

        def broken(self, images: torch.Tensor) -> torch.Tensor:
            calls.append(images)
            if len(calls) > 4:
                raise RuntimeError("broken layer")
            return forward(self, images)

        monkeypatch.setattr(layer, "forward", broken)
        with pytest.raises(RuntimeError, match="broken layer"):
            explain(classifier, photograph, name, "EAD", settings=quick(name))
        assert untouched(classifier)

    def test_less_memory_gives_the_same_map_and_says_so(
        self, name: str, able, photograph, monkeypatch: pytest.MonkeyPatch
    ):
        classifier = able(name)
        roomy = explain(classifier, photograph, name, "EAD", settings=quick(name))
        network = type(classifier.network)
        forward = network.forward

        def cramped(self, images: torch.Tensor, maps: bool = False) -> Any:
            if len(images) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
            return forward(self, images, maps)

        monkeypatch.setattr(network, "forward", cramped)
        made = explain(classifier, photograph, name, "EAD", settings=quick(name))
        np.testing.assert_allclose(made.map, roomy.map, atol=1e-4 * np.abs(roomy.map).max())
        if made.notes[1:] != roomy.notes[1:]:
            assert "Memory ran out" in made.notes[-1]

    def test_too_little_memory_for_one_image_is_one_sentence(
        self, name: str, able, photograph, monkeypatch: pytest.MonkeyPatch
    ):
        classifier = able(name)

        def full(self, images: torch.Tensor, maps: bool = False) -> Any:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")

        monkeypatch.setattr(type(classifier.network), "forward", full)
        with pytest.raises(NoRoomError, match="with a single image at a time"):
            explain(classifier, photograph, name, "EAD", settings=quick(name))

    def test_a_bias_that_is_not_finite_is_named(self, name: str, able, photograph):
        """Though no position's share of the logit depends on it."""
        classifier = able(name)
        biases, at = classifier.network.heads[-1].bias, classifier.info.classes.index("EAD")
        kept = biases[at].clone()
        with torch.inference_mode():
            biases[at] = float("nan")
        try:
            with pytest.raises(InputError, match="not finite"):
                explain(classifier, photograph, name, "EAD", settings=quick(name))
        finally:
            with torch.inference_mode():
                biases[at] = kept

    def test_a_network_that_is_not_finite_is_named(self, name: str, able, photograph):
        classifier = able(name)
        final = classifier.network.heads[-1].weight
        kept = final.clone()
        with torch.inference_mode():
            final.fill_(float("nan"))
        try:
            with pytest.raises(InputError, match="not finite"):
                explain(classifier, photograph, name, "EAD", settings=quick(name))
        finally:
            with torch.inference_mode():
                final.copy_(kept)
        assert untouched(classifier)


def test_visitors_do_not_disturb_each_other(able, photograph):
    """Every method at once on the same networks gives what each gives alone."""
    valid = list(methods())

    def work(name: str) -> np.ndarray:
        return explain(able(name), photograph, name, "EAD", "SD", settings=quick(name)).map

    alone = [work(name) for name in valid]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, valid))
    for name, one, other in zip(valid, alone, together, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max(), err_msg=name)


@pytest.fixture
def all_turns_taken():
    """By other visitors, as long as the test lasts."""
    with ExitStack() as held:
        for _ in range(memory.TURNS):
            held.enter_context(memory.in_turn(None))
        yield


@pytest.mark.usefixtures("all_turns_taken")
@pytest.mark.parametrize("name", methods())
def test_what_a_page_makes_at_once_waits_for_nobody(name: str, able, photograph):
    classifier = able(name)
    settings = methods()[name].settings()
    if methods()[name].passes(classifier, settings) > 3:
        pytest.skip("a page asks before it makes it")
    with ThreadPoolExecutor(1) as visitor:
        made = visitor.submit(explain, classifier, photograph, name, "EAD").result(timeout=60)
    assert np.isfinite(made.map).all()


@pytest.mark.usefixtures("all_turns_taken")
@pytest.mark.parametrize("name", ["integrated_gradients", "smooth_grad", "gradient_shap"])
def test_who_waits_for_other_visitors_is_told_so_and_can_be_cancelled(
    name: str, classifiers: list[Classifier], photograph
):
    told = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        explain(classifiers[0], photograph, name, "EAD", progress=stop)
    assert told == [(0, 0), (0, 0)]


def test_unknown_names_list_the_valid_ones(classifiers: list[Classifier], photograph):
    classifier = classifiers[0]
    with pytest.raises(InputError, match="grad_cam, grad_cam_plus_plus"):
        explain(classifier, photograph, "grad_camm")
    with pytest.raises(InputError, match="LP, Rosa"):
        explain(classifier, photograph, target="eczema")
    with pytest.raises(InputError, match="LP, Rosa"):
        explain(classifier, photograph, target="EAD", against="eczema")
    with pytest.raises(InputError, match="block 1, block 2"):
        explain(classifier, photograph, target="EAD", head="block 9")
    with pytest.raises(InputError, match="mean colour, blurred"):
        explain(classifier, photograph, "lime", "EAD", settings={"baseline": "green"})


def test_an_image_too_small_is_refused(classifiers: list[Classifier]):
    with pytest.raises(InputError, match=r"5×4 pixels; at least 8×8"):
        explain(classifiers[0], np.zeros((4, 5, 3), np.uint8))


@pytest.mark.parametrize("image", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32)])
def test_what_is_no_rgb_image_is_refused(classifiers: list[Classifier], image: np.ndarray):
    with pytest.raises(InputError, match="uint8"):
        explain(classifiers[0], image, "vote_map", "EAD")


@pytest.mark.parametrize("name", ["lime", "kernel_shap"])
def test_too_few_samples_are_said(classifiers: list[Classifier], photograph, name: str):
    made = explain(
        classifiers[0], photograph, name, "EAD", settings={"superpixels": 60, "samples": 30}
    )
    assert any("Fewer samples (30) than regions" in note for note in made.notes)
