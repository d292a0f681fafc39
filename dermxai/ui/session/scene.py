"""The view resolved against its run: what every page draws from."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dermxai.core.errors import InputError
from dermxai.data.selection import Selection
from dermxai.explain.attribution.dropped import DROPPED
from dermxai.runs import Run
from dermxai.ui.app import permissions
from dermxai.ui.components.text import percent, plain, shortened
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import datasets, stored_runs
from dermxai.ui.session.caches.datasets import Source, Table
from dermxai.ui.session.state import Key, View


class NotInferredError(InputError):
    """There is no run of this checkpoint over this dataset."""


@dataclass(frozen=True)
class Scene:
    source: Source
    table: Table
    selection: Selection | None
    primary: str | None
    pinned: str | None
    notes: tuple[str, ...]
    """What of the address is not here."""

    @property
    def run_id(self) -> str:
        """
        Raises:
            NotInferredError: the checkpoint has not seen the dataset yet.
        """
        if self.source.run is None:
            raise NotInferredError(
                "This checkpoint has not seen this dataset yet: press Run inference at the left."
            )
        return self.source.run

    @cached_property
    def run(self) -> Run:
        """
        Raises:
            InputError: it cannot be opened, or as ``run_id``.
        """
        return stored_runs.run(self.run_id)

    @property
    def path_through(self) -> tuple[str, ...]:
        """What previous and next step through: the selection, or else everything."""
        return self.selection.sample_ids if self.selection else self.table.sample_ids

    def path(self, sample_id: str) -> str:
        return str(self.table.samples.at[sample_id, "path"])

    def label(self, sample_id: str) -> str | None:
        label = self.table.samples.at[sample_id, "label"]
        return label if isinstance(label, str) else None

    def told(self, sample_id: str) -> str:
        """Name, label and prediction of an image in words, for those who do not see it."""
        label = self.label(sample_id)
        words = [sample_id, "no label" if label is None else f"label {label}"]
        if self.source.run is not None:
            position = self.table.samples.index.get_loc(sample_id)
            words.append(f"predicted as {self.run.predicted[position]}")
        return ", ".join(words)

    def caption(self, sample_id: str) -> str:
        """Label and prediction of an image, as Markdown."""
        label = self.label(sample_id)
        if self.source.run is None:
            return plain(label or "no label")
        position = self.table.samples.index.get_loc(sample_id)
        predicted, share = str(self.run.predicted[position]), self.run.probabilities[position].max()
        prediction = f"{plain(shortened(predicted, 14))} {percent(share, 0)}"
        if label is None or label == predicted:
            return prediction
        return f":orange[{plain(shortened(label, 14))} → {prediction}]"


def scene() -> Scene:
    """What the address asks for, as far as it is here.

    Raises:
        InputError: neither a run nor a dataset is open, or it cannot be opened.
    """
    view = state.view()
    source = datasets.source(view.run, view.dataset)
    if not permissions.may("open paths"):
        catalogue.check_listed(view)
    table = datasets.table(source)
    _note(source, table)
    selection, notes = _selection(view, table)
    return Scene(
        source,
        table,
        selection,
        primary=view.primary if view.primary in table.samples.index else None,
        pinned=view.pinned if view.pinned in table.samples.index else None,
        notes=(*notes, *_lost(view, table)),
    )


def _note(source: Source, table: Table) -> None:
    """Notes once who looks at a dataset."""
    opened = [source.run or source.dataset, table.name]
    if state.get(Key.OPENED) != opened:
        state.put(Key.OPENED, opened)
        permissions.note("opened dataset", dataset=table.name, run=source.run)


def _selection(view: View, table: Table) -> tuple[Selection | None, tuple[str, ...]]:
    if view.sel is None:
        return None, ()
    try:
        asked = datasets.selection(view.sel)
    except InputError as error:
        return None, (str(error),)
    present = asked.within(table.samples.index)
    lost = len(asked) - len(present)
    note = f"{lost} of the {len(asked)} selected images are not in this dataset."
    return present if len(present) else None, (note,) if lost else ()


def _lost(view: View, table: Table) -> Iterator[str]:
    for kind, sample_id in (("primary", view.primary), ("pinned", view.pinned)):
        if sample_id and sample_id not in table.samples.index:
            yield f"The {kind} image {sample_id} is not in this dataset."
    if said := DROPPED.get(view.method or ""):
        yield said
