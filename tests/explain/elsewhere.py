"""A device that is none: tensors say that they lie there and hold their values in ordinary memory.
Whatever mixes them with tensors of the processor fails, as on a GPU.

    python -m tests.explain.elsewhere

prints, as JSON, what each part of `dermxai.explain` finds on the processor and there. A process of
its own, since torch does not forget such a device.
"""

import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from dermxai.explain import diagnose, explain
from dermxai.explain.attribution.api import find_target, methods
from dermxai.explain.confusion.averaging import contrast_maps
from dermxai.explain.counterfactual.search import CounterfactualSettings, find_counterfactual
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.badge import badge
from dermxai.explain.faithfulness.measure import measures
from dermxai.explain.robustness.evaluate import robustness
from dermxai.models import Classifier
from dermxai.runs.forward import forward_pass
from tests.explain.networks import random_classifier

NAME = "elsewhere"
MOVES = ("_to_copy", "copy_", "index", "_index", "lift_fresh")  # take tensors of both devices
FEW = {
    "smooth_grad": {"samples": 4},
    "gradient_shap": {"samples": 4},
    "integrated_gradients": {"steps": 8},
    "feature_ablation": {"superpixels": 16},
    "kernel_shap": {"superpixels": 16, "samples": 32},
    "lime": {"superpixels": 16, "samples": 32},
}


class Lying(Tensor):
    """A tensor that lies elsewhere."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "Lying":
        made = Tensor._make_wrapper_subclass(
            *(cls, held.size()),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(NAME, 0),
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def computed(operator: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    lying = [each for each in tensors if isinstance(each, Lying)]
    near = [each for each in tensors if not isinstance(each, Lying) and each.dim() > 0]
    name = operator.__name__
    if lying and near and not name.startswith(MOVES):
        raise RuntimeError(f"{name} got tensors of two devices.")
    held_args, held = tree_map(lambda x: x.held if isinstance(x, Lying) else x, (args, kwargs))
    there = bool(lying)
    if held.get("device") is not None:
        there = torch.device(held["device"]).type == NAME
        held["device"] = torch.device("cpu")
    if name.startswith("copy_"):
        there = isinstance(args[0], Lying)
    found = operator(*held_args, **held)
    if held_args and found is held_args[0]:
        return args[0]
    return tree_map(lambda x: Lying(x) if isinstance(x, Tensor) else x, found) if there else found


class Elsewhere(TorchDispatchMode):
    """Sends there what is asked to go there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def findings(classifier: Classifier) -> dict[str, Callable[[], Any]]:
    """What can be asked of a classifier, each as numbers."""
    rng = np.random.default_rng(0)
    image, other = rng.integers(0, 255, (2, 90, 120, 3), dtype=np.uint8)
    mask = np.zeros((90, 120), dtype=bool)
    mask[20:60, 30:80] = True
    one, two = classifier.info.classes[:2]
    masks = {"lesion": mask, "evidence": mask}
    search = CounterfactualSettings(pieces=8, draws=5)
    unread = diagnose(classifier, image).ranking[-1]

    def judged(measure: str) -> list[float]:
        target = find_target(classifier, one, two)
        case = evaluate.make_case(classifier, image, target, masks)
        subject = evaluate.candidate(case, methods()["vote_map"], methods()["vote_map"].settings())
        score = evaluate.evaluated(case, subject, measure)
        return [score.value if np.isfinite(score.value) else 0.0, len(score.reason)]

    def checked() -> list[str]:
        made = explain(classifier, image, "grad_cam", one, two)
        return [each.finding for each in badge(classifier, image, made, masks)]

    def logits() -> list[Any]:
        size = classifier.info.preprocessing.size
        batch = torch.from_numpy(rng.integers(0, 255, (2, size, size, 3), dtype=np.uint8))
        forward = forward_pass(classifier, classifier.device, torch.float32, 1)
        return [each.cpu() for each in forward(batch)]

    asked: dict[str, Callable[[], Any]] = {
        "run": logits,
        "decomposition": lambda: diagnose(classifier, image).decomposition(one, two).votes,
        "averaged maps": lambda: contrast_maps(classifier, [image, other], (one, two)),
        "fragility": lambda: robustness(classifier, image).table["margin"],
        "flip": lambda: find_counterfactual(classifier, image, unread, settings=search).leads,
        "badge": checked,
    }
    for name in measures():
        asked[f"measure {name}"] = lambda name=name: judged(name)
    for name, method in methods().items():
        if method.excuse(classifier) is None:
            asked[f"method {name}"] = lambda name=name: (
                explain(classifier, image, name, one, two, settings=FEW.get(name)).density
            )
    return asked


def main() -> None:
    on_processor = random_classifier("test_efficientnet", auxiliary=True)
    on_device = random_classifier("test_efficientnet", auxiliary=True)
    pairs = [(on_processor, on_device)]
    pairs.append((random_classifier("resnet10t"), random_classifier("resnet10t")))
    _setup_privateuseone_for_python_backend(NAME)
    torch.__future__.set_swap_module_params_on_conversion(True)
    make = torch.tensor

    def tensor(values: Any, device: Any = None, **more: Any) -> Tensor:
        return make(values, **more).to(device)  # a mode does not see torch's own way there

    found: dict[str, Any] = {}
    for near, far in pairs:
        with Elsewhere():
            far.to(NAME)
        for name, ask in findings(near).items():
            with (
                Elsewhere(),
                mock.patch("torch.tensor", tensor),
                mock.patch("torch.inference_mode", torch.no_grad),  # wrappers have no such mode
            ):
                there = findings(far)[name]()
            found[f"{name}, {near.name}"] = [ask(), there]
    print(json.dumps(found, default=lambda values: np.asarray(values).tolist()))


if __name__ == "__main__":
    main()
