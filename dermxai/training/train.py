"""`train`: a data set and a ready recipe in, a checkpoint folder out."""

from collections.abc import Mapping
from pathlib import Path

from dermxai.data import Dataset
from dermxai.training.fit import fit
from dermxai.training.loop.plan import Progress
from dermxai.training.recipe import chosen


def train(
    dataset: Dataset,
    output: str | Path,
    recipe: str = "scratch",
    settings: Mapping[str, object] | None = None,
    *,
    device: str | None = None,
    devices: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Trains a classifier on the training patients and keeps its best and its last state.

    Called again with the same output folder it resumes an interrupted training; one that has ended
    is left as it is. `dermxai.training.fit.fit` has more to set.

    Args:
        dataset: with labels, and with the splits ``train`` and ``validation`` or none at all.
        output: becomes the checkpoint folder of the best state; ``last`` inside is that of the
            last, ``history.csv`` has a row an epoch.
        recipe: "paper", "light", "scratch" or "quick".
        settings: of the recipe, by name, where they are to differ: ``learning_rate``, ``epochs``,
            ``size`` (pixels), … see `dermxai.training.recipe.Recipe`.
        device: "cpu", "cuda", "cuda:1"; None: a GPU where there is one.
        devices: processes on this machine, each with a GPU of its own (or a share of the CPU).
        progress: called with phase, step, steps and numbers; may raise `Cancelled`.

    Returns:
        The checkpoint folder.

    Raises:
        InputError: no such recipe or setting, or a value that is not allowed; nothing to train or
            validate on, a patient on both sides, a device that is not there, a loss that is not
            finite, too little memory, a full disk, or an ``output`` with another training.

    Examples:
        >>> import dermxai
        >>> small = {"architecture": "test_efficientnet", "size": 64, "epochs": 1, "batch_size": 4}
        >>> folder = dermxai.train(dermxai.load_dataset("images"), "mine", settings=small)
        >>> dermxai.load_classifier(folder).info.classes
        ('MN', 'BCC')
    """
    return fit(dataset, chosen(recipe, settings), output, progress, device, devices=devices)
