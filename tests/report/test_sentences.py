"""What statistics say: the sentences that pages, reports and the command line show."""

import pytest

from dermxai.metrics import summary
from dermxai.metrics.notes import Note, Reason
from dermxai.report import sentences
from dermxai.report.sentences import sentence


def test_every_reason_has_its_sentence() -> None:
    told = [
        sentence(Note(each, ("<b>{x}",), images=3, units=2, unit="patients")) for each in Reason
    ]
    assert len(set(told)) == len(Reason)
    assert all(each.endswith(".") and "None" not in each for each in told)


def test_every_measure_has_its_title() -> None:
    assert list(sentences.OVERALL) == list(summary.OVERALL)
    assert len(set(sentences.OVERALL.values())) == len(summary.OVERALL)


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note(Reason.UNLABELLED, images=1), "1 image without a label: left out."),
        (
            Note(Reason.OUTSIDE, ("akiec", "{mel}"), images=3),
            "3 images with labels that the model does not know (akiec, {mel}): left out of every "
            "measure and shown apart.",
        ),
        (
            Note(Reason.OWNERS_UNKNOWN, ("lesions", "images"), images=1),
            "Patients of 1 image are not known: the intervals take lesions and images as "
            "independent, and are too narrow where patients have several.",
        ),
        (
            Note(Reason.OWNERS_UNKNOWN, ("images",)),
            "Patients are not known: the intervals take images as independent, and are too narrow "
            "where patients have several.",
        ),
        (
            Note(Reason.RARE_IN_CLASS, ("a", "b")),
            "a, b: fewer than 5 patients or lesions, so sensitivity and AUC have no interval.",
        ),
        (
            Note(Reason.RARE_IN_MEANS, ("a",)),
            "a: fewer than 8 patients or lesions, so the means over classes (balanced accuracy, "
            "sensitivity, AUC) have no interval.",
        ),
        (
            Note(Reason.SAME_UNITS, units=1, unit="lesions"),
            "Differences are of the same lesions: of 1 lesion or more.",
        ),
        (
            Note(Reason.SMALL_GROUP, images=36, units=6, unit="patients"),
            "One group has 36 images of 6 patients: only large differences can show.",
        ),
        (
            Note(Reason.SMALL_GROUP, images=9, units=9, unit="images"),
            "One group has 9 images: only large differences can show.",
        ),
        (
            Note(Reason.TOO_FEW_TO_TEST, images=4, units=1, unit="patients"),
            "One group has 4 images of 1 patient: too few to test; the differences only describe "
            "them. A test takes at least 5 images of 5 patients in each group.",
        ),
        (
            Note(Reason.UNTESTED, ("age",), unit="images"),
            "Too few images state this to test it: age. A test takes at least 5 images in each "
            "group.",
        ),
    ],
)
def test_a_note_in_words(note: Note, said: str) -> None:
    assert sentence(note) == said
