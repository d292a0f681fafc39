"""What follows from the published tables, and what does not: arithmetic, and what printed digits
leave open.

A printed number stands for all that round to it. Something follows where the printed numbers that
it is computed from allow the printed result. Nothing here says how a difference arose.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dermxai.metrics.rater_agreement import Agreement, Band, band, cohen, difference
from dermxai.readers.published import tables as printed

Floats = NDArray[np.float64]

N, POSITIVE = printed.TEST_CASES, printed.TEST_OF_CLASS


@dataclass(frozen=True, eq=False)
class Check:
    """
    Attributes:
        name: for links and programs.
        table: where the statement stands, such as "Table 4".
        statement: what is printed.
        finding: what was found, a sentence or two with its numbers.
        why: why it matters, a sentence.
        follows: whether the statement follows from the printed numbers.
        rows: the numbers behind it.
    """

    name: str
    table: str
    statement: str
    finding: str
    why: str
    follows: bool
    rows: pd.DataFrame


@dataclass(frozen=True)
class Checks:
    """
    Attributes:
        source: of all tables.
        checks: in the order of the tables.
    """

    source: str
    checks: tuple[Check, ...]

    def as_json(self) -> list[dict[str, object]]:
        """For programs."""
        return [
            {
                "name": each.name,
                "table": each.table,
                "statement": each.statement,
                "finding": each.finding,
                "why": each.why,
                "follows": each.follows,
                "rows": each.rows.to_dict("records"),
            }
            for each in self.checks
        ]


def checks() -> Checks:
    """All that were made."""
    return Checks(
        printed.SOURCE,
        (
            table_1_percentages(),
            table_1_sums(),
            table_2_accuracies(),
            table_2_means(),
            table_2_decisions(),
            table_3_overall(),
            table_4_accuracies(),
            table_4_means(),
            table_4_decisions(),
            table_4_higher(),
            table_5_model(),
            table_5_readers(),
            table_5_intervals(),
            table_5_tests(),
            table_5_text(),
        ),
    )


def leaves_open(value: float, digits: int) -> tuple[float, float]:
    """All that rounds to a printed number of so many digits after the point."""
    half = 0.5 * 10.0**-digits * (1 + 1e-9)
    return value - half, value + half


def possible(
    compute: Callable[..., float], parts: Iterable[tuple[float, int]]
) -> tuple[float, float]:
    """Least and largest result of printed numbers (value, digits) of a function that rises or
    falls in each."""
    ends = [compute(*each) for each in product(*(leaves_open(*part) for part in parts))]
    return min(ends), max(ends)


def _rows(
    names: Iterable[str],
    stated: Iterable[float],
    digits: int,
    exact: Iterable[float],
    ends: Iterable[tuple[float, float]],
) -> pd.DataFrame:
    made = []
    for name, value, found, (low, high) in zip(names, stated, exact, ends, strict=True):
        least, most = leaves_open(value, digits)
        follows = bool(low <= most and high >= least)
        made.append({"class": name, "printed": value, "recomputed": found, "follows": follows})
    return pd.DataFrame(made)


def table_1_percentages() -> Check:
    """Numbers of images and patients against their percentages."""
    parts = []
    for what, whole in (("images", printed.IMAGES), ("patients", printed.PATIENTS)):
        counts = {code: getattr(row, what) for code, row in printed.TABLE_1.items()}
        shares = [100 * number / whole for number in counts.values()]
        stated = [getattr(row, f"{what}_percent") for row in printed.TABLE_1.values()]
        rows = _rows(counts, stated, 2, shares, [(share, share) for share in shares])
        parts.append(rows.assign(of=what))
    rows = pd.concat(parts, ignore_index=True)
    odd = rows[~rows["follows"]]
    told = "; ".join(
        f"{row['class']} has {row['printed']:.2f} % of the {row['of']}, its number is "
        f"{row['recomputed']:.2f} %"
        for row in odd.to_dict("records")
    )
    return Check(
        "table-1-percentages",
        "Table 1",
        "Numbers of images and patients of each class, and their percentages",
        f"{len(rows) - len(odd)} of {len(rows)} percentages follow from the numbers. {told}.",
        "A digit was moved; the number, 200 images, fits the total.",
        odd.empty,
        rows,
    )


def table_1_sums() -> Check:
    """Whether the classes add up."""
    found = [
        sum(row.images for row in printed.TABLE_1.values()),
        sum(row.patients for row in printed.TABLE_1.values()),
    ]
    stated = [printed.IMAGES, printed.PATIENTS]
    rows = _rows(("images", "patients"), stated, 0, found, [(each, each) for each in found])
    return Check(
        "table-1-sums",
        "Table 1",
        f"{printed.IMAGES:,} images of {printed.PATIENTS:,} patients",
        f"The classes add up to {found[0]:,} images and {found[1]:,} patients, "
        f"{found[0] / found[1]:.1f} images a patient.",
        "Images of a patient are alike: intervals that take them as independent are too narrow.",
        bool(rows["follows"].all()),
        rows,
    )


def table_2_accuracies() -> Check:
    """Accuracy is a mean of sensitivity and specificity, by class size."""
    exact, ends = [], []
    for code, row in printed.TABLE_2.items():
        share = printed.TABLE_1[code].images / printed.IMAGES
        parts = ((row.sensitivity, 3), (row.specificity, 3))
        exact.append(_accuracy(share)(row.sensitivity, row.specificity))
        ends.append(possible(_accuracy(share), parts))
    stated = [row.accuracy for row in printed.TABLE_2.values()]
    rows = _rows(printed.TABLE_2, stated, 3, exact, ends)
    largest = float((rows["printed"] - rows["recomputed"]).abs().max())
    return Check(
        "table-2-accuracies",
        "Table 2",
        "Accuracy, sensitivity and specificity of 14 classes",
        f"With the class sizes of Table 1, {rows['follows'].sum()} of 14 accuracies follow within "
        f"rounding; the largest gap is {largest:.4f}.",
        "The table is of the whole development set, one class against all others.",
        bool(rows["follows"].all()),
        rows,
    )


def _accuracy(share: float) -> Callable[[float, float], float]:
    return lambda sensitivity, specificity: share * sensitivity + (1 - share) * specificity


def table_2_means() -> Check:
    """Whose mean the row "Overall" is."""
    measured = pd.DataFrame(printed.TABLE_2.values(), index=list(printed.TABLE_2))
    sizes = np.array([row.images for row in printed.TABLE_1.values()], dtype=np.float64)
    weights = {
        "accuracy": np.ones(sizes.size),
        "sensitivity": sizes,
        "specificity": printed.IMAGES - sizes,
    }
    rows = []
    for name, weight in weights.items():
        stated = float(getattr(printed.OVERALL, name))
        least, most = leaves_open(stated, 3)
        means = (measured[name].mean(), float(np.average(measured[name], weights=weight)))
        allowed = [bool(mean - 0.0005 <= most and mean + 0.0005 >= least) for mean in means]
        rows.append(
            {
                "measure": name,
                "printed": stated,
                "mean": means[0],
                "mean follows": allowed[0],
                "pooled": means[1],
                "pooled follows": allowed[1],
                "discussion": getattr(printed.DISCUSSED, name),
            }
        )
    table = pd.DataFrame(rows)
    of = table.set_index("measure")
    return Check(
        "table-2-means",
        "Table 2",
        "Overall: accuracy 0.948, sensitivity 0.934, specificity 0.950",
        f"Plain means of the 14 classes are {of['mean']['accuracy']:.4f}, "
        f"{of['mean']['sensitivity']:.4f} and {of['mean']['specificity']:.4f}; counts pooled over "
        f"classes give {of['pooled']['sensitivity']:.4f} and {of['pooled']['specificity']:.4f}. "
        "Accuracy fits both, specificity the pooled counts alone, sensitivity neither. The "
        "discussion's specificity, 94.85 %, equals the mean accuracy.",
        "These are means of 14 decisions one-vs-rest: a program that always says no has a mean "
        f"accuracy of {1 - 1 / 14:.3f}. They are no share of images that are named right.",
        bool((table["mean follows"] | table["pooled follows"]).all()),
        table,
    )


def table_2_decisions() -> Check:
    """Wrong answers of one decision an image: as many missed as falsely named."""
    rows = []
    for code, row in printed.TABLE_2.items():
        images = printed.TABLE_1[code].images
        rows.append(
            {
                "class": code,
                "false negatives": images * (1 - row.sensitivity),
                "false positives": (printed.IMAGES - images) * (1 - row.specificity),
            }
        )
    table = pd.DataFrame(rows)
    missed, named = (float(table[each].sum()) for each in table.columns[1:])
    slack = 0.0005 * printed.IMAGES * len(table)
    return Check(
        "table-2-decisions",
        "Table 2",
        "The answer is the class with the highest summed output (argmax)",
        f"One answer an image misses one class and names another: both columns add up to the same "
        f"number. They add up to {missed:,.0f} false negatives and {named:,.0f} false positives, "
        f"which rounding changes by {slack:,.0f} at most.",
        "Each class has its own operating point: an image may be of several classes, or of none. "
        "Sensitivities at such points cannot be compared with those of one answer.",
        abs(missed - named) <= slack,
        table,
    )


def table_3_overall() -> Check:
    """The same overall numbers as in Table 2, and AUCs of the text."""
    ours = printed.TABLE_3[printed.OURS]
    rows = pd.DataFrame(
        [
            {"model": name, **row._asdict(), "AUC": printed.AUCS[name]}
            for name, row in printed.TABLE_3.items()
        ]
    )
    return Check(
        "table-3-overall",
        "Table 3",
        "Overall measures of four models",
        "The first column repeats Table 2. The others have no counts, so nothing else can be "
        "recomputed.",
        "The same decision one-vs-rest; no interval or test of the differences is printed.",
        ours == printed.OVERALL,
        rows,
    )


def _by_class(table: Mapping[str, printed.Percent]) -> pd.DataFrame:
    exact, ends = [], []
    for row in table.values():
        parts = ((row.sensitivity, 2), (row.specificity, 2))
        exact.append(_accuracy(POSITIVE / N)(row.sensitivity, row.specificity))
        ends.append(possible(_accuracy(POSITIVE / N), parts))
    return _rows(table, [row.accuracy for row in table.values()], 2, exact, ends)


def table_4_accuracies() -> Check:
    """Accuracy by 25 and 175 cases."""
    rows = pd.concat(
        [
            _by_class(printed.TABLE_4_READERS).assign(of=printed.READERS),
            _by_class(printed.TABLE_4_MODEL).assign(of=printed.OURS),
        ],
        ignore_index=True,
    )
    return Check(
        "table-4-accuracies",
        "Table 4",
        f"Sensitivity, specificity and accuracy of {printed.DERMATOLOGISTS} dermatologists and the "
        "model",
        f"{rows['follows'].sum()} of {len(rows)} accuracies follow from 25 cases of the class and "
        "175 others; the model's sensitivities and specificities are whole numbers of cases.",
        "So the counts behind the table are known, and kappa can be computed from them.",
        bool(rows["follows"].all()),
        rows,
    )


def table_4_means() -> Check:
    """The text's means of Table 4."""
    rows = []
    for name, table, said in (
        (printed.READERS, printed.TABLE_4_READERS, printed.MEANS_READERS),
        (printed.OURS, printed.TABLE_4_MODEL, printed.MEANS_MODEL),
    ):
        means = pd.DataFrame(table.values()).mean()
        ends = [(mean - 0.005, mean + 0.005) for mean in means]
        rows.append(_rows(said._fields, said, 2, means, ends).assign(of=name))
    whole = pd.concat(rows, ignore_index=True).rename(columns={"class": "measure"})
    return Check(
        "table-4-means",
        "Results",
        "Mean accuracy, sensitivity and specificity: 92.13, 68.51 and 95.50 % of dermatologists, "
        "92.75, 83.50 and 94.07 % of the model",
        "All are the plain means of the eight classes in Table 4.",
        "A mean accuracy one-vs-rest of eight classes is 87.50 % for a program that always says "
        "no. Dermatologists, who gave one answer a case, named 68.51 % of the cases right.",
        bool(whole["follows"].all()),
        whole,
    )


