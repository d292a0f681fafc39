"""Maps made ahead are those that a page would make."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import Cancelled, InputError
from dermxai.data import load_dataset
from dermxai.explain import explain
from dermxai.explain.attribution.api import recall
from dermxai.explain.attribution.files import maps_folder
from dermxai.explain.quick import keep_quick_maps, quick_methods, usual_classes
from dermxai.models import Classifier, load_classifier
from dermxai.runs import Run, infer

MANY = 10**9


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load_classifier(tiny_checkpoint)


@pytest.fixture
def run(classifier: Classifier) -> Run:
    """Over four images of two classes."""
    folder, rng = paths.datasets() / "four", np.random.default_rng(0)
    for index in range(4):
        file = folder / ("EAD" if index % 2 else "SD") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(file)
    return infer(classifier, load_dataset(folder))


@pytest.mark.parametrize(
    ("scores", "label", "asked"),
    [
        ([3.0, 2.0, 1.0], "b", ("a", "b")),
        ([3.0, 2.0, 1.0], "c", ("a", "c")),
        ([3.0, 2.0, 1.0], "a", ("a", "b")),
        ([1.0, 2.0, 2.0], None, ("b", "c")),
        ([1.0, 2.0, 3.0], "of no class", ("c", "b")),
    ],
)
def test_what_is_asked_first(
    scores: list[float], label: str | None, asked: tuple[str, str]
) -> None:
    assert usual_classes(("a", "b", "c"), np.array(scores), label) == asked


def test_of_a_single_class_there_is_no_other() -> None:
    assert usual_classes(("a",), np.zeros(1), "a") == ("a", None)


def test_they_are_found_by_who_asks_and_the_same_to_the_bit(
    run: Run, classifier: Classifier
) -> None:
    seen: list[tuple[int, int]] = []
    found = keep_quick_maps(run, classifier, MANY, lambda *at: seen.append(at))
    assert (found.images, found.left, found.problems) == (4, 0, ())
    assert seen[0] == (0, 4) and seen[-1] == (4, 4)
    names, total = quick_methods(classifier), 0
    assert {"saliency", "eigen_grad_cam"} <= set(names)
    assert not {"vote_map", "integrated_gradients", "score_cam"} & set(names)
    for index, row in run.samples.iterrows():
        scores = run.logits[index].sum(axis=0)
        target, against = usual_classes(run.classes, scores, row["label"])
        for name in names:
            kept = recall(classifier, row["path"], name, target, against)
            made = explain(classifier, row["path"], name, target, against)
            assert kept is not None
            np.testing.assert_array_equal(kept.native, made.native)
            total += kept.native.nbytes
    assert found.bytes == total


def test_they_end_where_there_is_no_more_room(run: Run, classifier: Classifier) -> None:
    one = keep_quick_maps(run, classifier, 1)
    assert (one.images, one.left) == (1, 3)
    two = keep_quick_maps(run, classifier, one.bytes + 1)
    assert (two.images, two.left) == (2, 2)


def test_what_is_kept_is_not_made_again(
    run: Run, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep_quick_maps(run, classifier, MANY)

    def fails(*_: object, **__: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr("dermxai.explain.attribution.api.attributed", fails)
    assert keep_quick_maps(run, classifier, MANY) == first


def test_an_image_that_has_changed_or_gone_is_told_of_and_has_none(
    run: Run, classifier: Classifier
) -> None:
    changed, gone = (Path(run.samples["path"][index]) for index in (0, 2))
    Image.new("RGB", (50, 40)).save(changed)
    gone.unlink()
    found = keep_quick_maps(run, classifier, MANY)
    assert found.images == 2
    assert [each.item for each in found.problems] == [run.samples["sample_id"][at] for at in (0, 2)]
    assert "has changed since this run" in found.problems[0].reason


def test_it_stops_when_it_is_told_to(run: Run, classifier: Classifier) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        keep_quick_maps(run, classifier, MANY, stop)


def test_where_nothing_can_be_kept_it_says_so(run: Run, classifier: Classifier) -> None:
    maps_folder().write_text("no folder")
    with pytest.raises(InputError, match=r"Maps cannot be kept in .*attributions"):
        keep_quick_maps(run, classifier, MANY)
