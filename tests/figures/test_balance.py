import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.figures import balance

LABELS = ["EAD"] * 6 + ["LP"] * 3 + ["mel"] * 2 + [None]
PATIENTS = ["a", "a", "b", "b", "c", "d", "e", "e", None, "f", "f", "g"]
SPLITS = ["train", "train", "test", "test", "validation", "train"] + ["train"] * 6


def bars(figure, axis="x"):
    """Counts by class and split."""
    shown = [t for t in figure.data if t.type == "bar" and t.xaxis == axis and t.customdata]
    return [dict(zip(trace.customdata, trace.x, strict=True)) for trace in shown]


def test_images_by_class():
    (counts,) = bars(balance(LABELS))
    assert counts == {"LP": 3, "EAD": 6, "mel": 2, "": 1}


def test_patients_and_splits():
    figure = balance(LABELS, PATIENTS, SPLITS)
    train, validation, test = bars(figure)
    assert (train["EAD"], validation["EAD"], test["EAD"]) == (3, 1, 2)
    patients = bars(figure, "x2")
    assert [count["EAD"] for count in patients] == [2, 1, 1]
    assert [count["LP"] for count in patients] == [1, 0, 0]
    legend = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert legend == ["train", "validation", "test"]
    heads = [note.text for note in figure.layout.annotations]
    assert heads == ["Images", "Patients"]


def test_classes_have_their_colours_and_the_papers_order():
    figure = balance(LABELS)
    assert list(figure.layout.yaxis.ticktext) == [
        "Lichen planus", "Eczema and dermatitis", "Melanoma", "No label",
    ]  # fmt: skip
    assert figure.data[0].marker.line.color[0] == taxonomy.BY_CODE["LP"].colour


@pytest.mark.parametrize("labels", [["LP"], [None], [np.nan, ""]])
def test_little_is_enough(labels):
    assert sum(sum(counts.values()) for counts in bars(balance(labels))) == len(labels)
