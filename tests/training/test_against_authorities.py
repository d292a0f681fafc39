"""The numbers of trainings and studies against scikit-learn and definitions written out."""

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn import metrics as sk
from timm.data.mixup import Mixup

from dermxai.data.transforms import Preprocessing
from dermxai.training.loop.choice import by_chance, standard_errors
from dermxai.training.loop.losses import loss_of_votes
from dermxai.training.loop.module import Training
from dermxai.training.loop.validation import confused, reached
from dermxai.training.recipe import Recipe
from dermxai.training.studies.comparison import MEASURES, measured, summary
from tests.verification import verified

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 4, 200)
SCORES = GENERATOR.normal(size=(200, 4)) + np.eye(4)[LABELS]
READ = SCORES.argmax(axis=1)
SHARES = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)


def test_loss_in_numpy():
    """Cross-entropy of the sum, and the heads' mean; smoothed labels, weighted classes."""
    logits = GENERATOR.normal(size=(6, 3, 4))
    labels, weights = np.array([0, 1, 2, 3, 0, 0]), np.array([1.0, 3.0, 0.5, 0.7])
    smoothed = 0.9 * np.eye(4)[labels] + 0.1 / 4

    def entropy(scores: np.ndarray) -> float:
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return float(-(smoothed * weights * logs).sum(axis=1).mean())

    expected = entropy(logits.sum(axis=1)) + 0.3 * np.mean(
        [entropy(logits[:, head]) for head in range(3)]
    )
    recipe = Recipe(head_loss=0.3, label_smoothing=0.1)
    found = loss_of_votes(
        *(torch.from_numpy(each) for each in (logits, labels)),
        recipe,
        class_weights=torch.from_numpy(weights),
    )
    verified("Training loss", "cross-entropy in numpy", float(found), expected, tolerance=1e-9)


def test_what_is_reached_on_validation_images():
    got = reached(SCORES, LABELS, tuple("abcd"), 1.5, np.arange(len(LABELS)))
    verified(
        "Validation: balanced accuracy, accuracy, AUC, sensitivity",
        "scikit-learn",
        [got.balanced_accuracy, got.accuracy, got.macro_auc, *got.sensitivity.values()],
        [
            sk.balanced_accuracy_score(LABELS, READ),
            sk.accuracy_score(LABELS, READ),
            sk.roc_auc_score(LABELS, SHARES, multi_class="ovr"),
            *sk.recall_score(LABELS, READ, average=None),
        ],
        tolerance=1e-12,
    )


def test_shares_of_a_pair():
    got = reached(SCORES, LABELS, tuple("abcd"), 1.5, np.arange(len(LABELS)))
    matrix = sk.confusion_matrix(LABELS, READ, normalize="true")
    verified(
        "Validation: share of a class that is predicted as another",
        "scikit-learn confusion_matrix",
        list(confused(got.confusion, tuple("abcd"), ("a", "b")).values()),
        [matrix[0, 1], matrix[1, 0]],
        tolerance=1e-12,
    )


def test_standard_errors_are_the_jackknife_over_patients():
    """Each of 20 patients left out once (Efron & Stein 1981)."""
    units = np.arange(len(LABELS)) % 20
    left = [
        [
            sk.roc_auc_score(LABELS[kept], SHARES[kept], multi_class="ovr"),
            sk.balanced_accuracy_score(LABELS[kept], READ[kept]),
        ]
        for kept in (units != unit for unit in range(20))
    ]
    apart = np.array(left) - np.mean(left, axis=0)
    verified(
        "Validation: standard error",
        "the jackknife over patients, of scikit-learn's values",
        list(standard_errors(SCORES, LABELS, units).values()),
        np.sqrt(19 / 20 * (apart**2).sum(axis=0)),
        tolerance=1e-12,
    )


