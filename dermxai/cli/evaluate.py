"""``python -m dermxai evaluate``: what a run is worth against its labels."""

from typing import TYPE_CHECKING, Annotated, TypedDict

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

if TYPE_CHECKING:
    from dermxai.metrics.regrouping import Regrouping


class _How(TypedDict):
    leaks: bool
    regrouping: "Regrouping"


def evaluate(
    run: RunFolder,
    *,
    split: Split = None,
    without_leaks: WithoutLeaks = False,
    rule: Rule = "argmax",
    target: Target = None,
    prevalence: Annotated[
        float | None, typer.Option(help="Add predictive values at this prevalence of a class.")
    ] = None,
    per: Per = "image",
    combine: Combine = "mean",
    merge: Merge = None,
    set_coverage: Annotated[
        float,
        typer.Option(help="Share of images whose prediction set is to hold the true class."),
    ] = 0.9,
    class_conditional: Annotated[
        bool,
        typer.Option("--class-conditional", help="Prediction sets with a bound for each class."),
    ] = False,
    exactly: Annotated[
        list[str] | None,
        typer.Option(help="Count prediction sets that are exactly these classes: EAD+SD."),
    ] = None,
    bands: Annotated[
        bool,
        typer.Option(
            "--bands", help="With --json: ROC and precision-recall curves with bands, 10 s at most."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Measure a run against its labels, with 95 % intervals, and what images that were seen in
    training add to that."""
    from dataclasses import asdict

    from dermxai.report import calibration, curves, prediction_sets, rules
    from dermxai.report.evaluated import evaluated, leaks_json, premium
    from dermxai.report.measures import as_json, measures_of, point_of
    from dermxai.report.origin import origin
    from dermxai.report.regrouping import regrouping_of
    from dermxai.runs import open_run

    point = point_of(rule, target)
    opened = open_run(paths.named_run(run))
    whole, problems = evaluated(opened, split), opened.manifest["problems"]
    added = premium(opened, split, whole)
    regrouping = regrouping_of(opened.classes, merge or (), per, combine)
    how: _How = {"leaks": not without_leaks, "regrouping": regrouping}
    shown = evaluated(opened, split, **how)
    measures = measures_of(opened, shown, point, prevalence, **how)
    argmax = measures_of(opened, shown, **how) if point else measures
    calibrated = calibration.calibration_of(opened, shown, **how)
    sets, no_sets = prediction_sets.sets_or_why_not(
        opened, shown, set_coverage, by_class=class_conditional, **how
    )
    pairs = prediction_sets.asked_for(exactly or (), shown.classes)
    benefit = {
        code: curves.decision_curve_of(shown, code, prevalence=prevalence) for code in shown.common
    }
    abstention = curves.risk_coverage_of(shown)
    if json:
        told = {
            "origin": origin(opened, split),
            **shown.as_json(),
            "regrouping": asdict(regrouping),
            "decision": as_json(measures),
            "rules": rules.as_json(argmax, measures) if point else None,
            "calibration": calibration.as_json(calibrated),
            "prediction_sets": prediction_sets.as_json(sets, pairs) if sets else None,
            "no_prediction_sets": no_sets or None,
            "curves": curves.as_json(benefit, abstention, curves.bands_of(shown) if bands else {}),
            "leakage": leaks_json(opened, split, added, whole.clusters),
            "problems": problems,
        }
        console.show_json(told)
    else:
        console.show_evaluation(shown)
        console.show_measures(measures)
        if point:
            console.show_rules(argmax, measures)
        console.show_calibration(calibrated)
        console.show_prediction_sets(sets, no_sets, pairs)
        console.show_curves(benefit, abstention)
        if added:
            console.show_premium(added)
        console.say_problems(problems)
