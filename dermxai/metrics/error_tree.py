"""A tree of what errors have in common.

A decision tree (Breiman et al. 1984, Classification and Regression Trees) splits images by columns
so that errors and right predictions come apart. Patients are divided at random: three fifths grow
the tree, and five folds of these, patients whole, choose how far it is pruned: the smallest tree
whose Brier score on held-out folds is within one standard error (over patients) of the best. The
others, which have had no say in it, give the error rates of its nodes, with Wilson's interval over
patients: so the rates of leaves are not too high for having been chosen ("honest" estimates, Athey
& Imbens 2016, doi:10.1073/pnas.1510489113). Where nothing tells errors from right predictions the
tree is its root.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.groups import groups

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

    Grown: TypeAlias = DecisionTreeClassifier | None
    Pruned: TypeAlias = tuple[DecisionTreeClassifier | None, int]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DEPTH, MOST_DEPTH = 3, 6
FEWEST_PATIENTS = 20
"""Below which there is no tree."""
GROWING = 0.6
"""Share of the patients that grow the tree."""
_FOLDS = 5
_FEWEST_IN_LEAF, _SHARE_IN_LEAF = 15, 0.02
_MOST_PENALTIES = 15


class Condition(NamedTuple):
    """A question that an image answers with yes or no.

    Attributes:
        column: that is asked about.
        group: text that the image has there; "" of a number.
        least: number that it is above.
    """

    column: str
    group: str
    least: float


@dataclass(frozen=True)
class Node:
    """
    Attributes:
        parent: number of the node above; −1 of the root.
        condition: by which an image of the parent came here; None of the root.
        holds: whether the condition holds for the images here.
        unknown: whether images of which the number is not stated came here.
        depth: 0 of the root.
        leaf: whether nothing is below.
        images, units: of the patients who estimate.
        value, low, high: error rate of these, with its interval.
    """

    parent: int
    condition: Condition | None
    holds: bool
    unknown: bool
    depth: int
    leaf: bool
    images: int
    units: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class ErrorTree:
    """
    Attributes:
        nodes: a parent before those below it, those for which its condition holds last.
        members: (n, nodes) images of each node, of all patients.
        growing: (n,) whether the image's patient has grown the tree.
        unpruned: leaves before pruning.
    """

    nodes: tuple[Node, ...]
    members: Flags
    growing: Flags
    unpruned: int
    level: float


def error_tree(
    wrong: ArrayLike,
    samples: pd.DataFrame,
    units: ArrayLike,
    *,
    depth: int = DEPTH,
    seed: int = 0,
    level: float = 0.95,
) -> ErrorTree:
    """
    Args:
        wrong: (n,) whether each image is an error.
        samples: (n rows) columns that it may ask about: numbers, truth values, texts.
        units: (n,) the patient of each image, or whatever is independent.
        depth: of the tree, at most.
        seed: of the division of the patients.
        level: of the intervals.

    Raises:
        InputError: lengths differ, fewer than 20 patients, or the depth is out of range.
    """
    errors, clusters = np.asarray(wrong, dtype=bool), intervals.cluster_index(units)
    if not errors.size == len(samples) == clusters.size:
        raise InputError(
            f"{errors.size} errors, {len(samples)} rows and {clusters.size} patients came; one of "
            "each is needed for every image."
        )
    if not 1 <= depth <= MOST_DEPTH:
        raise InputError(f"A depth of {depth} came; expected 1 to {MOST_DEPTH}.")
    patients = int(clusters.max(initial=-1)) + 1
    if patients < FEWEST_PATIENTS:
        raise InputError(
            f"{patients} patients came; a tree that is checked on patients of its own needs "
            f"{FEWEST_PATIENTS}."
        )
    drawn = np.random.default_rng(seed).permutation(patients)
    growing = (drawn < GROWING * patients)[clusters]
    fold = (drawn % _FOLDS)[clusters]
    images = _Images(*_design(samples), errors, clusters, growing)
    grown, unpruned = _grown(images, fold, depth)
    conditions, members = _nodes(grown, images)
    return ErrorTree(
        _estimated(conditions, members, images, level), members, growing, unpruned, level
    )


@dataclass(frozen=True, eq=False)
class _Images:
    """
    Attributes:
        asked: what each column of the design is.
        design: (n, d) numbers as they are, NaN where not stated, and a column for each text.
    """

    asked: list[Condition]
    design: Floats
    errors: Flags
    clusters: NDArray[np.intp]
    growing: Flags


def _design(samples: pd.DataFrame) -> tuple[list[Condition], Floats]:
    """(n, d) numbers as they are, NaN where not stated, and a column for each text."""
    asked: list[Condition] = []
    parts: list[Floats] = []
    for name, column in samples.items():
        title = str(name)
        number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if number:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            asked.append(Condition(title, "", np.nan))
            parts.append(np.where(np.isfinite(values), values, np.nan).astype(np.float32))
            continue
        found = groups(column.rename(title))
        for group, members in zip(found.names, found.members.T, strict=True):
            asked.append(Condition(title, group, 0.5))
            parts.append(members.astype(np.float32))
    return asked, np.column_stack([np.empty((len(samples), 0), np.float32), *parts])


def _tree(depth: int, images: int, penalty: float = 0.0) -> "DecisionTreeClassifier":
    from sklearn.tree import DecisionTreeClassifier  # late: slow to import

    least = max(_FEWEST_IN_LEAF, int(_SHARE_IN_LEAF * images))
    return DecisionTreeClassifier(
        max_depth=depth, min_samples_leaf=least, ccp_alpha=penalty, random_state=0
    )


def _grown(images: _Images, fold: NDArray[np.intp], depth: int) -> "Pruned":
    """The pruned tree, and leaves of the whole one; None where there is nothing to split.

    Args:
        fold: (n,) of each image's patient.
    """
    design, errors, growing = images.design, images.errors, images.growing
    here = errors[growing]
    if not design.shape[1] or here.all() or not here.any():
        return None, 1
    size = int(growing.sum())
    whole = _tree(depth, size)
    path = whole.cost_complexity_pruning_path(design[growing], here)
    penalties = np.unique(np.maximum(path.ccp_alphas, 0))
    if penalties.size > _MOST_PENALTIES:
        places = np.linspace(0, penalties.size - 1, _MOST_PENALTIES).round().astype(int)
        penalties = penalties[places]
    # between two of the path, and beyond the last, where nothing but the root is left
    middle = np.sqrt(penalties[:-1] * penalties[1:])
    penalties = np.append(middle, penalties[-1] * 1.01 + 1e-9)
    lost = np.zeros((errors.size, penalties.size))
    for held in range(_FOLDS):
        there, others = growing & (fold == held), growing & (fold != held)
        if not (there.any() and others.any()):
            continue
        for place, penalty in enumerate(penalties):
            made = _tree(depth, size, penalty).fit(design[others], errors[others])
            lost[there, place] = (_chance(made, design[there]) - errors[there]) ** 2
    chosen = _chosen(lost[growing], images.clusters[growing])
    fitted = _tree(depth, size, penalties[chosen]).fit(design[growing], here)
    return fitted, int(whole.fit(design[growing], here).get_n_leaves())


def _chance(made: "DecisionTreeClassifier", design: Floats) -> Floats:
    """(n,) chance of an error."""
    place = np.flatnonzero(made.classes_)
    chances = made.predict_proba(design)[:, place]
    return chances[:, 0] if place.size else np.zeros(len(design))


def _chosen(lost: Floats, clusters: NDArray[np.intp]) -> int:
    """The highest penalty whose loss exceeds the best by one standard error of their difference at
    most.

    Args:
        lost: (n, penalties) squared error of each image.
    """
    best = int(lost.mean(axis=0).argmin())
    more = lost - lost[:, [best]]
    sums = np.stack([np.bincount(clusters, weights=column) for column in more.T], axis=1)
    of_all = more.sum(axis=0)
    error = np.sqrt((sums**2).sum(axis=0))
    return int(np.flatnonzero(of_all <= error + 1e-12).max())


def _nodes(grown: "Grown", images: _Images) -> tuple[list[Node], Flags]:
    """Nodes without estimates, and the images (n, nodes) of each."""
    root = Node(-1, None, True, False, 0, True, 0, 0, np.nan, np.nan, np.nan)
    nodes, members = [root], [np.ones(images.errors.size, dtype=bool)]

    def below(place: int, number: int) -> None:
        assert grown is not None
        tree = grown.tree_
        if tree.children_left[place] < 0:
            return
        at, least = int(tree.feature[place]), float(tree.threshold[place])
        values = images.design[:, at]
        missing = np.isnan(values)
        above = np.where(missing, not tree.missing_go_to_left[place], values > least)
        nodes[number] = replace(nodes[number], leaf=False)
        inside, depth = members[number], nodes[number].depth + 1
        asked = images.asked[at]
        for child, holds, side in (
            (tree.children_left[place], False, ~above),
            (tree.children_right[place], True, above),
        ):
            node = replace(
                root,
                parent=number,
                condition=asked if asked.group else asked._replace(least=least),
                holds=holds,
                unknown=bool((missing & inside & side).any()),
                depth=depth,
            )
            nodes.append(node)
            members.append(inside & side)
            below(int(child), len(nodes) - 1)

    if grown is not None:
        below(0, 0)
    return nodes, np.stack(members, axis=1)


def _estimated(
    nodes: list[Node], members: Flags, images: _Images, level: float
) -> tuple[Node, ...]:
    """The nodes with the error rates of the patients who have not grown the tree."""
    there = ~images.growing
    outcomes = np.repeat(images.errors[there, None], len(nodes), axis=1)
    estimates = intervals.shares(outcomes, members[there])
    ends = intervals.score_interval(estimates, images.clusters[there], level)
    units = intervals.patients_with(members[there], images.clusters[there])
    return tuple(
        replace(
            node,
            images=int(members[there, at].sum()),
            units=int(units[at]),
            value=float(estimates.value[at]),
            low=float(ends.low[at]),
            high=float(ends.high[at]),
        )
        for at, node in enumerate(nodes)
    )
