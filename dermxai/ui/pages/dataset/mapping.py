"""How the data were understood: what columns, folders and labels were taken for, and the form that
changes it. What is said there is kept with the dataset."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.data import kept_options
from dermxai.data.labels import Label, label_table, meanings
from dermxai.data.table import COLUMNS, LEVEL_ROLES, Level, Reading
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import datasets
from dermxai.ui.session.caches.datasets import Raw, Source
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "map datasets"
_AUTOMATIC = "recognised automatically"
_NO_CLASS = ""
_TITLES = {"path": "Image file", "sample_id": "Image id", "label": "Label", "age": "Age"}
_MOST_LABELS = 500  # in the form


def opened(open_scene: Callable[[], Scene]) -> Scene:
    """The scene; of a dataset that is refused the sentence and the form that maps it.

    Raises:
        InputError: it is refused, and there is nothing to map.
    """
    try:
        return open_scene()
    except InputError as error:
        view = state.view()
        source = datasets.source(view.run, view.dataset)
        if source.run or not source.dataset or not permissions.may(ACTION):
            raise
        try:
            if not permissions.may("open paths"):
                catalogue.check_listed(view)
            raw = datasets.raw(source)
            kept = kept_options.is_said(source.dataset)
        except (InputError, OSError):
            raise error from None
        if not raw and not kept:
            raise
        st.title("Dataset")
        st.error(plain(str(error)), icon=":material/error:")
        _form(source, raw, (), [])
        st.stop()


def show(view: Scene) -> None:
    """What was understood of the open dataset; opened where something was guessed, or no image has
    a label. A run tells its labels; its dataset is looked at when that is asked for."""
    reading, may = view.table.reading, permissions.may(ACTION)
    try:
        labels = label_table(view.table.samples, _label_map(view))
    except InputError:  # its map is gone
        labels = []
    guessed = bool(reading.notes) or any(level.guessed for level in reading.levels)
    unlabelled = bool(view.table.samples["label"].isna().all())
    with st.expander(
        "How the data were understood", icon=":material/schema:", expanded=guessed or unlabelled
    ):
        _reading(reading)
        if unlabelled:
            st.markdown("- No image has a label.")
        source = _source(view)
        asked = may and source is not None and bool(state.get(Key.MAPPING))
        if labels and not (asked and view.source.run is None):  # else in the form
            st.dataframe(_labels(labels), hide_index=True)
        if not (
            may
            and source
            and st.toggle("Change", key=Key.MAPPING, bind="query-params", persist_state="session")
        ):
            return
        if view.source.run:
            st.caption("A run keeps the labels it was made with: run inference again afterwards.")
            table = datasets.table(source)
            reading, labels = table.reading, label_table(table.samples, _map_of(table.options))
            _reading(reading)
        _form(source, datasets.raw(source), reading.levels, labels)


def _reading(reading: Reading) -> None:
    for note in reading.notes:
        st.markdown(f"- {plain(note)}")
    if reading.levels:
        st.dataframe(_levels(reading.levels), hide_index=True)
    if reading.columns:
        columns = ", ".join(f"{plain(b)} → {plain(a)}" for a, b in reading.columns.items())
        st.caption(f"Columns: {columns}")


def _label_map(view: Scene) -> object:
    about = view.run.manifest["dataset"] if view.source.run else {"options": view.table.options}
    return _map_of(about.get("options") or {})


def _map_of(options: Mapping[str, object]) -> object:
    return options.get("label_map")


def _source(view: Scene) -> Source | None:
    """The dataset of a run, too."""
    if view.source.run is None:
        return view.source
    found = view.run.manifest["dataset"].get("path")
    return datasets.source(None, found) if isinstance(found, str) else None


def _levels(levels: tuple[Level, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Level": [each.level for each in levels],
            "Folders": [
                ", ".join(each.examples) + (" …" if each.folders > len(each.examples) else "")
                for each in levels
            ],
            "Role": [each.role for each in levels],
            "Told by": ["a guess" if each.guessed else "its name or you" for each in levels],
        }
    )


def _labels(labels: list[tuple[Label, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Label": [each.written for each, _ in labels],
            "Images": [images for _, images in labels],
            "Class": [
                taxonomy.titled(each.code) if each.code else "no class" for each, _ in labels
            ],
            "Why": [each.why for each, _ in labels],
            "Source": [each.source for each, _ in labels],
        }
    )


def _form(
    source: Source, raw: tuple[Raw, ...], levels: tuple[Level, ...], labels: list[tuple[Label, int]]
) -> None:
    """Asks for the roles of columns and levels and the classes of labels."""
    assert source.dataset is not None
    try:
        kept = kept_options.kept(source.dataset)
    except InputError as error:
        st.warning(plain(str(error)))
        kept = {}
    for each in raw:
        st.caption(f"{plain(each.name)}, the first rows")
        st.dataframe(each.rows, hide_index=True)
    with st.form(Key.MAPPING.of("form"), border=False):
        columns = _ask_columns(raw, kept.get("columns", {}))
        roles = _ask_levels(levels, kept.get("levels", {}))
        classes = _ask_labels(labels[:_MOST_LABELS])
        wanted = st.form_submit_button(
            "Keep with this dataset", type="primary", icon=":material/save:"
        )
    if wanted:
        told = {} if not labels else _changed(labels[:_MOST_LABELS], classes)
        known = kept.get("label_map", {})
        shown = {each.written for each, _ in labels[:_MOST_LABELS]}
        rest = {label: code for label, code in known.items() if label not in shown}
        _keep(source.dataset, {"columns": columns, "levels": roles, "label_map": rest | told})
    st.button(
        "Back to automatic recognition",
        key=Key.MAPPING.of("reset"),
        type="tertiary",
        icon=":material/restart_alt:",
        on_click=callback(_reset),
        args=(source.dataset,),
    )


def _ask_columns(raw: tuple[Raw, ...], kept: Mapping[str, str]) -> dict[str, str]:
    """Our column name → the table's, where one was chosen."""
    known = list(dict.fromkeys(column for each in raw for column in each.columns))
    if not known:
        return {}
    chosen: dict[str, str] = {}
    with st.grid(4, min_column_width=180) as cells:
        for name in COLUMNS:
            options = ["", *known]
            with cells.cell():
                column = st.selectbox(
                    _TITLES.get(name, name.replace("_", " ").capitalize()),
                    options,
                    index=options.index(kept[name]) if kept.get(name) in known else 0,
                    format_func=lambda value: value or _AUTOMATIC,
                    key=Key.MAPPING.of("column", name),
                )
            if column:
                chosen[name] = column
    return chosen


