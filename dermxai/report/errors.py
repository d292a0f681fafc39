"""What errors have in common: worst slices and an error tree of a run, for people and programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count, interval, jsonable, percent, points
from dermxai.metrics.basis import basis
from dermxai.metrics.error_tree import DEPTH, Condition, ErrorTree, Node, error_tree
from dermxai.metrics.groups import CUTS
from dermxai.metrics.regrouping import Regrouping
from dermxai.metrics.worst_slices import CONDITIONS, COUNT, WorstSlices, worst_slices
from dermxai.report.evaluated import AS_IT_IS, Evaluated, evaluated
from dermxai.report.origin import origin
from dermxai.report.subgroups import rows_of
from dermxai.report.tables import probability
from dermxai.runs import Run
from dermxai.slices import Slice, keep
from dermxai.subgroups import asked_groups, columns


@dataclass(frozen=True, eq=False)
class Errors:
    """Of the n images of a split whose label is the class asked for, or any that the model knows.

    Attributes:
        code: the class; "" for all.
        wrong: (n,) whether the prediction is another class.
        sample_ids, units: (n,)
        table: (n rows) columns that tell images apart.
    """

    run: Run
    split: str | None
    evaluation: Evaluated
    code: str
    wrong: NDArray[np.bool_]
    sample_ids: NDArray[np.object_]
    units: NDArray[np.object_]
    table: pd.DataFrame

    def images(self, members: NDArray[np.bool_]) -> list[str]:
        """Sample ids of those that ``members`` (n,) chooses, errors first."""
        order = np.argsort(~self.wrong, kind="stable")
        return [str(name) for name in self.sample_ids[order][members[order]]]

    def about(self) -> dict[str, object]:
        """For programs: which errors, and of what."""
        clusters, level = self.evaluation.clusters, self.evaluation.level
        return {
            "origin": origin(self.run, self.split),
            "class": self.code or None,
            "errors": int(self.wrong.sum()),
            "images": self.wrong.size,
            "intervals": basis(clusters, level),
        }


def errors_of(
    run: Run,
    split: str | None = None,
    code: str = "",
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> Errors:
    """
    Args:
        code: only images of this class, after merging.
        leaks: with the images that leak from training.
        regrouping: whose merged classes count as one; images are taken one by one.

    Raises:
        InputError: no such split or class, or no image to ask about.
    """
    how = Regrouping(regrouping.merges)
    evaluation = evaluated(run, split, leaks=leaks, regrouping=how)
    if code and code not in evaluation.classes:
        raise InputError(
            f"The model has no class {code!r}; choose one of {', '.join(evaluation.classes)}."
        )
    known = evaluation.true == code if code else np.isin(evaluation.true, evaluation.classes)
    if not known.any():
        raise InputError(f"No image here has a label {code or 'that the model knows'}.")
    rows = rows_of(run, split, leaks)
    return Errors(
        run,
        split,
        evaluation,
        code,
        np.asarray(evaluation.predicted[known] != evaluation.true[known], dtype=bool),
        run.samples["sample_id"].to_numpy(dtype=object)[rows[known]],
        evaluation.unit_of[known],
        columns(run, rows[known]),
    )


@dataclass(frozen=True, eq=False)
class FoundSlices:
    """Worst slices of errors, see `dermxai.metrics.worst_slices`."""

    errors: Errors
    found: WorstSlices
    own_notes: tuple[str, ...]
    """What is to be known of the search."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Of images and search."""
        return (*self.errors.evaluation.image_notes, *self.own_notes)

    def name(self, row: int) -> str:
        """ "sex female and site face"."""
        return " and ".join(f"{column} {group}" for column, group in self.found.conditions[row])

    def as_json(self) -> dict[str, object]:
        """Plain numbers, texts and lists; NaN becomes None."""
        rows = [
            {"conditions": [list(each) for each in conditions], "all_images": images, **row}
            for conditions, images, row in zip(
                self.found.conditions,
                self.found.members.sum(axis=0).tolist(),
                self.found.table.to_dict("records"),
                strict=True,
            )
        ]
        told: dict[str, object] = jsonable(
            {
                **self.errors.about(),
                "slices": rows,
                "searched": self.found.searched,
                "correction": "Holm",
                "notes": list(self.notes),
            }
        )
        return told

    def shown(self) -> pd.DataFrame:
        """For people, a row a slice."""
        level = f"{100 * self.found.level:.0f} % CI"
        return pd.DataFrame(
            [
                {
                    "Slice": self.name(number),
                    "Images": f"{int(self.found.members[:, number].sum()):,}",
                    "Errors, first half": percent(row["found"]),
                    "Errors, second half": percent(row["value"]),
                    level: interval(row["low"], row["high"]),
                    "Rest": percent(row["rest"]),
                    "More than the rest": points(
                        row["difference"], row["difference_low"], row["difference_high"]
                    ),
                    "p, Holm": probability(row["p_holm"]),
                    "Confirmed": "yes" if row["confirmed"] else "no",
                }
                for number, row in enumerate(self.found.table.to_dict("records"))
            ]
        )


def found_slices(
    errors: Errors,
    names: Sequence[str] = (),
    *,
    conditions: int = CONDITIONS,
    slices: int = COUNT,
    cuts: int = CUTS,
) -> FoundSlices:
    """
    Args:
        names: columns; all that have few texts where none is named.
        conditions: of a slice, at most.
        slices: that are found, at most.
        cuts: groups that numbers are cut into.

    Raises:
        InputError: no such column, fewer than two patients, or a number is out of range.
    """
    asked, _ = asked_groups(errors.table, names, cuts)
    found = worst_slices(
        errors.wrong,
        asked,
        errors.units,
        conditions=conditions,
        count=slices,
        level=errors.evaluation.level,
    )
    return FoundSlices(errors, found, tuple(_about_slices(found, errors)))


