import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from PIL import Image

from dermxai.data import load_dataset
from dermxai.models import Classifier, load_classifier
from dermxai.runs import Run, infer
from dermxai.ui.app import lanes
from dermxai.ui.session import subject
from dermxai.ui.session.caches import everything, models
from dermxai.ui.session.subject import Subject


@pytest.fixture
def run(tiny_checkpoint: Path, tmp_path: Path) -> Run:
    everything.clear()
    Image.new("RGB", (40, 30), "tan").save(tmp_path / "a.png")
    return infer(load_classifier(tiny_checkpoint), load_dataset(tmp_path))


def _subject(name: str, colour: str, reads: list[str]) -> Subject:
    def read():
        import numpy as np

        reads.append(name)
        return np.array(Image.new("RGB", (40, 30), colour))

    return Subject(name, name, None, None, read)


def test_images_of_a_page_go_through_together_and_each_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    infer_ = Classifier.infer

    def counted(self, images: torch.Tensor, maps: bool = False):
        batches.append(len(images))
        return infer_(self, images, maps)

    models.classifier(run)
    monkeypatch.setattr(Classifier, "infer", counted)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert free.wait(20)

    with ThreadPoolExecutor(lanes.CORES) as pool:  # every thread of the lane is busy
        busy = [pool.submit(lanes.quickly, "other", hold) for _ in range(lanes.CORES)]
        assert held.wait(20)
        reads: list[str] = []
        shown = [_subject(f"{index}", colour, reads) for index, colour in enumerate(("tan", "red"))]
        asked = [subject.looked_at(run, each) for each in (*shown, *shown)]  # by two visitors
        free.set()
        found = [each.result(20) for each in asked]
        assert [each.result(20) for each in busy] == [None] * lanes.CORES
    assert asked[0] is asked[2] and asked[1] is asked[3]
    assert sorted(batches) in ([2], [1, 1])  # a thread may be free before the second is asked for
    assert reads == ["0", "1"]
    assert (found[0].logits != found[1].logits).any()
    assert subject.is_known(run, shown[0])
    again = subject.diagnosis(run, shown[0], (3, 4))
    assert (again.shape, sum(batches)) == ((3, 4), 2)


def test_what_cannot_be_read_is_asked_for_anew(run: Run) -> None:
    reads: list[str] = []
    fine = _subject("fine", "tan", reads)
    bad = Subject("fine", "fine", None, None, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        subject.looked_at(run, bad)
    assert subject.looked_at(run, fine).result(20).shape == (30, 40)
