"""What a training learns from and is validated on: labelled images, divided by patient."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.data import Dataset, selection
from dermxai.data.split_words import LEARNT
from dermxai.data.splits import groups, split_by_patient
from dermxai.taxonomy import ordered
from dermxai.training.recipe import Recipe

SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.2}
MERGED = "+"  # between the codes of classes that count as one


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled images.

    Attributes:
        table: their rows, with ``label`` after merging and ``split``.
        classes: codes in the taxonomy's order.
        labels: (n,) index of each row's class.
        fingerprint: of the images' ids, classes and splits.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    fingerprint: str

    @property
    def sample_ids(self) -> list[str]:
        return [str(name) for name in self.table["sample_id"]]

    def rows(self, split: str) -> NDArray[np.int64]:
        """Positions of the images of a split."""
        return np.flatnonzero(self.table["split"] == split)


def examples_of(dataset: Dataset, recipe: Recipe) -> Examples:
    """The labelled images of a dataset as a recipe wants them.

    Training and validation follow the ``split`` column where there is one with both; else the
    images that it calls either are divided 80 : 20 by patient, without any such word those of which
    it says nothing. All others are left alone: tests, words that are not known, and what the column
    does not tell though it tells of training elsewhere (see `dermxai.data.split_words`).

    Raises:
        InputError: fewer than two classes, a class to merge or to watch that is not there, a
            patient on both sides of the split column, or as `chosen_images`.
    """
    named = chosen_images(dataset.samples["sample_id"], recipe)
    table = dataset.samples[dataset.samples["label"].notna() & named].reset_index(drop=True)
    table = table.assign(label=_merged(table["label"], recipe))
    classes = tuple(ordered(table["label"]))
    if len(classes) < 2:
        raise InputError(
            f"{dataset.name} has {len(classes)} labelled classes; training needs at least two."
        )
    for code in recipe.watched or ():
        if code not in classes:
            raise InputError(
                f"There is no class {code!r} to watch; {dataset.name} has {', '.join(classes)}."
            )
    own = "split" in table and set(SHARES) <= set(table["split"].dropna())
    if own and recipe.split == "column":
        _check_split(table, dataset.name)
    else:
        table = table.assign(split=_divided(table, recipe.seed if own else 0))
    identity = table[["sample_id", "label", "split"]].to_csv(index=False)
    return Examples(
        table=table,
        classes=classes,
        labels=np.array([classes.index(label) for label in table["label"]], dtype=np.int64),
        fingerprint=hashlib.blake2b(identity.encode(), digest_size=16).hexdigest(),
    )


def chosen_images(sample_ids: "pd.Series[str]", recipe: Recipe) -> NDArray[np.bool_]:
    """(n,) whether an image plays a part, by the selections that the recipe names.

    Raises:
        InputError: such a selection is not kept here.
    """
    chosen = np.ones(len(sample_ids), dtype=bool)
    for name, among in (("only", True), ("leave_out", False)):
        if key := getattr(recipe, name):
            chosen &= sample_ids.isin(_named(name, key)).to_numpy(dtype=bool) == among
    return chosen


def _named(name: str, key: str) -> tuple[str, ...]:
    try:
        return selection.read(key).sample_ids
    except InputError as error:
        raise InputError(
            f"{name} names the selection {key}, which is not kept in this workspace or damaged; "
            "select its images again."
        ) from error


def draw_weights(labels: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """Weight of each image (n,) so that a class of n images is drawn in proportion to
    n ** (1 − balance)."""
    counts = np.bincount(labels).astype(np.float64)
    return np.asarray(counts[labels] ** -balance)


def loss_weights(
    labels: NDArray[np.int64], n_classes: int, strength: float, balance: float
) -> NDArray[np.float64]:
    """Weight of each class (class,) in the loss, in proportion to n ** −strength for a class that
    is drawn n times; their mean over the images as they are drawn is 1. A class without an image
    gets 0."""
    counts = np.bincount(labels, minlength=n_classes).astype(np.float64)
    present = counts > 0
    drawn, weights = np.zeros(n_classes), np.zeros(n_classes)
    drawn[present] = counts[present] ** (1 - balance)
    weights[present] = drawn[present] ** -strength
    return np.asarray(weights * drawn.sum() / (weights @ drawn))


def log_priors(labels: NDArray[np.int64], n_classes: int, balance: float) -> NDArray[np.float64]:
    """Logarithm of each class's share (class,) among the images as they are drawn; a class without
    an image counts as half an image."""
    counts = np.maximum(np.bincount(labels, minlength=n_classes).astype(np.float64), 0.5)
    drawn = counts ** (1 - balance)
    return np.asarray(np.log(drawn / drawn.sum()))


def _merged(labels: pd.Series, recipe: Recipe) -> pd.Series:
    present = set(labels)
    names: dict[str, str] = {}
    for group in recipe.merged:
        missing = [code for code in group if code not in present]
        if missing or len(group) < 2:
            raise InputError(
                f"merge is {recipe.merge!r}; expected two or more of {', '.join(ordered(present))} "
                "with + between them."
            )
        names |= dict.fromkeys(group, MERGED.join(group))
    return labels.replace(names)


def _check_split(table: pd.DataFrame, name: str) -> None:
    used = table[table["split"].notna()]
    sides = used.groupby(groups(used))["split"].nunique()
    torn = [str(key).partition(":") for key in sides.index[sides > 1]]
    if torn:
        kind, _, first = torn[0]
        raise InputError(
            f"The split column of {name} puts images of {len(torn)} "
            f"{kind.removesuffix('_id')}{'s' if len(torn) > 1 else ''} ({first} first) on more "
            "than one side, so that validation would not be on new patients; mend the column, or "
            "set split=patient to divide anew by patient."
        )


def _divided(table: pd.DataFrame, seed: int) -> pd.Series:
    """Training and validation by patient; what is held out stays out of both, and so do all images
    of its patients.

    Raises:
        InputError: nothing is left to learn from.
    """
    together = groups(table)
    split = table.get("split", pd.Series(pd.NA, index=table.index)).astype("object")
    learnt = split.isin(LEARNT)
    kept = together.isin(together[split.notna() & ~learnt])
    out = kept | (~learnt if learnt.any() else False)
    if out.all():
        values = ", ".join(f"{value} ({n:,})" for value, n in split.value_counts().items())
        raise InputError(
            f"No labelled image is left to learn from: the split column has {values}. Call what "
            "may be learnt from train in the table, or leave the column out."
        )
    tested = together.isin(together[split == "test"])
    divided = split.mask(tested, "test").where(tested | (split.notna() & ~learnt), pd.NA)
    divided[~out] = split_by_patient(table[~out], SHARES, seed)
    return divided
