"""What holds for all figures: a title, the same bytes every time, no markup from data."""

import json

import numpy as np
import pandas as pd
import pytest

from dermxai import figures
from dermxai.metrics.abstention import risk_coverage
from dermxai.metrics.bands import Band
from dermxai.metrics.faithfulness import Standing
from dermxai.metrics.set_decomposition import set_decomposition
from tests.figures.examples import CLASSES, HOSTILE, judge

HEADS = ["block 1", HOSTILE, "final"]


def judged() -> pd.DataFrame:
    """A method and a baseline, judged by one measure."""
    return pd.DataFrame(
        {
            "method": ["cam", "noise"],
            "measure": ["road", "road"],
            "images": [9, 9],
            "units": [5, 5],
            "mean": [1.5, 0.1],
            "low": [1.0, np.nan],
            "high": [2.0, np.nan],
            "random_difference": [1.4, np.nan],
            "random_low": [1.0, np.nan],
            "random_high": [2.0, np.nan],
            "random_verdict": ["better", np.nan],
            "standing": [Standing.BOTH, np.nan],
        }
    )


def bins() -> pd.DataFrame:
    """Of a reliability diagram; one without an interval."""
    return pd.DataFrame(
        {
            "images": [9, 2],
            "probability": [0.3, 0.9],
            "share": [0.4, 0.5],
            "low": [0.2, np.nan],
            "high": [0.6, np.nan],
        }
    )


def reader_rows() -> pd.DataFrame:
    """Two who answered; one without an interval."""
    return pd.DataFrame(
        {
            "class": ["MN", HOSTILE, "MN"],
            "who": [HOSTILE, HOSTILE, "other"],
            "single": [False, False, True],
            "sensitivity": [0.8, 0.5, 0.6],
            "specificity": [0.9, 0.8, 0.7],
            "kappa": [0.7, 0.2, 0.5],
            "low": [0.6, 0.1, np.nan],
            "high": [0.8, 0.4, np.nan],
        }
    )


def band() -> Band:
    """Without an interval at its first point."""
    ends = np.array([np.nan, 0.2, 0.5])
    return Band(np.array([0, 0.5, 1]), np.array([0, 0.6, 1]), ends, ends + 0.4)


def benefit() -> pd.DataFrame:
    table = pd.DataFrame({"threshold": [0.1, 0.5], "net_benefit": [0.2, 0.1]})
    return table.assign(low=[0.1, np.nan], high=[0.3, np.nan], act_on_all=[0.1, -0.4])


def covered() -> pd.DataFrame:
    """Of a class with an interval, one without, and one without images."""
    table = pd.DataFrame({"images": [9, 2, 0], "coverage": [0.8, 1.0, np.nan]})
    return table.assign(low=[0.5, np.nan, np.nan], high=[0.9, np.nan, np.nan], size=1.5)


def everything(dark: bool = False) -> dict:
    evaluation = judge()
    generator = np.random.default_rng(1)
    n = evaluation.sample_ids.size
    places = generator.normal(size=(n, 2))
    hover = figures.hover_lines(
        evaluation.sample_ids, evaluation.true, evaluation.predicted, generator.random(n)
    )
    ids = evaluation.sample_ids.tolist()
    logits = generator.normal(size=(3, len(CLASSES)))
    history = pd.DataFrame({"epoch": [1, 2], "validation_loss": [2.0, 1.0], "loss": [1.0, 0.5]})
    history["confusion:EAD→SD"] = 0.5
    histories = {HOSTILE: history, "other": history}
    options = {"title": "Map", "label": HOSTILE, "dark": dark}
    averaged = set_decomposition(
        generator.normal(size=(9, 3, len(CLASSES))), HEADS, CLASSES, HOSTILE, "LP", units=range(9)
    )
    return {
        "set_decomposition": figures.set_decomposition(averaged, dark=dark),
        "confusion": figures.confusion_matrix(evaluation.cross_table, dark=dark),
        "change": figures.confusion_difference(
            evaluation.cross_table - 1, "after less before", dark
        ),
        "roc": figures.roc(evaluation, dark=dark),
        "reliability": figures.reliability_diagram(
            {HOSTILE: bins(), "Temperature 2.00": bins()}, HOSTILE, dark=dark
        ),
        "ROC band": figures.roc_band(band(), HOSTILE, {HOSTILE: (0.2, 0.6)}, dark=dark),
        "precision-recall band": figures.precision_recall_band(
            band(), HOSTILE, {"set": (0.2, 0.6), HOSTILE: (np.nan, 0.1)}, prevalence=0.2, dark=dark
        ),
        "decision curve": figures.decision_curve(
            benefit(), HOSTILE, 0.3, tempered=benefit(), dark=dark
        ),
        "coverage": figures.coverage(covered(), (HOSTILE, "LP", "SD"), 0.9, dark=dark),
        "balance": figures.balance(
            evaluation.true, generator.integers(0, 9, n), [HOSTILE] * n, dark=dark
        ),
        "classes": figures.feature_map(places, ids, evaluation.true, hover=hover, **options),
        "numbers": figures.feature_map(places, ids, generator.random(n), **options),
        "flip": figures.counterfactual_path(
            [0, 5, 9],
            [2, 1, -0.5],
            found=(8, -0.2),
            random_areas=[5, 8],
            band=[[1, 0.5], [1.5, 1], [2, 2]],
            prediction=HOSTILE,
            into="LP",
            dark=dark,
        ),
        "margins": figures.margins(
            [HOSTILE, "Blur"],
            [HOSTILE, "1 px"],
            [2, -1],
            predictions=["LP", HOSTILE],
            unchanged=1.5,
            prediction="LP",
            against=HOSTILE,
            dark=dark,
        ),
        "faithfulness": figures.faithfulness(
            judged(), {"cam": HOSTILE, "noise": "Noise"}, {"road": "ROAD (x)"}, ["noise"], dark=dark
        ),
        "faithfulness of a measure": figures.faithfulness_measure(
            judged(),
            {"cam": HOSTILE, "noise": "Noise"},
            ["noise"],
            title="ROAD",
            help_="Lower is better.",
            unit="logit",
            limit=0.5,
            dark=dark,
        ),
        "faithfulness curves": figures.faithfulness_curves(
            {HOSTILE: {"x": [0, 1], "target": [2, 1]}, "Noise": {"x": [0, 1], "target": [2, 2]}},
            ["Noise"],
            title="Curves",
            help_="Grey: baselines.",
            dark=dark,
        ),
        "ranking": figures.ranking(generator.random(5), CLASSES, HOSTILE, dark=dark),
        "readers": figures.roc_plane(reader_rows(), dark),
        "kappas": figures.reference_kappas(reader_rows(), dark),
        "losses": figures.training_loss(histories, dark),
        "watched": figures.watched_confusion(histories, dark),
        "votes": figures.votes(logits[:, 0], HEADS, CLASSES, HOSTILE, "LP", dark=dark),
        "votes and biases": figures.votes(
            logits[:, 0], HEADS, CLASSES, "LP", HOSTILE, biases=logits[:, 1], dark=dark
        ),
    }


