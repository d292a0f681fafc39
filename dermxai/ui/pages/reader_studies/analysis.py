"""What a study's answers tell: readers beside the network, what each confuses, where both err."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dermxai import figures
from dermxai.core.errors import InputError
from dermxai.core.formatting import interval_basis
from dermxai.core.spreadsheet import to_csv
from dermxai.metrics import basis
from dermxai.metrics.decision import OperatingPoint
from dermxai.readers.analysis.arms import CHANGES, Gain
from dermxai.readers.analysis.classes import ALL
from dermxai.readers.analysis.whole import StudyAnalysis, analyse
from dermxai.readers.store.database import Database, database
from dermxai.readers.stored_study import finished, study_of
from dermxai.readers.studies import StudyInfo
from dermxai.report.readers import PROGRAM, READERS, of_study, table_of
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.tables import class_name, number_column
from dermxai.ui.components.text import count, percent, plain
from dermxai.ui.session import state
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_DRAWS = 500
_PAIRS = 5
_OVERLAPPING = {"EAD", "SD"}
_ARGMAX = "argmax"
_MEASURES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "auc": "AUC",
    "kappa": "Kappa",
}


def section(study: StudyInfo, scene: Scene) -> None:
    """The whole analysis of one arm."""
    number = finished(database(), study.name)
    if not number:
        st.info("Nobody has finished a case yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        arms = list(study.settings.arms)
        arm = (
            st.selectbox(
                "Arm",
                arms,
                key=_key("arm"),
                bind="query-params",
                persist_state="session",
                width=260,
            )
            if len(arms) > 1
            else arms[0]
        )
        place = st.container()
    try:
        found = analysed(database(), study.name, str(arm), number, study.made_at)
    except InputError as error:
        st.info(plain(str(error)))
        return
    with place:
        classes, measure, rule = _ask_table(found)
    _classes(found, classes, measure, rule)
    look.notes(found.notes)
    if measure == "kappa" and found.study.device is not None:
        _kappas(found)
    _matrices(found)
    _confused(found)
    _plane(found)
    _agreement(found)
    _cases(found, scene)
    for gain in found.gains:
        _gain(gain)
    _times(found)
    _confidence(found)
    with st.container(horizontal=True):
        told = basis.columns(found.study.independent, found.level)
        downloads.csv(
            "Table (CSV)", lambda: to_csv(classes.assign(decision=rule, **told)), "readers-classes"
        )
        downloads.numbers("All numbers (JSON)", found.as_json, "readers-analysis")


def _key(of: str) -> str:
    return Key.READER_STUDY.of("analysis", of)


@kept("Analysing")
def analysed(where: Database, name: str, arm: str, answers: int, made_at: float) -> StudyAnalysis:
    del answers, made_at  # of the state that is kept
    found = study_of(where, name, OperatingPoint())
    if arm not in {each.name for each in found.arms}:
        raise InputError(f"Nobody has finished a case in the arm {arm!r} yet.")
    return analyse(found, arm=arm, draws=_DRAWS)


def _ask_table(found: StudyAnalysis) -> tuple[pd.DataFrame, str, str]:
    """Rows of one measure by class, which measure, and how the network decides."""
    operating = found.classes.operating
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rules = [_ARGMAX, *([] if operating.empty else dict.fromkeys(operating["points"]))]
        rule = _ARGMAX
        if len(rules) > 1:
            rule = str(
                st.segmented_control(
                    "Network decides by",
                    rules,
                    key=_key("rule"),
                    default=_ARGMAX,
                    required=True,
                    bind="query-params",
                    persist_state="session",
                    help="Operating points: a threshold of each class, chosen on validation "
                    "patients; a case may then be called several classes, or none.",
                )
            )
        rows = found.classes.rows if rule == _ARGMAX else operating[operating["points"] == rule]
        measure = st.segmented_control(
            "Measure",
            [each for each in _MEASURES if each in set(rows["measure"])],
            key=_key("measure"),
            default="sensitivity",
            required=True,
            bind="query-params",
            persist_state="session",
            format_func=_MEASURES.__getitem__,
        )
    return rows, str(measure), rule


def _classes(found: StudyAnalysis, rows: pd.DataFrame, measure: str, rule: str) -> None:
    own = rows[rows["measure"] == measure]
    look.heading(
        f"{_MEASURES[measure]} of {count(found.classes.readers, 'reader')}"
        + (f" and the network, {rule}" if found.study.device else ""),
        f"{interval_basis(basis.basis(found.study.independent, found.level))}; for other "
        f"{found.classes.to}. Difference: readers less network.",
    )
    shown = pd.DataFrame(
        {
            "Class": [_class(code) for code in own["class"]],
            "Cases": own["cases"],
            "Readers": own["readers"],
            "95 % CI": _intervals(own, "readers_low", "readers_high"),
        }
    )
    _beside_network(shown, own, found)
    _table(shown)


def _beside_network(shown: pd.DataFrame, rows: pd.DataFrame, found: StudyAnalysis) -> None:
    """Adds the network and the difference, where there is one."""
    if found.study.device is None:
        return
    shown["Network"] = rows["device"]
    shown["Network 95 % CI"] = _intervals(rows, "device_low", "device_high")
    shown["Difference"] = rows["difference"]
    shown["Difference 95 % CI"] = _intervals(rows, "low", "high")
    shown["p (Holm)"] = rows["p_holm"]


def _class(code: str) -> str:
    return code if code == ALL else class_name(code)


def _intervals(rows: pd.DataFrame, low: str, high: str) -> list[str | None]:
    return [
        f"{one:.3f} to {other:.3f}" if np.isfinite([one, other]).all() else None
        for one, other in zip(rows[low], rows[high], strict=True)
    ]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def _table(shown: pd.DataFrame) -> None:
    for name in shown.columns:
        if name.startswith("p"):
            shown[name] = shown[name].map(_p, na_action="ignore")
    drawn = {
        name: number_column("%d" if (shown[name] % 1 == 0).all() else "%.3f", 90)
        for name in shown.select_dtypes("number").columns
    }
    st.dataframe(
        shown, column_config=drawn, hide_index=True, height=look.height(shown, 16), placeholder="–"
    )


def _matrices(found: StudyAnalysis) -> None:
    wrong, codes = found.errors, list(found.study.classes)
    sides = [("Readers", wrong.counts)]
    if wrong.of_device is not None:
        sides.append(("Network, argmax", wrong.of_device))
    for place, (name, counts) in zip(st.columns(2, gap="medium"), sides, strict=False):
        with place:
            _matrix(name, counts, codes)


def _matrix(name: str, counts: NDArray[np.int64], codes: list[str]) -> None:
    table = pd.DataFrame(counts, index=codes, columns=codes)
    drawn = look.Plot.of(figures.confusion_matrix(table, "row", look.dark()))
    whose = f"Confusion matrix: {name}, {count(int(counts.sum()), 'answer')}"
    look.plot(replace(drawn, title=whose), Key.FIGURE.of("readers", name.partition(",")[0]))


def _confused(found: StudyAnalysis) -> None:
    rows = found.confused
    if rows.empty:
        return
    overlapping = [{*each} == _OVERLAPPING for each in rows[["truth", "answer"]].to_numpy()]
    first = rows[np.array(overlapping)]
    rest = rows[~np.array(overlapping)]
    rows = pd.concat([first, rest]).head(2 * _PAIRS)
    look.heading(
        "Called another class",
        "Share of a class's cases that are called another, of readers on average and of the "
        "network (argmax); both directions of a pair stand together, the pairs that readers "
        "confuse most first.",
    )
    shown = pd.DataFrame(
        {
            "Class": rows["truth"],
            "Called": rows["answer"],
            "Cases": rows["cases"],
            "Readers": rows["readers"],
            "95 % CI": _intervals(rows, "readers_low", "readers_high"),
        }
    )
    _beside_network(shown, rows, found)
    _table(shown)


def _agreement(found: StudyAnalysis) -> None:
    if found.classes.readers < 2:
        return
    rows = found.kappas.among
    look.heading("Agreement of readers", "All classes, beyond chance.")
    _table(
        pd.DataFrame(
            {
                "Coefficient": rows["coefficient"],
                "Value": rows["value"],
                "95 % CI": _intervals(rows, "low", "high"),
            }
        )
    )


def _cases(found: StudyAnalysis, scene: Scene) -> None:
    wrong = found.errors
    kinds = [("No reader agrees with the label", wrong.doubtful)]
    if wrong.both is not None:
        kinds.insert(0, ("Readers' majority and network wrong", wrong.both_wrong))
    for gain in found.gains:
        for change in ("harmed", "helped"):
            cases = gain.cases.loc[gain.cases[change] > 0, "case"]
            rows = wrong.cases.set_index("case").loc[cases].reset_index()
            kinds.append((f"{change.capitalize()} by help, {gain.with_}", rows))
    look.heading(
        "Cases",
        "A click makes them the selection of all pages, where the study's dataset is open.",
    )
    known = set(scene.table.sample_ids)
    selected = scene.selection.title if scene.selection else None
    with st.container(gap=None):
        for place, (title, rows) in enumerate(kinds):
            ids = [case for case in rows["case"] if case in known]
            words = f"{title} · {count(len(rows), 'case')}"
            st.button(
                f"**{words}**" if selected == title else words,
                key=Key.SELECT.of("readers", place),
                type="tertiary",
                disabled=not ids,
                on_click=callback(state.select),
                args=(title, ids),
            )
    for title, rows in kinds:
        if selected == title and scene.selection is not None:
            told = {
                str(row["case"]): f"{plain(row['truth'])} → {plain(row['majority'])} "
                f"{percent(row['share'], 0)}"
                + (f" · network {plain(row['device'])}" if row["device"] else "")
                for row in rows.to_dict("records")
            }
            gallery("selection", scene.selection.sample_ids, scene, told)


def _kappas(found: StudyAnalysis) -> None:
    """The paper's test of two kappas, and the bootstrap of patients, whom both share."""
    rows = found.kappas.rows
    look.heading(
        "Two tests of the difference of kappas",
        f"Normal score of two kappas taken as independent, as in Zhu et al. 2021; paired bootstrap "
        f"of {found.study.independent}. Below 0.40 poor, above 0.75 good.",
    )
    _table(
        pd.DataFrame(
            {
                "Class": [_class(code) for code in rows["class"]],
                "Readers": rows["readers"],
                "Agreement": rows["readers_band"].map(str, na_action="ignore"),
                "Network": rows["device"],
                "Network agreement": rows["device_band"].map(str, na_action="ignore"),
                "Difference": rows["difference"],
                "Bootstrap 95 % CI": _intervals(rows, "bootstrap_low", "bootstrap_high"),
                "p, normal (Holm)": rows["z_holm"],
                "p, bootstrap (Holm)": rows["bootstrap_holm"],
            }
        )
    )


