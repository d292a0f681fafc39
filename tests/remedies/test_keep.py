"""Checkpoints of changed heads: they open, infer and give the logits that were promised."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.models.checkpoint import save_checkpoint
from dermxai.models.info import find_checkpoints
from dermxai.remedies import Stack, fit_stack
from dermxai.remedies.images import outputs_of
from dermxai.remedies.keep import keep
from dermxai.remedies.outcome import outcome
from dermxai.runs import Run, infer
from tests.generated import generated_run

MERGED = '[{"remedy":"merge_classes","settings":{"classes":"EAD+SD"}},"retrain_heads"]'
LOST = MERGED.replace("retrain_heads", "temperature")
EVERY = (
    '["logit_offset","average_heads",{"remedy":"retrain_heads","settings":{"images":"both"}},'
    '"average_heads","logit_offset","temperature","operating_point"]'
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty images of fifteen patients, of three classes."""
    folder = tmp_path_factory.mktemp("thirty")
    draws = np.random.default_rng(0)
    rows = []
    for index in range(30):
        kind = int(draws.integers(3))
        label = ("EAD", "SD", "MN")[kind]
        colour = np.array([60, 120, 180])[kind] + draws.normal(0, 30, (50, 60, 3))
        Image.fromarray(colour.clip(0, 255).astype(np.uint8)).save(folder / f"{index}.png")
        patient = index // 2
        split = ("train", "validation", "test")[patient % 3]
        rows.append((f"{index}.png", label, f"p{patient}", split))
    table = pd.DataFrame(rows, columns=["image", "label", "patient_id", "split"])
    table.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


@pytest.fixture
def run(tiny_checkpoint: Path, dataset: Path) -> Run:
    return infer(load_classifier(tiny_checkpoint), load_dataset(dataset), device="cpu")


@pytest.mark.parametrize("stack", ["logit_offset", MERGED, EVERY])
def test_a_kept_checkpoint_gives_the_very_logits(run: Run, dataset: Path, stack: str) -> None:
    fitted = fit_stack(run, Stack.parsed(stack))
    expected = fitted.applied(outputs_of(run, np.arange(len(run)))).logits
    folder = keep(fitted, "mended", by="somebody")
    assert folder in find_checkpoints()[0] and not list(folder.parent.glob(".*"))
    again = infer(load_classifier(folder), load_dataset(dataset), device="cpu")
    assert again.classes == fitted.classes
    np.testing.assert_allclose(again.scores, expected, atol=1e-4 * max(1, np.abs(expected).max()))
    told = again.info.recipe["remedies"]
    assert told["stack"] == [step.told() for step in fitted.stack.steps]
    assert told["of_checkpoint"]["hash"] == run.checkpoint["hash"] and told["by"] == "somebody"
    assert (told["training_images"], told["validation_images"]) == (10, 10)
    card = (folder / "README.md").read_text()
    assert "not for diagnosis" in card and "test images had been looked" in card
    assert ("operating_point" in told) == (stack == EVERY) == ("Operating points" in card)
    assert again.id != run.id
    assert again.trained_on is not None
    split = again.samples["split"].to_numpy()
    learnt = {"train", "validation"} if stack == EVERY else {"train"}
    assert set(split[again.trained_on]) == learnt


def test_the_kept_one_can_be_measured_explained_and_mended_again(run: Run, dataset: Path) -> None:
    folder = keep(fit_stack(run, Stack.parsed("retrain_heads")), "first")
    again = infer(load_classifier(folder), load_dataset(dataset), device="cpu")
    made = outcome(fit_stack(again, Stack.parsed("temperature")), "test")
    assert made.test_looks == 1
    classifier = load_classifier(folder)
    image = torch.zeros(1, 3, 64, 64)
    assert torch.isfinite(classifier(image).logits).all()
    assert keep(fit_stack(again, Stack.parsed("temperature")), "second").is_dir()


def test_weights_that_float16_would_round_are_kept_as_they_are(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    classifier = load_classifier(tiny_checkpoint)
    with torch.no_grad():
        classifier.network.heads[0].weight[0, 0] = 1 / 3
    for exact in (False, True):
        folder = tmp_path / str(exact)
        save_checkpoint(folder, classifier.network, classifier.info, "", exact=exact)
        value = float(load_classifier(folder).network.heads[0].weight[0, 0])
        assert (value == float(np.float32(1 / 3))) == exact


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        ("", "changes no logit"),
        ("operating_point", "changes no logit"),
        (
            '[{"remedy":"merge_classes","settings":{"classes":"EAD+SD"}},"temperature"]',
            "Merge classes cannot",
        ),
    ],
)
def test_what_no_weights_say_is_refused(run: Run, stack: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        keep(fit_stack(run, Stack.parsed(stack)), "mended")
    assert not (paths.checkpoints() / "mended").exists()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/tmp/x", "\0", "x" * 200, ".hidden"])
def test_names_that_lead_elsewhere_are_refused(run: Run, name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        keep(fit_stack(run, Stack.parsed("temperature")), name)


def test_nothing_is_overwritten(run: Run) -> None:
    fitted = fit_stack(run, Stack.parsed("temperature"))
    folder = keep(fitted, "mended")
    before = (folder / "model.json").read_bytes()
    with pytest.raises(InputError, match="already"):
        keep(fitted, "mended")
    assert (folder / "model.json").read_bytes() == before


def test_another_network_in_its_place_is_refused(run: Run) -> None:
    told = {**run.manifest, "checkpoint": {**run.checkpoint, "hash": "other"}}
    other = replace(run, manifest=json.loads(json.dumps(told)))
    with pytest.raises(InputError, match="is not the one that made run"):
        keep(fit_stack(other, Stack.parsed("temperature")), "mended")


def test_where_the_checkpoint_is_gone_nothing_is_kept(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 60, heads={"final": 4})
    with pytest.raises(InputError, match="no checkpoint"):
        keep(fit_stack(run, Stack.parsed("temperature")), "mended")