def table_4_decisions() -> Check:
    """Missed and falsely named cases in both parts of the table."""
    rows = []
    for name, table in (
        (printed.READERS, printed.TABLE_4_READERS),
        (printed.OURS, printed.TABLE_4_MODEL),
    ):
        for code, row in table.items():
            rows.append(
                {
                    "of": name,
                    "class": code,
                    "false negatives": POSITIVE * (1 - row.sensitivity / 100),
                    "false positives": (N - POSITIVE) * (1 - row.specificity / 100),
                }
            )
    found = pd.DataFrame(rows)
    sums = found.groupby("of", sort=False)[["false negatives", "false positives"]].sum()
    people, model = sums.loc[printed.READERS], sums.loc[printed.OURS]
    return Check(
        "table-4-decisions",
        "Table 4",
        "Dermatologists and model both give the one most likely of eight diagnoses",
        f"Dermatologists miss {people.iloc[0]:.1f} and falsely name {people.iloc[1]:.1f} cases of "
        f"200 on average, as one answer a case must. The model misses {model.iloc[0]:.0f} and "
        f"falsely names {model.iloc[1]:.0f}.",
        "The model's rows are at operating points, the dermatologists' are of one answer each: "
        "a higher sensitivity was bought by more false alarms. Nor did both see the same: "
        "dermatologists had a clinical image as well.",
        abs(model.iloc[0] - model.iloc[1]) < 1,
        found,
    )


