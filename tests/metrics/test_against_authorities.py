"""The numbers of the pages Performance, Confusion analysis and Faithfulness, on simulated sets,
against other libraries and against their definitions written out."""

import statistics
from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from dermxai import taxonomy
from dermxai.data import overview
from dermxai.metrics import evaluate, intervals
from dermxai.metrics.clustering import clustering
from dermxai.metrics.confusion import normalised
from dermxai.metrics.differences import differences
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.faithfulness import Scale, summarised
from dermxai.metrics.label_errors import label_errors
from dermxai.metrics.pair import evaluate_pair
from dermxai.metrics.set_decomposition import set_decomposition, set_difference
from tests.numbers_shown import INTERVALS, MEASURES_OF_CLASS
from tests.verification import verified

CLASSES = ("EAD", "SD", "Pso", "LP")
COUNTED = "the definition, counted image by image"
N = 300


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    """(n, class) logits of a classifier that is right in two of three images."""
    generator = np.random.default_rng(0)
    return generator.normal(0, 1.5, (N, 4)) + 2 * np.eye(4)[np.arange(N) % 4]


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.arange(N) % 4


@pytest.fixture(scope="module")
def evaluation(scores, labels) -> Evaluation:
    ids = [f"image {i}" for i in range(N)]
    patients = [f"patient {i // 3}" for i in range(N)]
    return evaluate(np.array(CLASSES)[labels], CLASSES, scores, ids, patients)


@pytest.fixture(scope="module")
def overall(evaluation: Evaluation) -> pd.Series:
    return evaluation.overall.set_index("measure")["value"]


def test_confusion_matrix_and_accuracies(evaluation, overall, scores, labels):
    read = scores.argmax(axis=1)
    counts = sk.confusion_matrix(labels, read)
    authority = "scikit-learn confusion_matrix"
    verified("Confusion matrix, images", authority, evaluation.confusion, counts, tolerance=0)
    for side, theirs in (("row", "true"), ("column", "pred")):
        verified(
            "Confusion matrix, shares",
            authority,
            normalised(counts, side),
            sk.confusion_matrix(labels, read, normalize=theirs),
            tolerance=1e-12,
        )
    expected = sk.accuracy_score(labels, read)
    authority = "scikit-learn accuracy_score"
    verified("Top-1 accuracy", authority, overall["top1_accuracy"], expected, tolerance=1e-12)
    authority = "scikit-learn balanced_accuracy_score"
    expected = sk.balanced_accuracy_score(labels, read)
    found = overall["balanced_accuracy"]
    verified("Balanced accuracy", authority, found, expected, tolerance=1e-12)


def test_each_class_against_the_rest(evaluation, overall, scores, labels):
    table, read = evaluation.table.set_index("class").loc[list(CLASSES)], scores.argmax(axis=1)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    verified(
        "Probability of a class",
        "the softmax, written out",
        evaluation.probabilities,
        shares,
        tolerance=1e-12,
    )
    expected = {name: [] for name in ("accuracy", "sensitivity", "specificity", "auc")}
    for k in range(4):
        is_k, called = labels == k, read == k
        expected["accuracy"].append(sk.accuracy_score(is_k, called))
        expected["sensitivity"].append(sk.recall_score(is_k, called))
        expected["specificity"].append(sk.recall_score(~is_k, ~called))
        expected["auc"].append(sk.roc_auc_score(is_k, shares[:, k]))
    for measure, number, authority in (
        ("accuracy", "Accuracy of a class, one-vs-rest", "accuracy_score"),
        ("sensitivity", "Sensitivity of a class", "recall_score"),
        ("specificity", "Specificity of a class", "recall_score of the rest"),
        ("auc", "AUC of a class", "roc_auc_score"),
    ):
        values = expected[measure]
        verified(number, f"scikit-learn {authority}", table[measure], values, tolerance=1e-12)
        verified(
            "Means over the classes",
            "the mean of scikit-learn's values",
            overall[f"mean_{measure}"],
            np.mean(values),
            tolerance=1e-12,
        )
    for average in ("macro", "micro"):
        verified(
            f"AUC, {average} average",
            "scikit-learn roc_auc_score",
            getattr(evaluation, average).auc,
            sk.roc_auc_score(np.eye(4)[labels], shares, average=average),
            tolerance=1e-12,
        )
    curve = evaluation.roc["SD"]
    fpr, tpr, _ = sk.roc_curve(labels == 1, shares[:, 1], drop_intermediate=False)
    verified(
        "ROC curve",
        "scikit-learn roc_curve",
        np.interp(fpr + 1e-9, curve.false_positive_rate, curve.true_positive_rate),
        np.interp(fpr + 1e-9, fpr, tpr),
        tolerance=1e-6,
    )


