"""Images of another run of the same network, to learn from: those that have a label of the model
and are no copies of images that are measured, nor of their patients."""

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.settings import Settings, setting
from dermxai.data import picture_hash
from dermxai.remedies.images import TEST, divided, images_of
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError
from dermxai.runs import Run


class AddSettings(Settings):
    run: str = setting("", "Id or folder of a run of the same network over other images")


class AddRun(Remedy[AddSettings]):
    @override
    def runs(self, settings: AddSettings) -> tuple[str, ...]:
        return (settings.run.strip(),) if settings.run.strip() else ()

    @override
    def fitted(self, bench: Bench, settings: AddSettings) -> Fitted:
        if not (names := self.runs(settings)):
            raise SkippedError("No other run is named.")
        other = bench.others[names[0]]
        mine = bench.training.outputs
        if other.imported or bench.run.imported:
            raise InputError("Images of imported runs cannot be added: their network is not known.")
        if other.made_by["hash"] != bench.run.made_by["hash"]:
            raise InputError(
                f"Run {other.id} is of the network {other.made_by['name']}, and this one of "
                f"{bench.run.made_by['name']}; features go together of one network only."
            )
        if mine.classes != bench.run.classes or mine.parts.shape[1] != len(bench.run.heads):
            raise InputError("Images are added before remedies that change predictions.")
        rows, held = _usable(bench, other)
        if not rows.size:
            raise SkippedError(f"Run {other.id} has no image that can be added.")
        training = bench.training.followed_by(images_of(other, rows))
        left = f"; {count(held, 'image')} left out, which are measured or chosen on, or of their "
        note = f"{count(int(rows.size), 'image')} of run {other.id} added" + (
            f"{left}patients." if held else "."
        )
        return Fitted(training=training, added=True, notes=(note,))


def _usable(bench: Bench, other: Run) -> tuple[NDArray[np.intp], int]:
    """Rows to add, and how many are left out that are of images or patients held out here."""
    division = divided(bench.run)
    held = np.concatenate([division.validation, division.test])
    labelled = other.samples["label"].isin(bench.run.classes).to_numpy(dtype=bool)
    if other.split is not None:
        labelled = labelled & (other.split != TEST).fillna(True).to_numpy(dtype=bool)
    shared = np.isin(
        other.groups.to_numpy(dtype=object), bench.run.groups.to_numpy(dtype=object)[held]
    )
    shared |= np.isin(
        other.samples["sample_id"].to_numpy(dtype=object),
        bench.run.samples["sample_id"].to_numpy(dtype=object)[held],
    )
    if other.fingerprints is not None and bench.run.fingerprints is not None:
        shared |= np.isin(other.fingerprints, bench.run.fingerprints[held])
    if other.picture_hashes is not None and bench.run.picture_hashes is not None and held.size:
        told = np.asarray(bench.run.picture_hashes[held])
        told = told[picture_hash.telling(told)]
        if len(told):
            bits = picture_hash.nearest(np.asarray(other.picture_hashes), told[:, 0])[1]
            shared = shared | (bits <= picture_hash.NEAR) & picture_hash.telling(
                other.picture_hashes
            )
    return np.flatnonzero(labelled & ~shared), int((labelled & shared).sum())


ADD_RUN = AddRun(
    name="add_run",
    title="Add a run's images",
    note="Lets the remedies that follow learn from images of another run of the same network.",
    settings=AddSettings,
)
