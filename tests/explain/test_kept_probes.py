"""Counterfactuals and robustness on disk: what was written is read, and nothing else is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.explain.counterfactual import kept as counterfactuals
from dermxai.explain.counterfactual.search import (
    Counterfactual,
    CounterfactualSettings,
    Donor,
    RandomSets,
)
from dermxai.explain.robustness import kept as cards
from dermxai.explain.robustness.evaluate import Robustness


@pytest.fixture
def counterfactual() -> Counterfactual:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
    edited = picture.copy()
    edited[:5] = 0
    return Counterfactual(
        prediction="EAD",
        into="纤维瘤",
        donor=None,
        picture=picture,
        edited=edited,
        pieces=np.repeat(np.arange(4), 100).reshape(20, 20),
        chosen=(0,),
        flipped=True,
        areas=np.array([0.0, 25.0]),
        leads=np.array([1.5, -0.25]),
        area=25.0,
        lead=-0.25,
        random=RandomSets(np.array([25.0]), rng.normal(size=(6, 1))),
        notes=("a note",),
    )


@pytest.fixture
def card() -> Robustness:
    table = pd.DataFrame(
        {
            "group": ["flip", "blur"],
            "name": ["upside down", "σ 2"],
            "prediction": ["EAD", "SD"],
            "flipped": [False, True],
            "margin": [1.25, -0.5],
            "rank_correlation": [0.75, np.nan],
            "overlap": [0.5, np.nan],
        }
    )
    return Robustness("EAD", "SD", 1.5, table, ("a note",))


def test_a_counterfactual_comes_back(counterfactual: Counterfactual, tmp_path: Path) -> None:
    file = tmp_path / "probes" / "one.npz"
    counterfactuals.write(file, counterfactual)
    found = counterfactuals.read(file)
    assert found is not None
    for name in ("prediction", "into", "donor", "chosen", "flipped", "area", "lead", "notes"):
        assert getattr(found, name) == getattr(counterfactual, name)
    for name in ("picture", "edited", "pieces", "areas", "leads", "mask"):
        assert np.array_equal(getattr(found, name), getattr(counterfactual, name))
    assert found.random.flip_rate == counterfactual.random.flip_rate
    assert np.array_equal(found.random.band, counterfactual.random.band)


def test_a_card_comes_back(card: Robustness, tmp_path: Path) -> None:
    file = tmp_path / "one.npz"
    cards.write(file, card)
    found = cards.read(file)
    assert found is not None
    pd.testing.assert_frame_equal(found.table, card.table, check_dtype=False)
    pd.testing.assert_frame_equal(found.groups, card.groups, check_dtype=False)
    assert (found.margin, found.notes, found.flip_rate) == (1.5, ("a note",), 0.5)


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\3\4" + b"\0" * 40])
def test_what_is_no_archive_is_not_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "one.npz"
    file.write_bytes(content)
    assert counterfactuals.read(file) is None
    assert cards.read(file) is None
    assert counterfactuals.read(tmp_path / "none.npz") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"edited": np.zeros((20, 21, 3), np.uint8)},
        {"pieces": np.zeros((20, 20))},
        {"leads": np.array([1.5])},
        {"leads": np.array([1.5, np.nan])},
        {"random_leads": np.zeros((0, 1))},
        {"random_areas": np.zeros(3)},
        {"picture": np.zeros((0, 0, 3), np.uint8)},
        {"about": np.array(json.dumps({"prediction": 3}))},
        {"about": np.array("[" * 5_000)},
    ],
    ids=str,
)
def test_a_counterfactual_whose_parts_disagree_is_not_read(
    changes: dict[str, object], counterfactual: Counterfactual, tmp_path: Path
) -> None:
    file = tmp_path / "one.npz"
    counterfactuals.write(file, replace(counterfactual, into="SD"))
    with np.load(file) as held:
        np.savez(file, **dict(held) | changes)
    assert counterfactuals.read(file) is None


@pytest.mark.parametrize(
    "changes",
    [{"margin": np.zeros(3)}, {"flipped": np.zeros(2)}, {"overlap": np.array(["a", "b"])}],
)
def test_a_card_whose_parts_disagree_is_not_read(
    changes: dict[str, object], card: Robustness, tmp_path: Path
) -> None:
    file = tmp_path / "one.npz"
    cards.write(file, card)
    with np.load(file) as held:
        np.savez(file, **dict(held) | changes)
    assert cards.read(file) is None


def test_names_depend_on_all_that_went_in() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    mask, plain = np.ones((4, 4), bool), CounterfactualSettings()

    def name(**changes: object) -> str:
        asked: dict[str, object] = {"donor": None, "mask": None, "settings": plain, **changes}
        first = (asked.pop("network", "n"), asked.pop("image", image), asked.pop("into", "EAD"))
        return counterfactuals.name_of(*first, **asked)  # type: ignore[arg-type]

    names = [
        name(),
        name(network="m"),
        name(image=image + 1),
        name(into="SD"),
        name(mask=mask),
        name(settings=CounterfactualSettings(draws=30)),
        name(donor=Donor("d", image)),
        name(donor=Donor("d", image, mask)),
        name(donor=Donor("e", image)),
        cards.name_of("n", image, "EAD", 0),
        cards.name_of("n", image, "EAD", 1),
        cards.name_of("n", image, "SD", 0),
    ]
    assert len(set(names)) == len(names)
    assert name() == name()