def _plane(found: StudyAnalysis) -> None:
    rows = table_of(of_study(found)).replace({"who": {READERS: "Readers", PROGRAM: "Network"}})
    drawn = figures.roc_plane(rows, look.dark())
    look.plot(look.Plot.of(drawn), Key.FIGURE.of("readers", "plane"), width="content")


def _times(found: StudyAnalysis) -> None:
    rows = found.times
    if rows.empty:
        return
    look.heading("Seconds an answer", "Intervals of the geometric mean are over readers.")
    shown = pd.DataFrame(
        {
            "Arm": rows["arm"],
            "Answers": rows["answers"],
            "Median": rows["median"],
            "Quartiles": _spans(rows, "quartile_low", "quartile_high"),
            "Geometric mean": rows["geometric_mean"],
            "95 % CI": _spans(rows, "low", "high"),
        }
    )
    drawn = {name: number_column("%.1f", 90) for name in ("Median", "Geometric mean")}
    st.dataframe(shown, column_config=drawn, hide_index=True, height=look.height(shown))


def _spans(rows: pd.DataFrame, low: str, high: str) -> list[str | None]:
    return [
        f"{one:.1f} to {other:.1f}" if np.isfinite([one, other]).all() else None
        for one, other in zip(rows[low], rows[high], strict=True)
    ]


