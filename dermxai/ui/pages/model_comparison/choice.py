"""Which runs are compared, on which images, by which rule."""

from collections.abc import Sequence
from functools import partial
from itertools import islice

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.metrics.comparison import MOST
from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.regrouping import Per, Regrouping
from dermxai.report.comparison import Compared
from dermxai.report.regrouping import regrouping_of
from dermxai.ui.app.guard import callback
from dermxai.ui.components.text import plain
from dermxai.ui.pages.performance.measures import ask_merges
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import evaluated, stored_runs
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_SEPARATOR = ","


def ask_runs(scene: Scene) -> tuple[str, ...]:
    """Ids of the open run and of those beside it; the address says which. At first the newest other
    run over the same dataset that can be compared."""
    entries = {each.id: each for each in catalogue.entries()}
    here = entries.get(scene.run_id)
    others = [name for name in entries if name != scene.run_id]
    if here is not None:
        others.sort(key=lambda name: entries[name].dataset != here.dataset)
    asked = state.view().models
    if asked is None:
        alike = (name for name in others if here and entries[name].dataset == here.dataset)
        chosen = list(islice((n for n in alike if _is_comparable(n, scene.run.classes)), 1))
    else:
        chosen = [name for name in dict.fromkeys(asked.split(_SEPARATOR)) if name in others]
    labels = catalogue.told_apart(
        [scene.run_id, *others], lambda name: _label(name, entries, here.dataset if here else None)
    )
    key = Key.MODELS.value
    state.put(key, chosen[: MOST - 1])
    st.multiselect(
        f"Beside {plain(labels[scene.run_id])}",
        others,
        key=key,
        format_func=lambda name: labels.get(name, name),
        max_selections=MOST - 1,
        placeholder="Choose one to five runs",
        on_change=callback(_chosen),
        width=560,
    )
    if asked and (lost := len(set(asked.split(_SEPARATOR)) - set(entries))):
        st.caption(f":material/info: {lost} of the runs in this link are not in this workspace.")
    return (scene.run_id, *chosen[: MOST - 1])


def _is_comparable(run_id: str, classes: Sequence[str]) -> bool:
    """Whether a run is whole and knows two of the classes: nobody is led to one that does not."""
    try:
        return len(set(stored_runs.run(run_id).classes) & set(classes)) >= 2
    except InputError:
        return False


def _label(run_id: str, entries: dict[str, catalogue.Entry], dataset: str | None) -> str:
    entry = entries.get(run_id)
    if entry is None:
        return run_id
    name = catalogue.checkpoint_name(entry.checkpoint)
    if entry.dataset == dataset:
        return name
    return f"{name} · {entry.dataset.rpartition('/')[2]}"


def _chosen() -> None:
    chosen = state.texts(Key.MODELS)
    # an empty choice is a choice, too
    state.show(models=_SEPARATOR.join(chosen) or _SEPARATOR)


def ask_regrouping(scene: Scene) -> tuple[Regrouping, bool]:
    """What is compared, of which classes, and whether the mean of all models is a further one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        per = st.segmented_control(
            "Measured per",
            [str(each).capitalize() for each in Per],
            key=Key.PER,
            default="Image",
            required=True,
            help="Per lesion or patient, runs over other images of these are joined, too: "
            "clinical and dermoscopic photographs, say.",
            bind="query-params",
            persist_state="session",
        )
        merges = ask_merges(scene.run.classes)
        average = st.toggle(
            "With the mean of all",
            key=Key.MEAN_MODEL,
            help="A further model, whose probabilities are the mean of the others'; of two images "
            "of each lesion a model of two images.",
            bind="query-params",
            persist_state="session",
        )
    return regrouping_of(scene.run.classes, merges, str(per).lower()), bool(average)


def comparison(
    run_ids: Sequence[str],
    split: str | None,
    with_leaks: bool,
    point: OperatingPoint | None,
    how: tuple[Regrouping, bool],
) -> Compared:
    """The comparison; under argmax, and why, where no operating point can be chosen.

    Raises:
        InputError: the runs cannot be compared.
    """
    regrouping, average = how
    asked = partial(
        evaluated.comparison,
        tuple(run_ids),
        split,
        with_leaks,
        regrouping=regrouping,
        average=average,
    )
    try:
        return asked(point=point)
    except InputError as error:
        if point is None:
            raise
        found = asked()
        st.warning(f"{plain(str(error))} Shown: argmax.")
        return found
