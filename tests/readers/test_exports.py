"""Answers for R and iMRMC: the same numbers come out of what was written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import read_csv
from dermxai.metrics.mrmc.figures import Figure, measured
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.readers.analysis.classes import class_table
from dermxai.readers.analysis.outcomes import Outcomes
from dermxai.readers.answered import Study
from dermxai.readers.answers_file import read_answers
from dermxai.readers.exports import DEVICE, write_imrmc, write_long_form
from tests.readers.studies import CLASSES, drawn, written


@pytest.fixture
def study(tmp_path: Path) -> Study:
    table = drawn(1, arms=("alone", "with AI"))
    return read_answers(written(tmp_path, table), classes=CLASSES, device="net")


def areas(rows: pd.DataFrame) -> np.ndarray:
    data = Ratings.of(
        treatments=rows["treatment"],
        readers=rows["reader"],
        cases=rows["case"],
        diseased=rows["truth"],
        scores=rows["rating"],
    )
    return measured(data, Figure.AUC).figures


def test_the_table_for_r_has_every_rating(tmp_path: Path, study: Study) -> None:
    write_long_form(study, "MN", tmp_path / "mn.csv")
    rows = read_csv(tmp_path / "mn.csv")
    assert len(rows) == len(study.answers) + 48
    assert set(rows["treatment"]) == {"alone", "with AI", DEVICE}
    own = rows[rows["treatment"] == "alone"]
    points = class_table(Outcomes.of(study)).points
    expected = points[(points["class"] == "MN") & ~points["device"].astype(bool)]
    np.testing.assert_allclose(areas(own)[0], expected["auc"])
    called = own[own["truth"] == 1].groupby("reader")["called"].mean()
    np.testing.assert_allclose(called, expected["sensitivity"])


def test_imrmc_finds_truth_and_ratings(tmp_path: Path, study: Study) -> None:
    write_imrmc(study, "MN", tmp_path / "mn.imrmc")
    head, _, body = (tmp_path / "mn.imrmc").read_text("utf-8").partition("BEGIN DATA:\n")
    assert {"NR: 5", "N0: 36", "N1: 12", "NM: 3"} <= set(head.splitlines())
    rows = pd.DataFrame(
        [line.split(",") for line in body.splitlines()],
        columns=["reader", "case", "treatment", "rating"],
    )
    truth = rows[rows["reader"] == "truth"].set_index("case")["rating"].astype(int)
    assert truth.sum() == 12 and len(truth) == 48
    own = rows[rows["treatment"] == "alone"]
    own = own.assign(truth=truth.loc[own["case"]].to_numpy(), rating=own["rating"].astype(float))
    points = class_table(Outcomes.of(study)).points
    expected = points[(points["class"] == "MN") & ~points["device"].astype(bool)]
    np.testing.assert_allclose(areas(own)[0], expected["auc"])


def test_no_cell_becomes_a_formula(tmp_path: Path) -> None:
    table = drawn(2).replace({"r0": "=cmd|' /C calc'!A0", "r1": "@r\n1", "c1": "+1,2"})
    study = read_answers(written(tmp_path, table), classes=CLASSES, device="net")
    for write, name in ((write_imrmc, "a.imrmc"), (write_long_form, "a.csv")):
        write(study, "MN", tmp_path / name)
        for line in (tmp_path / name).read_text("utf-8").splitlines():
            for cell in line.split(","):
                bare = cell.strip('"')
                number = bare.lstrip("-").replace(".", "").isdigit()
                assert number or not bare.startswith(("=", "@", "+", "-")), line


def test_a_class_that_was_not_offered_is_refused(tmp_path: Path, study: Study) -> None:
    with pytest.raises(InputError, match="'VW' came; the study offers MN, SK, BCC, Pso"):
        write_long_form(study, "VW", tmp_path / "vw.csv")
    assert not (tmp_path / "vw.csv").exists()


def test_a_reader_called_truth_is_refused(tmp_path: Path) -> None:
    table = drawn(3).replace({"r0": "truth"})
    study = read_answers(written(tmp_path, table), classes=CLASSES, device="net")
    with pytest.raises(InputError, match="keeps for itself"):
        write_imrmc(study, "MN", tmp_path / "a.imrmc")
