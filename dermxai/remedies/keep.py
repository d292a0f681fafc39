"""A stack of remedies kept as a checkpoint folder: the same backbone with other heads."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data.splits import owners
from dermxai.models.checkpoint import load_classifier, save_checkpoint
from dermxai.models.classifier import Classifier
from dermxai.models.feature_similarity import TrainingFeatures
from dermxai.models.files import CheckpointFiles
from dermxai.models.info import ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.models.training_images import (
    OWNERS,
    digests,
    open_training_images,
    write_training_images,
)
from dermxai.remedies.images import TRAINING, VALIDATION
from dermxai.remedies.looks import looks
from dermxai.remedies.outputs import Head
from dermxai.remedies.stack import FittedStack
from dermxai.runs.listing import NAME

REMEDIES = "remedies"
"""In the recipe of a checkpoint: what was done to the one that it was made of."""


def check_changes_weights(fitted: FittedStack) -> None:
    """
    Raises:
        InputError: no network is known, or none whose heads can be changed; nothing is changed; or
            no weights of heads predict so.
    """
    run = fitted.run
    if run.imported or run.black_box:
        raise InputError(
            f"{run.made_by['name']} gives "
            f"{'predictions' if run.imported else 'logits'} only, no heads that could be changed; "
            "what this stack does cannot be kept as a checkpoint."
        )
    if not fitted.changes:
        raise InputError(
            "Nothing of this stack can be written into weights: it changes no logit. Add a remedy "
            "that does, such as logit_offset."
        )
    empty = [
        (np.zeros((len(run.classes), channels)), np.zeros(len(run.classes)))
        for channels in run.head_channels
    ]
    _in_weights(fitted, empty)


def check_can_be_kept(fitted: FittedStack, name: str) -> None:
    """
    Args:
        name: of the checkpoint.

    Raises:
        InputError: as `check_changes_weights`, or the name is none, or is taken.
    """
    check_changes_weights(fitted)
    if not NAME.fullmatch(name):
        raise InputError(
            f"A checkpoint cannot be called {name[:60]!r}; expected up to 100 letters, digits, "
            "spaces, _, . or -, the first no space or dot."
        )
    if os.path.lexists(paths.checkpoints() / name):
        raise InputError(f"There is a checkpoint {name} already; choose another name.")


def keep(fitted: FittedStack, name: str, *, by: str = "") -> Path:
    """Writes a checkpoint that gives the logits of the changed network.

    Args:
        name: of its folder among the checkpoints of the workspace.
        by: who keeps it.

    Raises:
        InputError: as `check_can_be_kept`, or the checkpoint that made the run is no longer there.
    """
    check_can_be_kept(fitted, name)
    folder = paths.checkpoints() / name
    told = fitted.run.checkpoint
    classifier = load_classifier(told["path"], **told.get("options", {}))
    fitted.run.check_classifier(classifier)
    if not isinstance(classifier.network, MultiHeadNetwork):
        raise InputError(
            f"{classifier.name} gives logits only, as an ONNX model does; its heads cannot be "
            "changed."
        )
    info = _described(fitted, classifier.info, name, by)
    network = _changed(fitted, classifier.network)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{name}.", suffix=".tmp") as parent:
        made = Path(parent) / name
        save_checkpoint(made, network, info, _card(info), exact=True)
        _tell_training_images(fitted, Path(told["path"]), made)
        _tell_features(classifier, Path(told["path"]), made)
        try:
            made.rename(folder)
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror}).") from error
    return folder


def _in_weights(fitted: FittedStack, heads: list[Head]) -> tuple[Head, ...]:
    """
    Raises:
        InputError: a change that no weights say, by the remedy's title.
    """
    now: tuple[Head, ...] | None = tuple(heads)
    lost = ""
    for title, change in zip(fitted.titles, fitted.changes, strict=True):
        if now is None and not change.starts_anew:
            continue
        now = change.in_weights(heads if now is None else now)
        if now is None:
            lost = title
    if now is None:
        raise InputError(
            f"{lost} cannot be written into weights of heads; leave it out, or let retrained heads "
            "follow it."
        )
    return now


def _changed(fitted: FittedStack, network: MultiHeadNetwork) -> MultiHeadNetwork:
    """The network itself, which nobody else has, with other heads."""
    before = [
        (
            linear.weight.detach().cpu().double().numpy(),
            linear.bias.detach().cpu().double().numpy(),
        )
        for linear in (_linear(each) for each in network.heads)
    ]
    after = _in_weights(fitted, before)
    heads = []
    for weight, bias in after:
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
            linear.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias)))
        heads.append(linear)
    network.heads = nn.ModuleList(heads)
    return network


def _linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, nn.Linear)
    return module


def _described(fitted: FittedStack, info: ModelInfo, name: str, by: str) -> ModelInfo:
    run = fitted.run
    provenance: dict[str, object] = {
        "stack": [step.told() for step in fitted.stack.steps],
        "done": [
            {"remedy": each.title, "notes": list(each.notes), "skipped": each.skipped}
            for each in fitted.told
        ],
        "of_checkpoint": {"name": run.checkpoint["name"], "hash": run.checkpoint["hash"]},
        "run": run.id,
        "dataset": dict(run.manifest["dataset"]) | {"path": ""},
        "training_images": fitted.learnt_from,
        "validation_images": fitted.chosen_on,
        "test_looks": len(looks(run.root)),
        "by": by,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if fitted.rule.point is not None:
        provenance["operating_point"] = {
            "criterion": str(fitted.rule.point.criterion),
            "target": fitted.rule.point.target,
            "thresholds": {
                code: each.value if np.isfinite(each.value) else None
                for code, each in zip(fitted.classes, fitted.rule.thresholds, strict=True)
            },
        }
    activation = "softmax" if fitted.classes != run.classes else info.activation
    return replace(
        info,
        name=name,
        classes=fitted.classes,
        activation=activation,
        recipe={**info.recipe, REMEDIES: provenance},
        metrics={},
    )


def _card(info: ModelInfo) -> str:
    """Markdown: what was changed, on which images, and how."""
    told = info.recipe[REMEDIES]
    lines = []
    for each in told["done"]:
        what = f"skipped: {each['skipped']}" if each["skipped"] else " ".join(each["notes"])
        lines.append(f"- {_cell(each['remedy'])}: {_cell(what)}" if what else f"- {each['remedy']}")
    heads = ", ".join(f"{head.name} ({head.channels})" for head in info.heads)
    point = ""
    if "operating_point" in told:
        thresholds = ", ".join(
            f"{code} {'none' if value is None else f'{value:.4g}'}"
            for code, value in told["operating_point"]["thresholds"].items()
        )
        point = (
            "\n\nOperating points of the classes, which weights cannot hold: a probability at or "
            f"above its threshold ({_cell(thresholds)})."
        )
    by = f", by {_cell(told['by'])}" if told["by"] else ""
    looked = count(told["test_looks"], "stack")
    return f"""# {_cell(info.name)}

