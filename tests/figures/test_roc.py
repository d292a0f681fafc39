import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.figures import roc
from dermxai.metrics import Evaluation
from tests.figures.examples import judge


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return judge()


def curves(figure):
    return {trace.name.split("  ")[0]: trace for trace in figure.data if trace.name}


def test_areas_and_intervals_are_those_of_the_evaluation(evaluation):
    drawn = curves(roc(evaluation))
    for row in evaluation.table.head(4).to_dict("records"):
        name = drawn[row["class"]].name
        assert f"{row['auc']:.3f} [{row['auc_low']:.3f}–{row['auc_high']:.3f}]" in name
        assert drawn[row["class"]].line.color == taxonomy.BY_CODE[row["class"]].colour
    assert f"{evaluation.macro.auc:.3f}" in drawn["Macro"].name
    assert f"{evaluation.micro.auc:.3f}" in drawn["Micro"].name


def test_what_is_drawn_lies_on_the_curve_and_reaches_both_corners():
    evaluation = judge(taxonomy.CODES, 4000)
    for code, trace in curves(roc(evaluation)).items():
        x, y = np.array(trace.x, float), np.array(trace.y, float)
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
        assert x.size <= 803
        if code in evaluation.roc:
            curve = evaluation.roc[code]
            full = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
            assert np.trapezoid(y, x) == pytest.approx(full, abs=1 / 400)


def test_only_chosen_classes_are_drawn(evaluation):
    assert set(curves(roc(evaluation, ["LP"]))) == {"LP", "Macro", "Micro"}


def test_a_class_without_images_has_no_curve():
    evaluation = judge(labels=["LP", "Rosa"] * 60)
    assert set(curves(roc(evaluation))) == {"LP", "Rosa", "Macro", "Micro"}
