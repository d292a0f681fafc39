"""Which images something is asked of: all, the selection, or a slice of the dataset."""

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.data import selection
from dermxai.slices import find_slices, selected
from dermxai.slices.of_run import dataset_path
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.session.caches import stored_runs
from dermxai.ui.session.scene import Scene

_ALL, _SELECTION = "", "selection"
_SLICE = "slice:"


def dataset_of(scene: Scene) -> str:
    """Path of the open dataset, which names its slices.

    Raises:
        InputError: the run does not say of which dataset it is.
    """
    if scene.source.run is None:
        assert scene.source.dataset is not None
        return scene.source.dataset
    return dataset_path(stored_runs.run(scene.source.run))


def ask(scene: Scene, label: str, key: str) -> str | None:
    """All images, the selection or a slice, where there is a choice.

    Returns:
        Key of a selection of what is chosen; None for all images.
    """
    dataset = dataset_of(scene)
    held = scene.selection
    slices = _slices(dataset)
    if held is None and not slices:
        return None
    chosen = st.selectbox(
        label,
        [_ALL, *([_SELECTION] if held else []), *slices],
        key=key,
        format_func=lambda name: (
            f"the selection ({len(held or ()):,})" if name == _SELECTION else _named(name)
        ),
        persist_state="session",
        width=240,
    )
    if chosen == _SELECTION and held is not None:
        return selection.keep(held)
    return _key(dataset, chosen) or None


def ask_slice(dataset: str, label: str, key: str, held: str, *, none: str, about: str) -> str:
    """A slice of a dataset, or none.

    Args:
        held: key of a selection that is offered, too, and chosen first; empty: none is.
        none: what it is called to choose none.
        about: help.

    Returns:
        Key of a selection of what is chosen; empty for none.
    """
    options = [_ALL, *([held] if held else []), *_slices(dataset)]
    chosen = st.selectbox(
        label,
        options,
        index=1 if held else 0,
        key=key,
        format_func=lambda name: title(name) if name and name == held else _named(name, none),
        help=about,
    )
    return held if chosen == held else _key(dataset, chosen)


def title(key: str) -> str:
    """What a selection is called; its key where it is no longer there."""
    try:
        return plain(shortened(selection.read(key).title, 60))
    except InputError:
        return key


def _key(dataset: str, chosen: str | None) -> str:
    """Of a selection with the images of a slice as they are now; empty for none."""
    if not chosen or not chosen.startswith(_SLICE):
        return ""
    return selected(dataset, chosen.removeprefix(_SLICE))


def _slices(dataset: str) -> list[str]:
    return [_SLICE + each.name for each in find_slices(dataset)[0]]


def _named(name: str, none: str = "all images") -> str:
    return plain(shortened(name.removeprefix(_SLICE), 40)) or none