def table_4_higher() -> Check:
    """In how many classes the model's measures are higher."""
    rows = []
    for measure, said in printed.HIGHER.items():
        higher = [
            code
            for code in printed.CLASSES
            if getattr(printed.TABLE_4_MODEL[code], measure)
            > getattr(printed.TABLE_4_READERS[code], measure)
        ]
        rows.append(
            {
                "measure": measure,
                "said": ", ".join(said),
                "found": ", ".join(higher),
                "follows": set(higher) == set(said),
            }
        )
    table = pd.DataFrame(rows)
    return Check(
        "table-4-higher",
        "Discussion",
        "The model's sensitivity is higher in eight classes, its accuracy in five, its specificity "
        "in three",
        "That is so in Table 4; the smallest gap is seborrheic dermatitis, 48.00 against 46.53 %, "
        "one third of a case of 25.",
        "Which is higher says nothing of chance: no interval or test of these differences is "
        "printed, and cases are shared.",
        bool(table["follows"].all()),
        table,
    )


def counts(row: printed.Percent) -> Floats:
    """(2, 2) cases by the reference and an answer for or against the class: whole numbers where
    rounded percentages can be those of one reader, else mean counts."""
    hits = POSITIVE * row.sensitivity / 100
    alarms = (N - POSITIVE) * (1 - row.specificity / 100)
    mean = np.array([[hits, POSITIVE - hits], [alarms, N - POSITIVE - alarms]])
    whole = np.rint(mean)
    return whole if np.abs(mean - whole).max() < N * 0.005 / 100 else mean


