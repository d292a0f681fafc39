"""Runs side by side: which images they share, what each is worth on them, and how they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from dermxai import taxonomy
from dermxai.core.disk import replacing
from dermxai.core.errors import InputError
from dermxai.core.formatting import fixed, jsonable, percent, points, signed
from dermxai.core.spreadsheet import to_csv, write_csv
from dermxai.metrics import basis
from dermxai.metrics.comparison import Comparison, Model, compare
from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.paired_measures import MEASURES, TOP1
from dermxai.metrics.regrouping import Per, Regrouping
from dermxai.metrics.shared_images import averaged
from dermxai.metrics.undefined import Undefined
from dermxai.report import trainings
from dermxai.report.evaluated import AS_IT_IS, evaluated
from dermxai.report.latex import table as table_of
from dermxai.report.measures import CHOSEN_ON, NAMES, REASONS, rule_at, rule_in_words
from dermxai.report.origin import origin
from dermxai.report.sentences import sentences
from dermxai.report.tables import probability
from dermxai.runs import Run

AVERAGE = "Mean of all"
"""Name of the model whose probabilities are the mean of all others'."""
TITLES: Mapping[str, str] = {name: NAMES[name] for name in MEASURES} | {TOP1: "Top-1 accuracy"}
_FEWEST_SHARED = 0.5
"""Share of the images of the smaller run that must be the same for two datasets to be one."""
_SHARES = ("sensitivity", "specificity", "accuracy", TOP1)


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison for people.

    Attributes:
        runs: by the names of their models; without the average.
        rule: the decision rule, in words.
        about: what is to be known of the images and measures, in sentences.
    """

    found: Comparison
    runs: Mapping[str, Run]
    split: str | None
    rule: str
    about: tuple[str, ...]

    @cached_property
    def trained_alike(self) -> Mapping[str, tuple[str, ...]]:
        """Models whose networks were trained by one recipe, see `dermxai.report.trainings`."""
        return trainings.groups(self.runs)

    def as_json(self) -> dict[str, object]:
        """Plain numbers, texts and lists; NaN becomes None."""
        found = self.found
        point = found.rules[0].point
        return jsonable(
            {
                "models": [
                    {"name": name, **origin(run, self.split)} for name, run in self.runs.items()
                ],
                "names": list(found.names),
                "classes": list(found.classes),
                "images": found.sample_ids.size,
                "units": found.units,
                "rule": found.rules[0].name,
                "criterion": point.criterion if point else None,
                "target": point.target if point else None,
                "counts": found.counts.to_dict("records"),
                "measures": found.table.to_dict("records"),
                "differences": found.differences.to_dict("records"),
                "kappas": found.kappas.to_dict("records"),
                "trained_alike": {
                    "models": dict(self.trained_alike),
                    "measures": trainings.spread(found, self.trained_alike).to_dict("records"),
                },
                "confusion": {name: found.matrix(name).to_dict("index") for name in found.names},
                "intervals": basis.basis(found.clusters, found.level),
                "notes": [f"{self.rule}.", *self.about],
            }
        )


def compared(
    runs: Sequence[Run],
    split: str | None = None,
    *,
    point: OperatingPoint | None = None,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
    average: bool = False,
) -> Compared:
    """Compares runs on the images that all of them have predicted.

    Args:
        runs: two to six, over one dataset; or, per lesion or patient, over several, joined by the
            ids of patients and lesions.
        split: of each run; None for all images.
        point: operating point that each model's thresholds are chosen by; None for argmax.
        leaks: with the images that leak from training.
        regrouping: classes that are taken as one, and what is measured.
        average: with a further model, whose probabilities are the mean of the others'.

    Raises:
        InputError: as `dermxai.metrics.comparison.compare`; a run is over other images; a run has
            no such split, or no operating point can be chosen.
    """
    if twice := [run.id for run in runs if [each.id for each in runs].count(run.id) > 1]:
        raise InputError(f"Run {twice[0]} came twice; compare different runs.")
    names = told_apart(runs)
    apart = _other_images(runs, regrouping.per)
    shown = [evaluated(run, split, leaks=leaks, regrouping=regrouping) for run in runs]
    if regrouping.per != Per.IMAGE and len({_dataset(run) for run in runs}) > 1:
        # of images whose lesion or patient is not known the name tells nothing elsewhere
        apart |= {name for each in shown for name in each.sample_ids if name.startswith("image ")}
    models = [Model(name, each) for name, each in zip(names, shown, strict=True)]
    if average:
        models.append(Model(AVERAGE, averaged(shown, apart)))
    if point is not None:
        chosen_on = [_chosen_on(run, leaks, regrouping) for run in runs]
        if average:
            chosen_on.append(averaged(chosen_on, apart))
        models = [
            Model(each.name, each.evaluation, rule_at(point, given, each.evaluation))
            for each, given in zip(models, chosen_on, strict=True)
        ]
    found = compare(models, apart)
    about = dict.fromkeys(note for each in shown for note in each.regrouping_notes)
    trained = [
        f"{name}: {note}"
        for name, each in zip(names, shown, strict=True)
        for note in each.about_training
    ]
    return Compared(
        found,
        dict(zip(names, runs, strict=True)),
        split,
        rule_in_words(found.rules[0], found.clusters).partition(", chosen on")[0],
        (*about, *trained, *_about_rules(found), *sentences(found.notes)),
    )


def told_apart(runs: Sequence[Run]) -> tuple[str, ...]:
    """A name for each run: its checkpoint's, with the run's id where that does not tell it."""
    names = [str(run.made_by["name"]) for run in runs]
    return tuple(
        f"{name} ({run.id[:6]})" if names.count(name) > 1 or name == AVERAGE else name
        for name, run in zip(names, runs, strict=True)
    )


def _dataset(run: Run) -> str:
    return str(run.manifest["dataset"].get("fingerprint", run.manifest["dataset"]["path"]))


def _chosen_on(run: Run, leaks: bool, regrouping: Regrouping) -> Evaluation:
    if run.split is None or not (run.split == CHOSEN_ON).any():
        raise InputError(
            f"Run {run.id} has no {CHOSEN_ON} images, on which an operating point is chosen; take "
            "argmax, or a dataset with a validation split."
        )
    return evaluated(run, CHOSEN_ON, leaks=leaks, regrouping=regrouping)


def _other_images(runs: Sequence[Run], per: Per) -> set[str]:
    """Ids that stand for other files in one run than in another.

    Raises:
        InputError: a run is over other images.
    """
    apart: set[str] = set()
    if per != Per.IMAGE:
        return apart
    first = runs[0]
    for other in runs[1:]:
        if _dataset(first) == _dataset(other):
            continue
        index = pd.Index(first.samples["sample_id"])
        places = index.get_indexer(pd.Index(other.samples["sample_id"]))
        shared = np.flatnonzero(places >= 0)
        if first.fingerprints is None or other.fingerprints is None:
            alike = np.zeros(shared.size, dtype=bool)
        else:
            alike = first.fingerprints[places[shared]] == other.fingerprints[shared]
        if alike.sum() < _FEWEST_SHARED * min(len(first), len(other)):
            raise InputError(
                f"Run {other.id} is over the dataset {other.manifest['dataset']['name']}, run "
                f"{first.id} over {first.manifest['dataset']['name']}: {int(alike.sum())} images "
                f"are the same. Models are compared on the same images; run both over one dataset, "
                "or compare lesion by lesion."
            )
        apart |= set(index[places[shared[~alike]]])
    return apart


def _about_rules(found: Comparison) -> Iterator[str]:
    """Where each model's thresholds come from, and that top-1 accuracy is argmax's."""
    if found.rules[0].point is None:
        return
    for name, rule in zip(found.names, found.rules, strict=True):
        words = rule_in_words(rule, found.clusters).partition(", chosen on")[2]
        yield f"{name}: thresholds chosen on{words}."
        lacking = [
            code
            for code, each in zip(found.classes, rule.thresholds, strict=False)
            if each.reason is not None
        ]
        if lacking:
            yield f"{name}: {REASONS[Undefined.NO_THRESHOLD]} ({', '.join(lacking)})."
    yield (
        "Images that are predicted correctly, confusion matrices and kappa are by the class with "
        "the highest score."
    )


def with_origins(table: pd.DataFrame, of: Compared) -> pd.DataFrame:
    """A table of the comparison as a file has it: each row with the runs of its models, the rule,
    and what its intervals rest on."""
    found = of.found
    point = found.rules[0].point
    runs = {name: run.id for name, run in of.runs.items()} | {
        AVERAGE: " ".join(run.id for run in of.runs.values())
    }
    hashes = {name: str(run.made_by["hash"]) for name, run in of.runs.items()}
    for column in ("model", "first", "second"):
        if column in table:
            prefix = "" if column == "model" else f"{column}_"
            table = table.assign(
                **{
                    f"{prefix}run": table[column].map(runs),
                    f"{prefix}checkpoint_hash": table[column].map(hashes).fillna(""),
                }
            )
    first = next(iter(of.runs.values()))
    dataset = first.manifest["dataset"]
    return table.assign(
        dataset=dataset["name"],
        dataset_fingerprint=dataset.get("fingerprint", ""),
        split=of.split or "all",
        images=found.sample_ids.size,
        decision_rule=found.rules[0].name,
        criterion=str(point.criterion) if point else "",
        target=np.nan if point is None or point.target is None else point.target,
        **basis.columns(found.clusters, found.level),
    )


def table_3(found: Comparison, code: str = "") -> pd.DataFrame:
    """A row a model for people: each measure with its interval.

    Args:
        code: of a class; "" for the macro average, beside which the top-1 accuracy stands.
    """
    table: dict[str, dict[str, str]] = {name: {"Model": name} for name in found.names}
    for row in found.table[found.table["class"] == code].to_dict("records"):
        said = _with_ends(row["measure"], row["value"], row["low"], row["high"])
        table[row["model"]][TITLES[row["measure"]]] = said
    return pd.DataFrame(list(table.values()))


def trainings_table(of: Compared, code: str = "") -> pd.DataFrame:
    """A row a group of models that were trained alike, for people: mean ± SD of each measure.

    Args:
        code: of a class; "" for the macro average.
    """
    return trainings.spread_table(of.found, of.trained_alike, TITLES, _SHARES, code)


def difference_table(found: Comparison, code: str = "") -> pd.DataFrame:
    """A row a pair and measure for people: difference, interval, p-values."""
    rows = found.differences[found.differences["class"] == code]
    return pd.DataFrame(
        [
            {
                "First": row["first"],
                "Second": row["second"],
                "Measure": TITLES[row["measure"]],
                "First less second": _difference(row["measure"], row["difference"]),
                f"{percent(found.level, 0)} CI": _ends(row["measure"], row["low"], row["high"]),
                "p": probability(row["p"]),
                "p, Holm": probability(row["p_holm"]),
            }
            for row in rows.to_dict("records")
        ]
    )


def kappa_table(found: Comparison) -> pd.DataFrame:
    """A row a pair for people: same predictions, and kappa with its interval."""
    images = found.sample_ids.size
    return pd.DataFrame(
        [
            {
                "First": row["first"],
                "Second": row["second"],
                "Same prediction": f"{row['same']:,} ({percent(row['same'] / images)})",
                "Kappa": _with_ends("kappa", row["kappa"], row["low"], row["high"]),
            }
            for row in found.kappas.to_dict("records")
        ]
    )


def latex(of: Compared) -> str:
    """Table 3 and the differences as LaTeX (booktabs)."""
    found = of.found
    caption = f"{of.rule}; {found.sample_ids.size} images of {found.units} {found.clusters}"
    codes = ["", *taxonomy.ordered(found.classes)]
    titles = {"": "macro average"} | {code: f"class {code}" for code in codes[1:]}
    parts = [table_of(table_3(found, code), f"{caption}; {titles[code]}") for code in codes]
    parts.append(table_of(difference_table(found), f"Differences; {caption}"))
    if of.trained_alike:
        parts.append(table_of(trainings_table(of), f"Mean ± SD of trainings; {caption}"))
    return "\n".join(parts)


def write(of: Compared, folder: Path) -> list[Path]:
    """Writes the tables to a folder as CSV, and those for a manuscript as LaTeX; which files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, table in (
        ("measures", of.found.table),
        ("differences", of.found.differences),
        ("kappas", of.found.kappas),
    ):
        made.append(folder / f"{name}.csv")
        write_csv(with_origins(table, of), made[-1])
    if of.trained_alike:
        made.append(folder / "trainings.csv")
        rows = trainings.spread(of.found, of.trained_alike)
        write_csv(with_origins(rows.rename(columns={"group": "model"}), of), made[-1])
    made.append(folder / "tables.tex")
    with replacing(made[-1]) as path:
        path.write_text(latex(of), encoding="utf-8")
    return made


def csv_of(table: pd.DataFrame, of: Compared) -> str:
    """As `write` writes it."""
    return to_csv(with_origins(table, of))


def _with_ends(measure: str, value: float, low: float, high: float) -> str:
    scale, digits = (100, 1) if measure in _SHARES else (1, 3)
    if np.isnan(value):
        return "–"
    said = fixed(scale * value, digits)
    if np.isnan(low):
        return said
    ends = (fixed(scale * end, digits) for end in (low, high))
    return f"{said} ({' to '.join(ends)})"


def _difference(measure: str, value: float) -> str:
    if measure in _SHARES:
        return points(value)
    return signed(value, 3)


def _ends(measure: str, low: float, high: float) -> str:
    if np.isnan(low):
        return "–"
    scale, digits = (100, 1) if measure in _SHARES else (1, 3)
    ends = (signed(scale * end, digits) for end in (low, high))
    return " to ".join(ends)
