"""Models evaluated side by side, and how they differ: tables and figures."""

from functools import partial

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai import figures, taxonomy
from dermxai.core.formatting import interval_basis
from dermxai.metrics import basis
from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS
from dermxai.metrics.paired_measures import MEASURES
from dermxai.report import comparison as report
from dermxai.report.comparison import TITLES, Compared
from dermxai.ui.components import downloads, look
from dermxai.ui.components.tables import class_name
from dermxai.ui.components.text import count, plain, shortened
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

_MACRO = "Macro average"
_P = (
    "Of the null hypothesis that both models are alike: McNemar's exact test over patients for "
    "decisions, DeLong's over patients for AUC. Holm: adjusted for the number of pairs."
)
_CI = (
    f"Newcombe's interval over patients, from {FEWEST} patients of each side on, "
    f"{FEWEST_OF_CLASS} of each class in means."
)


def facts(made: Compared) -> None:
    """What was compared, of which images, and how."""
    found = made.found
    units = found.clusters.removesuffix("s")
    of = "" if found.clusters == "images" else f" of {count(found.units, units)}"
    look.facts(
        f"{count(found.sample_ids.size, 'image')}{of} in all runs",
        interval_basis(basis.basis(found.clusters, found.level)),
        plain(made.rule),
    )


def ask_class(made: Compared) -> str:
    """The class that is looked at; "" for the macro average."""
    codes = taxonomy.ordered(made.found.classes)
    names = {_MACRO: ""} | {class_name(code): code for code in codes}
    chosen = st.selectbox(
        "Class",
        list(names),
        key=Key.OF_CLASS,
        bind="query-params",
        persist_state="session",
        width=300,
    )
    return names.get(str(chosen), "")


def measures(made: Compared, code: str) -> None:
    """A row a model, as the paper's Table 3; ROC curves over each other, as its Figure 7."""
    of = f"of {code} against all others" if code else "macro average, one-vs-rest"
    look.heading("Measures", f"Each {of}, with its interval; all but AUC in %.")
    _table(report.table_3(made.found, code))
    drawn = look.Plot.of(figures.roc_of_models(made.found, code, look.dark()))
    look.plot(drawn, Key.FIGURE.of("roc-models"), width="content")


def trainings(made: Compared, code: str) -> None:
    """Mean ± SD over models of one recipe; nothing where no two are."""
    if not made.trained_alike:
        return
    look.heading(
        "Trained alike",
        "Models of one recipe with other seeds or splits: mean ± SD of each measure on these "
        "images. The SD says how much trainings differ, not how sure a figure is.",
    )
    _table(report.trainings_table(made, code))


def ask_pair(made: Compared) -> tuple[str, str]:
    """The two models that are looked at closely."""
    names = list(made.found.names)
    first = _ask_model("First model", names, Key.FIRST_MODEL, names[0])
    second = _ask_model("Second model", [name for name in names if name != first],
                        Key.SECOND_MODEL, "")  # fmt: skip
    return first, second


def _ask_model(title: str, names: list[str], key: Key, usual: str) -> str:
    if state.get(key) not in (None, *names):
        state.take(key)
    chosen = st.selectbox(
        title,
        names,
        key=key,
        format_func=lambda name: shortened(name, 40),
        bind="query-params",
        persist_state="session",
        width=280,
    )
    return chosen if chosen in names else usual or names[0]


def differences(made: Compared, pair: tuple[str, str], code: str) -> None:
    """All pairs as a table; the chosen pair's differences by class."""
    found = made.found
    table = report.difference_table(found, code)
    look.heading(
        "Differences",
        f"Of the {'macro averages' if not code else f'measures of {code}'}, first less second, in "
        "percentage points (pp), of AUC as it is. A p-value says nothing of how large a difference "
        "is.",
    )
    help_ = {f"{100 * found.level:.0f} % CI": _CI, "p": _P, "p, Holm": _P}
    _table(table, help_)
    measure = st.segmented_control(
        "Measure",
        [TITLES[name] for name in MEASURES],
        key=Key.COMPARED,
        default=TITLES[MEASURES[0]],
        required=True,
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    name = next((name for name in MEASURES if TITLES[name] == measure), MEASURES[0])
    ordered = pair if pair in found.pairs() else (pair[1], pair[0])
    left, right = st.columns([1, 1], gap="medium")
    with left:
        drawn = figures.model_differences(found, ordered, name, TITLES[name], look.dark())
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("differences"))
    with right:
        one, other = (found.matrix(each) for each in ordered)
        less = " less ".join(shortened(name, 26) for name in ordered)
        drawn = figures.confusion_difference(one - other, f"of {less}", look.dark())
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("confusion-difference"), width="content")


def agreement(made: Compared) -> None:
    """How far the models predict the same."""
    look.heading(
        "Agreement of predictions",
        "Cohen's kappa of the two predictions, whether right or wrong: 1 where they always agree, "
        "0 where they agree as often as by chance.",
    )
    _table(report.kappa_table(made.found))


def export(made: Compared) -> None:
    """Tables and all numbers to take away."""
    stem = f"comparison-{made.split or 'all'}"
    with st.container(horizontal=True):
        for label, table, name in (
            ("Measures (CSV)", made.found.table, "measures"),
            ("Differences (CSV)", made.found.differences, "differences"),
        ):
            downloads.csv(label, partial(report.csv_of, table, made), f"{stem}-{name}")
        downloads.button(
            "Tables (LaTeX)",
            lambda: report.latex(made),
            f"{stem}.tex",
            "text/x-tex",
            icon=":material/download:",
        )
        downloads.numbers("All numbers (JSON)", made.as_json, stem)


def _table(table: pd.DataFrame, help_: dict[str, str] | None = None) -> None:
    drawn: dict[str, ColumnConfig] = {
        str(name): st.column_config.TextColumn(
            alignment="left"
            if name in ("Model", "Trained alike", "First", "Second", "Measure")
            else "right",
            help=(help_ or {}).get(str(name)),
        )
        for name in table.columns
    }
    st.dataframe(
        table, column_config=drawn, hide_index=True, height=look.height(table, 20), placeholder="–"
    )
