"""Where the features are to blame: a recipe to train the whole network further."""

from dermxai.core.errors import InputError
from dermxai.models.info import ModelInfo
from dermxai.runs import Run
from dermxai.training.recipe import Recipe

EPOCHS, LEARNING_RATE = 10, 2e-4


def fine_tuning(run: Run) -> dict[str, object]:
    """Settings of a recipe (`dermxai train --set`) that differ from the usual ones: from the run's
    checkpoint on, all layers, with logit adjustment for rare classes (Menon et al. 2021).

    Raises:
        InputError: the run was imported, or its checkpoint is no longer there or cannot be trained.
    """
    told = run.checkpoint
    if run.black_box:
        raise InputError(f"{told['name']} gives logits only, and cannot be trained further.")
    info: ModelInfo | None = run.info
    if info is None:
        raise InputError(
            f"The checkpoint {told['name']} is no longer there, so that no training can start from "
            "it."
        )
    asked = {
        "architecture": info.architecture,
        "auxiliary": info.auxiliary,
        "start_from": told["path"],
        "size": info.preprocessing.size,
        "colour_constancy": info.preprocessing.colour_constancy,
        "epochs": EPOCHS,
        "learning_rate": LEARNING_RATE,
        "logit_adjustment": 1.0,
        "balance": 0.0,
    }
    recipe, usual = Recipe.model_validate(asked), Recipe()
    return {
        name: value
        for name, value in recipe.model_dump().items()
        if value != getattr(usual, name) or name == "start_from"
    }
