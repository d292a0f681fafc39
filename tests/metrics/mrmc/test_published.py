"""Obuchowski–Rockette, Dorfman–Berbaum–Metz and U-statistics against what MRMCaov, the Iowa
program, JAFROC, RJafroc and iMRMC have printed, digit by digit."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution
from sklearn.metrics import roc_auc_score
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from dermxai.metrics.mrmc.device import against_device
from dermxai.metrics.mrmc.dorfman_berbaum_metz import dorfman_berbaum_metz
from dermxai.metrics.mrmc.figures import Covariance, Figure, covariance, measured
from dermxai.metrics.mrmc.obuchowski_rockette import (
    Analysis,
    Convention,
    Generalises,
    averages,
    estimate,
    obuchowski_rockette,
)
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.mrmc.u_statistics import pooled
from tests.metrics.mrmc.published import compared, ratings, table

BOTH, CASES, READERS = Generalises.BOTH, Generalises.CASES, Generalises.READERS
NAMES = {BOTH: "RRRC", CASES: "FRRC", READERS: "RRFC"}
SINGLE = {BOTH: "RR", CASES: "FR", READERS: "FC"}


def analysed(
    data: Ratings,
    method: Covariance,
    figure: Figure = Figure.AUC,
    threshold: float = np.nan,
    convention: Convention | None = None,
) -> tuple[Analysis, np.ndarray]:
    found = measured(data, figure, threshold)
    errors = covariance(data, figure, method, threshold)
    made = obuchowski_rockette(found.figures, errors, convention=convention or Convention())
    return made, errors


def told(found: Analysis, errors: np.ndarray) -> dict[str, float]:
    """By the names of `expected.csv`."""
    parts = found.components
    told = {
        "MS(T)": found.mean_squares[0],
        "MS(R)": found.mean_squares[1],
        "MS(TR)": found.mean_squares[2],
        "Var(R)": parts.reader,
        "Var(TR)": parts.interaction,
        "Var(Error)": parts.error,
        "Cov1": parts.cov1,
        "Cov2": parts.cov2,
        "Cov3": parts.cov3,
        "RRRC denom": found.mean_squares[0] / found.to(BOTH).test.statistic,
        "FRRC denom": found.mean_squares[0] / found.to(CASES).test.statistic,
    }
    treatments, readers = found.figures.shape
    for i, j in product(range(treatments), range(readers)):
        told[f"auc_t{i + 1}_r{j + 1}"] = found.figures[i, j]
        told[f"se_t{i + 1}_r{j + 1}"] = errors[i, j, i, j] ** 0.5
    for to, name in NAMES.items():
        each, test = found.to(to), found.to(to).test
        apart = each.differences[0]
        told |= {
            f"{name} F": test.statistic,
            f"{name} X2": test.statistic,
            f"{name} df2": test.denominator_freedom,
            f"{name} p": test.p,
            f"{name} se": apart.error,
            f"{name} t": apart.value / apart.error,
            f"{name} z": apart.value / apart.error,
            f"{name} ci_lo": apart.low,
            f"{name} ci_hi": apart.high,
            "diff_1-2": apart.value,
        }
        np.testing.assert_allclose(apart.p, test.p, atol=1e-12)  # t squared is F
        for place, mean in enumerate(each.means, start=1):
            error, _, shared, _ = averages(errors[place - 1 : place, :, place - 1 : place])
            told |= {
                f"mean_{place}": mean.value,
                f"single{place} {SINGLE[to]} se": mean.error,
                f"single{place} {SINGLE[to]} df": mean.freedom,
                f"single{place} {SINGLE[to]} ci_lo": mean.low,
                f"single{place} {SINGLE[to]} ci_hi": mean.high,
                f"single{place} MS(R)": found.figures[place - 1].var(ddof=1),
                f"single{place} Var(Error)": error,
                f"single{place} Cov2": shared,
            }
    for alone in found.to(CASES).by_reader:
        assert alone.reader is not None
        own = errors[:, alone.reader, :, alone.reader]
        told |= {
            f"reader{alone.reader + 1} {name}": value
            for name, value in {
                "diff": alone.value,
                "se": alone.error,
                "z": alone.value / alone.error,
                "p": alone.p,
                "ci_lo": alone.low,
                "ci_hi": alone.high,
                "Var(Error)": np.diag(own).mean(),
                "Cov1": own[0, 1],
            }.items()
        }
    return told


@pytest.mark.parametrize(
    ("dataset", "analysis", "method", "numbers"),
    [
        ("vandyke", "OR trapezoidal AUC, jackknife", "jackknife", 99),
        ("vandyke", "OR trapezoidal AUC, jackknife, more digits", "jackknife", 30),
        ("vandyke", "OR trapezoidal AUC, DeLong", "delong", 32),
        ("vandyke", "OR trapezoidal AUC, unbiased (Gallas)", "unbiased", 20),
        ("franken", "OR trapezoidal AUC, jackknife (Cov2 < Cov3)", "jackknife", 54),
        ("franken", "OR, DeLong", "delong", 9),
        ("franken", "OR, unbiased", "unbiased", 9),
    ],
)
def test_areas_are_as_printed(dataset: str, analysis: str, method: str, numbers: int) -> None:
    found, errors = analysed(ratings(dataset), Covariance(method))
    assert compared(dataset, analysis, told(found, errors)) == numbers


@pytest.mark.parametrize(
    ("figure", "analysis", "numbers"),
    [
        (Figure.SENSITIVITY, ", positive if rating>=3, jackknife over the 45 diseased", 29),
        (Figure.SENSITIVITY, " (same), fixed readers / fixed cases", 6),
        (Figure.SPECIFICITY, ", positive if rating>=3, jackknife over the 69 nondiseased", 16),
    ],
)
def test_proportions_are_as_printed(figure: Figure, analysis: str, numbers: int) -> None:
    for method in (Covariance.JACKKNIFE, Covariance.DELONG, Covariance.UNBIASED):
        found, errors = analysed(ratings("vandyke"), method, figure, 3)
        assert compared("vandyke", f"{figure}{analysis}", told(found, errors)) == numbers


@pytest.mark.parametrize("within", ["readers", "treatments"])
def test_cases_of_one_reader_or_treatment_alone_are_as_printed(within: str) -> None:
    rows = table("vandyke")
    column = within.removesuffix("s")
    data = ratings("vandyke", cases=rows[column].astype(str) + "/" + rows["case"])
    found, errors = analysed(data, Covariance.JACKKNIFE)
    number = compared("vandyke", f"cases nested in {within}, jackknife", told(found, errors))
    assert number == {"readers": 8, "treatments": 16}[within]


def test_covariance_that_is_not_truncated_is_offered() -> None:
    found, errors = analysed(
        ratings("franken"), Covariance.JACKKNIFE, convention=Convention(truncated=False)
    )
    by_name = {f"{name} untruncated": value for name, value in told(found, errors).items()}
    of = "fixed readers WITHOUT truncating Cov2-Cov3 (what MRMCaov code would do)"
    assert compared("franken", of, by_name) == 3


def test_kundels_two_arms_of_the_same_cases_are_an_analysis_of_variance_of_pseudovalues() -> None:
    """Nothing is printed of it: Dorfman, Berbaum and Metz's by scikit-learn's AUC without each case
    and statsmodels' analysis of variance, with the degrees of freedom of Hillis."""
    rows = table("kundel")
    rows = rows[rows["treatment"].isin([2, 3]) & rows["rating"].notna()]
    cases = rows["case"].nunique()
    made = []
    for (treatment, reader), own in rows.groupby(["treatment", "reader"]):
        truth, score = own["truth"].to_numpy(), own["rating"].to_numpy()
        whole = roc_auc_score(truth, score)
        for place, case in enumerate(own["case"]):
            left = roc_auc_score(np.delete(truth, place), np.delete(score, place))
            pseudo = cases * whole - (cases - 1) * left
            made.append((str(treatment), str(reader), str(case), pseudo))
    frame = pd.DataFrame(made, columns=["t", "r", "c", "y"])
    assert len(frame) == 2 * 4 * cases == 760
    squares = anova_lm(ols("y ~ C(t)*C(r)*C(c) - C(t):C(r):C(c)", frame).fit())
    mean = squares["sum_sq"] / squares["df"]
    of_case = max(mean["C(t):C(c)"] - mean["Residual"], 0.0)
    below = mean["C(t):C(r)"] + of_case
    free = below**2 / (mean["C(t):C(r)"] ** 2 / 3)
    statistic = mean["C(t)"] / below
    data = ratings("kundel").by([1, 2])
    data = data.among(np.isfinite(data.scores).any(axis=(0, 1)))
    found, _ = analysed(data, Covariance.JACKKNIFE)
    test = found.to(Generalises.BOTH).test
    assert test.statistic == pytest.approx(statistic, rel=1e-9) and test.statistic > 0.01
    assert test.denominator_freedom == pytest.approx(free, rel=1e-9)
    assert test.p == pytest.approx(f_distribution.sf(statistic, 1, free), rel=1e-9)


