"""What a file of predictions would become is told as the import then does it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.data import Dataset
from dermxai.runs import feature_spaces
from dermxai.runs.predictions import import_predictions
from dermxai.runs.predictions.importing import import_options
from dermxai.runs.predictions.preview import FEW, Preview, preview
from tests.runs.predictions.conftest import CODES, Written


def looked(file: Path, dataset: Dataset, **asked: object) -> Preview:
    return preview(file, dataset.samples, dataset.name, import_options(**asked))


def roles(found: Preview) -> dict[str, str]:
    return {each.name: each.role for each in found.columns}


def test_columns_are_told_as_they_are_imported(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    rng = np.random.default_rng(2)
    given = given.assign(
        note="x",
        emb_0=rng.random(12),
        emb_1=rng.random(12),
        concept_network=rng.random(12),
        concept_vessels=rng.random(12),
    )
    file = written(given)
    found = looked(file, dataset)
    assert not found.refusal and len(found.rows) == FEW
    assert found.rows["image"].tolist() == given["image"].tolist()[:FEW]
    assert roles(found) == {
        "image": "image",
        **dict.fromkeys(("prob_nv", "prob_mel", "prob_bcc"), "output"),
        "note": "nothing",
        "emb_0": "embedding",
        "emb_1": "embedding",
        "concept_network": "concept",
        "concept_vessels": "concept",
    }
    assert [each.output for each in found.columns[1:4]] == list(CODES)
    assert found.notes[0] == "12 of 12 images get a prediction."
    run = import_predictions(file, dataset)
    assert set(run.predictions["notes"]) <= set(found.notes)
    assert {name: features.shape for name in feature_spaces.imported(run)
            for features in [feature_spaces.features(run, name)]} == {
        "embeddings": (12, 2), "concepts": (12, 2)
    }  # fmt: skip


def test_roles_are_taken_as_they_are_told(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    """Two networks in one table: the second one's columns are chosen by hand."""
    other = given[["prob_mel", "prob_bcc", "prob_nv"]].to_numpy()
    given = given.assign(x=other[:, 0], y=other[:, 1], z=other[:, 2], second=given["image"] + "x")
    file = written(given)
    own = import_predictions(file, dataset)
    assert own.classes == ("MN", "mel", "BCC")
    told = {
        "roles": {"x": "output", "y": "output", "z": "output", "prob_mel": "concept"},
        "classes": ["nv", "mel", "bcc"],
    }
    found = looked(file, dataset, **told)
    assert not found.refusal
    assert roles(found)["prob_nv"] == "nothing" and roles(found)["prob_mel"] == "concept"
    run = import_predictions(file, dataset, **told)
    assert run.id != own.id and run.classes == own.classes
    np.testing.assert_allclose(run.probabilities, other, atol=1e-12)
    assert "concept mel" in run.samples
    again = import_predictions(file, dataset, roles=dict(reversed(told["roles"].items())),
                               classes=told["classes"])  # fmt: skip
    assert again.id == run.id


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"roles": {"gone": "output"}}, "has no column 'gone'"),
        ({"roles": {"prob_nv": "picture"}}, "expected image, fold, output"),
        ({"roles": {"prob_nv": "image", "prob_mel": "image"}}, "have the role image; expected one"),
        ({"roles": {"image": "output"}}, "holds no numbers"),
        ({"roles": {"prob_nv": "output", "prob_mel": "output"}, "classes": ["a", "b", "c"]},
         "2 outputs and 3 classes"),
        ({"roles": {"prob_nv": "output"}}, "1 output and 1 classes"),
        ({"roles": {"image": "nothing"}}, "No column of .* names images"),
    ],
)  # fmt: skip
def test_roles_that_do_not_fit_are_refused_alike(
    dataset: Dataset, given: pd.DataFrame, written: Written, asked: dict[str, object], said: str
) -> None:
    file = written(given)
    with pytest.raises(InputError, match=said) as refused:
        import_predictions(file, dataset, **asked)
    try:
        assert looked(file, dataset, **asked).refusal == str(refused.value)
    except InputError as error:
        assert str(error) == str(refused.value)


def test_what_cannot_be_imported_says_why_and_shows_its_rows(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    found = looked(written(given[["image"]].assign(predicted="nv")), dataset)
    assert "Predicted classes alone are not enough" in found.refusal and not found.notes
    assert found.rows["predicted"].tolist() == ["nv"] * FEW
    assert set(roles(found).values()) == {"nothing"}
    with pytest.raises(InputError, match="no file of predictions"):
        looked(dataset.root / "metadata.pdf", dataset)


def test_an_archive_is_shown_by_its_rows_or_its_arrays(dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "two.npz"
    ids = dataset.samples["sample_id"].to_numpy(dtype=str)
    logits = np.arange(12 * 2 * 3, dtype=float).reshape(12, 2, 3) ** 0.5
    np.savez(file, ids=ids, logits=logits, classes=np.array(CODES))
    found = looked(file, dataset)
    assert found.columns == () and not found.refusal
    assert found.notes[0] == "12 of 12 images get a prediction, 2 heads."
    np.testing.assert_allclose(found.rows["mel"], logits[:FEW].sum(1)[:, 1])
    np.savez(file, ids=ids, logits=logits)
    found = looked(file, dataset)
    assert "names no classes" in found.refusal
    assert found.rows["Shape"].tolist() == ["12", "12 × 2 × 3"]
