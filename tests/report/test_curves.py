from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.bands import GRID
from dermxai.report.curves import (
    as_json,
    bands_of,
    decision_curve_of,
    risk_coverage_of,
    useful_in_words,
)
from dermxai.report.evaluated import evaluated
from dermxai.runs import Run

Make = Callable[..., Run]


def test_curves_are_of_the_run(confused_run: Make) -> None:
    run = confused_run()
    shown = evaluated(run)
    member = (run.samples["label"] == "SD").to_numpy()
    of = run.probabilities[:, run.classes.index("SD")].astype(np.float64)
    curve = decision_curve_of(shown, "SD")
    _, fp, _, tp = sk.confusion_matrix(member, of >= 0.5).ravel()
    half = curve.table.set_index("threshold").loc[0.5]
    assert half["net_benefit"] == pytest.approx((tp - fp) / of.size)
    hot = decision_curve_of(shown, "SD", temperature=3.0, prevalence=0.2)
    assert hot.prevalence == 0.2
    assert (hot.table["net_benefit"] != curve.table["net_benefit"]).any()
    found = risk_coverage_of(shown)
    wrong = run.predicted != run.samples["label"].to_numpy()
    assert found.table["risk"].iloc[-1] == pytest.approx(wrong.mean())
    banded = bands_of(shown, ["Pso", "SD"], replicates=20)
    assert list(banded) == [code for code in run.classes if code in ("SD", "Pso")]
    fpr, tpr, _ = sk.roc_curve(member, of, drop_intermediate=False)
    assert banded["SD"].roc.y[20] == pytest.approx(tpr[fpr <= GRID[20]].max())
    told = as_json({"SD": curve}, found, banded)
    assert told["net_benefit"]["SD"]["curve"]["net_benefit"][49] == half["net_benefit"]
    assert {"false_positive_rate", "sensitivity", "low"} <= set(told["bands"]["SD"]["roc"])
    assert len(told["bands"]["SD"]["precision_recall"]["recall"]) == GRID.size - 1
    for bad in (lambda: bands_of(shown, ["XY"]), lambda: decision_curve_of(shown, "XY")):
        with pytest.raises(InputError, match="no class 'XY'"):
            bad()


def test_where_acting_is_useful_in_words(confused_run: Make) -> None:
    shown = evaluated(confused_run())
    curve = decision_curve_of(shown, "SD")
    words = useful_in_words(curve)
    low, high = curve.useful[0]
    assert f"{100 * low:.0f} % to {100 * high:.0f} %" in words and words.endswith("pointwise.")
    few = evaluated(confused_run(patients=3))
    assert "Too few" in useful_in_words(decision_curve_of(few, "SD"))