def test_kundels_arms_of_other_cases_share_no_error() -> None:
    data = ratings("kundel").by([0, 1])
    found, errors = analysed(data, Covariance.DELONG)
    assert (errors[0][:, 1] == 0).all()
    assert (found.components.cov1, found.components.cov3) == (0, 0)
    assert found.components.cov2 > 0
    apart = found.to(Generalises.BOTH).differences[0]
    assert apart.low < apart.value < apart.high and 0 < apart.p < 1


def test_pseudovalues_are_as_printed() -> None:
    found = dorfman_berbaum_metz(ratings("vandyke"), Figure.AUC)
    of = "DBM pseudovalue ANOVA (normalised pseudovalues)"
    told = {f"MS {name}": value for name, value in found.mean_squares.items()}
    told |= {f"Var({name})": value for name, value in found.components.items()}
    told["Var(TRC)+Var(Error)"] = found.components["TRC"]
    assert compared("vandyke", of, told) == 13
    both, fixed = found.tests[BOTH], found.tests[CASES]
    told |= {
        "random F": both.statistic,
        "random error term": found.mean_squares["T"] / both.statistic,
        "fixed readers F": fixed.statistic,
        "fixed readers df2": fixed.denominator_freedom,
        "fixed readers p": fixed.p,
    }
    assert compared("vandyke", "DBM (JAFROC 4.2.1 single precision output)", told) == 11

    found = dorfman_berbaum_metz(ratings("franken"), Figure.AUC)
    told = {f"Var({name})": value for name, value in found.components.items()}
    told["Var(TRC)+Var(Error)"] = found.components["TRC"]
    assert compared("franken", "DBM pseudovalue ANOVA", told) == 6