def _confidence(found: StudyAnalysis) -> None:
    rows = found.confidence
    if rows.empty:
        return
    errors = rows.drop_duplicates("arm")
    told = "; ".join(
        f"{row['arm']}: expected calibration error {row['error']:.3f}, Brier score "
        f"{row['brier']:.3f}"
        for row in errors.to_dict("records")
    )
    look.heading("Confidence", f"How often who is so sure is right. {told}.")
    _table(
        pd.DataFrame(
            {
                "Arm": rows["arm"],
                "Confidence": rows["confidence"],
                "Answers": rows["answers"],
                "Right": rows["right"],
                "95 % CI": _intervals(rows, "low", "high"),
            }
        )
    )


def _gain(gain: Gain) -> None:
    look.heading(
        f"{gain.with_} less {gain.without}",
        "What help changes, for other readers and cases; below, answers of the same reader to the "
        "same case.",
    )
    rows = gain.rows[(gain.rows["class"] == ALL) | (gain.rows["measure"] == "sensitivity")]
    _table(
        pd.DataFrame(
            {
                "Class": [_class(code) for code in rows["class"]],
                "Measure": [_MEASURES[each] for each in rows["measure"]],
                "Group": rows["group"],
                "Before": rows["before"],
                "After": rows["after"],
                "Gain": rows["difference"],
                "95 % CI": _intervals(rows, "low", "high"),
                "p": rows["p"],
            }
        )
    )
    if not gain.changes.empty:
        names = {"help": "Help", "answers": "Answers"} | {
            each: each.capitalize() for each in CHANGES
        }
        _table(gain.changes.rename(columns=names))
    if gain.bias is not None:
        bias = gain.bias
        st.caption(
            f"Wrong help was followed in {percent(bias.followed)} of "
            f"{count(bias.answers, 'answer')}; {percent(bias.without)} of the answers "
            "without it name the same class. Excess "
            f"{percent(bias.excess)} ({percent(bias.low)} to {percent(bias.high)})."
        )