FIGURES = everything()


def shown(value: object, key: str = "") -> list[str]:
    """Every text that plotly draws; customdata is not drawn."""
    if key == "customdata":
        return []
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in shown(item, name)]
    if isinstance(value, list):
        return [text for item in value for text in shown(item, key)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", FIGURES)
def test_says_what_is_seen(name):
    assert FIGURES[name].layout.title.text


@pytest.mark.parametrize("dark", [False, True])
def test_same_input_same_bytes(dark):
    once, again = everything(dark), everything(dark)
    for name, figure in once.items():
        assert figure.to_json() == again[name].to_json()
        assert (figure.to_json() != FIGURES[name].to_json()) == dark


@pytest.mark.parametrize("name", FIGURES)
def test_names_from_data_are_shown_as_they_are(name):
    texts = shown(json.loads(FIGURES[name].to_json()))
    assert any("&lt;b&gt;" in text for text in texts)
    for text in texts:
        assert "<b>bold" not in text and "<a" not in text and "\n" not in text
    for trace in FIGURES[name].data:
        assert "%{x}" not in (trace.hovertemplate or "")


@pytest.mark.parametrize("name", FIGURES)
def test_backgrounds_are_those_of_the_page(name):
    layout = FIGURES[name].layout.template.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_what_is_kept_and_the_errors_among_it_are_drawn():
    right, sure = np.arange(40) % 3 > 0, np.arange(40.0)
    table = risk_coverage(right, sure, np.arange(40), 0.95).table
    *_, curve, line = figures.risk_coverage_curve(table).data
    assert list(curve.y) == list(table["risk"]) and list(curve.x) == list(table["kept"])
    assert set(line.y) == {table["risk"].iloc[-1]}


def test_points_lie_on_the_curve_and_bands_where_there_is_an_interval():
    made = figures.roc_band(band(), "EAD", {"set": (0.5, 0.6), "Argmax": (0.1, 0.2)})
    _, low, high, curve, first, other = made.data
    assert list(low.x) == list(high.x) == [0.5, 1] and len(curve.x) == 3
    assert (first.x[0], first.y[0]) == (0.5, 0.6) and first.marker.symbol == "circle"
    assert other.marker.symbol == "circle-open"


def test_what_has_nothing_to_show_says_why():
    nothing = np.full(3, np.nan)
    unlabelled = judge(labels=[None] * 120)
    for figure in (
        figures.roc(unlabelled),
        figures.confusion_matrix(unlabelled.cross_table),
        figures.confusion_matrix(pd.DataFrame()),
        figures.confusion_difference(pd.DataFrame(), "after less before"),
        figures.feature_map(np.empty((0, 2)), [], []),
        figures.balance([]),
        figures.roc_band(Band(nothing, nothing, nothing, nothing), "EAD", {}),
        figures.precision_recall_band(
            Band(nothing, nothing, nothing, nothing), "EAD", {}, prevalence=0.0
        ),
        figures.decision_curve(benefit().assign(net_benefit=np.nan), "EAD", 0.0),
        figures.coverage(covered().assign(images=0), ("EAD", "LP", "SD"), 0.9),
        figures.risk_coverage_curve(pd.DataFrame({"risk": [np.nan]})),
    ):
        assert not figure.data
        assert figure.layout.title.text
        assert figure.layout.title.subtitle.text.endswith(".")