@pytest.mark.parametrize(
    ("dataset", "analysis", "numbers"),
    [
        ("imrmc_R1", "U-statistic, 1 modality, 100 rows deleted at random", 6),
        ("imrmc_R2", "U-statistic, fully crossed 5x80x2", 18),
        (
            "imrmc_R3",
            "U-statistic, unbalanced: 100 rows, reader1 of A, negCase1 of B deleted",
            16,
        ),
    ],
)
def test_pooled_areas_are_as_imrmc_has_them(dataset: str, analysis: str, numbers: int) -> None:
    data = ratings(dataset)
    told = {}
    asked = {"testA": (0,), "testB": (1,), "A-B": (0, 1)}
    for name, treatments in asked.items():
        if max(treatments) >= len(data.scores):
            continue
        found = pooled(data, treatments, whole_freedom=True)
        told |= {
            f"{name} {'diff' if len(treatments) > 1 else 'AUC'}": found.estimate.value,
            f"{name} var": found.variance,
            f"{name} dfBDG": found.freedom,
            f"{name} p": found.estimate.p,
            f"{name} p(H0 .5)": found.estimate.against(0.5),
            f"{name} lo": found.estimate.low,
            f"{name} hi": found.estimate.high,
        }
    assert compared(dataset, analysis, told) == numbers


def test_unbiased_covariances_give_the_components_of_imrmc() -> None:
    found, errors = analysed(ratings("imrmc_R2"), Covariance.UNBIASED)
    by_name = told(found, errors)
    told_ = {
        "OR COV1": found.components.cov1,
        "OR COV2": found.components.cov2,
        "OR COV3": found.components.cov3,
        "OR ERROR": found.components.error,
        "OR Var(R)": found.components.reader,
        "OR Var(TR)": found.components.interaction,
        "dfHillis A-B": by_name["RRRC df2"],
        "dfHillis A": by_name["single1 RR df"],
        "dfHillis B": by_name["single2 RR df"],
        "var diff (2/r*denom)": by_name["RRRC se"] ** 2,
    }
    of = "OR components from unbiased covariances, Hillis df"
    assert compared("imrmc_R2", of, told_) == 10
    # a crossed study's pooled difference is the mean of its readers'
    np.testing.assert_allclose(
        pooled(ratings("imrmc_R2"), (0, 1)).variance, told_["var diff (2/r*denom)"]
    )


def test_readers_against_one_device_are_as_printed() -> None:
    rows = table("nico_cad")
    named = rows["reader"].where(rows["reader"] != "CAD", "~device")  # sorted last
    data = ratings("nico_cad", readers=named)
    values = measured(data, Figure.AUC).figures[0]
    errors = covariance(data, Figure.AUC, Covariance.JACKKNIFE)[0, :, 0]
    found = against_device(values, errors)
    both = found.differences[BOTH]
    told = {
        "AUC CAD": found.device,
        "mean AUC of 9 readers": found.readers.mean(),
        "diff reader-CAD": both.value,
        "MS(R) of differences": found.spread,
        "Var(Error) of differences": found.error,
        "Cov2 of differences": found.cov2,
        "t": both.value / both.error,
        "df": both.freedom,
        "p": both.p,
        "se": both.error,
        "ci_lo": both.low,
        "ci_hi": both.high,
    } | {f"AUC reader {place + 1}": value for place, value in enumerate(found.readers)}
    of = "readers vs one device, random readers+cases (1T-RRRC / 2T-RRRC), jackknife"
    assert compared("nico_cad", of, told) == 21

    alone = found.differences[READERS]
    told = {
        "t": alone.value / alone.error,
        "df": alone.freedom,
        "p": alone.p,
        "diff ci_lo": alone.low,
        "diff ci_hi": alone.high,
    }
    of = "readers vs one device taken as a constant, fixed cases (1T-RRFC)"
    assert compared("nico_cad", of, told) == 5


