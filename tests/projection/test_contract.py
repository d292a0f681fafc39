"""A projection that is wrong in one way is told so; those of the package are right in all."""

from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from dermxai.core.errors import Cancelled
from dermxai.projection.contract import projection_faults
from dermxai.projection.methods.pca import PCA, Pca
from dermxai.projection.projector import ProjectionMethod

WRONG: list[tuple[str, ProjectionMethod[Any]]] = []


def says(sentence: str, **changed: Any):
    """A class whose instance the contract answers with such a sentence."""

    def kept(made: type[Pca]) -> type[Pca]:
        WRONG.append((sentence, made(**{**vars(PCA), **changed})))
        return made

    return kept


class Changed(Pca):
    """PCA, and something done with its coordinates."""

    def change(self, values: np.ndarray) -> Any:
        return values

    @override
    def embed(self, features, settings, progress):
        values, notes = super().embed(features, settings, progress)
        return self.change(values), notes


@says("The coordinates are an array (60, 3) of float64; expected (60, 2) of numbers.")
class Three(Changed):
    def change(self, values):
        return np.hstack([values, values[:, :1]])


@says("The coordinates are an array (2, 60) of float64")
class Turned(Changed):
    def change(self, values):
        return values.T


@says("1 of the coordinates are not finite.")
class NotFinite(Changed):
    def change(self, values):
        values[3, 1] = np.nan
        return values


@says("All images lie at one place.")
class OnePlace(Changed):
    def change(self, values):
        return 0 * values


@says("Of images as they come, ")
class OtherRows(Changed):
    def change(self, values):
        return values[np.argsort(values[:, 0])]


@says("Of images as they come, ")
class Noise(Changed):
    def change(self, values):
        return np.random.default_rng(0).standard_normal(values.shape)


@says("Of images in another order, ")
class HangsOnTheOrder(Pca):
    @override
    def embed(self, features, settings, progress):
        made, notes = super().embed(features, settings, progress)
        row = np.arange(len(made), dtype=float)
        return np.stack([10 * (row % 3), row / 1e3], axis=1), notes


@says("The same features twice give two maps")
class Chance(Changed):
    def change(self, values):
        return values + np.random.default_rng().standard_normal(values.shape)


@says("embed draws from the random state of the process")
class OfTheProcess(Changed):
    def change(self, values):
        np.random.rand()  # noqa: NPY002
        return values


@says("embed changes the features that it is given; work on a copy.")
class InPlace(Pca):
    @override
    def embed(self, features, settings, progress):
        features -= features.mean(axis=0)
        return super().embed(features, settings, progress)


@says("embed never calls progress, so it cannot be cancelled.")
class Silent(Pca):
    @override
    def embed(self, features, settings, progress):
        return super().embed(features, settings, lambda *_: None)


@says("progress ends with 0 of 5; expected steps that rise")
class EndsEarly(Pca):
    @override
    def embed(self, features, settings, progress):
        progress(0, 5)
        return super().embed(features, settings, lambda *_: None)


@says("embed catches what progress raises, and goes on.")
class Stubborn(Pca):
    @override
    def embed(self, features, settings, progress):
        try:
            return super().embed(features, settings, progress)
        except Cancelled:
            return super().embed(features, settings, lambda *_: None)


@says("Of the fewest images that it needs, 2: embed raises ValueError: too few.")
class NeedsMore(Changed):
    def change(self, values):
        if len(values) < 4:
            raise ValueError("too few")
        return values


@says("Of three images, ten times each: embed raises FloatingPointError")
class Divides(Pca):
    @override
    def embed(self, features, settings, progress):
        nearest = np.abs(features[:, None] - features[None]).sum(-1)
        np.fill_diagonal(nearest, 1)
        with np.errstate(divide="raise"):
            np.divide(1, nearest.min(axis=1))
        return super().embed(features, settings, progress)


@says("Of a single feature: embed raises IndexError")
class TwoFeatures(Pca):
    @override
    def embed(self, features, settings, progress):
        _ = features[:, 1]
        return super().embed(features, settings, progress)


@says("embed gives a ndarray; expected coordinates and a tuple of notes.")
class NoNotes(Pca):
    @override
    def embed(self, features, settings, progress):
        return super().embed(features, settings, progress)[0]


@says("It raises RuntimeError: broken (test_contract.py, line ")
class Broken(Pca):
    @override
    def embed(self, features, settings, progress):
        raise RuntimeError("broken")


@says("fewest is 1; expected at least 2.", fewest=1)
class Undescribed(Pca):
    pass


@says("embed takes self, features, settings; expected self, features, settings, progress.")
class OtherSignature(Pca):
    def embed(self, features, settings):  # type: ignore[override]
        return features[:, :2], ()


@pytest.mark.parametrize(("sentence", "made"), WRONG)
def test_what_is_wrong_is_said(sentence: str, made: ProjectionMethod[Any]) -> None:
    found = list(projection_faults(made))
    assert any(sentence in fault for fault in found), found
    assert all(fault.endswith(".") and "\n" not in fault for fault in found)


def test_what_is_right_is_not() -> None:
    assert list(projection_faults(Changed(**vars(PCA)))) == []
