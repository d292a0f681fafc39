from itertools import pairwise
from pkgutil import iter_modules

import cv2
import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.data.atlas import diseases
from dermxai.data.atlas.render import draw_lesion, render
from dermxai.data.atlas.settings import IMAGES, OVERLAP

ALL = {"hair": 1.0, "ruler": 1.0, "ink": 1.0, "bubbles": 1.0}
MIXED = [(code, other) for code, others in OVERLAP.items() for other in others]
PICTURES = [(code, "") for code in IMAGES] + MIXED
every_picture = pytest.mark.parametrize(("code", "other"), PICTURES)
every_disease = pytest.mark.parametrize("code", IMAGES)


def test_every_class_is_drawn_by_a_file_of_its_own():
    assert set(IMAGES) == set(taxonomy.CODES)
    files = {each.name for each in iter_modules(diseases.__path__) if each.name[0] != "_"}
    assert files == {code.lower() for code in IMAGES}


@every_picture
def test_evidence_is_a_part_of_the_lesion(shot, code, other):
    plate = render(shot(code, other=other, other_share=0.4 if other else 0.0), 7, 160, {})
    assert plate.rgb.shape == (160, 160, 3)
    assert plate.rgb.dtype == np.uint8
    assert plate.evidence.any()
    assert not (plate.evidence & ~plate.lesion).any()
    if code != "PWS":  # there the even colour is the sign: the whole stain
        assert plate.evidence.mean() < 0.8


@every_disease
def test_pixels_depend_on_nothing_but_the_shot(shot, code):
    first = render(shot(code), 7, 96, ALL)
    other = render(shot(code, image=2), 7, 96, ALL)
    render(shot(code, number=4), 8, 64, {})
    again = render(shot(code), 7, 96, ALL)
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.evidence, again.evidence)
    assert (other.rgb != first.rgb).any()


def test_another_seed_is_another_patient(shot):
    assert (render(shot("MN"), 7, 64, {}).rgb != render(shot("MN"), 8, 64, {}).rgb).any()


@every_disease
def test_artefacts_lie_on_the_picture_and_leave_the_truth_alone(shot, code):
    clean, covered = (render(shot(code), 7, 64, rates) for rates in ({}, ALL))
    assert covered.artefacts == tuple(ALL)
    assert clean.artefacts == ()
    assert (clean.rgb != covered.rgb).any()
    np.testing.assert_array_equal(clean.lesion, covered.lesion)
    np.testing.assert_array_equal(clean.evidence, covered.evidence)


@every_picture
def test_every_size_draws_the_same_picture(shot, code, other):
    """Apart from single structures: the chance that one is there is read from a pixel."""
    sheets = [
        draw_lesion(shot(code, other=other, other_share=0.4 if other else 0.0), 7, size)
        for size in (80, 160)
    ]
    small, large = (cv2.resize(sheet.render(), (80, 80)) for sheet in sheets)
    blurred = [cv2.GaussianBlur(picture, (0, 0), 2.0).ravel() for picture in (small, large)]
    assert np.corrcoef(*blurred)[0, 1] > 0.95
    if code != "AV":  # its lesion is made of such structures
        assert sheets[0].lesion.mean() == pytest.approx(sheets[1].lesion.mean(), rel=0.05)


@every_picture
@pytest.mark.parametrize("size", [32, 33])
def test_the_smallest_images(shot, code, other, size):
    plate = render(shot(code, other=other, other_share=0.4 if other else 0.0), 7, size, ALL)
    assert plate.rgb.shape == (size, size, 3)
    assert plate.evidence.any()


@pytest.mark.parametrize(("first", "second"), MIXED)
def test_the_same_shares_are_the_same_picture_under_either_label(shot, first, second):
    one = render(shot(first, other=second, other_share=0.25), 7, 64, {})
    other = render(shot(second, other=first, other_share=0.75), 7, 64, {})
    np.testing.assert_array_equal(one.rgb, other.rgb)
    np.testing.assert_array_equal(one.evidence, other.evidence)


@pytest.mark.parametrize(("first", "second"), MIXED)
def test_signs_come_by_degrees(shot, first, second):
    """Seen from afar: single dots and scales come and go at once."""
    sheets = [
        draw_lesion(shot(first, other=second, other_share=share), 7, 128)
        for share in np.linspace(0, 1, 6)
    ]
    seen = [cv2.GaussianBlur(sheet.render(), (0, 0), 4.0) for sheet in sheets]
    steps = [np.abs(after - before).mean() for before, after in pairwise(seen)]
    whole = np.abs(seen[-1] - seen[0]).mean()
    assert max(steps) < 0.6 * whole
    away = [np.abs(picture - seen[0]).mean() for picture in seen]
    assert (np.diff(away) > 0).all()