@pytest.mark.parametrize("scanner", "ABCD")
def test_clustered_areas_are_as_printed(scanner: str) -> None:
    rows = table("mitotic")
    rows = rows[rows["treatment"].isin(["M", scanner])]
    columns = {
        "treatments": rows["treatment"].map({"M": 0, scanner: 1}),
        "readers": rows["reader"],
        "cases": rows["case"],
        "diseased": rows["truth"],
        "scores": rows["rating"],
    }
    of = f"clustered AUC (Obuchowski 1997) + OR, microscope minus scanner {scanner}, "
    slides = Ratings.of(**columns, clusters=rows["slide"])
    found, errors = analysed(slides, Covariance.DELONG)
    number = compared("mitotic", of + "4 slides as clusters", told(found, errors))
    assert number == {"A": 15, "B": 4, "C": 5, "D": 5}[scanner]
    if scanner in "AD":
        found, errors = analysed(Ratings.of(**columns), Covariance.DELONG)
        alone = compared(
            "mitotic",
            of + "no clustering (every cell its own cluster)",
            told(found, errors),
        )
        assert alone == {"A": 8, "D": 4}[scanner]


def test_markers_of_independent_patients_are_as_printed() -> None:
    rows = table("delong_ovarian").dropna()
    names = ("alb", "tp", "kg")
    data = Ratings(
        rows[[*names]].to_numpy().T[None], rows["popind"].to_numpy() == 1, np.arange(len(rows))
    )
    values = measured(data, Figure.AUC).figures[0]
    errors = covariance(data, Figure.AUC, Covariance.DELONG)[0, :, 0]
    told = {f"AUC {name}": value for name, value in zip(names, values, strict=True)}
    told |= {f"se {name}": errors[place, place] ** 0.5 for place, name in enumerate(names)}
    for place, name in enumerate(names[:2]):
        error = (errors[place, place] + errors[2, 2] - 2 * errors[place, 2]) ** 0.5
        gap = estimate(values[place] - values[2], error, np.inf, 0.95)
        told |= {f"z {name}-kg": gap.value / gap.error, f"p {name}-kg": gap.p}
    of = "DeLong 1988 data (43 complete of 49), popind=1 positive, K-G = 10 - totscore"
    assert compared("delong_ovarian", of, told) == 10


def test_two_markers_are_as_printed() -> None:
    rows = table("asah")
    data = Ratings(
        np.stack([rows["wfns"], rows["s100b"]])[None].astype(float),
        rows["truth"].to_numpy() == 1,
        np.arange(len(rows)),
    )
    values = measured(data, Figure.AUC).figures[0]
    errors = covariance(data, Figure.AUC, Covariance.DELONG)[0, :, 0]
    gap = values[1] - values[0]
    error = (errors[0, 0] + errors[1, 1] - 2 * errors[0, 1]) ** 0.5
    told = {
        "AUC wfns": values[0],
        "AUC s100b": values[1],
        "var wfns": errors[0, 0],
        "var s100b": errors[1, 1],
        "cov": errors[0, 1],
        "z": gap / error,
        "lo": gap - 1.959963984540054 * error,
        "hi": gap + 1.959963984540054 * error,
    }
    assert compared("asah", "DeLong paired, s100b - wfns", told, all_of_it=False) == 8


def test_littered_proportions_are_as_printed() -> None:
    """A proportion of clustered cases: the survey package's ratio estimate."""
    rows = table("rats")
    told = {}
    for group in ("CTRL", "TREAT"):
        litters = rows[rows["group"] == group]
        unit = np.repeat(np.arange(len(litters)), litters["n"])
        alive = np.concatenate(
            [np.arange(n) < y for n, y in zip(litters["n"], litters["y"], strict=True)]
        )
        data = Ratings(alive[None, None].astype(float), np.ones(unit.size, bool), unit)
        told[f"p {group}"] = measured(data, Figure.SENSITIVITY, 1).figures[0, 0]
        errors = covariance(data, Figure.SENSITIVITY, Covariance.DELONG, 1)
        told[f"se {group}"] = errors[0, 0, 0, 0] ** 0.5
    of = "clustered proportions, litters as clusters, strata=group (ratio linearisation)"
    assert compared("rats", of, told, all_of_it=False) == 4
