"""A stack of remedies beside the unchanged network, in words, tables and for programs."""

import shlex
from collections.abc import Iterator, Mapping

import pandas as pd

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.core.formatting import count, jsonable
from dermxai.metrics.basis import basis
from dermxai.metrics.measure_changes import TOP1
from dermxai.metrics.measures import ALL
from dermxai.metrics.undefined import Undefined
from dermxai.remedies.fine_tuning import fine_tuning
from dermxai.remedies.outcome import Outcome
from dermxai.report.measures import NAMES, REASONS, rule_in_words
from dermxai.report.origin import origin
from dermxai.runs import Run

HEADLINES: Mapping[tuple[str, str], str] = {
    (ALL, TOP1): "Top-1 accuracy",
    ("macro", "sensitivity"): "Sensitivity, macro average",
    ("macro", "specificity"): "Specificity, macro average",
    ("macro", "auc"): "AUC, macro average",
    ("macro", "f1"): "F1, macro average",
    (ALL, "kappa"): "Kappa of all classes",
    (ALL, "mcc"): "MCC of all classes",
}
"""By scope and measure, what is shown first."""
SCOPES = {
    "class": "",
    "macro": "macro average",
    "weighted": "weighted average",
    "micro": "micro average",
    ALL: "all classes",
}


def headlines(found: Outcome) -> pd.DataFrame:
    """Rows of `HEADLINES`: ``name``, ``before``, ``after``, ``difference``, ``low``, ``high`` and
    ``reason`` in words."""
    rows = found.paired.table[found.paired.table["scope"] != "class"]
    keyed = rows.set_index(["scope", "measure"]).reindex(list(HEADLINES))
    keyed.insert(0, "name", list(HEADLINES.values()))
    return _worded(keyed.reset_index(drop=True).drop(columns="class"))


def by_class(found: Outcome, measure: str) -> pd.DataFrame:
    """A measure of each class, in the usual order: ``class``, ``before``, ``after``, …"""
    table = found.paired.table
    rows = table[(table["scope"] == "class") & (table["measure"] == measure)]
    order = taxonomy.ordered(rows["class"])
    return _worded(rows.set_index("class").loc[order].reset_index().drop(columns="scope"))


def losing(found: Outcome) -> pd.DataFrame:
    """The price: classes whose sensitivity or specificity is lower than before."""
    return _worded(found.losing.drop(columns="scope"))


def rules(found: Outcome) -> tuple[str, str]:
    """The decision rules before and after."""
    one, two = (
        rule_in_words(each.rule, found.before.clusters).removeprefix("Decision rule: ")
        for each in found.measures
    )
    return one, two


def steps(found: Outcome) -> Iterator[tuple[str, str]]:
    """Title of each remedy and what became of it."""
    for each in found.fitted.told:
        yield each.title, f"Skipped: {each.skipped}" if each.skipped else " ".join(each.notes)


def looked(found: Outcome) -> str:
    """How often the test was looked at."""
    often = count(found.test_looks, "stack")
    if not found.test_looks:
        return "The test images of this run were not looked at with any stack so far."
    return (
        f"The test images of this run were looked at with {often} so far: who takes the best of "
        "several has fitted it to them."
    )


def command(run: Run) -> str:
    """A command that trains the whole network further; empty where none can be given."""
    try:
        asked = fine_tuning(run)
    except InputError:
        return ""
    dataset = shlex.quote(str(run.manifest["dataset"]["path"]))
    pairs = " ".join(f"--set {shlex.quote(f'{name}={value}')}" for name, value in asked.items())
    return f"dermxai train {dataset} --output FOLDER {pairs}"


def as_json(found: Outcome) -> dict[str, object]:
    """For programs."""
    run, fitted = found.fitted.run, found.fitted
    classes = list(found.after.classes)
    return jsonable(
        {
            "origin": origin(run, found.split),
            "stack": [step.told() for step in fitted.stack.steps],
            "stack_digest": fitted.stack.digest,
            "steps": [
                {"remedy": each.title, "notes": list(each.notes), "skipped": each.skipped}
                for each in fitted.told
            ],
            "fitted_on": {"training": fitted.learnt_from, "validation": fitted.chosen_on},
            "test_looks": found.test_looks,
            "decision": dict(zip(("before", "after"), rules(found), strict=True)),
            "classes": classes,
            "measures": found.paired.table.to_dict("records"),
            "confusion": {
                "before": found.before.confusion,
                "after": found.after.confusion,
                "difference": found.paired.confusion,
            },
            "losing": found.losing.to_dict("records"),
            "changed": found.changed.to_dict("records"),
            "fine_tuning": command(run),
            "intervals": basis(found.before.clusters, found.paired.level),
            "notes": list(found.notes),
        }
    )


def measure_name(name: str) -> str:
    """A measure in words."""
    return "Top-1 accuracy" if name == TOP1 else NAMES[name]


def _worded(table: pd.DataFrame) -> pd.DataFrame:
    words = [REASONS[Undefined(each)] if each else "" for each in table["reason"].fillna("")]
    return table.assign(reason=words)
