"""Weights of images: rare classes, or rare groups of patients within them, count more in what is
fitted afterwards."""

from dataclasses import replace

import numpy as np
import pandas as pd
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.remedies.images import Images
from dermxai.remedies.outputs import Floats
from dermxai.remedies.remedy import Bench, Fitted, Remedy

MOST_GROUPS = 200


class WeightSettings(Settings):
    column: str = setting(
        "", "Column of the dataset whose values are the groups, within each class; empty: classes"
    )
    power: float = setting(
        1.0, "0: images count alike; 1: groups count alike, however few images they have", 0.0, 1.0
    )


class ImageWeights(Remedy[WeightSettings]):
    @override
    def fitted(self, bench: Bench, settings: WeightSettings) -> Fitted:
        training, validation = (
            replace(images, weight=images.weight * _weights(images, settings))
            for images in (bench.training, bench.validation)
        )
        return Fitted(training=training, validation=validation)


def group_weights(groups: "pd.Series[str]", power: float = 1.0) -> Floats:
    """(m,) (m / (groups · images of the group)) ** power, as scikit-learn's "balanced" for 1."""
    images = groups.groupby(groups).transform("size").to_numpy(np.float64)
    return np.asarray((len(groups) / (max(groups.nunique(), 1) * images)) ** power, np.float64)


def _weights(images: Images, settings: WeightSettings) -> Floats:
    made = np.ones(len(images))
    known = images.known
    groups = pd.Series(images.labels[known], dtype="str")
    if settings.column:
        if settings.column not in images.columns:
            there = ", ".join(map(str, images.columns.columns))
            raise InputError(
                f"The dataset has no column {settings.column!r}; its columns: {there}."
            )
        values = images.columns[settings.column].astype("str").fillna("")
        if values.nunique() > MOST_GROUPS:
            raise InputError(
                f"{settings.column} has {values.nunique():,} values; weights are by groups, at "
                f"most {MOST_GROUPS}."
            )
        groups = groups + "\0" + values[known].reset_index(drop=True)
    made[known] = group_weights(groups, settings.power)
    return made


IMAGE_WEIGHTS = ImageWeights(
    name="image_weights",
    title="Weights by class or group",
    note="Lets rare classes or groups count more in the remedies that follow.",
    settings=WeightSettings,
)