def test_what_one_shuffle_in_twenty_reaches():
    """Of two classes and one image a patient: Mann and Whitney's U, and the hypergeometric
    distribution."""
    labels = np.repeat([0, 1], [300, 200])
    scores = np.stack([np.zeros(500), np.random.default_rng(1).normal(size=500)], axis=1)
    found = by_chance(scores, labels, np.arange(500))
    area = stats.norm(0.5, np.sqrt(501 / (12 * 300 * 200)))
    called = int((scores[:, 1] > 0).sum())
    right = stats.hypergeom(500, called, 200).ppf(0.95)  # of the second class, called so
    verified(
        "Validation: what one shuffle in twenty reaches",
        "scipy norm (Mann–Whitney) and hypergeom; the difference is chance, of 200 shuffles",
        [found["macro_auc"], found["balanced_accuracy"]],
        [area.ppf(0.95), (right / 200 + (300 - called + right) / 300) / 2],
        tolerance=0.015,
    )


def test_measures_of_a_study():
    got = measured(SCORES, LABELS)
    one_vs_rest = sk.multilabel_confusion_matrix(LABELS, READ)  # (class, rest or not, read)
    rates = one_vs_rest / one_vs_rest.sum(axis=2, keepdims=True)
    expected = {
        "balanced_accuracy": sk.balanced_accuracy_score(LABELS, READ),
        "top1_accuracy": sk.accuracy_score(LABELS, READ),
        "auc": sk.roc_auc_score(LABELS, SHARES, multi_class="ovr"),
        "accuracy": np.mean([sk.accuracy_score(k == LABELS, k == READ) for k in range(4)]),
        "sensitivity": rates[:, 1, 1].mean(),
        "specificity": rates[:, 0, 0].mean(),
    }
    verified(
        "Study: measures of a network",
        "scikit-learn",
        [got[name] for name in MEASURES],
        [expected[name] for name in MEASURES],
        tolerance=1e-12,
    )
    values = [0.90, 0.94, 0.98, 0.91]
    table = summary(pd.DataFrame([{"network": "a", **dict.fromkeys(MEASURES, v)} for v in values]))
    mean = sum(values) / 4
    verified(
        "Study: mean and standard deviation",
        "the definition, with n − 1",
        table.loc[0, ["auc_mean", "auc_sd"]].to_numpy(float),
        [mean, np.sqrt(sum((v - mean) ** 2 for v in values) / 3)],
        tolerance=1e-12,
    )


def test_loss_of_mixed_images():
    """timm's mixup against Zhang et al. 2018: an image and the one that mirrors it in the batch,
    the same shares of their colours and of their labels."""
    images = torch.from_numpy(GENERATOR.normal(size=(6, 3, 8, 8)))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    logits = GENERATOR.normal(size=(6, 1, 4))
    np.random.seed(3)  # noqa: NPY002
    mixed, targets = Mixup(0.4, 0.0, label_smoothing=0, num_classes=4)(images.clone(), labels)
    draws = np.random.RandomState(3)
    draws.rand()  # whether to mix at all
    share = draws.beta(0.4, 0.4)
    assert 0.01 < share < 0.99
    np.testing.assert_allclose(mixed, share * images + (1 - share) * images.flip(0), atol=1e-12)
    shares = share * np.eye(4)[labels] + (1 - share) * np.eye(4)[labels.flip(0)]
    scores = logits[:, 0]
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    found = loss_of_votes(torch.from_numpy(logits), targets, Recipe(label_smoothing=0.0))
    verified(
        "Training loss",
        "mixup (Zhang et al. 2018) and cross-entropy in numpy",
        float(found),
        -(shares * logs).sum(axis=1).mean(),
        tolerance=1e-6,
    )


def test_learning_rates_are_one_cosine_cycle():
    """Up from a 25th within 15 % of the steps, down to a ten-thousandth of where it began."""
    recipe = Recipe(architecture="test_efficientnet", epochs=1)
    module = Training(recipe, ("EAD", "SD"), Preprocessing(size=32), np.array([0, 1]), 40)
    configured = module.configure_optimizers()
    optimiser, scheduled = configured["optimizer"], configured["lr_scheduler"]
    found, expected = [], []
    first = recipe.learning_rate / 25
    top = 0.15 * 40 - 1
    for step in range(40):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduled["scheduler"].step()
        start, end, share = (
            (first, recipe.learning_rate, step / top)
            if step <= top
            else (recipe.learning_rate, first / 1e4, (step - top) / (39 - top))
        )
        expected.append(end + (start - end) * (1 + np.cos(np.pi * share)) / 2)
    verified("Learning rate", "one cosine cycle, written out", found, expected, tolerance=1e-9)
