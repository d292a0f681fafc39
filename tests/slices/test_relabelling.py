from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import cohen_kappa_score

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.slices import Annotation, annotate, find_annotations
from dermxai.slices import relabelling as queue
from dermxai.slices.files import SliceFiles


def proposed(**labels: str) -> list[Annotation]:
    """Labels by image of each reader, as ``anna="a:EAD b:SD"``."""
    return [
        Annotation(*image.partition(":")[::2][:1], reader, reader, label=image.partition(":")[2])
        for reader, texts in labels.items()
        for image in texts.split()
    ]


def test_annotations_are_kept_by_person_and_image(tmp_path: Path) -> None:
    annotate(tmp_path, Annotation("a", "1", "Anna", "blurred", "EAD"))
    annotate(tmp_path, Annotation("a", "2", "Ben", label="SD"))
    annotate(tmp_path, Annotation("a", "1", "Anna", label="SD"))
    annotate(tmp_path, Annotation("b", "1", "Anna", note="x"))
    found = {(each.reader, each.sample_id): each for each in find_annotations(tmp_path)[0]}
    assert {key: (each.note, each.label) for key, each in found.items()} == {
        ("1", "a"): ("", "SD"),
        ("2", "a"): ("", "SD"),
        ("1", "b"): ("x", None),
    }
    annotate(tmp_path, Annotation("b", "1", "Anna"))
    assert len(find_annotations(tmp_path)[0]) == 2


@pytest.mark.parametrize(
    "bad",
    [
        Annotation("a", "", "Anna", "x"),
        Annotation("a", "1", "", "x"),
        Annotation("a", "1", "Anna", "x" * 2_001),
        Annotation("a", "1", "Anna", label="x" * 201),
        Annotation("a", "1", "Anna", "\ud800"),
    ],
)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, bad: Annotation) -> None:
    with pytest.raises(InputError):
        annotate(tmp_path, bad)
    assert find_annotations(tmp_path) == ([], [])


@pytest.mark.parametrize("content", ["", "[]", '{"reader":"1","name":"A","images":{"a":3}}'])
def test_damaged_annotations_are_left_out_and_never_overwritten(
    tmp_path: Path, content: str
) -> None:
    annotate(tmp_path, Annotation("a", "1", "Anna", label="EAD"))
    annotate(tmp_path, Annotation("a", "2", "Ben", label="EAD"))
    file = SliceFiles.of(tmp_path).annotations_of("1")
    file.write_text(content)
    found, odd = find_annotations(tmp_path)
    assert [each.reader for each in found] == ["2"] and len(odd) == 1
    with pytest.raises(InputError, match="nothing was kept"):
        annotate(tmp_path, Annotation("b", "1", "Anna", label="EAD"))
    assert file.read_text() == content


def test_two_readers_agree_or_a_label_stays() -> None:
    found = proposed(anna="a:SD b:SD c:EAD d:SD", ben="a:SD b:EAD c:EAD")
    table = queue.opinions("abcde", ["EAD"] * 5, found).set_index("sample_id")
    states = [queue.AGREED, queue.DISPUTED, queue.UNCHANGED, queue.OPEN, queue.OPEN]
    assert list(table["state"]) == states
    assert table["proposed"].dropna().to_dict() == {"a": "SD", "c": "EAD"}
    samples = pd.DataFrame({"sample_id": list("abcde"), "label": ["EAD"] * 5})
    new = queue.relabelled(samples, table.reset_index())
    assert list(new["label"]) == ["SD", "EAD", "EAD", "EAD", "EAD"]
    assert list(new["source_label"]) == ["EAD"] * 5 and list(samples["label"]) == ["EAD"] * 5
    assert queue.waiting("abcde", found, "ben") == ("d", "e")


def test_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    ids = [str(each) for each in range(80)]
    truth = rng.integers(0, 4, 80)
    readers = [np.where(rng.random(80) < 0.3, rng.integers(0, 4, 80), truth) for _ in range(2)]
    found = [
        Annotation(image, f"r{reader}", f"r{reader}", label=f"class {label}")
        for reader, labels in enumerate(readers)
        for image, label in zip(ids, labels, strict=True)
        if reader or image != "7"
    ]
    (made,) = queue.reader_agreement(found, [each[0] for each in ids], ids)
    rest = np.array([each != "7" for each in ids])
    assert made.images == 79
    assert made.kappa == pytest.approx(
        cohen_kappa_score(readers[0][rest], readers[1][rest]), abs=1e-12
    )
    assert made.same == pytest.approx((readers[0] == readers[1])[rest].mean())
    assert made.low < made.kappa < made.high


def test_readers_of_one_class_have_no_kappa_and_strangers_no_row() -> None:
    found = proposed(anna="a:SD b:SD", ben="a:SD b:SD", carl="z:SD")
    (made,) = queue.reader_agreement(found, ["1", "2"], ["a", "b"])
    assert (made.first, made.second, made.images, made.same) == ("anna", "ben", 2, 1)
    assert np.isnan([made.kappa, made.low, made.high]).all()


def test_a_label_table_opens_as_a_dataset_and_is_labelled_again(tmp_path: Path) -> None:
    """Nothing but labels changes, however often, whatever the columns hold."""
    ids = ["a", "c,d", 'q"x', "-5"]
    for index in range(4):
        Image.new("RGB", (40, 40), (60 * index, 90, 90)).save(tmp_path / f"{index}.png")
    table = pd.DataFrame(
        {
            "image": [f"{index}.png" for index in range(4)],
            "image_id": ids,
            "diagnosis": ["nv", "mel", "bcc", "nv"],
            "patient_id": [12345678, 12345679, None, 3],
            "age": [45.123456789, None, 1, 2],
            "serial": [123456789012.5, 1, 2, None],
        }
    )
    source = tmp_path / "table.csv"
    table.to_csv(source, index=False)
    first = load_dataset(source).samples
    expected = list(first["label"])
    for place, label in ((0, "BCC"), (0, "MN"), (1, "=evil()")):
        opened = load_dataset(source).samples
        for reader in ("1", "2"):
            annotate(source, Annotation(ids[place], reader, reader, label=label))
        out = tmp_path / f"again {place} {label[:2]}.csv"
        assert queue.write_relabelled(source, opened, out) == 1
        header = out.read_text().splitlines()[0].split(",")
        assert len(set(header)) == len(header)
        again = load_dataset(out).samples
        expected[place] = label if label != "=evil()" else "'=evil()"  # no formula to a spreadsheet
        assert list(again["label"]) == expected and list(again["sample_id"]) == ids
        kept = ["sample_id", "path", "patient_id", "age", "serial"]
        pd.testing.assert_frame_equal(again[kept], first[kept], check_exact=True)
        source = out


def _label(dataset: Path, readers: int, number: int) -> None:
    name = f"reader {number % readers}"
    annotate(dataset, Annotation(f"image {number:03}", name, name, label=f"class {number % 3}"))


@pytest.mark.parametrize("readers", [1, 2])
def test_readers_who_label_at_the_same_time_lose_nothing(tmp_path: Path, readers: int) -> None:
    """Two processes, as two servers on one workspace; with one reader in two windows, too."""
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        list(pool.map(partial(_label, tmp_path, readers), range(60)))
    found, odd = find_annotations(tmp_path)
    assert not odd and len(found) == 60
    assert {each.sample_id: each.label for each in found} == {
        f"image {number:03}": f"class {number % 3}" for number in range(60)
    }
