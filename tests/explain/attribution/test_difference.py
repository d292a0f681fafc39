from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.explain import diagnose
from dermxai.explain.attribution.difference import RELATIVE, difference
from dermxai.explain.attribution.method import DENSITY_UNIT, Attribution
from dermxai.models import load_classifier


def made(values, unit: str = "logit") -> Attribution:
    values = np.asarray(values, np.float32)
    return Attribution(values, values, "any", "EAD", "SD", None, unit, True, False)


def test_of_the_sum_and_the_final_head_it_is_what_the_others_saw(tiny_checkpoint: Path, photograph):
    diagnosis = diagnose(load_classifier(tiny_checkpoint), photograph)
    found = difference(
        diagnosis.attribution("vote_map", "EAD", "SD"),
        diagnosis.attribution("grad_cam", "EAD", "SD"),
    )
    assert found.unit == found.density_unit == DENSITY_UNIT
    expected = diagnosis.density("EAD", "SD") - diagnosis.density("EAD", "SD", head=-1)
    np.testing.assert_allclose(found.map, expected, atol=1e-5 * np.abs(expected).max())


def test_maps_of_several_resolutions_are_compared_per_area():
    coarse = Attribution(
        *(np.full((8, 8), 4, np.float32), np.full((2, 2), 4, np.float32)),
        *("any", "EAD", "SD", None, "logit per position", True, False),
        per_area=DENSITY_UNIT,
    )
    fine = replace(coarse, map=coarse.map / 4, native=np.full((4, 4), 1, np.float32))
    found = difference(coarse, fine)
    assert found.unit == DENSITY_UNIT and not found.notes
    np.testing.assert_allclose(found.map, 0, atol=1e-6)


def test_other_units_are_compared_by_where_they_lie():
    values = np.random.default_rng(0).normal(size=(8, 9))
    same = difference(made(values), made(5 * values, unit="share"))
    np.testing.assert_allclose(same.map, 0, atol=1e-6)
    assert same.unit == RELATIVE
    assert "share" in same.notes[0]
    assert not difference(made(values), made(values)).notes


def test_nothing_and_different_images():
    assert np.isfinite(difference(made(np.zeros((2, 2))), made(np.ones((2, 2)), "share")).map).all()
    with pytest.raises(InputError, match="one image"):
        difference(made(np.zeros((2, 2))), made(np.zeros((2, 3))))
