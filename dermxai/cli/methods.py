"""``python -m dermxai methods``: the attribution methods and their cost."""

from dermxai.cli import console
from dermxai.cli.options import (
    Activation,
    Architecture,
    Checkpoint,
    Classes,
    Json,
    Layout,
    Mean,
    Size,
    Std,
    Weights,
    checkpoint_options,
)
from dermxai.core import paths


def methods(
    *,
    checkpoint: Checkpoint,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    activation: Activation = None,
    weights: Weights = None,
    mean: Mean = None,
    std: Std = None,
    layout: Layout = None,
    json: Json = False,
) -> None:
    """Attribution methods: which are valid for a checkpoint, their cost, and why others are not."""
    from dermxai.explain.attribution.api import methods as known
    from dermxai.models import load_classifier

    options = checkpoint_options(
        architecture=architecture,
        classes=classes,
        size=size,
        activation=activation,
        weights=weights,
        mean=mean,
        std=std,
        layout=layout,
    )
    classifier = load_classifier(paths.named_checkpoint(checkpoint), **options)
    reasons = {name: method.excuse(classifier) for name, method in known().items()}
    rows = [
        {
            "method": name,
            "passes": None if reasons[name] else method.passes(classifier, method.settings()),
            "signed": method.signed,
            "unit": method.unit,
            "unavailable": reasons[name],
        }
        for name, method in known().items()
    ]
    if json:
        console.show_json(rows)
        return
    console.show_table(
        ("method", "passes", "signed", "unit", "not available because"),
        [["" if cell is None else cell for cell in row.values()] for row in rows],
    )
