"""``python -m dermxai subgroups``: a measure in groups of a run's images."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from dermxai.cli import console
from dermxai.cli.options import (
    Combine,
    Json,
    Merge,
    Per,
    Rule,
    RunFolder,
    Split,
    Target,
    WithoutLeaks,
)
from dermxai.core import paths
from dermxai.core.errors import InputError

T = TypeVar("T")


def subgroups(
    run: RunFolder,
    *,
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column, or cluster (of the features); all if none is named."),
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            help="top1_accuracy or balanced_accuracy; of a class sensitivity, specificity, ppv, "
            "npv or auc."
        ),
    ] = "top1_accuracy",
    of_class: Annotated[str, typer.Option(help="The class of these, as EAD.")] = "",
    split: Split = None,
    without_leaks: WithoutLeaks = False,
    rule: Rule = "argmax",
    target: Target = None,
    cuts: Annotated[int, typer.Option(help="Groups that numbers are cut into.")] = 4,
    clusters: Annotated[int, typer.Option(help="Clusters of the feature space.")] = 8,
    space: Annotated[
        str | None, typer.Option(help="Feature space of the clusters; the network's own if none.")
    ] = None,
    per: Per = "image",
    combine: Combine = "mean",
    merge: Merge = None,
    conditions: Annotated[int, typer.Option(help="Of a slice, at most.")] = 2,
    depth: Annotated[int, typer.Option(help="Of the error tree, at most.")] = 3,
    keep_as: Annotated[
        str | None, typer.Option(help="Keep the worst confirmed slice of images under this name.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure a run in groups of its images, each beside the rest, with 95 % intervals and p-values
    corrected for their number; worst slices, found on half of the patients and confirmed on the
    other; and a tree of its errors (of --of-class, if given)."""
    from dermxai.metrics.subgroups import OF_CLASS
    from dermxai.report import errors
    from dermxai.report.measures import point_of
    from dermxai.report.regrouping import regrouping_of
    from dermxai.report.subgroups import grouped
    from dermxai.runs import open_run

    point = point_of(rule, target)
    opened = open_run(paths.named_run(run))
    leaks, regrouping = (
        not without_leaks,
        regrouping_of(opened.classes, merge or (), per, combine),
    )
    found = grouped(
        opened,
        split,
        by or (),
        measure=measure,
        code=of_class if measure in OF_CLASS else "",
        point=point,
        cuts=cuts,
        clusters=clusters,
        space=space,
        leaks=leaks,
        regrouping=regrouping,
    )
    asked = errors.errors_of(opened, split, of_class, leaks=leaks, regrouping=regrouping)
    slices, slices_why = refused(
        lambda: errors.found_slices(asked, by or (), conditions=conditions, cuts=cuts)
    )
    tree, tree_why = refused(lambda: errors.grown_tree(asked, by or (), depth=depth))
    if keep_as is not None:
        console.say(errors.keep_worst(opened, slices, keep_as))
    if json:
        told = found.as_json()
        told["worst_slices"] = {"reason": slices_why} if slices is None else slices.as_json()
        told["error_tree"] = {"reason": tree_why} if tree is None else tree.as_json()
        console.show_json(told)
        return
    console.show_subgroups(found)
    for title, part, why in (
        ("Worst slices", slices, slices_why),
        ("Error tree", tree, tree_why),
    ):
        console.show_part(title, part, why)


def refused(make: Callable[[], T]) -> tuple[T | None, str]:
    """What is made, and "", or None and why it cannot be made of these images."""
    try:
        return make(), ""
    except InputError as error:
        return None, str(error)
