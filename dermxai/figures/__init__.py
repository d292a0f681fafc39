"""Data in, plotly figures out. Every one takes ``dark`` and has a title that says what is seen."""

from dermxai.figures.balance import balance
from dermxai.figures.calibration import reliability_diagram
from dermxai.figures.comparison import model_differences, roc_of_models
from dermxai.figures.confusion import confusion_matrix
from dermxai.figures.confusion_difference import confusion_difference
from dermxai.figures.counterfactual import counterfactual_path
from dermxai.figures.coverage import coverage
from dermxai.figures.decision_curve import decision_curve
from dermxai.figures.error_tree import error_tree
from dermxai.figures.faithfulness import faithfulness, faithfulness_curves, faithfulness_measure
from dermxai.figures.feature_map import feature_map, hover_lines
from dermxai.figures.foreign_classes import foreign_classes
from dermxai.figures.forest import forest
from dermxai.figures.margins import margins
from dermxai.figures.operating_point import precision_recall_band, roc_band
from dermxai.figures.ranking import ranking
from dermxai.figures.readers import reference_kappas, roc_plane
from dermxai.figures.risk_coverage import risk_coverage_curve
from dermxai.figures.roc import roc
from dermxai.figures.set_decomposition import set_decomposition
from dermxai.figures.training import (
    class_sensitivities,
    hardware_use,
    learning_rates,
    learning_stages,
    loss_by_step,
    training_loss,
    training_measure,
    watched_confusion,
)
from dermxai.figures.votes import votes

__all__ = [
    "balance",
    "class_sensitivities",
    "confusion_difference",
    "confusion_matrix",
    "counterfactual_path",
    "coverage",
    "decision_curve",
    "error_tree",
    "faithfulness",
    "faithfulness_curves",
    "faithfulness_measure",
    "feature_map",
    "foreign_classes",
    "forest",
    "hardware_use",
    "hover_lines",
    "learning_rates",
    "learning_stages",
    "loss_by_step",
    "margins",
    "model_differences",
    "precision_recall_band",
    "ranking",
    "reference_kappas",
    "reliability_diagram",
    "risk_coverage_curve",
    "roc",
    "roc_band",
    "roc_of_models",
    "roc_plane",
    "set_decomposition",
    "training_loss",
    "training_measure",
    "votes",
    "watched_confusion",
]
