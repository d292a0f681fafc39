"""Every measure against its definition written out, on values that are neither 0 nor 1."""

from collections.abc import Iterable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from dermxai.explain.attribution.api import find_target, methods
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.cascade import cascade
from dermxai.explain.faithfulness.corner_network import SIZE
from dermxai.explain.faithfulness.measure import Candidate, Case, laid_out, measures
from dermxai.explain.faithfulness.measures.infidelity import squares
from dermxai.explain.faithfulness.removal import BLUR
from dermxai.explain.faithfulness.similarity import spearman, ssim
from dermxai.models import load_classifier
from tests.explain.faithfulness.conftest import fixed
from tests.verification import verified

WRITTEN_OUT = "the definition, written out"


@pytest.fixture(scope="module")
def trained(tiny_checkpoint: Path):
    return load_classifier(tiny_checkpoint)


@pytest.fixture
def seen(trained, photograph) -> Case:
    """A photograph before a network of several heads."""
    lesion = np.zeros(photograph.shape[:2], dtype=bool)
    lesion[15:45, 20:60] = True
    target = find_target(trained, "EAD", "SD")
    return evaluate.make_case(trained, photograph, target, {"lesion": lesion}, seed=11)


def map_of(case: Case, name: str, **settings: Any) -> Candidate:
    method = methods()[name]
    return evaluate.candidate(case, method, method.settings(**settings))


