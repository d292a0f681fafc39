import numpy as np

from dermxai.explain.confusion.pair_maps import SIDE, PairMaps, cells_of
from dermxai.figures import overlay
from dermxai.figures.averaged import averaged, frames


def maps(**changes) -> PairMaps:
    shape = (2, 4, SIDE, SIDE)
    values = np.full(shape, np.nan, np.float32)
    values[0, 0], values[0, 1] = 2.0, -2.0
    values[0, 3] = 1.0
    given = {
        "first": "EAD",
        "second": "SD",
        "cells": cells_of("EAD", "SD"),
        "maps": values,
        "pictures": np.full((*shape, 3), 100, np.uint8),
        "images": np.array([[4, 2, 0, 1], [0, 0, 0, 0]]),
        "in_cell": np.array([4, 5, 0, 1]),
        "problems": (),
    }
    return PairMaps(**given | changes)


def test_all_cells_share_one_scale_and_the_hues_of_overlays():
    cells = averaged(maps(), "image")
    assert [(c.true, c.predicted) for c in cells] == list(cells_of("EAD", "SD"))
    assert [(c.images, c.in_cell) for c in cells] == [(4, 4), (2, 5), (0, 0), (1, 1)]
    grey = np.full((1, 1, 3), 100, np.uint8)
    for index, value in ((0, 2.0), (1, -2.0), (3, 1.0)):
        wanted = overlay.blend(grey, np.array([[value]]), 0.75, 2.0)[0, 0]
        assert (cells[index].picture[150, 150] == wanted).all()
    assert cells[2].picture is None


def test_frames_without_an_image_are_not_offered():
    assert frames(maps()) == ["image"]
    assert frames(maps(images=np.zeros((2, 4), int))) == []
    assert maps(images=np.zeros((2, 4), int)).scale("lesion") == 0