def keep_worst(run: Run, found: FoundSlices | None, name: str) -> str:
    """Keeps the first confirmed slice with the dataset, and says so.

    Raises:
        InputError: none is confirmed, the run does not say of which dataset it is, or there is a
            slice of that name.
    """
    rows = [] if found is None else np.flatnonzero(found.found.table["confirmed"]).tolist()
    if found is None or not rows:
        raise InputError("No slice is confirmed on the other half of the patients; none was kept.")
    dataset = run.manifest["dataset"].get("path")
    if not isinstance(dataset, str):
        raise InputError("This run does not say where its dataset lies: infer again.")
    images = found.errors.images(found.found.members[:, rows[0]])
    made = Slice.of(name, images, origin=f"Worst slice: {found.name(rows[0])}")
    keep(dataset, made)
    return f"Kept {found.name(rows[0])} as the slice {name}: {count(len(made), 'image')}."


def _about_slices(found: WorstSlices, errors: Errors) -> Iterator[str]:
    unit = errors.evaluation.clusters
    yield (
        f"{count(found.searched, 'slice')} with more errors than all were ranked on a random half "
        f"of the {unit} ({percent(found.errors[0])} errors); the other half "
        f"({percent(found.errors[1])}) confirms. p-values are one-sided, corrected for "
        f"{count(len(found.table), 'slice')} (Holm)."
    )
    if not len(found.table):
        yield "No slice is large enough and has more errors than all."
    elif not found.table["confirmed"].any():
        yield "None is confirmed: slices found on one half alone are mostly chance."


@dataclass(frozen=True, eq=False)
class GrownTree:
    """An error tree, see `dermxai.metrics.error_tree`."""

    errors: Errors
    tree: ErrorTree
    own_notes: tuple[str, ...]
    """What is to be known of the tree."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Of images and tree."""
        return (*self.errors.evaluation.image_notes, *self.own_notes)

    @property
    def names(self) -> tuple[str, ...]:
        """What each node is called."""
        return tuple(map(in_words, self.tree.nodes))

    def path(self, number: int) -> str:
        """All conditions of a node, in words."""
        said: list[str] = []
        while self.tree.nodes[number].condition is not None:
            said.append(in_words(self.tree.nodes[number]))
            number = self.tree.nodes[number].parent
        return ", ".join(reversed(said)) or "all images"

    def as_json(self) -> dict[str, object]:
        """Plain numbers, texts and lists; NaN becomes None."""
        nodes = [
            {
                "number": number,
                "parent": node.parent if node.parent >= 0 else None,
                "condition": self.names[number],
                "leaf": node.leaf,
                "images": node.images,
                "units": node.units,
                "all_images": int(self.tree.members[:, number].sum()),
                "value": node.value,
                "low": node.low,
                "high": node.high,
            }
            for number, node in enumerate(self.tree.nodes)
        ]
        told: dict[str, object] = jsonable(
            {
                **self.errors.about(),
                "nodes": nodes,
                "leaves_before_pruning": self.tree.unpruned,
                "notes": list(self.notes),
            }
        )
        return told

    def shown(self) -> pd.DataFrame:
        """The leaves for people, the one with most errors first."""
        rows = []
        for number in self.leaves:
            node = self.tree.nodes[number]
            rows.append(
                {
                    "Leaf": self.path(number),
                    "Images": f"{int(self.tree.members[:, number].sum()):,}",
                    "Errors": percent(node.value),
                    f"{100 * self.tree.level:.0f} % CI": interval(node.low, node.high),
                    "Estimated on": count(node.images, "image"),
                }
            )
        return pd.DataFrame(rows)

    @property
    def leaves(self) -> list[int]:
        """Numbers of the leaves, in the order of `shown`."""
        found = [number for number, node in enumerate(self.tree.nodes) if node.leaf]
        return sorted(found, key=lambda at: -np.nan_to_num(self.tree.nodes[at].value, nan=-1))


def grown_tree(errors: Errors, names: Sequence[str] = (), *, depth: int = DEPTH) -> GrownTree:
    """
    Args:
        names: columns that it may ask about; all that have few texts where none is named.
        depth: of the tree, at most.

    Raises:
        InputError: no such column, fewer than 20 patients, or the depth is out of range.
    """
    asked, _ = asked_groups(errors.table, names)
    kept = [each.column for each in asked]
    tree = error_tree(
        errors.wrong,
        errors.table[kept],
        errors.units,
        depth=depth,
        level=errors.evaluation.level,
    )
    return GrownTree(errors, tree, tuple(_about_tree(tree, errors)))


def _about_tree(tree: ErrorTree, errors: Errors) -> Iterator[str]:
    unit = errors.evaluation.clusters
    leaves = sum(node.leaf for node in tree.nodes)
    yield (
        f"Grown on three fifths of the {unit} and pruned by five folds of these from "
        f"{tree.unpruned} to {leaves} {'leaf' if leaves == 1 else 'leaves'}; error rates and "
        "intervals are those of the others."
    )
    if leaves == 1:
        yield "Nothing here tells errors from right predictions on held-out patients."


def in_words(node: Node) -> str:
    """ "age > 45", "site not face", "age ≤ 45 or not stated"."""
    if node.condition is None:
        return "all images"
    return _condition(node.condition, node.holds) + (" or not stated" if node.unknown else "")


def _condition(condition: Condition, holds: bool) -> str:
    if condition.group:
        return f"{condition.column} {'' if holds else 'not '}{condition.group}"
    return f"{condition.column} {'>' if holds else '≤'} {condition.least:.3g}"
