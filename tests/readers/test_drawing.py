"""Cases of a study: n a class, one image a patient, or those that are named."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.readers import drawing, pictures
from dermxai.readers.definition import StudySettings
from dermxai.readers.drawing import DrawnCase
from tests.readers.conftest import CLASSES


def drawn(path: Path, named: tuple[str, ...] = (), **settings: object) -> list[DrawnCase]:
    samples = load_dataset(path).samples
    wanted = StudySettings(name="x", dataset=str(path), **settings)
    return drawing.draw(samples, wanted, drawing.offered(samples, wanted, CLASSES), named)


def test_as_many_a_class_as_asked_for_and_no_patient_twice(images: Path) -> None:
    cases = drawn(images, per_class=2)
    assert sorted(case.label for case in cases) == sorted(CLASSES * 2)
    assert len({case.unit for case in cases}) == 6


def test_the_seed_decides(images: Path) -> None:
    def names(seed: int) -> list[str]:
        return [case.name for case in drawn(images, per_class=1, seed=seed)]

    assert names(3) == names(3)
    assert len({tuple(names(seed)) for seed in range(6)}) > 1


def test_too_few_are_said_with_how_many_there_are(images: Path) -> None:
    with pytest.raises(
        InputError, match=r"Only 2 cases of class .* one image a patient; expected 3"
    ):
        drawn(images, per_class=3)


def test_an_image_that_cannot_be_read_is_replaced_by_another_of_the_patient(images: Path) -> None:
    (images.parent / "MN-0.png").write_bytes(b"no image")
    for seed in range(3):
        names = {case.name for case in drawn(images, per_class=2, seed=seed)}
        assert "i0" not in names and "i3" in names


def test_a_class_without_cases_is_refused(images: Path) -> None:
    with pytest.raises(InputError, match="no image of class 'mel'"):
        drawn(images, classes=("MN", "mel"))


def test_images_that_are_named_are_the_cases(images: Path) -> None:
    cases = drawn(images, ("i4", "i1", "i4"))
    assert sorted(case.name for case in cases) == ["i1", "i4"]


@pytest.mark.parametrize(("named", "told"), [("none", "no labelled image"), ("i2", "not offered")])
def test_what_cannot_be_a_case_is_refused(images: Path, named: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        drawn(images, (named,), classes=("MN", "BCC"))


def test_two_images_a_case_are_a_lesions_dermoscopic_and_clinical_one(images: Path) -> None:
    table = pd.read_csv(images)
    table["lesion_id"] = [f"l{index // 4}" for index in range(12)]
    table["modality"] = ["dermoscopic", "clinical", "clinical", "dermoscopic"] * 3
    table["label"] = [CLASSES[index // 4] for index in range(12)]
    table["patient_id"] = table["lesion_id"]
    table.to_csv(images, index=False)
    cases = drawn(images, per_class=1, images=2)
    assert [[image.view for image in case.images] for case in cases] == [
        ["dermoscopic", "clinical"]
    ] * 3
    assert {case.name for case in cases} == {"i0", "i4", "i8"}


def test_two_images_of_a_dataset_that_does_not_know_views_are_refused(images: Path) -> None:
    with pytest.raises(InputError, match="lesion_id and modality"):
        drawn(images, per_class=1, images=2)


def test_the_digest_is_of_what_is_seen(images: Path) -> None:
    path = images.parent / "MN-0.png"
    before = pictures.digest_now(str(path))
    content = path.read_bytes()
    path.write_bytes(content + b"trailing bytes that no program shows")
    assert pictures.digest_now(str(path)) == before
    (images.parent / "MN-3.png").replace(path)
    assert pictures.digest_now(str(path)) != before


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab")), min_size=2, max_size=14))
def test_no_patient_comes_twice_whoever_has_which_classes(rows: list[tuple[int, str]]) -> None:
    samples = pd.DataFrame(
        {
            "sample_id": [f"i{index}" for index in range(len(rows))],
            "path": [__file__] * len(rows),
            "label": [label for _, label in rows],
            "patient_id": [f"p{patient}" for patient, _ in rows],
        }
    )
    wanted = StudySettings(name="x", dataset="x", per_class=1, classes=("a", "b"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "digest_now", lambda path: path)
        try:
            cases = drawing.draw(samples, wanted, ("a", "b"), ())
        except InputError:
            return
    assert len({case.unit for case in cases}) == len(cases) == 2