def is_the_same(name: str, found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    title = f"Faithfulness: {measures()[name].title}"
    verified(title, WRITTEN_OUT, found, expected, tolerance=tolerance, relative=True)


def value(case: Case, image: torch.Tensor) -> float:
    """The target's value of an image (3, h, w)."""
    return float(case.target.of(case.classifier.infer(image[None]).logits))


@pytest.mark.parametrize("name", ["saliency", "grad_cam", "integrated_gradients"])
def test_max_sensitivity(seen: Case, name: str):
    """The largest ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖, over all pixels at once, of the same draws."""
    subject = map_of(seen, name, **({"steps": 8} if name == "integrated_gradients" else {}))
    generator = torch.Generator().manual_seed(seen.seed)
    changes = []
    for _ in range(5):
        noise = 0.1 * (2 * torch.rand(seen.image.shape, generator=generator) - 1)
        native, _ = subject.method.attribute(
            seen.classifier, seen.image + noise, seen.target, subject.settings, None
        )
        change = laid_out(native, seen.size) - subject.values
        changes.append(np.sqrt((change.astype(float) ** 2).sum()))
    size = np.sqrt((subject.values.astype(float) ** 2).sum())
    given = {"samples": 5, "radius": 0.1}
    found = evaluate.evaluated(seen, subject, "max_sensitivity", given).value
    is_the_same("max_sensitivity", found, max(changes) / size)


class Brightness:
    """A method whose map is the image's own brightness, above that of a wall."""

    def attribute(self, _: object, image: torch.Tensor, *rest: object) -> Any:
        return image[0].mean(0).numpy() + 3, ()


def test_max_sensitivity_of_a_map_that_is_known(case: Case):
    """Of the mean of three colours, each changed by uniform noise of ±r, the deviation is r / 3:
    over many pixels, the change is that by their root mean square."""
    subject = evaluate.candidate(case, Brightness(), None)
    found = evaluate.evaluated(
        case, subject, "max_sensitivity", {"samples": 1, "radius": 0.3}
    ).value
    size = np.sqrt((subject.values.astype(float) ** 2).mean())
    verified(
        "Faithfulness: Max-sensitivity",
        "the law of large numbers, of a map that is the image's brightness",
        found,
        0.3 / 3 / size,
        tolerance=0.05,
        relative=True,
    )


def test_a_map_of_zeros_has_no_relative_change(case: Case):
    nothing = evaluate.evaluated(case, fixed(case, np.zeros((SIZE, SIZE))), "max_sensitivity")
    assert np.isnan(nothing.value) and nothing.reason == "The map is zero everywhere."


def order(values: np.ndarray) -> np.ndarray:
    """Positions of pixels, the highest value first; of equal ones the first."""
    return np.array(sorted(range(values.size), key=lambda at: (-values.ravel()[at], at)))


def replaced(case: Case, stand_in: torch.Tensor, at: np.ndarray) -> torch.Tensor:
    """The image (3, h, w) whose pixels ``at`` some positions are those of the stand-in."""
    flat = case.image[0].flatten(1).clone()
    flat[:, at] = stand_in.flatten(1)[:, at]
    return flat.unflatten(1, case.image.shape[-2:])


def soft(case: Case) -> torch.Tensor:
    """The picture under a Gaussian of scipy, normalised (3, h, w)."""
    sigma = BLUR * case.size
    planes = [
        gaussian_filter(plane.astype(float), sigma, mode="reflect", radius=round(3 * sigma))
        for plane in np.moveaxis(case.pixels, 2, 0)
    ]
    pixels = np.rint(np.stack(planes, axis=2)).astype(np.uint8)
    return torch.from_numpy(case.classifier.info.preprocessing.normalise(pixels))


def trapezia(heights: Iterable[float], width: float) -> float:
    return sum(width * (one + other) / 2 for one, other in pairwise(heights))


@pytest.mark.parametrize("name", ["saliency", "vote_map"])
def test_deletion_and_insertion(seen: Case, name: str):
    """What a blur of another library gives; its colours may differ by one in 255."""
    subject, stand_in = map_of(seen, name), soft(seen)
    first = order(subject.values)
    counts = [round(share * first.size) for share in (0, 0.25, 0.5, 0.75, 1)]
    for measure, chosen in (
        ("deletion_blur", [first[:count] for count in counts]),
        ("insertion_blur", [first[count:] for count in counts]),
    ):
        curve = [value(seen, replaced(seen, stand_in, at)) for at in chosen]
        found = evaluate.evaluated(seen, subject, measure, {"steps": 4}).value
        is_the_same(measure, found, trapezia(curve, 0.25), 0.02)


def test_inpainting_continues_a_ramp(classifier):
    """Of brightness, with black pixels here and there: without these, the target is that of the
    ramp."""
    ramp = np.add.outer(3 * np.arange(SIZE), 2 * np.arange(SIZE))[..., None] + [60, 60, 60]
    scattered = np.zeros((SIZE, SIZE))
    scattered[2::4, 2::4] = 1  # 1 in 16
    target = find_target(classifier, "A")
    whole = evaluate.make_case(classifier, ramp.astype(np.uint8), target).intact
    holed = np.where(scattered[..., None], 0, ramp).astype(np.uint8)
    case = evaluate.make_case(classifier, holed, target)
    assert abs(case.intact - whole) > 0.1 * abs(whole)
    for name, values, step in (
        ("deletion_inpainting", scattered, 1),
        ("insertion_inpainting", -scattered, 15),
    ):
        found = evaluate.evaluated(case, fixed(case, values), name, {"steps": 16})
        verified(
            f"Faithfulness: {measures()[name].title}",
            "a ramp of brightness, which inpainting must continue",
            found.curves["target"][step],
            whole,
            tolerance=0.02,
            relative=True,
        )
        is_the_same(name, found.value, trapezia(found.curves["target"], 1 / 16))


def test_infidelity(seen: Case):
    subject, stand_in = map_of(seen, "saliency"), soft(seen)
    masks = squares(seen.size, 32, seen.seed)
    falls, sums = [], []
    for mask in masks:
        hidden = replaced(seen, stand_in, np.flatnonzero(mask))
        falls.append(value(seen, seen.image[0]) - value(seen, hidden))
        sums.append(sum(float(subject.values[at]) for at in zip(*np.nonzero(mask), strict=True)))
    (factor,), *_ = np.linalg.lstsq(np.array(sums)[:, None], np.array(falls), rcond=None)
    expected = np.mean((factor * np.array(sums) - np.array(falls)) ** 2)
    is_the_same("infidelity", evaluate.evaluated(seen, subject, "infidelity").value, expected, 0.02)


def linearly_imputed(image: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Of an image (3, h, w), by one dense system of equations, a row a missing pixel."""
    places = [tuple(at) for at in np.argwhere(removed)]
    system, known = np.zeros((len(places), len(places))), np.zeros((len(places), 3))
    for row, (down, across) in enumerate(places):
        for step in np.ndindex(3, 3):
            at = (down + step[0] - 1, across + step[1] - 1)
            beside = abs(step[0] - 1) + abs(step[1] - 1)
            if beside == 0 or not all(0 <= each < image.shape[1] for each in at):
                continue
            weight = 1 / 6 if beside == 1 else 1 / 12
            system[row, row] += weight
            if removed[at]:
                system[row, places.index(at)] -= weight
            else:
                known[row] += weight * image[:, at[0], at[1]]
    filled = image.astype(float).copy()
    filled[:, removed] = np.linalg.solve(system, known).T
    return filled


def test_road(case: Case, noise: Candidate):
    """Of 32 × 32 pixels; the noise on what is imputed, 0.01, is what the two may differ by."""
    first = order(noise.values)
    kept = []
    for at in (first, order(-noise.values)):
        removed = np.zeros(first.size, dtype=bool)
        removed[at[: first.size // 2]] = True
        filled = linearly_imputed(case.image[0].numpy(), removed.reshape(SIZE, SIZE))
        kept.append(value(case, torch.from_numpy(filled).float()))
    found = evaluate.evaluated(case, noise, "road", {"steps": 1}).value
    is_the_same("road", found, (kept[1] - kept[0]) / 2, 0.02)


def by_ranks(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's ρ as Pearson's r of ranks, ties shared."""
    a, b = (rankdata(each.ravel()) for each in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def test_randomisation(seen: Case):
    subject = map_of(seen, "saliency")
    sizes = []
    for number, (_, forgetful) in enumerate(cascade(seen.classifier, seen.seed)):
        if number in (0, 4, 9):  # the heads, the middle, all
            sizes.append(abs(by_ranks(subject.again(classifier=forgetful), subject.values)))
    assert number == 9
    found = evaluate.evaluated(seen, subject, "randomisation").value
    is_the_same("randomisation", found, np.mean(sizes))


def test_repeatability(seen: Case):
    subject = map_of(seen, "smooth_grad", samples=4)
    drawn = [subject.again(seed=seen.seed + 1 + k) for k in range(3)]
    expected = np.mean([by_ranks(one, other) for one, other in combinations(drawn, 2)])
    is_the_same("repeatability", evaluate.evaluated(seen, subject, "repeatability").value, expected)


@pytest.mark.parametrize("outlined", ["lesion", "evidence"])
def test_relevance_mass_and_pointing_game(seen: Case, outlined: str):
    """Over twenty maps; of the game the share of hits."""
    generator = np.random.default_rng(0)
    mask = seen.masks["lesion"]
    seen.masks = {outlined: mask}
    found: dict[str, list[float]] = {"mass": [], "pointing": []}
    expected: dict[str, list[float]] = {"mass": [], "pointing": []}
    for _ in range(20):
        values = generator.normal(0.2, 1, mask.shape).astype(np.float32)
        inside = whole = 0.0
        best = (-np.inf, False)
        for at in np.ndindex(mask.shape):
            gain = max(float(values[at]), 0)
            whole, inside = whole + gain, inside + gain * mask[at]
            best = max(best, (float(values[at]), bool(mask[at])))
        expected["mass"].append(inside / whole)
        expected["pointing"].append(best[1])
        for name, into in found.items():
            into.append(evaluate.evaluated(seen, fixed(seen, values), f"{name}_{outlined}").value)
    is_the_same(f"mass_{outlined}", found["mass"], expected["mass"])
    is_the_same(f"pointing_{outlined}", np.mean(found["pointing"]), np.mean(expected["pointing"]))


def test_likeness_of_two_maps():
    """Structural similarity window by window (7 × 7, as it is printed in Wang et al. 2004, with
    sample covariances)."""
    generator = np.random.default_rng(0)
    one = generator.normal(size=(20, 24))
    other = (one + generator.normal(0, 0.7, one.shape)).round(1)
    verified(
        "Rank correlation of maps",
        WRITTEN_OUT,
        spearman(one, other),
        by_ranks(one, other),
        tolerance=1e-12,
    )
    a, b = one / np.abs(one).max(), other / np.abs(other).max()
    reach = max(a.max(), b.max()) - min(a.min(), b.min())
    c1, c2 = (0.01 * reach) ** 2, (0.03 * reach) ** 2
    windows = []
    for top, left in np.ndindex(20 - 6, 24 - 6):
        x, y = (each[top : top + 7, left : left + 7].ravel() for each in (a, b))
        cov = np.cov(x, y)
        windows.append(
            (2 * x.mean() * y.mean() + c1)
            * (2 * cov[0, 1] + c2)
            / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (cov[0, 0] + cov[1, 1] + c2))
        )
    verified(
        "Structural similarity of maps (SSIM)",
        WRITTEN_OUT,
        ssim(one, other),
        np.mean(windows),
        tolerance=1e-9,
    )
