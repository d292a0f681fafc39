"""The forms that bring in what other programs have made: predictions, which become a run without a
network, and embeddings, which become a feature space of the open run."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from dermxai.core import disk, paths
from dermxai.core.activation import ACTIVATIONS
from dermxai.core.errors import InputError
from dermxai.runs import feature_spaces
from dermxai.runs.predictions.file_content import KINDS, NOTHING, OUTPUT, ROLES
from dermxai.runs.predictions.importing import Options
from dermxai.runs.predictions.preview import ColumnRole, Preview
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.caches import datasets, imports
from dermxai.ui.session.caches.memory import changed
from dermxai.ui.session.state import Key

_AUTOMATIC = "automatic"
_TYPES = ["csv", "tsv", "txt", "xlsx", "json", "jsonl", "parquet", "npz"]
_PREDICTIONS, _EMBEDDINGS = "predictions", "embeddings"
_MOST = 400
"""Columns whose role can be changed; a wider table is told by `--role`."""


def buttons(dataset: str, run: str | None) -> None:
    """Open the forms; and the form that was asked for.

    Args:
        dataset: whose images were predicted.
        run: the open one, which embeddings are of.
    """
    if not permissions.may("start jobs"):
        return
    _button(_PREDICTIONS, "Import predictions", ":material/upload_file:")
    if run is not None:
        _button(_EMBEDDINGS, "Import embeddings", ":material/scatter_plot:")
    opened = state.get(Key.IMPORT.of("open"))
    if opened == _PREDICTIONS:
        _predictions(dataset)
    elif opened == _EMBEDDINGS and run is not None:
        _embeddings(run)


def _button(form: str, title: str, icon: str) -> None:
    st.button(
        title,
        key=Key.IMPORT.of(form),
        icon=icon,
        type="tertiary",
        on_click=callback(_open),
        args=(form,),
    )


def _open(form: str) -> None:
    state.put(Key.IMPORT.of("open"), form)


def _close() -> None:
    state.take(Key.IMPORT.of("open"))


@st.dialog("Import predictions", width="large", on_dismiss=callback(_close))
def _predictions(dataset: str) -> None:
    with guard():
        permissions.check("start jobs")
        _ask_predictions(dataset)


@st.dialog("Import embeddings", width="large", on_dismiss=callback(_close))
def _embeddings(run: str) -> None:
    with guard():
        permissions.check("start jobs")
        _ask_embeddings(run)


def _ask_predictions(dataset: str) -> None:
    st.markdown(
        "A table with a row for each image, or an `.npz` file: logits or probabilities of each "
        "class. No network is needed."
    )
    file = _ask_file("Predictions", _PREDICTIONS)
    if file is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = _ask_numbers()
    source, version = datasets.source(None, dataset), changed(file)
    recognised = imports.predictions(source, str(file), version, asked)
    if recognised.columns:
        asked |= _ask_roles(f"{version:x} {asked.get('classes')}", recognised)
    found = imports.predictions(source, str(file), version, asked)
    _first_rows(file.name, found.rows)
    for note in found.notes:
        st.markdown(f"- {plain(note)}")
    if found.refusal:
        st.error(plain(found.refusal), icon=":material/error:")
    if st.button(
        "Import", key=Key.IMPORT, type="primary", disabled=bool(found.refusal), width="content"
    ):
        jobs_panel.start(
            "import",
            predictions=str(file),
            dataset=dataset,
            dataset_options={"confine": True},
            **asked,
        )
        _close()
        st.rerun()


def _ask_numbers() -> Options:
    """What is said of the numbers; nothing of what they tell themselves."""
    asked = Options()
    numbers = st.selectbox("Numbers", [_AUTOMATIC, *KINDS], key=Key.IMPORT.of("numbers"))
    activation = st.selectbox(
        "Activation",
        [_AUTOMATIC, *ACTIVATIONS],
        key=Key.IMPORT.of("activation"),
        help="Softmax: the probabilities of an image add up to 1. Sigmoid: each class stands "
        "for itself.",
    )
    text = st.text_input(
        "Classes, in the order of the outputs",
        key=Key.IMPORT.of("classes"),
        placeholder="named in the file",
        help="With commas; of a single number the class that it speaks for last.",
    )
    if numbers != _AUTOMATIC:
        asked["numbers"] = numbers
    if activation != _AUTOMATIC:
        asked["activation"] = activation
    if classes := _parts(text):
        asked["classes"] = classes
    return asked


def _ask_roles(form: str, recognised: Preview) -> Options:
    """What is said of the columns of a table where it differs from what is recognised."""
    columns = recognised.columns[:_MOST]
    with st.expander("Columns", icon=":material/view_column:", expanded=bool(recognised.refusal)):
        edited = st.data_editor(
            pd.DataFrame(
                {
                    "Column": [each.name for each in columns],
                    "First row": [each.example for each in columns],
                    "Role": [each.role for each in columns],
                    "Output of": [each.output for each in columns],
                }
            ),
            column_config={
                "Role": st.column_config.SelectboxColumn(options=list(ROLES), required=True),
                "Output of": st.column_config.TextColumn(
                    help="The class of an output; of a single output both classes with a comma, "
                    "the one that it speaks for last."
                ),
            },
            disabled=("Column", "First row"),
            hide_index=True,
            width="stretch",
            key=Key.IMPORT.of("columns", form),
        )
        if len(recognised.columns) > _MOST:
            st.caption(f"The first {_MOST} of {len(recognised.columns):,} columns.")
    told = [
        ColumnRole(each.name, each.example, str(role), "" if pd.isna(of) else str(of).strip())
        for each, role, of in zip(columns, edited["Role"], edited["Output of"], strict=True)
    ]
    return changed_roles(columns, told)


def changed_roles(recognised: Sequence[ColumnRole], told: Sequence[ColumnRole]) -> Options:
    """``roles`` and ``classes`` of `importing.import_options` that lead from the recognised columns
    to those that a person has changed.

    Args:
        told: the same columns.
    """
    roles: dict[str, str] = {}
    by_role: dict[str, list[str]] = {}
    for before, now in zip(recognised, told, strict=True):
        by_role.setdefault(now.role, []).append(now.name)
        if before.role != now.role:
            roles[now.name] = now.role
    for role in set(roles.values()) | {each.role for each in recognised if each.name in roles}:
        if role != NOTHING:
            roles |= dict.fromkeys(by_role.get(role, ()), role)
    outputs = [each for each in told if each.role == OUTPUT]
    known = [each.output for each in recognised if each.role == OUTPUT]
    if [each.output for each in outputs] == known:
        return Options(roles=roles) if roles else Options()
    roles |= {each.name: OUTPUT for each in outputs}
    classes = [each.output or each.name for each in outputs]
    if len(outputs) == 1:
        classes = _parts(outputs[0].output)
    return Options(roles=roles, classes=classes) if classes else Options(roles=roles)


def _ask_embeddings(run: str) -> None:
    st.markdown(
        "Embeddings of another network, a row for each image of the open run: a table with "
        "numbered columns or a column of lists, or an `.npz` file with `ids` and `embeddings`."
    )
    file = _ask_file("Embeddings", _EMBEDDINGS)
    if file is None:
        return
    version = changed(file)
    columns = imports.of_embeddings(run, str(file), version, None).columns
    with st.container(horizontal=True, vertical_alignment="bottom"):
        space = st.text_input(
            "Name of the feature space",
            feature_spaces.named_after(file),
            key=Key.IMPORT.of("space", file.name),
            max_chars=40,
        ).strip()
        ids = None
        if columns:
            chosen = st.selectbox(
                "Column of the image",
                [_AUTOMATIC, *columns],
                key=Key.IMPORT.of("ids", file.name),
            )
            ids = None if chosen == _AUTOMATIC else chosen
    found = imports.of_embeddings(run, str(file), version, ids)
    _first_rows(file.name, found.rows)
    refusal = found.refusal
    try:
        feature_spaces.check_name(space)
    except InputError as error:
        refusal = str(error)
    st.error(plain(refusal), icon=":material/error:") if refusal else st.markdown(found.note)
    if st.button(
        "Import", key=Key.IMPORT.of("add"), type="primary", disabled=bool(refusal), width="content"
    ):
        asked = {"ids": ids} if ids else {}
        jobs_panel.start(
            "import_embeddings",
            run=str(paths.runs() / run),
            embeddings=str(file),
            space=space,
            **asked,
        )
        _close()
        st.rerun()


def _first_rows(name: str, rows: pd.DataFrame) -> None:
    st.caption(f"{plain(name)}, the first rows")
    st.dataframe(rows, hide_index=True, width="stretch")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _ask_file(title: str, form: str) -> Path | None:
    """The file that was sent or named; None as long as there is none.

    Raises:
        InputError: visitors may not open it, or it is not there.
    """
    sent = st.file_uploader(title, _TYPES, key=Key.IMPORT.of("file", form))
    named = ""
    if permissions.may("open paths"):
        named = st.text_input("or the path of a file", key=Key.IMPORT.of("path", form)).strip()
    if sent is not None:
        return _kept(sent.name, sent.getvalue())
    if not named:
        return None
    permissions.check("open paths")
    file = paths.inside_roots(named)
    if not file.is_file():
        raise InputError(f"There is no file {named}.")
    return file


def _kept(name: str, content: bytes) -> Path:
    """A file that was sent, in the workspace for the job that reads it."""
    plain_name = re.sub(r"[^\w. -]+", "_", Path(name).name)[-100:] or "predictions"
    place = paths.predictions() / hashlib.sha256(content).hexdigest()[:16] / plain_name
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        with disk.replacing(place) as path:
            path.write_bytes(content)
    return place
