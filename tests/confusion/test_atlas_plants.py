"""On drawn lesions the card names what was planted. `atlas_plants.npz` holds what
`python -m benchmarks.atlas_causes` makes; the nightly run makes it anew."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks.atlas_causes import PLANTS, kept, opened, planted
from dermxai.confusion.causes import find_causes
from dermxai.confusion.finding import CauseCard
from dermxai.confusion.pair_images import contradicted_within

Held: TypeAlias = Mapping[str, tuple[NDArray[np.float16], pd.DataFrame]]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    if os.environ.get("DERMXAI_NIGHTLY"):
        return opened(kept(tmp_path_factory.mktemp("atlases")))
    return opened(Path(__file__).with_name("atlas_plants.npz"))


def card(held: Held, name: str) -> CauseCard:
    plant = PLANTS[name]
    return find_causes(planted(plant, *held[plant.atlas], seed=0))


@pytest.mark.parametrize("name", [name for name, plant in PLANTS.items() if plant.causes])
def test_the_planted_cause_is_named(held: Held, name: str) -> None:
    found = card(held, name)
    assert {each.cause for each in found.named}.intersection(PLANTS[name].causes), found.findings


@pytest.mark.parametrize("name", [name for name, plant in PLANTS.items() if not plant.causes])
def test_no_cause_is_named_where_none_was_planted(held: Held, name: str) -> None:
    found = card(held, name)
    assert not found.named
    assert len(found.asked) >= 3


def test_a_plant_is_not_named_by_the_others(held: Held) -> None:
    """Where it is not planted, the images are the same and the cause is asked."""
    (one,) = (each.cause for each in card(held, "shortcut").named)
    asked = {each.cause: each for each in card(held, "nothing, classes alike").findings}[one]
    assert asked.skipped is None and not asked.named


def test_half_of_a_lesion_contradicts_the_other_half() -> None:
    lesions = pd.Series(["a", "a", "b", "b", "b", None, "c"], dtype="str")
    positive = np.array([True, False, True, True, False, True, True])
    expected = [True, True, False, False, True, False, False]
    assert contradicted_within(lesions, positive).tolist() == expected
