"""Which number each column is of the tables and records that pages draw, so that none is added that
docs/verification.md does not know."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields

import numpy as np
import pandas as pd
import pytest

from dermxai.confusion.finding import Finding
from dermxai.core.paths import PROJECT
from dermxai.data import overview
from dermxai.explain.attribution.api import methods
from dermxai.explain.counterfactual.search import Counterfactual, RandomSets
from dermxai.explain.robustness.evaluate import Robustness
from dermxai.metrics import evaluate
from dermxai.metrics.abstention import RiskCoverage, risk_coverage
from dermxai.metrics.calibration import Brier, Temperature, reliability
from dermxai.metrics.clustering import clustering
from dermxai.metrics.comparison import Comparison, Model, compare
from dermxai.metrics.conformal import MeasuredSets, fitted_sets, measured_sets
from dermxai.metrics.decision_curve import decision_curve
from dermxai.metrics.differences import differences
from dermxai.metrics.drift import drift
from dermxai.metrics.error_tree import Node
from dermxai.metrics.faithfulness import Scale, summarised
from dermxai.metrics.groups import groups
from dermxai.metrics.label_errors import label_errors
from dermxai.metrics.leakage import leakage_premium
from dermxai.metrics.measures import measured, measured_at
from dermxai.metrics.out_of_distribution import Detection
from dermxai.metrics.pair import evaluate_pair
from dermxai.metrics.set_decomposition import set_decomposition, set_difference
from dermxai.metrics.subgroups import subgroups
from dermxai.metrics.worst_slices import worst_slices
from dermxai.report.rules import ERRORS, both_rules
from dermxai.report.rules import MEASURES as MEASURES_OF_RULES
from dermxai.runs import near_duplicates
from dermxai.training.loop.choice import EVALUATED
from dermxai.training.loop.validation import history_row, reached
from dermxai.training.studies.comparison import MEASURES, Member, Outcome, by_member, summary
from dermxai.training.studies.comparison import differences as between_networks
from tests.numbers_shown import (
    CALIBRATION,
    CURVES,
    INTERVALS,
    MEASURES_OF_CLASS,
    MORE_MEASURES,
    NUMBERS,
)

TRUE = np.arange(60) % 3
SCORES = np.random.default_rng(0).normal(size=(60, 3)) + np.eye(3)[TRUE]
CLASSES = ("EAD", "SD", "MN")
UNITS = np.array([f"p{i // 2}" for i in range(60)], dtype=object)
IDS = [f"i{i}" for i in range(60)]
CHOSEN = np.arange(60) < 20
EVALUATION, HALF = (
    evaluate(np.array(CLASSES)[TRUE[rows]], CLASSES, SCORES[rows], IDS[rows], UNITS[rows])
    for rows in (slice(None), slice(30))
)
PROBABILITIES = EVALUATION.probabilities
PAIR = evaluate_pair(EVALUATION, SCORES, "EAD", "SD")
LOGITS = np.stack([SCORES, SCORES[::-1]], axis=1)
OF_SETS = {"heads": ("a", "b"), "classes": CLASSES, "target": "SD", "against": "EAD"}


def faithfulness() -> pd.DataFrame:
    rows = [
        (f"i{image}", method, 8, "road", float(image))
        for image in range(9)
        for method in ("cam", "noise", "bell")
    ]
    table = pd.DataFrame(rows, columns=["sample_id", "method", "cells", "measure", "value"])
    return summarised(table, {"road": Scale(False)}, {}, random="noise", centred="bell")


def history() -> dict[str, float]:
    got = reached(SCORES, TRUE, CLASSES, 1.0, np.arange(60) // 2)
    record = {"reached": asdict(got), "seconds": 1.0, "images_per_second": 1.0, "memory": 1.0}
    return history_row(record, CLASSES, ("EAD", "SD"))


def side_by_side() -> Comparison:
    return compare([Model("a", EVALUATION), Model("b", EVALUATION)])


def outcomes() -> list[Outcome]:
    scores = SCORES.astype(np.float32)
    return [Outcome(Member(name, 0, 0), np.arange(60), TRUE, scores, UNITS) for name in ("a", "b")]


def sets() -> MeasuredSets:
    rule = fitted_sets(TRUE, PROBABILITIES, units=60)
    return measured_sets(rule, TRUE, PROBABILITIES, np.arange(60), 0.95)


def probed() -> pd.DataFrame:
    row = {"group": "light", "margin": 1.0, "flipped": False}
    table = pd.DataFrame([row | {"rank_correlation": 0.5, "overlap": 0.5}])
    return Robustness("a", "b", 0.0, table, ()).groups


def names(record: object) -> list[str]:
    return [field.name for field in fields(record)]


def ended(number: str, name: str, interval: str, start: str | None = None) -> dict[str, str]:
    """A value and the ends of its interval, whose names begin as its own unless said otherwise."""
    start = f"{name}_" if start is None else start
    return {name: number} | dict.fromkeys((f"{start}low", f"{start}high"), interval)


AGE = "Age: mean, standard deviation and range"
SHARES = "Shares of images, patients and women"
PREMIUM = "Leakage premium"
MEANS = "Means over the classes"
MERGED = "Accuracy with two classes as one, and its gain"
SHARE = "Interval of a share, independent images"
MEAN = "Interval of a mean, independent images"
PAIRED = "Interval of a paired difference, independent images"
GROUPS = "Interval of a difference of groups, independent images"
READ = "Share of a class that is predicted as another"
VOTES, MOVED = "Mean votes of errors", "Mean votes of errors less those of right predictions"
APART = "Difference between errors and right predictions"
CLUSTERED = "Errors in few patients: pairs, and how many chance gives"
FAITHFULNESS = "Faithfulness: mean, and difference to a control map"
AREA, LEAD = "Area of a replacement", "Margin after a replacement"
PROBED = "Margin, flip rate and spread over perturbations"
REACHED = "Validation: balanced accuracy, accuracy, AUC, sensitivity"
CHANCE, ERROR = "Validation: what one shuffle in twenty reaches", "Validation: standard error"
COMPARED, MODELS = "Difference of a measure between models", "Measures of a model on shared images"
KAPPA, TESTED = "Kappa of two models", "p of a difference between models"
OF_GROUP, OTHERWISE = "Measure in a group of images", "p of a group's difference"
RATE = "Error rate of a slice"
STUDIED = "Study: mean and standard deviation"
Shown = tuple[Callable[[], Collection[str]], Mapping[str, str], str]
SHOWN: Mapping[str, Shown] = {
    "Evaluation.overall, measures": (
        lambda: EVALUATION.overall["measure"],
        {
            "top1_accuracy": "Top-1 accuracy",
            "top1_accuracy_merged": MERGED,
            "balanced_accuracy": "Balanced accuracy",
            **{f"mean_{name}": MEANS for name in MEASURES_OF_CLASS},
        },
        "",
    ),
    "Evaluation.table": (
        lambda: EVALUATION.table,
        {
            column: number
            for name, title in MEASURES_OF_CLASS.items()
            for column, number in ended(title, name, INTERVALS[name]).items()
        },
        "class images units",
    ),
    "Measures.table, measures": (
        lambda: set(measured(EVALUATION, prevalence=0.1).table["measure"]),
        dict(MEASURES_OF_CLASS | MORE_MEASURES),
        "",
    ),
    "Measures.counts": (
        lambda: measured(EVALUATION).counts,
        {"threshold": "Threshold of an operating point"},
        "class images units true_positives false_negatives false_positives true_negatives",
    ),
    "Reliability.bins": (
        lambda: reliability(PROBABILITIES[:, 0], TRUE == 0, np.arange(60) // 2, 0.95).bins,
        ended(CALIBRATION[0], "share", SHARE, "") | {"probability": CALIBRATION[0]},
        "from to images units",
    ),
    "Brier": (
        lambda: names(Brier),
        ended("Brier score", "score", MEAN, "")
        | dict.fromkeys(
            ("reliability", "resolution", "uncertainty", "within"), "Brier score, decomposition"
        ),
        "",
    ),
    "Temperature": (
        lambda: names(Temperature),
        {"value": "Temperature", "before": "Log loss", "after": "Log loss"},
        "images units at_bound shared",
    ),
    "DecisionCurve.table": (
        lambda: decision_curve(TRUE == 0, PROBABILITIES[:, 0], np.arange(60), 0.95).table,
        ended(CURVES[2], "net_benefit", CURVES[2], "")
        | ended(CURVES[2], "over_all", CURVES[2])
        | {"act_on_all": CURVES[3]},
        "threshold",
    ),
    "RiskCoverage.table": (
        lambda: risk_coverage(TRUE == 0, PROBABILITIES[:, 0], np.arange(60), 0.95).table,
        ended(CURVES[4], "risk", SHARE, "") | {"threshold": "Probability of a class"},
        "at_least images kept",
    ),
    "RiskCoverage": (
        lambda: names(RiskCoverage),
        dict.fromkeys(("area", "area_best"), CURVES[5]),
        "table",
    ),
    "MeasuredSets.by_class": (
        lambda: sets().by_class,
        ended(CURVES[6], "coverage", SHARE, "") | {"size": CURVES[6]},
        "images units",
    ),
    "MeasuredSets.exactly": (
        lambda: sets().exactly([0, 1]),
        ended(CURVES[7], "share", SHARE, ""),
        "of images exactly",
    ),
    "AtThreshold.table": (
        lambda: measured_at(EVALUATION, "EAD", 0.5).table,
        ended(CURVES[8], "value", CURVES[8], ""),
        "measure reason",
    ),
    "rules.both_rules": (
        lambda: both_rules(measured(EVALUATION), measured(EVALUATION)),
        {
            f"{rule}_{name}": number
            for rule in ("argmax", "operating_point")
            for name, number in (
                *((each, MEASURES_OF_CLASS[each]) for each in MEASURES_OF_RULES),
                *((each, CURVES[9]) for each in ERRORS),
            )
        },
        "class images",
    ),
    "Premium.table": (
        lambda: leakage_premium(EVALUATION, HALF).table,
        ended(PREMIUM, "value", PREMIUM, "")
        | ended(PREMIUM, "without", PREMIUM)
        | ended(PREMIUM, "difference", PAIRED),
        "measure",
    ),
    "Pair.ways": (
        lambda: PAIR.ways,
        ended(READ, "share", SHARE, ""),
        "true predicted images of units",
    ),
    "Pair.errors": (
        lambda: PAIR.errors,
        {"margin": "Margin of an error", "probability": "Probability of a class"},
        "sample_id true predicted",
    ),
    "Pair.merged": (
        lambda: PAIR.merged,
        ended(MERGED, "separate", SHARE)
        | ended(MERGED, "merged", SHARE)
        | ended(MERGED, "gain", PAIRED),
        "measure",
    ),
    "SetDecomposition": (
        lambda: names(set_decomposition(LOGITS, **OF_SETS, units=UNITS)),
        ended(VOTES, "votes", MEAN, "")
        | ended(VOTES, "margin", MEAN)
        | ended("Predictions that change without a head", "flips", SHARE, "flip_")
        | {"turned": "Predictions that turn to the other class without a head"},
        "target against heads images units",
    ),
    "SetDifference": (
        lambda: names(set_difference(LOGITS, **OF_SETS, units=UNITS, chosen=CHOSEN)),
        ended(MOVED, "votes", GROUPS, "") | ended(MOVED, "margin", GROUPS),
        "target against heads images units",
    ),
    "Differences.table": (
        lambda: differences(pd.DataFrame({"a": SCORES[:, 0]}), CHOSEN, UNITS, draws=99).table,
        ended(APART, "difference", GROUPS, "")
        | {"first": APART, "second": APART, "p": "p of a difference", "q": "q of a difference"},
        "column value known",
    ),
    "Clustering": (
        lambda: names(clustering(CHOSEN, UNITS, draws=99)),
        {"p": "p of errors clustered in few patients", "pairs": CLUSTERED, "expected": CLUSTERED},
        "errors images units of most most_errors most_images",
    ),
    "label_errors": (
        lambda: label_errors(EVALUATION),
        {
            "quality": "Suspect labels, quality",
            "suggested_probability": "Suspect labels, probability of the suggested class",
        },
        "sample_id label suggested",
    ),
    "overview.by_class": (
        lambda: overview.by_class(pd.DataFrame({"sample_id": IDS, "label": EVALUATION.true})),
        dict.fromkeys(("images_share", "patients_share", "female_share"), SHARES)
        | dict.fromkeys(("age_mean", "age_sd", "age_low", "age_high"), AGE),
        "images patients female",
    ),
    "near_duplicates": (
        lambda: near_duplicates._COLUMNS,
        {
            "bits": "Near-duplicates: bits of the hash that differ",
            "cosine": "Near-duplicates: cosine of features",
        },
        "first second splits kind",
    ),
    "faithfulness.summarised": (
        faithfulness,
        ended(FAITHFULNESS, "mean", MEAN, "")
        | ended(FAITHFULNESS, "random_difference", MEAN, "random_")
        | ended(FAITHFULNESS, "centred_difference", MEAN, "centred_"),
        "method measure images units random_verdict centred_verdict standing",
    ),
    "Counterfactual": (
        lambda: names(Counterfactual),
        {"areas": AREA, "area": AREA, "leads": LEAD, "lead": LEAD},
        "prediction into donor picture edited pieces chosen flipped random notes",
    ),
    "RandomSets": (
        lambda: names(RandomSets),
        {"areas": AREA, "leads": "Margins after random sets: median, and where 95 % lie"},
        "",
    ),
    "Robustness.groups": (
        probed,
        {"lowest": PROBED, "highest": PROBED}
        | {"rank_correlation": "Rank correlation of maps", "overlap": "Overlap of maps"},
        "count flipped",
    ),
    "history.csv": (
        history,
        dict.fromkeys(("loss", "validation_loss"), "Training loss")
        | {"learning_rate": "Learning rate"}
        | dict.fromkeys(("balanced_accuracy", "accuracy", "macro_auc"), REACHED)
        | {f"sensitivity:{code}": REACHED for code in CLASSES}
        | {f"{name}_chance": CHANCE for name in EVALUATED}
        | {f"{name}_se": ERROR for name in EVALUATED}
        | dict.fromkeys(("confusion:EAD→SD", "confusion:SD→EAD"), f"Validation: {READ.lower()}"),
        "epoch size stages learning_stages seconds images_per_second memory",
    ),
    "Finding": (
        lambda: names(Finding),
        ended("Effect of a cause on the pair AUC", "effect", PAIRED, "")
        | {"p": "p of the effect of a cause", "adjusted": "p of a cause, corrected"},
        "cause skipped support names facts to_relabel",
    ),
    "Comparison.table": (
        lambda: side_by_side().table,
        ended(MODELS, "value", MODELS, ""),
        "model scope class measure reason",
    ),
    "Comparison.differences": (
        lambda: side_by_side().differences,
        ended(COMPARED, "difference", COMPARED, "")
        | {"p": TESTED, "p_holm": f"{TESTED}, adjusted"},
        "first second scope class measure reason",
    ),
    "Comparison.kappas": (
        lambda: side_by_side().kappas,
        ended(KAPPA, "kappa", KAPPA, ""),
        "first second same reason",
    ),
    "Subgroups.table": (
        lambda: subgroups(EVALUATION, [groups(pd.Series(CHOSEN, name="a"))]).table,
        ended(OF_GROUP, "value", SHARE, "")
        | ended("Difference of a group from the rest", "difference", GROUPS)
        | {"rest": OF_GROUP, "p": OTHERWISE, "p_holm": f"{OTHERWISE}, adjusted"},
        "column group images units counted small classes reason",
    ),
    "WorstSlices.table": (
        lambda: worst_slices(CHOSEN, [groups(pd.Series(UNITS, name="a"))], UNITS).table,
        ended(RATE, "value", SHARE, "")
        | ended("Difference of a group from the rest", "difference", GROUPS)
        | {"found": RATE, "rest": RATE, "p": OTHERWISE, "p_holm": f"{OTHERWISE}, adjusted"},
        "images units confirmed",
    ),
    "error_tree.Node": (
        lambda: names(Node),
        ended("Error rate of a node", "value", SHARE, ""),
        "parent condition holds unknown depth leaf images units",
    ),
    "Drift.table": (
        lambda: drift(pd.DataFrame({"a": SCORES[:, 0]}), CHOSEN, np.arange(60), draws=9).table,
        dict.fromkeys(("first", "second"), "Mean of a column")
        | {"statistic": "Kolmogorov-Smirnov distance of a column"}
        | {"shift": "Shift of a column's mean"}
        | {"p": "p of a column's drift", "p_holm": "p of a column's drift, adjusted"},
        "column kind images",
    ),
    "Detection": (
        lambda: names(Detection),
        ended("AUC of foreign classes", "area", INTERVALS["auc"], ""),
        "curve foreign known",
    ),
    "study.json, table": (
        lambda: summary(by_member(outcomes())),
        {f"{name}_{what}": STUDIED for name in MEASURES for what in ("mean", "sd")},
        "network members",
    ),
    "study.json, members": (
        lambda: by_member(outcomes()),
        dict.fromkeys(MEASURES, "Study: measures of a network"),
        "network seed fold images",
    ),
    "study.json, differences": (
        lambda: between_networks(outcomes())[0],
        ended("Study: measures of a network", "balanced_accuracy", PAIRED, ""),
        "network less",
    ),
}
"""Of each: the columns, the number that each of them is, and those that are none: names, counts,
pictures, times."""


@pytest.mark.parametrize("what", SHOWN)
def test_every_column_that_is_shown_is_one_of_them(what: str) -> None:
    columns, numbers, others = SHOWN[what]
    assert set(columns()) == set(numbers) | set(others.split())
    assert not set(numbers) & set(others.split())
    assert set(numbers.values()) <= set(NUMBERS)


def test_as_many_methods_are_told_of_as_are_offered() -> None:
    (told,) = re.findall(r"(\d+) attribution methods", (PROJECT / "README.md").read_text("utf-8"))
    assert int(told) == len(methods())
