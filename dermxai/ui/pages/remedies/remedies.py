"""What a stack comes to: measures, confusions, images that change, the price, and keeping it."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai import figures, taxonomy
from dermxai.core.errors import InputError
from dermxai.core.formatting import interval_basis
from dermxai.metrics import basis
from dermxai.remedies.keep import check_changes_weights, keep
from dermxai.remedies.looks import looks
from dermxai.remedies.methods.average_flips import AVERAGE_FLIPS
from dermxai.remedies.outcome import BROKEN, MENDED, OTHER, UNKNOWN, Outcome
from dermxai.remedies.stack import FittedStack, Stack
from dermxai.report import remedies as said
from dermxai.report.measures import NAMES
from dermxai.runs.flips import open_flips
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.tables import class_name, number_column
from dermxai.ui.components.text import count, plain, shortened, signed
from dermxai.ui.session import state
from dermxai.ui.session.caches import remedies, stored_runs
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_VALIDATION, _TEST = "Validation", "Test"
_KINDS = {MENDED: "Mended", BROKEN: "Broken", OTHER: "Wrong otherwise", UNKNOWN: "No label"}
_INTERVAL = "Paired, over patients: Newcombe's."


def fit(scene: Scene, stack: Stack) -> FittedStack | None:
    """The fitted stack; None, and why, where it cannot be fitted."""
    flipped = any(step.remedy == AVERAGE_FLIPS.name for step in stack.steps)
    if flipped and not scene.run.imported and open_flips(scene.run) is None:
        about = "Three passes an image, in the background; kept with the run."
        jobs_panel.offer("flips", "Infer the images flipped", about, run=str(scene.run.root))
        return None
    try:
        if not permissions.may("open paths"):
            for name in stack.runs:
                stored_runs.run(name)  # those of the workspace alone, by their ids
        return remedies.fitted(scene.run_id, stack.text)
    except InputError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None


def measure(scene: Scene, stack: Stack, fitted: FittedStack) -> Outcome | None:
    """Asks which images to measure, of those that there are, and measures; None where nothing can
    be shown."""
    division = fitted.division
    there = {_VALIDATION: division.validation.size, _TEST: division.test.size}
    offered = [name for name, images in there.items() if images]
    if not offered:
        st.info(
            "The run has neither validation nor test images of patients of their own: nothing can "
            "be measured."
        )
        return None
    split = st.segmented_control(
        "Measured on",
        offered,
        key=Key.MEASURED,
        default=offered[0],
        required=True,
        help="Choose on validation patients, look at the test last: the run counts how often, once "
        "for each stack.",
        bind="query-params",
        persist_state="session",
    )
    if lacking := [name for name in there if name not in offered]:
        st.caption(f"{lacking[0]}: the run has no such image of patients of its own.")
    name = "test" if split == _TEST else "validation"
    if name == "test" and all(each["stack"] != stack.digest for each in looks(scene.run.root)):
        permissions.check("look at the test")
    return remedies.measured(scene.run_id, stack.text, name, permissions.person().name)


def summary(found: Outcome) -> None:
    """Headlines before and after."""
    before, after = said.rules(found)
    counts = found.before.counts
    look.facts(
        f"{counts.evaluated:,} of {count(counts.images, 'image')} measured",
        plain(f"Decision rule before: {before}"),
        plain(f"after: {after}"),
        interval_basis(basis.basis(found.before.clusters, found.paired.level)),
    )
    shown = said.headlines(found)
    _table(shown.assign(Measure=shown["name"]), ["Measure"], found.paired.level)
    seen = len(looks(found.fitted.run.root))
    often = f"The run's test was looked at with {count(seen, 'stack')} so far."
    look.notes((*found.notes, often))


def classes(found: Outcome) -> None:
    """A measure of each class."""
    look.heading("By class")
    name = st.selectbox(
        "Measure",
        list(NAMES)[:5] + [each for each in list(NAMES)[7:] if each in _names(found)],
        key=Key.MEASURE.of("remedy"),
        format_func=NAMES.__getitem__,
        bind="query-params",
        persist_state="session",
        width=240,
    )
    shown = said.by_class(found, name or "sensitivity")
    lacking = shown[shown["difference"].isna()]
    shown = shown.drop(lacking.index)
    shown = shown.assign(Class=[class_name(code) for code in shown["class"]])
    _table(shown, ["Class"], found.paired.level)
    look.notes(
        f"{', '.join(of['class'])}: {why}." for why, of in lacking.groupby("reason", sort=False)
    )


def _names(found: Outcome) -> set[str]:
    table = found.paired.table
    return set(table.loc[table["scope"] == "class", "measure"])


def price(found: Outcome) -> None:
    """Classes that lose."""
    look.heading("The price", "Classes whose sensitivity or specificity is lower than before.")
    shown = said.losing(found)
    if shown.empty:
        st.caption("No class loses sensitivity or specificity here.")
        return
    shown = shown.assign(
        Class=[class_name(code) for code in shown["class"]],
        Measure=[said.measure_name(name) for name in shown["measure"]],
    )
    _table(shown, ["Class", "Measure"], found.paired.level)
    surely = int((shown["high"] < 0).sum())
    st.caption(
        f"{count(surely, 'interval')} of {len(shown)} below 0, each by itself: of many classes "
        "some lose by chance."
    )


def _table(rows: pd.DataFrame, names: Sequence[str], level: float) -> None:
    shown = rows[list(names)].copy()
    for title, column in (("Before", "before"), ("After", "after"), ("Difference", "difference")):
        shown[title] = rows[column]
    shown[f"{100 * level:.0f} % CI"] = [
        None if math.isnan(low) else f"{signed(low, 3)} to {signed(high, 3)}"
        for low, high in zip(rows["low"], rows["high"], strict=True)
    ]
    drawn: dict[str, ColumnConfig] = {
        title: number_column("%.3f", 68) for title in ("Before", "After")
    }
    drawn["Difference"] = number_column("%+.3f", 84, "After less before.")
    drawn[f"{100 * level:.0f} % CI"] = st.column_config.TextColumn(help=_INTERVAL, width=124)
    drawn["Class"] = st.column_config.TextColumn(width=148)
    st.dataframe(
        shown, column_config=drawn, hide_index=True, height=look.height(shown, 16), placeholder="–"
    )


def confusions(found: Outcome) -> None:
    """The confusion matrix's difference."""
    order = taxonomy.ordered(found.before.common)
    codes = list(found.before.classes)
    others = [
        code
        for code in taxonomy.ordered(set(codes).difference(order))
        if found.paired.confusion[:, codes.index(code)].any()
    ]
    table = pd.DataFrame(found.paired.confusion, index=codes, columns=codes)
    table = table.loc[order, [*order, *others]]
    drawn = figures.confusion_difference(table, "after less before", look.dark())
    look.plot(look.Plot.of(drawn), Key.FIGURE.of("confusion-change"), width="content")


