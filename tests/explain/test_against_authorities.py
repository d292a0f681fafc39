"""The numbers of one image, of what would flip it, of its robustness and of its neighbours, against
definitions written out."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import rankdata
from statsmodels.stats.proportion import proportion_confint

from dermxai.explain import diagnose, explain
from dermxai.explain.attribution.api import methods
from dermxai.explain.attribution.difference import difference
from dermxai.explain.attribution.method import Target
from dermxai.explain.counterfactual.search import (
    CounterfactualSettings,
    RandomSets,
    find_counterfactual,
)
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.badge import DRAWS, badge
from dermxai.explain.faithfulness.cascade import cascade
from dermxai.explain.faithfulness.measure import control_maps
from dermxai.explain.robustness.evaluate import perturbed, robustness, similarity
from dermxai.models import Classifier, load_classifier
from tests.verification import verified

WRITTEN_OUT = "the definition, written out"
FORWARD = "the network's forward pass"


@pytest.fixture
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load_classifier(tiny_checkpoint)


@pytest.fixture
def logits(classifier: Classifier, photograph) -> np.ndarray:
    """(head, class) in float64."""
    tensor = torch.from_numpy(classifier.info.preprocessing(photograph))[None]
    with torch.inference_mode():
        return classifier.network(tensor).logits[0].double().numpy()


def test_probabilities_logits_and_votes(classifier, photograph, logits):
    seen = diagnose(classifier, photograph)
    verified("Logits of the heads", FORWARD, seen.logits, logits, tolerance=1e-5, relative=True)
    total = np.exp(logits.sum(axis=0))
    verified(
        "Probability of a class",
        "the softmax of the network's summed logits, written out",
        seen.probabilities,
        total / total.sum(),
        tolerance=1e-5,
    )
    made = seen.decomposition("EAD", "SD")
    one, other = (seen.classes.index(code) for code in ("EAD", "SD"))
    votes = logits[:, one] - logits[:, other]
    number = "Votes by head and position, and what is left over"
    verified(number, FORWARD, made.votes, votes, tolerance=1e-5)
    parts = [maps.sum() + bias for maps, bias in zip(made.maps, made.biases, strict=True)]
    verified(number, FORWARD, parts, votes, tolerance=1e-5)


def test_completeness_gaps_and_differences(classifier, photograph, logits):
    """What a map's note says against its sum and the change of the logit."""
    made = explain(classifier, photograph, "integrated_gradients", "EAD", "SD")
    codes = classifier.info.classes
    target = Target(codes.index("EAD"), codes.index("SD"))
    ends = torch.from_numpy(np.zeros((1, 3, 64, 64), np.float32))
    change = float(target.of(torch.from_numpy(logits)[None])) - float(
        target.of(classifier.infer(ends).logits)
    )
    said = re.search(r"gap ([+−][\d.]+) of a change of ([+−][\d.]+) ", " ".join(made.notes))
    found = [float(number.replace("−", "-")) for number in said.groups()]
    expected = [float(made.native.sum(dtype=float)) - change, change]
    verified("Completeness gap", WRITTEN_OUT, found, expected, tolerance=1e-3)
    maps = [explain(classifier, photograph, name, "EAD", "SD") for name in ("vote_map", "grad_cam")]
    percents = [each.map.astype(float) * each.native.size / 100 for each in maps]
    verified(
        "Difference of two maps",
        WRITTEN_OUT,
        difference(*maps).map,
        percents[0] - percents[1],
        tolerance=1e-5,
        relative=True,
    )


