import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dermxai.metrics.faithfulness import FEWEST, Scale, Standing, Verdict, failures, summarised

NAMES = {"random": "noise", "centred": "bell"}


def table(images: int = 60, better: float = 1.0, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    rows = []
    for index in range(images):
        level = generator.normal(0, 5)  # images differ much more than maps do
        for method, cells, gain in (
            ("good", 8, better),
            ("bad", 16, -better),
            ("noise", 8, 0.0),
            ("noise", 16, 0.0),
            ("bell", 4, 0.0),
        ):
            value = level + gain + generator.normal(0, 0.5)
            rows.append((f"i{index}", method, cells, "road", value))
    return pd.DataFrame(rows, columns=["sample_id", "method", "cells", "measure", "value"])


def summary(values: pd.DataFrame, higher: bool = True, groups: dict | None = None) -> pd.DataFrame:
    made = summarised(values, {"road": Scale(higher)}, groups or {}, **NAMES)
    return made.set_index("method")


def test_every_image_is_its_own_control():
    found = summary(table())
    assert found.loc["good", "random_verdict"] == found.loc["good", "centred_verdict"] == "better"
    assert found.loc["bad", "random_verdict"] == "worse"
    assert found.loc["good", "random_difference"] == pytest.approx(1, abs=0.3)
    mean, difference = (
        found.loc["good", f"{of}high"] - found.loc["good", f"{of}low"] for of in ("", "random_")
    )
    assert mean > 4 * difference


def test_lower_can_be_better():
    found = summary(table(), higher=False)
    assert found.loc["good", "random_verdict"] == "worse"
    assert found.loc["bad", "centred_verdict"] == "better"


def test_a_method_is_set_against_noise_as_fine_as_itself():
    values = table()
    fine = (values["method"] == "noise") & (values["cells"] == 16)
    values.loc[fine, "value"] += 100
    found = summary(values)
    assert found.loc["good", "random_verdict"] == "better"
    assert found.loc["bad", "random_difference"] < -90


def test_no_difference_is_not_called_one():
    assert summary(table(better=0.0, seed=2)).loc["good", "random_verdict"] == Verdict.NEITHER


def test_undefined_values_are_left_out_and_counted():
    values = table(images=10)
    values.loc[(values["method"] == "good") & (values["sample_id"] != "i0"), "value"] = np.nan
    row = summary(values).loc["good"]
    assert (row["images"], row["units"]) == (1, 1)
    assert np.isnan(row["low"]) and row["random_verdict"] == ""


def test_images_of_one_patient_stay_together():
    values = table()
    alone = summary(values).loc["good"]
    together = summary(values, groups={f"i{i}": f"p{i // 20}" for i in range(60)}).loc["good"]
    assert together["units"] == 3
    assert together["images"] == alone["images"] == 60


def test_a_share_of_all_images_has_a_lower_bound():
    values = table(images=20)
    values["value"] = 1.0
    made = summarised(values, {"road": Scale(True, share=True)}, {}, **NAMES)
    row = made.set_index("method").loc["good"]
    assert (row["mean"], row["high"]) == (1, 1)
    wilson = proportion_confint(20, 20, method="wilson")[0]
    assert row["low"] == pytest.approx(wilson, abs=0.03) and row["low"] < wilson


def test_few_patients_give_no_verdict():
    for images, together in ((FEWEST - 1, {}), (60, {f"i{i}": f"p{i % 7}" for i in range(60)})):
        found = summary(table(images, better=50), groups=together).loc["good"]
        assert found["random_low"] > 0  # the interval is there, the verdict is not
        assert (found["random_verdict"], found["centred_verdict"]) == ("", "")
        assert found["standing"] == ""
    limited = Scale(False, compared=False, limit=1e6)
    made = summarised(table(FEWEST - 1), {"road": limited}, {}, **NAMES).set_index("method")
    assert made.loc["good", "standing"] == ""
    enough = summary(table(FEWEST, better=50)).loc["good"]
    assert enough["standing"] == Standing.BOTH


def test_a_measure_on_which_baselines_say_nothing_is_not_compared():
    scales = {"road": Scale(False, compared=False, limit=1e6)}
    found = summarised(table(), scales, {}, **NAMES).set_index("method").loc["good"]
    assert (found["random_verdict"], found["centred_verdict"]) == ("", "")
    for name in ("random", "centred"):
        assert found[[f"{name}_difference", f"{name}_low", f"{name}_high"]].isna().all()
    assert found["standing"] == Standing.KEEPS and np.isfinite(found["mean"])


@pytest.mark.parametrize("images", [FEWEST, 12])
def test_noise_is_rarely_called_a_difference(images: int):
    """One in twenty where there is none, within the error of 400 trials."""
    shown = 0
    for seed in range(400):
        verdict = summary(table(images, better=0, seed=seed)).loc["good", "random_verdict"]
        shown += verdict != Verdict.NEITHER
    assert stats.binom.sf(shown - 1, 400, 0.05) > 0.001


def test_failures_are_worse_than_a_baseline_and_where_none_has_a_value_nothing_is_said():
    values = {"good": [3.0, 1.0, 0.0, 5.0], "noise": [2.0, 2.0, np.nan, np.nan]}
    values["bell"] = [1.0, 0.0, 4.0, np.nan]
    rows = pd.DataFrame(
        [
            (f"i{index}", method, 8, "road", value)
            for method, of in values.items()
            for index, value in enumerate(of)
        ],
        columns=["sample_id", "method", "cells", "measure", "value"],
    )
    assert failures(rows, Scale(higher=True), "good", "road", **NAMES) == ["i2", "i1"]
    assert failures(rows, Scale(higher=False), "good", "road", **NAMES) == ["i0", "i1"]
