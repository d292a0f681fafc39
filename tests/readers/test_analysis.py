"""What a study's answers tell, against the answers counted one by one and against scipy,
scikit-learn and statsmodels."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from dermxai.core.errors import InputError
from dermxai.core.formatting import jsonable
from dermxai.metrics.mrmc.obuchowski_rockette import Generalises
from dermxai.readers.analysis import arms
from dermxai.readers.analysis.classes import ALL, class_table
from dermxai.readers.analysis.confused import confused
from dermxai.readers.analysis.errors import errors
from dermxai.readers.analysis.kappas import kappas
from dermxai.readers.analysis.outcomes import Outcomes
from dermxai.readers.analysis.sizes import sizes
from dermxai.readers.analysis.whole import analyse
from dermxai.readers.analysis.written import write
from dermxai.readers.answered import Study
from dermxai.readers.answers_file import read_answers
from tests.readers.studies import CLASSES, drawn, written
from tests.verification import verified


def made(folder: Path, table: pd.DataFrame, device: str | None = "net") -> Study:
    return read_answers(written(folder, table), classes=CLASSES, device=device)


@pytest.fixture
def table() -> pd.DataFrame:
    return drawn(3, arms=("alone", "with AI"))


@pytest.fixture
def study(tmp_path: Path, table: pd.DataFrame) -> Study:
    return made(tmp_path, table)


def test_each_class_is_counted(study: Study, table: pd.DataFrame) -> None:
    found = class_table(Outcomes.of(study))
    own = table[table["arm"] == "alone"]
    rows = found.rows.set_index(["class", "measure"])
    for code in CLASSES:
        expected: dict[str, list[float]] = {name: [] for name in ("sensitivity", "specificity")}
        agreed = []
        for _, answers in own[own["reader"] != "net"].groupby("reader"):
            is_, said = answers["truth"] == code, answers["answer"] == code
            expected["sensitivity"].append(said[is_].mean())
            expected["specificity"].append((~said)[~is_].mean())
            agreed.append(cohen_kappa_score(is_, said))
        for name, each in expected.items():
            verified(
                "Reader study: mean of readers",
                "counted, reader by reader",
                rows.loc[(code, name), "readers"],
                np.mean(each),
                tolerance=1e-12,
            )
        verified(
            "Reader study: kappa with the reference",
            "scikit-learn, cohen_kappa_score",
            rows.loc[(code, "kappa"), "readers"],
            np.mean(agreed),
            tolerance=1e-12,
        )
        of_net = own[own["reader"] == "net"]
        hits = (of_net["answer"] == code)[of_net["truth"] == code].mean()
        assert rows.loc[(code, "sensitivity"), "device"] == pytest.approx(hits)
        assert rows.loc[(code, "sensitivity"), "cases"] == 12
    for measure, rows_ in found.rows.groupby("measure"):
        least = -1 if measure == "kappa" else 0
        ends = rows_[["readers_low", "readers_high"]].to_numpy()
        assert (ends >= least).all() and (ends <= 1).all()
    right = own.assign(right=own["truth"] == own["answer"]).groupby("reader")["right"].mean()
    whole = rows.loc[(ALL, "accuracy")]
    assert whole["readers"] == pytest.approx(right.drop("net").mean())
    assert whole["device"] == pytest.approx(right["net"])
    assert whole["low"] < whole["difference"] < whole["high"]


def test_fixed_cases_are_a_t_test_of_readers_against_a_number(study: Study) -> None:
    found = class_table(Outcomes.of(study), to=Generalises.READERS)
    points = found.points[found.points["class"] == "MN"]
    readers = points.loc[~points["device"].astype(bool), "sensitivity"].to_numpy()
    device = points.loc[points["device"].astype(bool), "sensitivity"].item()
    expected = stats.ttest_1samp(readers, device)
    row = found.rows.set_index(["class", "measure"]).loc[("MN", "sensitivity")]
    ends = expected.confidence_interval()
    verified(
        "Reader study: readers less a device",
        "scipy, ttest_1samp, of fixed cases",
        [row["difference"], row["low"], row["high"], row["p"]],
        [readers.mean() - device, ends.low - device, ends.high - device, expected.pvalue],
        tolerance=1e-9,
    )


def test_other_cases_widen_what_other_readers_do(study: Study) -> None:
    widths = {
        to: (table := class_table(Outcomes.of(study), to=to).rows)["high"] - table["low"]
        for to in Generalises
    }
    assert widths[Generalises.BOTH].mean() > widths[Generalises.READERS].mean()


def test_patients_are_what_is_independent(tmp_path: Path) -> None:
    """The same answers once more, of the same patients: no interval becomes narrower."""
    table = drawn(4, per_patient=1)
    again = table.assign(case=table["case"] + "b")
    once = class_table(Outcomes.of(made(tmp_path, table))).rows
    twice = class_table(Outcomes.of(made(tmp_path, pd.concat([table, again])))).rows
    few = once["measure"].isin(["sensitivity", "kappa"])
    for end in ("readers_low", "readers_high", "low", "high"):
        np.testing.assert_allclose(twice.loc[few, end], once.loc[few, end], rtol=1e-6)


def test_holm_counts_the_classes(study: Study) -> None:
    rows = class_table(Outcomes.of(study)).rows
    own = rows[(rows["measure"] == "sensitivity") & (rows["class"] != ALL)]
    assert own["p_holm"].min() == pytest.approx(min(1, 4 * own["p"].min()))
    assert (own["p_holm"] >= own["p"]).all()


def test_kappas_are_compared_three_ways(study: Study, table: pd.DataFrame) -> None:
    found = kappas(Outcomes.of(study), draws=400)
    rows = found.rows.set_index("class")
    assert set(rows.index) == {*CLASSES, ALL}
    for code in CLASSES:
        row = rows.loc[code]
        assert row["difference"] == pytest.approx(row["readers"] - row["device"])
        assert row["bootstrap_low"] <= row["difference"] <= row["bootstrap_high"]
        assert 0 < row["z_p"] <= 1 and 0 < row["bootstrap_p"] <= 1
        assert row["z_holm"] >= row["z_p"]
        assert row["readers_band"] in {"poor", "moderate", "good"}
    assert found.fleiss.low < found.fleiss.value < found.fleiss.high
    assert found.alpha.value == pytest.approx(found.fleiss.value, abs=0.02)
    assert len(found.by_class) == 4


def test_the_papers_z_test_is_of_mean_counts(study: Study, table: pd.DataFrame) -> None:
    own = table[table["arm"] == "alone"]

    def counts(of: pd.DataFrame) -> np.ndarray:
        return confusion_matrix(of["truth"] == "MN", of["answer"] == "MN")

    from statsmodels.stats.inter_rater import cohens_kappa

    people = cohens_kappa(counts(own[own["reader"] != "net"]) / 4)
    net = cohens_kappa(counts(own[own["reader"] == "net"]))
    z = (people.kappa - net.kappa) / np.hypot(people.std_kappa, net.std_kappa)
    found = kappas(Outcomes.of(study), draws=100).rows.set_index("class")
    verified(
        "Reader study: p of two kappas",
        "statsmodels, cohens_kappa, and the normal distribution",
        found.loc["MN", "z_p"],
        2 * stats.norm.sf(abs(z)),
        tolerance=1e-12,
    )


def test_help_is_counted_answer_by_answer(study: Study, table: pd.DataFrame) -> None:
    (gain,) = arms.gains(Outcomes.of(study))
    assert (gain.without, gain.with_, gain.nested) == ("alone", "with AI", False)
    people = table[table["reader"] != "net"]
    wide = people.set_index(["reader", "case", "arm"])["answer"].unstack("arm")  # noqa: PD010
    keys = people[people["arm"] == "with AI"].set_index(["reader", "case"])
    truth, shown = keys["truth"].loc[wide.index], keys["shown"].loc[wide.index]
    before, after = wide["alone"] == truth, wide["with AI"] == truth
    found = gain.changes.set_index("help")
    for name, those in (("help was right", shown == truth), ("help was wrong", shown != truth)):
        assert found.loc[name, arms.HELPED] == (~before & after & those).sum() > 0
        assert found.loc[name, arms.HARMED] == (before & ~after & those).sum()
        assert found.loc[name, "answers"] == those.sum()
    rows = gain.rows.set_index(["class", "measure", "group"])
    overall = rows.loc[(ALL, "accuracy", "all readers")]
    assert overall["difference"] == pytest.approx(after.mean() - before.mean())
    assert {"resident", "specialist"} <= set(gain.rows["group"])
    resident = keys.loc[wide.index, "group"] == "resident"
    own = rows.loc[(ALL, "accuracy", "resident")]
    assert own["difference"] == pytest.approx(after[resident].mean() - before[resident].mean())
    assert gain.bias is not None
    wrong = shown != truth
    followed = (wide["with AI"] == shown)[wrong].mean()
    assert gain.bias.followed == pytest.approx(followed)
    assert gain.bias.without == pytest.approx((wide["alone"] == shown)[wrong].mean())
    assert gain.bias.excess == pytest.approx(followed - gain.bias.without)
    assert gain.bias.low < gain.bias.excess < gain.bias.high


def test_helped_and_harmed_cases_are_named(study: Study, table: pd.DataFrame) -> None:
    """Counted reader by reader; all of them are those of the changes in all."""
    (gain,) = arms.gains(Outcomes.of(study))
    people = table[table["reader"] != "net"].assign(right=table["truth"] == table["answer"])
    by_arm = {arm: own.set_index(["reader", "case"])["right"] for arm, own in people.groupby("arm")}
    wide = pd.DataFrame(by_arm)
    harmed = (wide["alone"] & ~wide["with AI"]).groupby("case").sum()
    helped = (~wide["alone"] & wide["with AI"]).groupby("case").sum()
    found = gain.cases.set_index("case")
    assert len(found) == ((harmed > 0) | (helped > 0)).sum() > 10
    assert (found["harmed"] == harmed[found.index]).all()
    assert (found["helped"] == helped[found.index]).all()
    assert found["harmed"].is_monotonic_decreasing and (found["answers"] == 4).all()
    assert found["harmed"].sum() == gain.changes[arms.HARMED].sum()
    ai = table[table["arm"] == "with AI"].drop_duplicates("case").set_index("case")["shown"]
    assert (found["shown"] == ai[found.index]).all()


def test_first_answers_of_an_arm_are_its_own_before(tmp_path: Path) -> None:
    table = drawn(5, arms=("assisted",), device=False)
    first = drawn(6, arms=("assisted",), device=False)["answer"]
    study = made(tmp_path, table.assign(first=first, shown="MN"), device=None)
    assert study.arms[0].help == "after"
    (gain,) = arms.gains(Outcomes.of(study))
    assert gain.without == arms.FIRST
    overall = gain.rows.iloc[0]
    assert overall["before"] == pytest.approx((first == table["truth"]).mean())
    assert overall["after"] == pytest.approx((table["answer"] == table["truth"]).mean())


def test_readers_may_be_split_among_arms(tmp_path: Path) -> None:
    table = drawn(7, readers=8, arms=("alone", "with AI"), device=False)
    own = table["reader"].str[1].astype(int) < 4
    split = table[(table["arm"] == "alone") == own]
    (gain,) = arms.gains(Outcomes.of(made(tmp_path, split, device=None)))
    assert gain.nested
    assert gain.rows.iloc[0]["readers"] == 8
    assert gain.rows.iloc[0]["low"] < gain.rows.iloc[0]["high"]
    assert gain.changes.empty
    assert gain.bias is not None and gain.bias.followed > gain.bias.without > 0


def test_times_and_confidence(study: Study, table: pd.DataFrame) -> None:
    found = arms.times(Outcomes.of(study)).set_index("arm")
    own = table[(table["arm"] == "alone") & (table["reader"] != "net")]
    assert found.loc["alone", "median"] == pytest.approx(own["seconds"].median())
    logs = np.log(own["seconds"]).groupby(own["reader"]).mean()
    assert found.loc["alone", "geometric_mean"] == pytest.approx(np.exp(logs.mean()))
    ends = stats.t.interval(0.95, 3, logs.mean(), logs.sem())
    few = found.loc["alone", ["low", "high"]].to_numpy(np.float64)
    assert np.isnan(few).all() or few == pytest.approx(np.exp(ends))  # fewer than five readers

    sure = arms.confidence(Outcomes.of(study))
    first = sure[sure["arm"] == "alone"]
    assert first["answers"].sum() == len(own)
    bin_ = own[own["confidence"].between(0.4, 0.599)]
    row = first[first["from"] == 0.4].iloc[0]
    assert row["right"] == pytest.approx((bin_["truth"] == bin_["answer"]).mean())
    assert row["brier"] == pytest.approx(
        np.square(own["confidence"] - (own["truth"] == own["answer"])).mean()
    )


def test_where_both_err(study: Study, table: pd.DataFrame) -> None:
    found = errors(Outcomes.of(study))
    own = table[table["arm"] == "alone"]
    matrix = confusion_matrix(
        own.loc[own["reader"] != "net", "truth"],
        own.loc[own["reader"] != "net", "answer"],
        labels=CLASSES,
        normalize="true",
    )
    np.testing.assert_allclose(found.readers, matrix)
    assert found.both is not None and found.both.sum() == 48
    people = own[own["reader"] != "net"]
    none = (people["truth"] == people["answer"]).groupby(people["case"]).sum() == 0
    assert set(found.doubtful["case"]) == set(none.index[none])


def test_a_class_without_cases_is_told(tmp_path: Path) -> None:
    study = read_answers(written(tmp_path, drawn(8)), classes=[*CLASSES, "VW"], device="net")
    found = analyse(study, draws=50)
    row = found.classes.rows.set_index(["class", "measure"]).loc[("VW", "sensitivity")]
    assert np.isnan([row["readers"], row["device"], row["low"], row["p"]]).all()
    assert any("No case is of VW" in note for note in found.notes)
    json.dumps(jsonable(found.as_json()), allow_nan=False)


def test_one_reader_tells_of_cases_alone(tmp_path: Path) -> None:
    found = analyse(made(tmp_path, drawn(9, readers=1)), draws=50)
    assert found.classes.to is Generalises.CASES
    assert any("One reader" in note for note in found.notes)
    row = found.classes.rows.iloc[0]
    assert row["low"] < row["difference"] < row["high"]


def test_missing_answers_are_told_and_no_zero(tmp_path: Path) -> None:
    table = drawn(10)
    rng = np.random.default_rng(0)
    study = made(tmp_path, table[(rng.random(len(table)) < 0.8) | (table["case"] == "c0")])
    found = analyse(study, draws=50)
    assert any("readings of the arm are missing" in note for note in found.notes)
    assert any("The device has not answered" in note for note in found.notes)
    rows = found.classes.rows
    assert rows.loc[rows["measure"] == "sensitivity", "readers"].between(0.3, 1).all()


def test_all_of_it_is_written(tmp_path: Path, study: Study) -> None:
    found = analyse(study, draws=50)
    files = {each.name for each in write(found, tmp_path / "out")}
    assert {"classes.csv", "points.csv", "kappa.csv", "analysis.json", "help_with_AI.csv"} <= files
    told = json.loads((tmp_path / "out" / "analysis.json").read_text("utf-8"))
    assert told["intervals"]["independent"] == "patients"
    assert len(told["classes"]) == 4 * 5 + 2


def test_sizes_grow_with_what_is_wanted(study: Study) -> None:
    outcomes = Outcomes.of(study)
    found = sizes(outcomes, 0.15, [4, 20], [48, 400])
    assert list(found.columns) == ["readers", "cases", "power", "low", "high"]
    assert found["power"].iloc[0] < found["power"].iloc[-1]
    between = sizes(outcomes, 0.1, [10], [100], arms=(0, 1))
    assert 0 < between["power"].item() <= 1
    with pytest.raises(InputError, match="lies above 0"):
        sizes(outcomes, 1.5, [4], [48])
    with pytest.raises(InputError, match="from 2 to"):
        sizes(outcomes, 0.1, [1], [48])


def test_a_pilot_of_one_reader_cannot_tell(tmp_path: Path) -> None:
    study = made(tmp_path, drawn(11, readers=1))
    with pytest.raises(InputError, match="two readers or more"):
        sizes(Outcomes.of(study), 0.1, [4], [48])


def test_ratings_of_two_classes_make_the_curve(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = np.resize(["MN", "BCC"], 40)
    rows = [
        {
            "reader": reader,
            "case": f"c{case}",
            "truth": truth[case],
            "rating": (value := rng.normal() + (truth[case] == "BCC")),
            "answer": "BCC" if value > 0.5 else "MN",
        }
        for reader in "abc"
        for case in range(40)
    ]
    table = pd.DataFrame(rows)
    study = read_answers(written(tmp_path, table), classes=["MN", "BCC"])
    found = class_table(Outcomes.of(study)).points.set_index(["class", "reader"])
    for reader, own in table.groupby("reader"):
        one, other = (own.loc[own["truth"] == code, "rating"].to_numpy() for code in ("BCC", "MN"))
        area = np.mean(one[:, None] > other)
        for code in ("BCC", "MN"):
            assert found.loc[(code, reader), "auc"] == pytest.approx(area)


def test_operating_points_stand_beside_argmax(study: Study) -> None:
    """The device calls what it calls there, which may be several classes; readers' answers stay."""
    assert study.device is not None and class_table(Outcomes.of(study)).operating.empty
    rng = np.random.default_rng(4)
    decided = rng.random((len(study.device.cases), len(CLASSES))) < 0.4
    device = replace(study.device, decisions={"points": decided})
    found = class_table(Outcomes.of(replace(study, device=device)))
    assert set(found.operating["points"]) == {"points"}
    rows = found.operating.set_index(["class", "measure"])
    argmax = found.rows.set_index(["class", "measure"])
    truth = np.array([CLASSES[at] for at in study.truth])
    place = {case.case_id: at for at, case in enumerate(study.cases)}
    order = [place[case] for case in device.cases]
    for at, code in enumerate(CLASSES):
        is_, said = truth[order] == code, decided[:, at]
        own = {
            "sensitivity": said[is_].mean(),
            "specificity": (~said)[~is_].mean(),
            "accuracy": (said == is_).mean(),
            "kappa": cohen_kappa_score(is_, said),
        }
        for measure, value in own.items():
            row = rows.loc[(code, measure)]
            verified(
                "Reader study: network at operating points",
                "counted; scikit-learn, cohen_kappa_score",
                row["device"],
                value,
                tolerance=1e-12,
            )
            assert row["readers"] == argmax.loc[(code, measure), "readers"]
            assert row["difference"] == pytest.approx(row["readers"] - row["device"])
            assert row["p_holm"] >= row["p"]