def _ask_levels(levels: tuple[Level, ...], kept: Mapping[str, str]) -> dict[str, str]:
    """Level → role, where one was chosen."""
    folders: dict[int, list[str]] = {}
    for each in levels:
        folders.setdefault(each.level, []).extend(each.examples)
    chosen: dict[str, str] = {}
    if not folders:
        return chosen
    with st.grid(2, min_column_width=300) as cells:
        for level, examples in folders.items():
            options = ["", *LEVEL_ROLES]
            said = kept.get(str(level), "")
            with cells.cell():
                role = st.selectbox(
                    f"Folders of level {level}: {plain(shortened(', '.join(examples), 60))}",
                    options,
                    index=options.index(said) if said in options else 0,
                    format_func=lambda value: value or _AUTOMATIC,
                    key=Key.MAPPING.of("level", level),
                )
            if role:
                chosen[str(level)] = role
    return chosen


def _ask_labels(labels: list[tuple[Label, int]]) -> list[str]:
    """A class for each label, empty for none."""
    if not labels:
        return []
    st.caption("Class of each label: a code, a name of your own, or nothing for no class.")
    edited = st.data_editor(
        pd.DataFrame(
            {
                "Label": [each.written for each, _ in labels],
                "Images": [images for _, images in labels],
                "Class": [each.code or _NO_CLASS for each, _ in labels],
            }
        ),
        hide_index=True,
        disabled=("Label", "Images"),
        key=Key.MAPPING.of("labels"),
    )
    return ["" if pd.isna(value) else str(value).strip() for value in edited["Class"]]


def _changed(labels: list[tuple[Label, int]], classes: list[str]) -> dict[str, str]:
    """The label map that leads to these classes: what differs from what is recognised."""
    alone = meanings([each.written for each, _ in labels], {})
    pairs = zip(labels, classes, strict=True)
    return {
        each.written: code for (each, _), code in pairs if (alone[each.written].code or "") != code
    }


def _keep(dataset: str, options: Mapping[str, Mapping[str, str]]) -> None:
    permissions.check(ACTION)
    kept_options.keep(dataset, options)
    permissions.note("mapped dataset", dataset=dataset)
    _forget_form()
    catalogue.forget()
    st.rerun()


def _reset(dataset: str) -> None:
    permissions.check(ACTION)
    kept_options.keep(dataset, {})
    permissions.note("mapped dataset", dataset=dataset)
    _forget_form()


def _forget_form() -> None:
    for key in state.keys_of(Key.MAPPING):
        if key != Key.MAPPING:
            state.take(key)
