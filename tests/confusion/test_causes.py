"""Each planted cause is named, and nothing is where nothing was planted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.level_causes import NOTHING, PLANTED, Plan, drawn
from dermxai.confusion.causes import find_causes
from dermxai.confusion.finding import LEVEL, Cause, Skipped
from dermxai.confusion.pair_images import ALL_HEADS
from dermxai.metrics.multiplicity import holm
from dermxai.metrics.ranking import auc
from tests.verification import verified

SEED = 4


@pytest.fixture(scope="module")
def nothing():
    return find_causes(drawn(Plan(), SEED))


@pytest.mark.parametrize("cause", PLANTED, ids=str)
def test_a_planted_cause_is_named_and_supported_by_images(cause):
    images = drawn(PLANTED[cause], SEED)
    card = find_causes(images)
    (found,) = (each for each in card.findings if each.cause == cause)
    assert found.named, found
    assert found.low > 0 or np.isnan(found.low)
    assert found.support
    assert set(found.support) <= set(images.sample_ids[images.asked])


@pytest.mark.parametrize("name", ["nothing", "far apart", "heavy tails"])
def test_nothing_is_named_where_nothing_was_planted(name):
    card = find_causes(drawn(NOTHING[name], SEED))
    assert not card.named
    assert len(card.asked) >= 5


def test_p_values_are_corrected_for_what_was_asked_alone(nothing):
    assert [each.cause for each in nothing.findings] == list(Cause)
    p = [each.p for each in nothing.findings]
    assert [each.adjusted for each in nothing.findings] == pytest.approx(holm(p), nan_ok=True)
    assert np.isnan(p).sum() == sum(each.skipped is not None for each in nothing.findings)


def test_an_effect_in_the_wrong_direction_names_nothing(nothing):
    (features,) = (each for each in nothing.findings if each.cause == Cause.FEATURES)
    assert features.adjusted <= LEVEL and features.effect < 0
    assert not features.named


def test_areas_are_those_of_the_definition():
    images = drawn(PLANTED[Cause.HEAD], SEED)
    (head,) = (each for each in find_causes(images).findings if each.cause == Cause.HEAD)
    asked = images.asked
    verified(
        "Pair AUC",
        "`dermxai.metrics.auc`",
        head.facts["before"],
        auc(images.positive[asked], images.margins[asked]),
        tolerance=1e-12,
    )
    verified(
        "Effect of a cause on the pair AUC",
        "the definition",
        head.effect,
        head.facts["after"] - head.facts["before"],
        tolerance=1e-12,
    )


def test_nothing_is_fitted_on_images_that_are_asked_about():
    images = drawn(Plan(), SEED)
    poisoned = replace(images, positive=images.positive ^ images.asked)
    here, there = (
        {each.cause: each for each in find_causes(i).findings} for i in (images, poisoned)
    )
    assert here[Cause.BORDER].facts["offset"] == there[Cause.BORDER].facts["offset"]
    assert there[Cause.HEAD].facts["after"] == pytest.approx(1 - here[Cause.HEAD].facts["after"])


def test_without_training_images_probes_leave_out_the_patients_that_are_asked():
    images = drawn(PLANTED[Cause.HEAD], SEED)
    nowhere = np.zeros_like(images.fitting)
    card = find_causes(replace(images, fitting=nowhere, validation=nowhere))
    found = {each.cause: each for each in card.findings}
    assert card.cross_fitted
    assert found[Cause.BORDER].skipped == Skipped.FEW_VALIDATION
    assert found[Cause.BORDER].names == ("A", "B")
    assert found[Cause.DATA].skipped == Skipped.NO_TRAINING_IMAGES
    assert found[Cause.HEAD].named


def test_a_class_without_validation_patients_is_told():
    images = drawn(Plan(), SEED)
    card = find_causes(replace(images, validation=images.validation & images.positive))
    border = card.findings[0]
    assert (border.skipped, border.names) == (Skipped.FEW_VALIDATION, ("B",))
    assert len(card.asked) >= 5


def test_few_patients_are_asked_nothing():
    images = drawn(Plan(patients=(60, 15, 4)), SEED)
    card = find_causes(images)
    assert {each.skipped for each in card.findings} == {Skipped.FEW_ASKED}
    assert not card.named


def test_labels_that_another_image_of_the_lesion_contradicts_are_named():
    images = drawn(Plan(), SEED)
    rng = np.random.default_rng(0)
    turned = images.asked & (rng.random(images.positive.size) < 0.15)
    noisy = replace(images, positive=images.positive ^ turned, contradicted=turned)
    found = {each.cause: each for each in find_causes(noisy).findings}[Cause.LABELS]
    assert found.named
    assert found.facts["contradicted"] == turned.sum()


def test_columns_without_variation_features_or_training_counts_skip_their_causes():
    images = drawn(Plan(), SEED)
    bare = replace(
        images,
        spaces={},
        samples=pd.DataFrame(index=images.samples.index),
        training=(np.nan, np.nan),
    )
    found = {each.cause: each.skipped for each in find_causes(bare).findings}
    assert found[Cause.HEAD] == found[Cause.DATA] == Skipped.NO_FEATURES
    assert found[Cause.IMAGE] == Skipped.NO_COLUMNS
    assert found[Cause.BALANCE] == Skipped.TRAINING_UNKNOWN
    one = replace(images, spaces={ALL_HEADS: images.spaces[ALL_HEADS]})
    found = {each.cause: each.skipped for each in find_causes(one).findings}
    assert found[Cause.FEATURES] == Skipped.NO_OTHER_FEATURES


def test_labels_in_error_to_learn_from_are_told_without_images_that_are_asked():
    images = drawn(PLANTED[Cause.LABELS], SEED)
    found = {each.cause: each for each in find_causes(images).findings}[Cause.LABELS]
    names = set(found.to_relabel)
    learnt = images.fitting | images.validation
    assert names and names <= set(images.sample_ids[learnt])
    drawn_class = drawn(replace(PLANTED[Cause.LABELS], mislabelled=0.0), SEED).positive
    wrong = set(images.sample_ids[learnt & (images.positive != drawn_class)])
    assert len(names & wrong) > 0.7 * len(names)


def test_without_errors_no_shortcut_is_asked_and_the_columns_are_not_blamed():
    images = drawn(Plan(), SEED)
    perfect = replace(images, margins=np.where(images.positive, 5.0, -5.0))
    found = {each.cause: each for each in find_causes(perfect).findings}[Cause.SHORTCUT]
    assert found.skipped == Skipped.FEW_ERRORS