def test_checks_of_a_map(classifier, photograph):
    """What the checks' sentences say, read back."""
    made = explain(classifier, photograph, "saliency", "EAD", "SD")
    height, width = photograph.shape[:2]
    down, across = np.mgrid[:height, :width]
    masks = {
        "lesion": (down / height - 0.4) ** 2 + (across / width - 0.55) ** 2 < 0.09,
        "evidence": (down > 0.3 * height) & (across > 0.6 * width),
    }
    said = {check.title: check.finding for check in badge(classifier, photograph, made, masks)}
    codes = classifier.info.classes
    target = Target(codes.index("EAD"), codes.index("SD"))
    case = evaluate.make_case(classifier, photograph, target, masks)
    bell = control_maps()[evaluate.CENTRED]
    method = methods()["saliency"]
    subject = evaluate.candidate(case, method, method.settings(), made.native)
    means = [
        evaluate.evaluated(case, each, "deletion_blur", {"steps": 4}).value
        for each in (subject, evaluate.candidate(case, bell, bell.settings()))
    ]
    found = [
        float(n.replace("−", "-"))
        for n in re.findall(r"[-−]?\d+\.\d\d", said["Deletion, centred Gaussian"])
    ]
    verified(
        "Checks of a map: deletion", "Faithfulness: Deletion (blur)", found, means, tolerance=0.006
    )
    middle = evaluate.candidate(case, bell, bell.settings())
    for title, name in (("Inside the lesion", "lesion"), ("Inside the drawn signs", "evidence")):
        inside = case.masks[name]
        mine, guess = (
            sum(each for each in of.values[inside].tolist() if each > 0)
            / sum(each for each in of.values.ravel().tolist() if each > 0)
            for of in (subject, middle)
        )
        verified(
            "Checks of a map: inside the lesion and the drawn signs",
            WRITTEN_OUT,
            [float(each) / 100 for each in re.findall(r"(\d+) %", said[title])],
            [mine, inside.sum() / inside.size, guess],
            tolerance=0.0051,
        )
    sizes = []
    for seed in range(DRAWS):
        again = subject.again(classifier=next(cascade(classifier, seed))[1])
        sizes.append(abs(ranked(again, subject.values)))
    found = re.search(r"itself is ([\d.]+)", said["Random heads"])[1]
    verified(
        "Checks of a map: random heads", WRITTEN_OUT, float(found), np.mean(sizes), tolerance=0.006
    )


def ranked(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's ρ as Pearson's r of ranks."""
    return float(np.corrcoef(*(rankdata(each.ravel()) for each in (one, other)))[0, 1])


def test_what_would_flip_it(classifier, photograph):
    ranking = diagnose(classifier, photograph).ranking
    settings = CounterfactualSettings(pieces=16, draws=10)
    found = find_counterfactual(classifier, photograph, ranking[1], settings=settings)
    scores = diagnose(classifier, found.edited).scores.astype(float)
    wanted = classifier.info.classes.index(ranking[1])
    verified(
        "Margin after a replacement",
        FORWARD,
        found.lead,
        np.delete(scores, wanted).max() - scores[wanted],
        tolerance=1e-4,
    )
    replaced = sum(int((found.pieces == each).sum()) for each in found.chosen)
    verified(
        "Area of a replacement",
        WRITTEN_OUT,
        [found.area, found.areas[0]],
        [100 * replaced / found.pieces.size, 0],
        tolerance=1e-9,
    )
    leads = np.random.default_rng(0).normal(size=(41, 2))
    ordered = np.sort(leads, axis=0)
    verified(
        "Margins after random sets: median, and where 95 % lie",
        WRITTEN_OUT,
        RandomSets(np.array([5.0, 10.0]), leads).band,
        [ordered[1], ordered[20], ordered[39]],  # the first, twentieth and 39th of forty steps
        tolerance=1e-12,
    )
    for flipped in range(1, 20):
        leads = np.where(np.arange(20) < flipped, -1.0, 1.0)[:, None]
        verified(
            "Flip rate of random sets, and its interval",
            "statsmodels proportion_confint, wilson",
            RandomSets(np.array([10.0]), leads).flip_rate,
            [flipped / 20, *proportion_confint(flipped, 20, method="wilson")],
            tolerance=1e-9,
        )


def test_robustness(classifier, photograph):
    found = robustness(classifier, photograph, "SD")
    codes = classifier.info.classes
    way = classifier.info.preprocessing
    one, other = codes.index(found.prediction), codes.index("SD")
    margins, flipped = [], []
    for picture in perturbed(way, photograph):
        tensor = torch.from_numpy(way.normalise(picture))[None]
        scores = classifier.infer(tensor).logits[0].double().sum(0).numpy()
        margins.append(scores[one] - scores[other])
        flipped.append(scores.argmax() != one)
    verified(
        "Margin, flip rate and spread over perturbations",
        FORWARD,
        [*found.table["margin"], found.flip_rate, found.spread],
        [*margins, np.mean(flipped), np.std(margins, ddof=1)],
        tolerance=1e-4,
    )


def test_likeness_of_maps_on_a_common_grid():
    generator = np.random.default_rng(0)
    one = generator.normal(size=(10, 10))
    other = one + generator.normal(0, 1, one.shape)
    correlation, overlap = similarity(one, other)
    verified(
        "Rank correlation of maps",
        "the definition, on the maps' own grid",
        correlation,
        ranked(one.astype(np.float32), other.astype(np.float32)),
        tolerance=1e-9,
    )
    tops = [set(sorted(range(100), key=lambda at: -each.ravel()[at])[:10]) for each in (one, other)]
    verified("Overlap of maps", WRITTEN_OUT, overlap, len(tops[0] & tops[1]) / 10, tolerance=1e-12)
