import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from dermxai.metrics.multiplicity import holm
from tests.verification import verified


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_are_statsmodels(seed):
    p = np.random.default_rng(seed).random(8) ** 3
    expected = multipletests(p, method="holm")[1]
    verified("p of a cause, corrected", "statsmodels, Holm", holm(p), expected, tolerance=1e-12)


def test_what_was_not_tested_counts_for_nothing():
    assert holm([0.01, np.nan, 0.03]).tolist() == pytest.approx([0.02, np.nan, 0.03], nan_ok=True)
    assert np.isnan(holm([np.nan])).all()
    assert holm([]).size == 0
    assert holm([0.9, 0.8]).tolist() == [1, 1]