def test_pairs_are_counted_in_both_directions(study: Study, table: pd.DataFrame) -> None:
    found = confused(Outcomes.of(study))
    own = table[(table["arm"] == "alone")]
    matrices = {
        reader: confusion_matrix(
            answers["truth"], answers["answer"], labels=CLASSES, normalize="true"
        )
        for reader, answers in own.groupby("reader")
    }
    net = matrices.pop("net")
    mean = np.mean(list(matrices.values()), axis=0)
    assert len(found) == 12
    for at in range(0, len(found), 2):
        first, second = found.iloc[at], found.iloc[at + 1]
        assert (first["truth"], first["answer"]) == (second["answer"], second["truth"])
    for row in found.to_dict("records"):
        cell = CLASSES.index(row["truth"]), CLASSES.index(row["answer"])
        verified(
            "Reader study: share of a class that is called another",
            "scikit-learn, confusion_matrix",
            row["readers"],
            mean[cell],
            tolerance=1e-12,
        )
        assert row["device"] == pytest.approx(net[cell])
        assert not row["low"] > row["difference"] and not row["high"] < row["difference"]
    ends = found[["readers_low", "readers_high"]].to_numpy()
    assert (ends >= 0).all() and (ends <= 1).all()
    strongest = found[["readers"]].to_numpy().reshape(-1, 2).max(axis=1)
    assert (np.diff(strongest) <= 0).all()


def test_nobody_confuses_what_nobody_confuses(tmp_path: Path) -> None:
    table = drawn(3)
    table["answer"] = table["truth"]
    found = analyse(made(tmp_path, table), draws=50)
    assert found.confused.empty and "p_holm" in found.confused
    assert found.errors.both_wrong.empty


def test_cases_on_which_both_err(study: Study, table: pd.DataFrame) -> None:
    found = errors(Outcomes.of(study))
    assert found.both is not None
    assert len(found.both_wrong) == found.both[1, 1] > 0
    own = table[(table["arm"] == "alone")].set_index("reader")
    net = own.loc["net"].set_index("case")
    wrong = set(net.index[net["truth"] != net["answer"]])
    assert set(found.both_wrong["case"]) <= wrong
