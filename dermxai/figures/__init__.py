"""Data in, plotly figures out. Every one takes ``dark`` and has a title that says what is seen."""

from dermxai.figures.balance import balance
from dermxai.figures.confusion import confusion_matrix
from dermxai.figures.counterfactual import counterfactual_path
from dermxai.figures.faithfulness import faithfulness, faithfulness_curves, faithfulness_measure
from dermxai.figures.feature_map import feature_map, hover_lines
from dermxai.figures.margins import margins
from dermxai.figures.ranking import ranking
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
    "confusion_matrix",
    "counterfactual_path",
    "faithfulness",
    "faithfulness_curves",
    "faithfulness_measure",
    "feature_map",
    "hardware_use",
    "hover_lines",
    "learning_rates",
    "learning_stages",
    "loss_by_step",
    "margins",
    "ranking",
    "roc",
    "set_decomposition",
    "training_loss",
    "training_measure",
    "votes",
    "watched_confusion",
]