{info.architecture} for {len(info.classes)} classes ({_cell(", ".join(info.classes))}).
Heads (inputs): {_cell(heads)}. Their logits are summed, the largest sum decides.

**For research and teaching, not for diagnosis.**

## Remedies

The features are those of {_cell(told["of_checkpoint"]["name"])} ({told["of_checkpoint"]["hash"]});
only the heads were changed, at {told["at"]}{by}.

{chr(10).join(lines)}{point}

Fitted on {count(told["training_images"], "training image")} and
{count(told["validation_images"], "validation image")} of the dataset
{_cell(told["dataset"].get("name", ""))}, run {_cell(told["run"])}. Its test images had been looked
at with {looked} when this was kept.

What the features were trained on, model.json says, and division.parquet which images.
"""


def _cell(text: object) -> str:
    """One line, no markup."""
    plain = "".join(char if char.isprintable() else " " for char in str(text))
    return plain.translate({ord(char): f"\\{char}" for char in "<>|[]`"})


def _tell_training_images(fitted: FittedStack, before: Path, folder: Path) -> None:
    """Which images heads and features have learnt from."""
    run, division = fitted.run, fitted.division
    earlier = open_training_images(before)
    if run.fingerprints is None:
        if earlier is not None:
            source = CheckpointFiles(before).training_images
            shutil.copyfile(paths.readable(source), CheckpointFiles(folder).training_images)
        return
    rows = np.concatenate([division.training, division.validation])
    split = np.full(rows.size, TRAINING, dtype=object)
    if not fitted.trained_on_validation:
        split[division.training.size :] = VALIDATION
    files = [str(each, "ascii") for each in run.fingerprints[rows]]
    samples = run.samples.iloc[rows]
    ids = owners(run.samples)
    write_training_images(
        folder,
        digests(samples["path"], files),
        split,
        owners={column: ids[column].iloc[rows] for column in OWNERS if column in ids},
        pictures=None if run.picture_hashes is None else np.asarray(run.picture_hashes[rows][:, 0]),
        earlier=earlier,
        whole=earlier is not None and not fitted.added,
    )


def _tell_features(classifier: Classifier, before: Path, folder: Path) -> None:
    """The features of training images, which are the same, under the new checkpoint's hash."""
    kept = TrainingFeatures.read(CheckpointFiles(before).training_features, classifier.hash)
    if kept is not None:
        made = replace(kept, checkpoint=load_classifier(folder).hash)
        made.write(CheckpointFiles(folder).training_features)
