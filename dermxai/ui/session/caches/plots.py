"""Figures as they are shown, in the light and the dark theme."""

from dermxai import figures
from dermxai.figures.confusion import Show
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.evaluated import AS_IT_IS
from dermxai.ui.components.look import Plot
from dermxai.ui.components.text import MEAN_INTERVAL, fixed
from dermxai.ui.session.caches.datasets import Source, table
from dermxai.ui.session.caches.evaluated import calibration, confusion_analysis, regrouped
from dermxai.ui.session.caches.faithfulness import EvaluatedMaps
from dermxai.ui.session.caches.faithfulness import results as faithfulness_results
from dermxai.ui.session.caches.faithfulness import summary as faithfulness_summary
from dermxai.ui.session.caches.memory import Kept, kept
from dermxai.ui.session.caches.stored_runs import run


@kept()
def balance(source: Source, dark: bool) -> Plot:
    samples = table(source).samples
    patients, splits_ = samples.get("patient_id"), samples.get("split")
    return Plot.of(
        figures.balance(
            samples["label"].tolist(),
            None if patients is None else patients.tolist(),
            None if splits_ is None else splits_.tolist(),
            dark=dark,
        )
    )


@kept()
def confusion_matrix(
    run_id: str,
    split: str | None,
    show: Show,
    dark: bool,
    leaks: bool = True,
    *,
    regrouping: Regrouping = AS_IT_IS,
) -> Plot:
    counts = regrouped(run_id, split, leaks, regrouping).cross_table
    return Plot.of(figures.confusion_matrix(counts, show, dark))


@kept()
def roc(
    run_id: str,
    split: str | None,
    dark: bool,
    leaks: bool = True,
    *,
    regrouping: Regrouping = AS_IT_IS,
) -> Plot:
    return Plot.of(figures.roc(regrouped(run_id, split, leaks, regrouping), dark=dark))


@kept()
def reliability(
    run_id: str,
    split: str | None,
    dark: bool,
    *,
    event: str = "",
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> Plot:
    found = calibration(run_id, split, leaks, event, regrouping)
    series = {"As predicted": found.before.reliability.bins}
    if found.after and found.temperature:
        name = f"Temperature {fixed(found.temperature.value)}"
        series[name] = found.after.reliability.bins
    words = event or "the prediction is right"
    return Plot.of(figures.reliability_diagram(series, words, found.level, dark))


@kept()
def set_decomposition(
    run_id: str, split: str | None, pair: tuple[str, str], direction: int, dark: bool
) -> Plot | None:
    """The mean votes of the images that are confused in a direction (index of
    `ConfusionAnalysis.ways`), beside those that are predicted correctly; None without any."""
    way = confusion_analysis(run_id, split, *pair).ways[direction]
    if way.errors is None:
        return None
    return Plot.of(
        figures.set_decomposition(
            way.errors,
            way.right,
            name=f"{way.true} predicted as {way.predicted}",
            reference_name=f"{way.true} predicted correctly",
            dark=dark,
        )
    )


def feature_maps() -> Kept[Plot]:
    return Kept("feature_maps")


@kept()
def hover_lines(run_id: str) -> list[str]:
    """What each point of a run's map says."""
    opened = run(run_id)
    return figures.hover_lines(
        opened.samples["sample_id"].tolist(),
        opened.samples["label"].tolist(),
        opened.predicted.tolist(),
        opened.probabilities.max(axis=1),
    )


@kept()
def faithfulness(evaluation: EvaluatedMaps, dark: bool) -> Plot:
    from dermxai.report import faithfulness as report

    titles = report.titles(faithfulness_results(evaluation))
    summary = faithfulness_summary(evaluation)
    units = report.units(run(evaluation.run))
    return Plot.of(figures.faithfulness(summary, *titles, report.CONTROLS, units=units, dark=dark))


@kept()
def faithfulness_measure(evaluation: EvaluatedMaps, measure: str, dark: bool) -> Plot:
    from dermxai.explain.faithfulness.measure import find_measure
    from dermxai.report import faithfulness as report

    known, summary = find_measure(measure), faithfulness_summary(evaluation)
    return Plot.of(
        figures.faithfulness_measure(
            summary[summary["measure"] == measure],
            report.titles(faithfulness_results(evaluation))[0],
            report.CONTROLS,
            title=known.title,
            help_=f"Mean; {'higher' if known.higher else 'lower'} is better. {MEAN_INTERVAL} "
            "Hollow: control maps." + (" Dashed: the limit." if known.limit is not None else ""),
            unit=known.unit,
            limit=known.limit,
            units=report.units(run(evaluation.run)),
            dark=dark,
        )
    )


@kept()
def faithfulness_curves(evaluation: EvaluatedMaps, measure: str, dark: bool) -> Plot | None:
    """None where the measure has no curves."""
    from dermxai.report import faithfulness as report

    curves = report.mean_curves(faithfulness_results(evaluation), measure)
    if not curves:
        return None
    return Plot.of(
        figures.faithfulness_curves(
            curves,
            [report.title(each) for each in report.CONTROLS],
            title="The curve behind it",
            help_="Averaged over the images. Grey: control maps.",
            dark=dark,
        )
    )