def agreement(row: printed.Percent) -> Agreement:
    """Kappa with the reference of a column of Table 4."""
    return cohen(counts(row))


def _kappa(sensitivity: float, specificity: float) -> float:
    return agreement(printed.Percent(sensitivity, specificity, np.nan)).value


def kappas(table: Mapping[str, printed.Percent], of: str) -> pd.DataFrame:
    """Kappa of each class by Table 4, beside that of Table 5."""
    ends = [
        possible(_kappa, ((row.sensitivity, 2), (row.specificity, 2))) for row in table.values()
    ]
    exact = [agreement(row).value for row in table.values()]
    stated = [printed.TABLE_5[of][code].kappa for code in table]
    return _rows(table, stated, 3, exact, ends)


def table_5_model() -> Check:
    """The model's kappas follow from Table 4."""
    rows = kappas(printed.TABLE_4_MODEL, printed.OURS)
    return Check(
        "table-5-model",
        "Table 5",
        "Kappa of the model with the reference standard",
        f"{rows['follows'].sum()} of 8 follow from Table 4, to the last digit.",
        "So the column is agreement with the reference, not with the dermatologists, as the "
        "table's title has it.",
        bool(rows["follows"].all()),
        rows,
    )


def table_5_readers() -> Check:
    """The dermatologists' kappas, in the printed order and in the one that fits best."""
    rows = kappas(printed.TABLE_4_READERS, printed.READERS)
    stated, found = rows["printed"].to_numpy(), rows["recomputed"].to_numpy()
    best = linear_sum_assignment(np.abs(stated[:, None] - found))[1]
    rows["nearest row of Table 4"] = rows["class"].to_numpy()[best]
    rows["its kappa"] = found[best]
    gap = float(np.abs(stated - found).max())
    left = float(np.abs(stated - found[best]).max())
    told = ", ".join(f"{row['class']} {row['recomputed']:.3f}" for row in rows.to_dict("records"))
    return Check(
        "table-5-readers",
        "Table 5",
        "Kappa of the dermatologists with the reference standard",
        f"Table 4 gives {told}. {rows['follows'].sum()} of 8 printed values follow; they differ by "
        f"up to {gap:.3f} in their order, and by {left:.3f} at most in another order of the rows.",
        "Comparisons of a class in Table 5 may set the model beside another class's "
        "dermatologists. A mean of readers' kappas is not the kappa of mean counts, which may "
        "explain small gaps, not the order.",
        bool(rows["follows"].all()),
        rows,
    )