def test_two_classes_that_are_confused(evaluation, scores, labels):
    pair, read = evaluate_pair(evaluation, scores, "EAD", "SD"), scores.argmax(axis=1)
    cells = Counter(zip(labels.tolist(), read.tolist(), strict=True))
    verified(
        "Share of a class that is predicted as another",
        COUNTED,
        [pair.cell("EAD", "SD")["share"], pair.cell("SD", "EAD")["share"]],
        [cells[0, 1] / (labels == 0).sum(), cells[1, 0] / (labels == 1).sum()],
        tolerance=1e-12,
    )
    one = [np.where(each == 1, 0, each) for each in (labels, read)]
    table = pair.merged.set_index("measure")
    for measure, function in (
        ("top1_accuracy", sk.accuracy_score),
        ("balanced_accuracy", sk.balanced_accuracy_score),
    ):
        apart, merged = function(labels, read), function(*one)
        verified(
            "Accuracy with two classes as one, and its gain",
            "scikit-learn, of renamed labels",
            table.loc[measure, ["separate", "merged", "gain"]].to_numpy(float),
            [apart, merged, merged - apart],
            tolerance=1e-12,
        )
    at = [int(name.split()[1]) for name in pair.errors["sample_id"]]
    margins = [scores[i, read[i]] - scores[i, labels[i]] for i in at]
    found = pair.errors["margin"]
    verified("Margin of an error", COUNTED, found, margins, tolerance=1e-12)


def test_votes_of_sets():
    logits = np.random.default_rng(1).normal(size=(40, 3, 4)).astype(np.float32)
    heads, units, chosen = ("block 1", "block 2", "final"), np.arange(40) // 2, np.arange(40) < 14
    made = set_decomposition(logits, heads, CLASSES, "SD", "EAD", units=units)
    votes = [
        [float(image[head, 1]) - float(image[head, 0]) for head in range(3)] for image in logits
    ]
    verified("Mean votes of errors", COUNTED, made.votes, np.mean(votes, axis=0), tolerance=1e-9)
    without = [
        sum(
            int(np.delete(image, head, axis=0).sum(axis=0).argmax() != image.sum(axis=0).argmax())
            for image in logits.astype(float)
        )
        for head in range(3)
    ]
    verified("Predictions that change without a head", COUNTED, made.flips, without, tolerance=0)
    read = logits.astype(float).sum(axis=1).argmax(axis=1)
    turned = [
        sum(
            int(np.delete(image, head, axis=0).sum(axis=0).argmax() == 0)
            for image, was in zip(logits.astype(float), read, strict=True)
            if was != 0
        )
        for head in range(3)
    ]
    number = "Predictions that turn to the other class without a head"
    verified(number, COUNTED, made.turned, turned, tolerance=0)
    other = set_difference(logits, heads, CLASSES, "SD", "EAD", chosen=chosen, units=units)
    verified(
        "Mean votes of errors less those of right predictions",
        COUNTED,
        other.votes,
        np.mean(votes[:14], axis=0) - np.mean(votes[14:], axis=0),
        tolerance=1e-9,
    )


def test_what_distinguishes_errors():
    generator = np.random.default_rng(2)
    group = np.arange(60) < 24
    columns = generator.normal(0, 15, (60, 8)) + 50 - 9 * group[:, None] * np.linspace(0, 1, 8)
    found = differences(pd.DataFrame(columns).add_prefix("c"), group, np.arange(60)).table
    found = found.sort_values("column")
    verified(
        "Difference between errors and right predictions",
        "the means, written out",
        found["difference"],
        [sum(c[group]) / 24 - sum(c[~group]) / 36 for c in columns.T],
        tolerance=1e-9,
    )
    verified(
        "p of a difference",
        "scipy mannwhitneyu, exact; one image a patient; the difference is chance, of permutations",
        found["p"],
        [stats.mannwhitneyu(c[group], c[~group], method="exact").pvalue for c in columns.T],
        tolerance=0.03,
    )
    verified(
        "q of a difference",
        "statsmodels multipletests, fdr_bh",
        found["q"],
        multipletests(found["p"], method="fdr_bh")[1],
        tolerance=1e-12,
    )


def test_errors_of_two_patients_are_the_hypergeometric_distribution():
    wrong = np.array([True] * 4 + [False] * 2 + [True] + [False] * 5)
    in_a = stats.hypergeom(12, 6, 5)
    verified(
        "p of errors clustered in few patients",
        "scipy hypergeom, of two patients; the difference is chance, of permutations",
        clustering(wrong, ["a"] * 6 + ["b"] * 6, draws=20_000).p,
        sum(in_a.pmf(k) for k in range(6) if k * (k - 1) + (5 - k) * (4 - k) >= 12),
        tolerance=0.015,
    )


