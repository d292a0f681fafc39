import cv2
import numpy as np
import pytest

from dermxai.data.atlas.canvas import Canvas
from dermxai.data.atlas.structures.noise import fractal, ramp, wobble


@pytest.mark.parametrize(("scale_mm", "octaves"), [(4, 3), (1.1, 5), (0.2, 3)])
def test_noise_has_mean_0_and_deviation_1(scale_mm, octaves):
    fields = [fractal(Canvas(96), np.random.default_rng(n), scale_mm, octaves) for n in range(12)]
    assert np.mean(fields) == pytest.approx(0, abs=0.25)
    assert np.std(fields) == pytest.approx(1, abs=0.35)
    assert fields[0].dtype == np.float32


def test_every_size_shows_the_same_noise():
    small, large = (fractal(Canvas(size), np.random.default_rng(1), 2.0, 3) for size in (80, 240))
    shrunk = cv2.resize(large, (80, 80), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.99


def test_a_ramp_rises_from_0_to_1_and_stays_in_32_bits():
    values = np.linspace(-1, 2, 31, dtype=np.float32)
    risen = ramp(values, np.float64(0), np.float64(1))
    assert risen.dtype == np.float32
    assert (np.diff(risen) >= 0).all()
    assert (risen[values <= 0] == 0).all()
    assert (risen[values >= 1] == 1).all()


def test_wobbling_moves_a_layer_by_no_more_than_a_few_amounts():
    canvas = Canvas(120)
    layer = canvas.fill([np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])], [1.0])
    moved = wobble(canvas, np.random.default_rng(1), layer, 0.1, 1.0)
    assert (moved != layer).any()
    grown = cv2.dilate(layer, np.ones((13, 13)))  # 0.6 mm
    assert (moved <= grown + 1e-6).all()