def table_5_intervals() -> Check:
    """Half the width of the intervals, in standard errors of kappa."""
    rows = []
    for code, row in printed.TABLE_4_MODEL.items():
        cell = printed.TABLE_5[printed.OURS][code]
        table = counts(row)
        shares = table / N
        chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
        agreed = float(np.trace(shares))
        simple = float(np.sqrt(agreed * (1 - agreed) / N) / (1 - chance))
        found = cohen(table)
        half = (cell.high - cell.low) / 2
        rows.append(
            {
                "class": code,
                "printed low": cell.low,
                "printed high": cell.high,
                "standard errors": half / simple,
                "95 % low": found.low,
                "95 % high": found.high,
            }
        )
    found_ = pd.DataFrame(rows)
    least, most = found_["standard errors"].min(), found_["standard errors"].max()
    return Check(
        "table-5-intervals",
        "Table 5",
        "95 % confidence intervals of kappa",
        f"The model's are {least:.2f} to {most:.2f} standard errors wide on each side, where 1.96 "
        "are 95 %.",
        "One standard error is a 68 % interval: the printed ones are about half as wide as those "
        "of 95 %.",
        bool((found_["standard errors"] > 1.9).all()),
        found_,
    )


def table_5_tests() -> Check:
    """The tests of dermatologists against the model."""
    rows = []
    for code in printed.CLASSES:
        people, model = (
            agreement(table[code]) for table in (printed.TABLE_4_READERS, printed.TABLE_4_MODEL)
        )
        stated = printed.TABLE_5[printed.OURS][code]
        reader = printed.TABLE_5[printed.READERS][code]
        whole = difference(
            Agreement(stated.kappa, model.error, np.nan, np.nan),
            Agreement(reader.kappa, people.error, np.nan, np.nan),
        )
        rows.append(
            {
                "class": code,
                "printed difference": stated.kappa - reader.kappa,
                "printed p": stated.p,
                "p of printed kappas": whole.p,
                "difference by Table 4": model.value - people.value,
                "p by Table 4": difference(model, people).p,
            }
        )
    table = pd.DataFrame(rows)
    near = (table["printed p"] - table["p of printed kappas"]).abs() < 0.02
    below = ", ".join(table.loc[table["p by Table 4"] < 0.05, "class"]) or "none"
    return Check(
        "table-5-tests",
        "Table 5",
        "p-values of the adjusted Z-test, dermatologists against the model",
        f"A normal score of the printed kappas and 200 cases gives {int(near.sum())} of 8 printed "
        f"values; viral warts, 0.533 against 0.793, has a printed p of 0.057 and comes to "
        f"{table.set_index('class')['p of printed kappas']['VW']:.3f}. By Table 4's kappas, p is "
        f"below 0.05 in: {below}.",
        "Which differences are beyond chance cannot be read off the table. Cases are shared, and "
        "eight tests are made: a paired test with Holm's adjustment would be fitting.",
        bool(near.all()),
        table,
    )


def table_5_text() -> Check:
    """What the text says of Table 5."""
    ours, people = printed.TABLE_5[printed.OURS], printed.TABLE_5[printed.READERS]
    rows = []
    for code in printed.CLASSES:
        p = ours[code].p
        rows.append(
            {
                "class": code,
                "model": ours[code].kappa,
                "band": str(band(ours[code].kappa)),
                "dermatologists": people[code].kappa,
                "printed p": p,
                "said significant": code in printed.SAID_SIGNIFICANT,
                "follows": (p is not None and p < 0.05) == (code in printed.SAID_SIGNIFICANT),
            }
        )
    table = pd.DataFrame(rows)
    poor = table.loc[table["band"] == Band.POOR, "class"].tolist()
    return Check(
        "table-5-text",
        "Results",
        "The model is better than dermatologists in six classes, and the difference is "
        "statistically significant; elsewhere: in psoriasis alone, 0.795 against 0.675",
        f"One printed p is below 0.05, that of psoriasis (0.043). The table's kappa there is "
        f"{ours['Pso'].kappa:.3f}, not {printed.SAID_OF_PSORIASIS[0]}. By the paper's bands the "
        f"model's kappa is poor in {', '.join(poor)}.",
        "Both sentences rest on the same table, and disagree.",
        bool(table["follows"].all()),
        table,
    )