def test_pairs_of_errors_and_how_many_chance_gives():
    """All ways in which 5 errors may lie among 12 images of 3 patients."""
    units = np.repeat(["a", "b", "c"], [6, 4, 2])
    wrong = np.isin(np.arange(12), (0, 1, 2, 3, 7))

    def pairs(at: tuple[int, ...]) -> int:
        return sum(units[one] == units[other] for one, other in combinations(at, 2))

    found = clustering(wrong, units)
    verified(
        "Errors in few patients: pairs, and how many chance gives",
        "the mean over all ways to place the errors",
        [found.pairs, found.expected],
        [
            pairs(tuple(np.flatnonzero(wrong))),
            np.mean([pairs(at) for at in combinations(range(12), 5)]),
        ],
        tolerance=1e-9,
    )


def without_one(scores: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Each measure without image i, (n,) or of each class (n, k), from sums and from all pairs."""
    n, k = scores.shape
    member, chosen = (np.eye(k, dtype=bool)[each] for each in (labels, scores.argmax(axis=1)))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    def share(right: np.ndarray, of: np.ndarray) -> np.ndarray:
        return ((right & of).sum(axis=0) - (right & of)) / (of.sum(axis=0) - of)

    right = member == chosen
    areas = np.empty((n, k))
    for one in range(k):
        inside, rest = (shares[which, one] for which in (member[:, one], ~member[:, one]))
        above = (inside[:, None] > rest) + 0.5 * (inside[:, None] == rest)
        areas[member[:, one], one] = (above.sum() - above.sum(axis=1)) / (
            (inside.size - 1) * rest.size
        )
        areas[~member[:, one], one] = (above.sum() - above.sum(axis=0)) / (
            inside.size * (rest.size - 1)
        )
    of_class = {
        "accuracy": share(right, np.ones_like(right)),
        "sensitivity": share(right, member),
        "specificity": share(right, ~member),
        "auc": areas,
    }
    every = np.ones(n, dtype=bool)
    first, second = (CLASSES.index(code) for code in taxonomy.OVERLAPPING)
    one = [np.where(each == second, first, each) for each in (labels, scores.argmax(axis=1))]
    return (
        of_class
        | {f"mean_{name}": values.mean(axis=1) for name, values in of_class.items()}
        | {
            "balanced_accuracy": of_class["sensitivity"].mean(axis=1),
            "top1_accuracy": share(labels == scores.argmax(axis=1), every),
            "top1_accuracy_merged": share(one[0] == one[1], every),
        }
    )


@pytest.mark.parametrize("measure", INTERVALS)
def test_intervals_of_independent_images(measure: str):
    """The jackknife's variance is that of a share of so many images; Wilson's interval of these."""
    generator = np.random.default_rng(5)
    labels = np.arange(1600) % 4
    scores = generator.normal(0, 1.5, (1600, 4)) + 2 * np.eye(4)[labels]
    made = evaluate(np.array(CLASSES)[labels], CLASSES, scores, [str(i) for i in range(1600)])
    if measure in MEASURES_OF_CLASS:
        names = [measure, f"{measure}_low", f"{measure}_high"]
        rows = made.table.set_index("class").loc[list(CLASSES), names]
    else:
        rows = made.overall.set_index("measure").loc[[measure], ["value", "low", "high"]]
    value, found = rows.to_numpy(float)[:, 0], rows.to_numpy(float)[:, 1:]
    left = without_one(scores, labels)[measure].reshape(1600, -1)
    variance = 1599 * left.var(axis=0)
    images = value * (1 - value) / variance
    verified(
        INTERVALS[measure],
        "the jackknife, written out, and statsmodels proportion_confint (Wilson)",
        found,
        np.stack(proportion_confint(value * images, images, method="wilson"), axis=1),
        tolerance=2e-3,
    )


def test_interval_of_a_difference_of_groups():
    generator = np.random.default_rng(6)
    first = np.arange(500) < 200
    values = np.where(first, generator.normal(1, 2, 500), generator.normal(0, 1, 500))[:, None]
    apart = intervals.group_difference(values, np.ones((500, 1), dtype=bool), first)
    low, high, _ = intervals.student_interval(apart, np.arange(500), 0.95)
    peer = stats.ttest_ind(values[first, 0], values[~first, 0], equal_var=False)
    verified(
        "Interval of a difference of groups, independent images",
        "scipy ttest_ind (Welch)",
        [low[0], high[0]],
        peer.confidence_interval(0.95),
        tolerance=0.02,
    )


def test_who_is_in_a_dataset():
    """Patients of several images, some of unknown age or sex, by hand."""
    generator = np.random.default_rng(7)
    patients = generator.integers(0, 40, 120)
    ages = np.where(np.arange(40) % 9 == 0, np.nan, generator.integers(5, 90, 40).astype(float))
    sexes = np.array([None if i % 7 == 0 else ("female", "male")[i % 3 == 0] for i in range(40)])
    label = np.array(["MN", "EAD", "SD"])[patients % 3]
    samples = pd.DataFrame(
        {
            "sample_id": [f"i{i}" for i in range(120)],
            "label": pd.array(label, dtype="str"),
            "patient_id": pd.array([f"p{each}" for each in patients], dtype="str"),
            "age": ages[patients],
            "sex": pd.array(sexes[patients], dtype="str"),
        }
    )
    table = overview.by_class(samples)
    everyone = set(patients.tolist())
    for code, row in table.iterrows():
        of = {each for each in everyone if ("MN", "EAD", "SD")[each % 3] == code}
        known = [ages[each] for each in of if not np.isnan(ages[each])]
        told = [sexes[each] for each in of if sexes[each] is not None]
        verified(
            "Age: mean, standard deviation and range",
            "Python's statistics, a patient once",
            row[["age_mean", "age_sd", "age_low", "age_high"]].to_numpy(float),
            [statistics.mean(known), statistics.stdev(known), min(known), max(known)],
            tolerance=1e-9,
        )
        shares = [
            sum(label == code) / 120,
            len(of) / len(everyone),
            told.count("female") / len(told),
        ]
        verified(
            "Shares of images, patients and women",
            "counted, a patient once",
            row[["images_share", "patients_share", "female_share"]].to_numpy(float),
            shares,
            tolerance=1e-12,
        )


def test_suspect_labels_are_those_of_confident_learning_written_out():
    """Northcutt et al. 2021: counts of images that speak for another class at least as firmly as
    its own do on average, scaled to each class's images; of each cell so many by the margin."""
    generator = np.random.default_rng(3)
    true = generator.integers(4, size=400)
    scores = generator.normal(0, 1.2, (400, 4)) + 3 * np.eye(4)[true]
    given = np.where(np.arange(400) < 40, (true + 1 + np.arange(400) % 2) % 4, true)
    ids = [f"image {i}" for i in range(400)]
    found = label_errors(evaluate(np.array(CLASSES)[given], CLASSES, scores, ids))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    usual = np.array([p[given == k, k].mean() for k in range(4)])
    joint = np.zeros((4, 4))
    for label, row in zip(given, p, strict=True):
        firm = [k for k in range(4) if row[k] >= usual[k]]
        if firm:
            joint[label, max(firm, key=lambda k: row[k])] += 1
    suspects: set[int] = set()
    for label in range(4):
        images = np.flatnonzero(given == label)
        for other in set(range(4)) - {label}:
            expected = round(joint[label, other] / joint[label].sum() * images.size)
            order = images[np.argsort(p[images, label] - p[images, other], kind="stable")]
            suspects |= {int(i) for i in order[:expected] if p[i].argmax() != label}
    authority = "confident learning (Northcutt et al. 2021), written out"
    verified("Suspect labels, number", authority, len(found), len(suspects), tolerance=0)
    at = found["sample_id"].str.split().str[1].astype(int).to_numpy()
    assert set(at) == suspects
    verified(
        "Suspect labels, probability of the suggested class",
        authority,
        found["suggested_probability"],
        p[at].max(axis=1),
        tolerance=1e-9,
    )
    verified(
        "Suspect labels, quality", authority, found["quality"], p[at, given[at]], tolerance=1e-9
    )


def test_means_of_measures_and_paired_differences():
    generator = np.random.default_rng(4)
    rows = [
        (f"i{i}", method, cells, "road", generator.normal(i % 5, 1))
        for i in range(12)
        for method, cells in (("cam", 8), ("noise", 8), ("noise", 16), ("bell", 4))
    ]
    table = pd.DataFrame(rows, columns=["sample_id", "method", "cells", "measure", "value"])
    made = summarised(table, {"road": Scale(False)}, {}, random="noise", centred="bell")
    row = made.set_index("method").loc["cam"]
    by = {(r[0], r[1], r[2]): r[4] for r in rows}
    gaps = [
        [by[f"i{i}", other, cells] - by[f"i{i}", "cam", 8] for i in range(12)]
        for other, cells in (("noise", 8), ("bell", 4))
    ]
    verified(
        "Faithfulness: mean, and difference to a control map",
        COUNTED,
        row[["mean", "random_difference", "centred_difference"]].to_numpy(float),
        [np.mean([by[f"i{i}", "cam", 8] for i in range(12)]), *np.mean(gaps, axis=1)],
        tolerance=1e-12,
    )
