"""The numbers that pages and reports show, by what they are called in docs/verification.md, and
where they stand. A number that is not here cannot be verified, and one that is here must be. Of the
tables and records that pages draw, tests/test_numbers_shown.py says which number each column is."""

from collections.abc import Mapping

from dermxai.explain.attribution.api import methods
from dermxai.explain.faithfulness.measure import measures
from dermxai.projection.projector import methods as projections
from dermxai.report.sentences import OVERALL

DATASET = "Dataset"
PERFORMANCE = "Performance"
PAIR = "Confusion analysis"
IMAGE = "Image"
MAPS = "Image, Compare maps"
FLIP = "Counterfactuals"
ROBUSTNESS = "Robustness"
NEIGHBOURS = "Nearest neighbours"
FAITHFULNESS = "Faithfulness"
FEATURE_MAP = "Feature map"
TRAINING = "Training"
REMEDIES = "Remedies"
COMPARISON = "Model comparison"
PUBLISHED = "Published study"
READERS = "Reader studies"
SUBGROUPS = "Subgroups"
SHIFT = "Distribution shift"

MEASURES_OF_CLASS: Mapping[str, str] = {
    "accuracy": "Accuracy of a class, one-vs-rest",
    "sensitivity": "Sensitivity of a class",
    "specificity": "Specificity of a class",
    "auc": "AUC of a class",
}
"""Columns of `Evaluation.table`."""
MORE_MEASURES: Mapping[str, str] = {
    "ppv": "Positive predictive value of a class",
    "npv": "Negative predictive value of a class",
    "f1": "F1 of a class",
    "balanced_accuracy": "Balanced accuracy of a class, one-vs-rest",
    "kappa": "Kappa of a class, one-vs-rest",
    "mcc": "Matthews correlation of a class, one-vs-rest",
    "average_precision": "Average precision of a class",
    "partial_auc": "Partial AUC of a class above a sensitivity of 80 %",
    "ppv_at_prevalence": "Positive predictive value at a prevalence",
    "npv_at_prevalence": "Negative predictive value at a prevalence",
}
"""Measures of `dermxai.metrics.measures` beside those."""
CALIBRATION = (
    "Reliability: shares and probabilities of bins",
    "Expected calibration error",
    "Expected calibration error, debiased",
    "Brier score",
    "Brier score, decomposition",
    "Log loss",
    "Temperature",
)
CURVES = (
    "ROC curve with its band: sensitivity at a false positive rate",
    "Precision-recall curve with its band: precision at a recall",
    "Net benefit",
    "Net benefit of acting on all images",
    "Abstention: errors among the images kept",
    "Abstention: area under the risk–coverage curve",
    "Prediction sets: coverage and size",
    "Prediction sets: share that is exactly two classes",
    "Measures of a class at a threshold",
    "Errors under each decision rule",
)
INTERVALS: Mapping[str, str] = {
    name: f"Interval, independent images: {title}"
    for name, title in {**MEASURES_OF_CLASS, **OVERALL}.items()
}
"""By the measure's name."""
NUMBERS: Mapping[str, str] = {
    "Shares of images, patients and women": DATASET,
    "Age: mean, standard deviation and range": DATASET,
    "Near-duplicates: bits of the hash that differ": f"{DATASET}, {PERFORMANCE}",
    "Near-duplicates: cosine of features": f"{DATASET}, {PERFORMANCE}",
    "Confusion matrix, images": PERFORMANCE,
    "Confusion matrix, shares": PERFORMANCE,
    "Top-1 accuracy": PERFORMANCE,
    "Balanced accuracy": PERFORMANCE,
    **dict.fromkeys(MEASURES_OF_CLASS.values(), PERFORMANCE),
    **dict.fromkeys(MORE_MEASURES.values(), PERFORMANCE),
    "Threshold of an operating point": PERFORMANCE,
    **{f"Average over classes, {each}": PERFORMANCE for each in ("macro", "weighted", "micro")},
    "Kappa of all classes": PERFORMANCE,
    "MCC of all classes": PERFORMANCE,
    **dict.fromkeys(CALIBRATION, PERFORMANCE),
    **dict.fromkeys(CURVES, PERFORMANCE),
    "ROC curve": PERFORMANCE,
    "AUC, macro average": PERFORMANCE,
    "AUC, micro average": PERFORMANCE,
    "Means over the classes": PERFORMANCE,
    "Standard error of an AUC": PERFORMANCE,
    **dict.fromkeys(INTERVALS.values(), PERFORMANCE),
    "Interval of a share, independent images": f"{PERFORMANCE}, {PAIR}",
    "Interval of a mean, independent images": f"{PAIR}, {FAITHFULNESS}",
    "Interval of a mean, many patients": f"{PAIR}, {FAITHFULNESS}",
    "Interval of a difference of groups, independent images": PAIR,
    "Interval of a difference of groups' shares, independent images": PAIR,
    "Interval of a paired difference, independent images": f"{FAITHFULNESS}, {TRAINING}",
    "Leakage premium": PERFORMANCE,
    "Share of a class that is predicted as another": PAIR,
    "Accuracy with two classes as one, and its gain": PAIR,
    "Margin of an error": PAIR,
    "Mean votes of errors": PAIR,
    "Mean votes of errors less those of right predictions": PAIR,
    "Predictions that change without a head": PAIR,
    "Predictions that turn to the other class without a head": PAIR,
    "Difference between errors and right predictions": PAIR,
    "p of a difference": PAIR,
    "q of a difference": PAIR,
    "p of errors clustered in few patients": PAIR,
    "Errors in few patients: pairs, and how many chance gives": PAIR,
    "Balance: shares of images and patients": PAIR,
    "Suspect labels, quality": PAIR,
    "Suspect labels, probability of the suggested class": PAIR,
    "Suspect labels, number": PAIR,
    "Offset of the border": PAIR,
    "Balanced error of the pair that an offset saves": PAIR,
    "Pair AUC": PAIR,
    "Score of a probe": PAIR,
    "Effect of a cause on the pair AUC": PAIR,
    "Deep among those on the wrong side, less what tails put there": PAIR,
    "p of labels in error": PAIR,
    "p of the effect of a cause": PAIR,
    "p of a cause, corrected": PAIR,
    "Averaged maps": PAIR,
    "Probability of a class": f"{IMAGE}, {PERFORMANCE}, {PAIR}",
    "Logits of the heads": IMAGE,
    "Votes by head and position, and what is left over": IMAGE,
    **{f"Map: {each.title}": MAPS for each in methods().values()},
    "Completeness gap": MAPS,
    "Difference of two maps": MAPS,
    "Checks of a map: deletion": MAPS,
    "Checks of a map: random heads": MAPS,
    "Checks of a map: inside the lesion and the drawn signs": MAPS,
    "Margin after a replacement": FLIP,
    "Area of a replacement": FLIP,
    "Margins after random sets: median, and where 95 % lie": FLIP,
    "Flip rate of random sets, and its interval": FLIP,
    "Margin, flip rate and spread over perturbations": ROBUSTNESS,
    "Overlap of maps": ROBUSTNESS,
    "Rank correlation of maps": f"{ROBUSTNESS}, {FAITHFULNESS}",
    "Distance of neighbours": NEIGHBOURS,
    **{f"Faithfulness: {each.title}": FAITHFULNESS for each in measures().values()},
    "Structural similarity of maps (SSIM)": FAITHFULNESS,
    "Faithfulness: mean, and difference to a control map": FAITHFULNESS,
    **{f"Coordinates: {each.title}": FEATURE_MAP for each in projections().values()},
    "Variance along principal components": FEATURE_MAP,
    "Training loss": TRAINING,
    "Learning rate": TRAINING,
    "Validation: balanced accuracy, accuracy, AUC, sensitivity": TRAINING,
    "Validation: what one shuffle in twenty reaches": TRAINING,
    "Validation: standard error": TRAINING,
    "Validation: share of a class that is predicted as another": TRAINING,
    "Study: mean and standard deviation": TRAINING,
    "Study: measures of a network": TRAINING,
    "Prior correction of logits": REMEDIES,
    "Paired difference of a measure": REMEDIES,
    "Measures of a model on shared images": COMPARISON,
    "Difference of a measure between models": COMPARISON,
    "p of a difference between models": COMPARISON,
    "p of a difference between models, adjusted": COMPARISON,
    "Kappa of two models": COMPARISON,
    "Published tables, recomputed: shares, means and counts": PUBLISHED,
    "Published tables, recomputed: kappa and its interval": PUBLISHED,
    "Published tables, recomputed: p of two kappas": PUBLISHED,
    "Reader study: mean of readers": PUBLISHED,
    "Reader study: kappa with the reference": PUBLISHED,
    "Reader study: readers less a device": PUBLISHED,
    "Reader study: p of two kappas": PUBLISHED,
    "Reader study: network at operating points": READERS,
    "Reader study: share of a class that is called another": READERS,
    "Measure in a group of images": SUBGROUPS,
    "Difference of a group from the rest": SUBGROUPS,
    "p of a group's difference": SUBGROUPS,
    "p of a group's difference, adjusted": SUBGROUPS,
    "Error rate of a slice": SUBGROUPS,
    "Error rate of a node": SUBGROUPS,
    "Image quality": SUBGROUPS,
    "Kolmogorov-Smirnov distance of a column": SHIFT,
    "Cramér's V of a column": SHIFT,
    "Shift of a column's mean": SHIFT,
    "Mean of a column": SHIFT,
    "p of a column's drift": SHIFT,
    "p of a column's drift, adjusted": SHIFT,
    "AUC of features between parts": SHIFT,
    "Distance to training images": SHIFT,
    "AUC of foreign classes": SHIFT,
}
