import numpy as np
import pandas as pd

from dermxai.metrics.faithfulness import Standing, Verdict
from dermxai.report.faithfulness import _STANDINGS, _VERDICTS, with_words


def test_verdicts_are_words_in_files_and_what_is_unknown_is_empty() -> None:
    table = pd.DataFrame(
        {
            "random_verdict": [Verdict.BETTER, Verdict.UNKNOWN, np.nan],
            "standing": [Standing.NONE, Standing.UNKNOWN, np.nan],
        }
    )
    told = with_words(table)
    assert told["random_verdict"].tolist()[:2] == ["better", ""]
    assert told["standing"].tolist()[:2] == ["beats no control map", ""]
    assert told.iloc[2].isna().all()
    assert table["standing"][0] == Standing.NONE  # what it was given stays


def test_every_verdict_and_standing_has_its_words() -> None:
    assert set(_VERDICTS) == set(Verdict) - {Verdict.UNKNOWN}
    assert set(_STANDINGS) == set(Standing) - {Standing.UNKNOWN}