def images(scene: Scene, found: Outcome) -> None:
    """Those whose prediction changes, to select."""
    changed = found.changed
    numbers = changed["change"].value_counts()
    look.heading("Images that change", f"{count(len(changed), 'prediction')} changed.")
    if changed.empty:
        return
    kinds = [kind for kind in _KINDS if kind in numbers]
    chosen = st.pills(
        "Images that change",
        kinds,
        key=Key.CHANGED,
        default=kinds[0],
        format_func=lambda kind: f"{_KINDS.get(kind, kind)} ({numbers.get(kind, 0):,})",
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
    rows = changed[changed["change"] == chosen] if chosen in kinds else changed
    ids = [str(name) for name in rows["sample_id"]]
    title = f"{_KINDS.get(chosen or '', 'Changed')} by remedies"
    st.button(
        f"Select {'it' if len(ids) == 1 else f'these {len(ids):,}'}",
        key=Key.CHANGED.of("select"),
        icon=":material/select_all:",
        on_click=callback(state.select),
        args=(title, ids),
    )
    notes = {
        str(row["sample_id"]): f"{plain(shortened(row['before'], 14))} → "
        f"{plain(shortened(row['after'], 14))}"
        for row in rows.to_dict("records")
    }
    gallery("changed", ids, scene, notes)


def keeping(fitted: FittedStack) -> None:
    """Writes a checkpoint, and says how to train further."""
    look.heading(
        "Keep", "A checkpoint with the same features and the changed heads, to run like any other."
    )
    if not permissions.may("keep checkpoints"):
        st.caption("To keep a checkpoint needs the role operator.")
        return
    try:
        check_changes_weights(fitted)
    except InputError as error:
        st.caption(plain(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name", key=Key.KEEP, placeholder="mended", persist_state="session", width=260
        )
        st.button(
            "Keep as a checkpoint",
            key=Key.KEEP.of("now"),
            icon=":material/save:",
            on_click=callback(_keep),
            args=(fitted,),
        )
    if kept := state.take(Key.KEEP.of("done")):
        st.success(
            plain(f"Kept as {kept}: choose it at the left and run inference."),
            icon=":material/check:",
        )


def _keep(fitted: FittedStack) -> None:
    permissions.check("keep checkpoints")
    name = str(state.get(Key.KEEP) or "").strip()
    folder = keep(fitted, name, by=permissions.person().name)
    permissions.note("kept checkpoint", checkpoint=folder.name, run=fitted.run.id)
    state.put(Key.KEEP.of("done"), folder.name)


def training(fitted: FittedStack) -> None:
    """Where the features are to blame."""
    if command := said.command(fitted.run):
        look.heading(
            "Where no remedy helps",
            "The features do not separate the classes: train the whole network further.",
        )
        st.code(command, language="bash", wrap_lines=True)
