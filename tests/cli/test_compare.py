"""`compare` on runs over one dataset, over others, and per lesion."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.cli import main
from dermxai.core import paths
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.exported import check_json, check_rows
from tests.generated import generated_run, rewrite


def changed(run: Run, **manifest: object) -> Run:
    file = RunFiles(run.root).manifest
    content = json.loads(file.read_text())
    for key, value in manifest.items():
        part, _, name = key.partition("__")
        content[part] = value if not name else content[part] | {name: value}
    file.write_text(json.dumps(content))
    return open_run(run.root)


def two(images: int = 150) -> tuple[Run, Run]:
    """A network, and a worse one, over the same images."""
    one, other = (generated_run(paths.runs() / name, images) for name in ("one", "other"))
    logits = np.load(RunFiles(other.root).logits)
    logits[::2] = np.random.default_rng(1).standard_normal(logits[::2].shape)
    np.save(RunFiles(other.root).logits, logits)
    return one, changed(other, id="b" * 16, checkpoint__name="=other & co")


def run_cli(*line: object) -> int:
    sys.argv = ["dermxai", *map(str, line)]
    return main()


def test_the_same_images_side_by_side(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    one, other = two()
    told = tmp_path / "tables"
    assert run_cli("compare", "one", "other", "--split", "test", "--json", "--output", told) == 0
    said = json.loads(capsys.readouterr().out)
    test = one.in_split("test")
    right = [run.predicted[test] == run.samples["label"].iloc[test] for run in (one, other)]
    (top1,) = [row for row in said["differences"] if row["measure"] == "top1_accuracy"]
    assert top1["difference"] == pytest.approx(right[0].mean() - right[1].mean())
    assert (top1["first"], top1["second"]) == ("generated", "=other & co")
    assert [each["run"] for each in said["models"]] == [one.id, other.id]
    assert said["images"] == test.size
    assert check_json(said, "patients") > 100
    for name in ("measures", "differences", "kappas"):
        header, *rows = csv.reader((told / f"{name}.csv").read_text("utf-8").splitlines())
        table = [dict(zip(header, row, strict=True)) for row in rows]
        assert check_rows(table, "patients")
        assert {"dataset_fingerprint", "split", "decision_rule", "images"} <= set(header)
        assert not any(cell.startswith("=") for row in rows for cell in row)
    assert table[0]["second"] == "'=other & co" and table[0]["second_run"] == other.id
    written = (told / "tables.tex").read_text("utf-8")
    assert r"=other \& co" in written and "& co" not in written.replace(r"\& co", "")
    assert written.count(r"\begin{table}") == written.count(r"\end{table}") == 16

    assert run_cli("compare", "one", "other", "--rule", "youden", "--average") == 0
    shown = capsys.readouterr().out
    assert "Mean of all" in shown and "operating point" in shown
    assert "generated: thresholds chosen on" in shown
    assert "adjusted for the number of pairs (Holm)" in shown


def test_classes_taken_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = two()
    assert run_cli("compare", "one", "other", "--merge", "EAD+SD", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert "EAD∪SD" in said["classes"] and not {"EAD", "SD"} & set(said["classes"])
    pair, truth = ("EAD", "SD"), one.samples["label"].to_numpy()
    within = np.isin(truth, pair)
    share = [
        ((run.predicted == truth) | (within & np.isin(run.predicted, pair))).mean()
        for run in (one, other)
    ]
    (top1,) = [row for row in said["differences"] if row["measure"] == "top1_accuracy"]
    assert top1["difference"] == pytest.approx(share[0] - share[1])
    assert any("Classes taken as one: EAD∪SD" in note for note in said["notes"])
    assert run_cli("compare", "one", "other", "--merge", "EAD+mel") == 2
    assert "no class 'mel'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (("one",), "1 models came to be compared; expected 2 to 6"),
        (("one", "one"), "came twice"),
        (("one", "far"), "is over the dataset generated"),
        (("one", "nowhere"), "nowhere"),
        (("one", "other", "--rule", "luck"), "'luck' came"),
        (("one", "other", "--per", "eye"), "'eye' came"),
        (("one", "other", "--target", "2"), "argmax, which has none"),
        (("one", "other", "--split", "x"), "no split 'x'"),
        (("one", "other", "--rule", "sensitivity", "--target", "nan"), "target nan came"),
    ],
)
def test_what_is_refused(
    capsys: pytest.CaptureFixture[str], line: tuple[str, ...], why: str
) -> None:
    two(60)
    far = generated_run(paths.runs() / "far", 60, seed=1)
    changed(far, dataset__fingerprint="far")
    assert run_cli("compare", *line) == 2
    told = capsys.readouterr().err
    assert why in told and told.count("\n") == 1 and told.startswith("Error: ")


def test_files_that_differ_are_left_out_and_other_labels(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, other = two(60)
    changed(other, dataset__fingerprint="grown")
    for run, odd in ((one, ()), (other, (3, 4))):
        told = [f"{'x' if row in odd else 'f'}{row}" for row in range(60)]
        np.save(RunFiles(run.root).fingerprints, np.array(told, dtype=np.bytes_))
    label = other.samples["label"].astype(object)
    label.iloc[10] = "MN" if label.iloc[10] != "MN" else "BCC"
    rewrite(open_run(other.root), label=label.astype("str"))
    assert run_cli("compare", "one", "other", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["images"] == 57
    notes = " ".join(said["notes"])
    assert "2 images of one name whose files differ" in notes
    assert "1 image whose labels differ" in notes


def test_two_datasets_are_joined_by_lesion_and_their_mean_is_a_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Photographs of other names, of the same patients and lesions."""
    one, other = two(120)
    lesions = [f"L{row // 2}" for row in range(120)]
    labels = one.samples["label"].iloc[::2].repeat(2).to_numpy()
    people = [f"P{row // 4}" for row in range(120)]
    same = {"label": labels, "lesion_id": lesions, "patient_id": people}
    one = rewrite(one, **same)
    other = rewrite(other, **same, sample_id=[f"photo {row}" for row in range(120)])
    changed(other, dataset__fingerprint="clinical")
    assert run_cli("compare", "one", "other") == 2
    assert "lesion by lesion" in capsys.readouterr().err
    assert run_cli("compare", "one", "other", "--per", "lesion", "--average", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["images"] == 60 and said["units"] == 30
    assert said["names"][-1] == "Mean of all"
    frames = [
        pd.DataFrame(run.scores).groupby(lesions, sort=False).mean().to_numpy()
        for run in (one, open_run(other.root))
    ]
    chances = [np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in frames]
    predicted = np.array(one.classes)[sum(chances).argmax(axis=1)]
    (top1,) = [
        row["value"]
        for row in said["measures"]
        if (row["model"], row["measure"]) == ("Mean of all", "top1_accuracy")
    ]
    assert top1 == pytest.approx((predicted == labels[::2]).mean())
    other = rewrite(open_run(other.root), lesion_id=None, patient_id=None)
    assert run_cli("compare", "one", "other", "--per", "lesion") == 2
    assert "no image in common" in capsys.readouterr().err
