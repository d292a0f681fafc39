"""Predictions of other programs become runs, exactly, or are refused in a sentence."""

import doctest
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import Dataset
from dermxai.report.evaluated import evaluated
from dermxai.runs import Run, list_runs, open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.listing import find_runs
from dermxai.runs.predictions import import_predictions, import_summary, importing

Written = Callable[..., Path]
NAMES = ["nv", "mel", "bcc"]
COLUMNS = [f"prob_{name}" for name in NAMES]


def test_the_documented_example_runs(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    import dermxai
    from tests.runs.predictions import examples

    examples.images(tmp_path / "images")
    found = doctest.DocTestFinder().find(import_predictions, "import_predictions")
    assert sum(len(each.examples) for each in found) > 5
    for each in found:
        assert doctest.DocTestRunner().run(each).failed == 0
    assert dermxai.__version__


def test_probabilities_come_back_exactly(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    given.loc[3, COLUMNS] = [0.0, 1.0, 0.0]
    given.loc[4, COLUMNS] = [1e-30, 0.25, 0.75]
    run = import_predictions(written(given), dataset)
    assert run.classes == ("MN", "mel", "BCC")
    assert run.probabilities.tolist() == given[COLUMNS].to_numpy().tolist()
    from scipy.special import softmax

    np.testing.assert_allclose(
        softmax(run.scores, axis=1), given[COLUMNS].to_numpy(), rtol=0, atol=1e-11
    )
    assert run.predicted.tolist() == [
        run.classes[index] for index in given[COLUMNS].to_numpy().argmax(axis=1)
    ]
    assert "scores take 1e-12 in place of 0" in " ".join(import_summary(run))


def test_ties_stay_ties(dataset: Dataset, given: pd.DataFrame, written: Written) -> None:
    """A softmax of logarithms would break some of them by a rounding error."""
    rng = np.random.default_rng(0)
    given["prob_mel"] = rng.choice([0.1, 0.3, 0.7], 12)
    given["prob_nv"] = (1 - given["prob_mel"]) * rng.random(12)
    given["prob_bcc"] = 1 - given["prob_mel"] - given["prob_nv"]
    run = import_predictions(written(given), dataset)
    truth = (dataset.samples["label"] == "mel").to_numpy()
    found = evaluated(run)
    assert found.roc["mel"].auc == pytest.approx(roc_auc_score(truth, given["prob_mel"]), abs=1e-12)
    assert len(np.unique(found.probabilities[:, 1])) == 3


@pytest.mark.parametrize(
    "columns",
    [
        NAMES,
        ["NV", "MEL", "BCC"],
        ["p(nv)", "p(mel)", "p(bcc)"],
        ["mel_prob", "nv_prob", "bcc_prob"],
        ["Melanocytic nevus", "Melanoma", "Basal cell carcinoma"],
        ["softmax.nv", "softmax.mel", "softmax.bcc"],
        ["Probability of nv", "Probability of mel", "Probability of bcc"],
        ["probNV", "probMEL", "probBCC"],
    ],
    ids=lambda names: names[0],
)
def test_outputs_are_known_by_their_names(
    columns: list[str], dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    given.columns = ["image", *columns]
    run = import_predictions(written(given.assign(age=50, fold=2)), dataset)
    assert sorted(run.classes) == ["BCC", "MN", "mel"]
    assert not run.imported or run.made_by["read"]["columns"] == columns
    assert "Columns that were not used: age" in " ".join(import_summary(run))


@pytest.mark.parametrize(
    "name",
    [
        "{}",
        "{}.jpg",
        "{}.JPG",
        "images/{}.jpg",
        "C:\\data\\HAM\\{}.jpg",
        "/home/someone/ham/part_1/{}.jpeg",
        "  {} ",
    ],
)
def test_images_are_known_by_id_file_or_path(
    name: str, dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    shuffled = given.assign(image=given["image"].map(name.format)).sample(frac=1, random_state=0)
    run = import_predictions(written(shuffled), dataset)
    assert len(run) == 12 and run.problems == ()
    assert run.probabilities.tolist() == given[COLUMNS].to_numpy().tolist()
    assert run.samples["sample_id"].tolist() == given["image"].tolist()


@pytest.mark.parametrize("classes", [("benign", "malignant"), ("malignant", "benign")], ids=str)
def test_a_single_column_is_of_the_class_that_it_names(
    classes: tuple[str, str], dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    table = given[["image"]].assign(Malignant=given["prob_mel"], benign_or_not="benign")
    run = import_predictions(written(table), dataset, classes=classes)
    assert run.classes == ("benign", "malignant")
    assert run.probabilities[:, 1].tolist() == given["prob_mel"].tolist()
    with pytest.raises(InputError, match="predicted classes, no scores"):
        whole = table.assign(Malignant=(given["prob_mel"] > 0.3).astype(int))
        import_predictions(written(whole), dataset, classes=classes)
    with pytest.raises(InputError, match="no outputs of the 2 classes"):
        named = table.assign(Malignant="yes")
        import_predictions(written(named), dataset, classes=classes)


def test_a_name_that_two_images_share_is_of_neither(given: pd.DataFrame, written: Written) -> None:
    from dermxai.runs.predictions.matching import NONE, SEVERAL, Matching

    samples = pd.DataFrame(
        {"sample_id": ["a/1", "b/1", "2"], "path": ["/x/a/1.jpg", "/x/b/1.jpg", "/x/2.png"]}
    )
    found = Matching(samples).positions(["a/1", "B/1.PNG", "1.jpg", "y/a/1.jpg", "2", "3", None])
    assert found.tolist() == [0, 1, SEVERAL, 0, 2, NONE, NONE]


def test_what_is_missing_and_what_is_too_much_is_told(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    given.loc[1, "prob_mel"] = np.nan
    given.loc[2, "prob_mel"] = np.inf
    more = pd.concat([given.drop(0), given.tail(2).assign(image=["other 1", "other 2"])])
    run = import_predictions(written(more), dataset)
    assert len(run) == 9
    reasons = {problem.item: problem.reason for problem in run.problems}
    assert reasons == {
        "ISIC_0000000": "has no prediction in predictions.csv",
        "ISIC_0000001": "its prediction is not a finite number",
        "ISIC_0000002": "its prediction is not a finite number",
    }
    assert any("2 rows of no image of skin" in line for line in import_summary(run))


def test_percent_logits_and_sigmoids_are_told_apart(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    shares = given[COLUMNS].to_numpy()
    percent = given.assign(**{name: (100 * given[name]).round(1) for name in COLUMNS})
    run = import_predictions(written(percent, "percent.csv"), dataset)
    assert run.made_by["read"]["kind"] == "percent"
    np.testing.assert_allclose(run.probabilities, shares, atol=5.1e-4)
    assert any("rounded, and kept as they are" in line for line in import_summary(run))

    logits = given.assign(**{name: 3 * np.log(given[name]) + 1 for name in COLUMNS})
    run = import_predictions(written(logits, "logits.csv"), dataset, numbers="logits")
    np.testing.assert_allclose(run.scores, 3 * np.log(shares) + 1, atol=1e-12)
    assert run.imported_probabilities is None

    alone = given.assign(**{name: given[name] ** 0.2 for name in COLUMNS})
    run = import_predictions(written(alone, "sigmoid.csv"), dataset)
    assert run.manifest["activation"] == "sigmoid"
    assert run.probabilities.tolist() == alone[COLUMNS].to_numpy().tolist()
    np.testing.assert_allclose(1 / (1 + np.exp(-run.scores)), alone[COLUMNS], atol=1e-12)
    assert any("one-vs-rest" in line for line in import_summary(run))
    assert np.isfinite(evaluated(run).overall["value"]).all()


def test_a_guess_can_be_changed(dataset: Dataset, given: pd.DataFrame, written: Written) -> None:
    file = written(given)
    told = import_predictions(file, dataset)
    other = import_predictions(file, dataset, numbers="logits")
    assert told.id != other.id and len(list_runs()) == 2
    np.testing.assert_allclose(other.scores, given[COLUMNS], atol=1e-12)
    sigmoid = import_predictions(file, dataset, numbers="logits", activation="sigmoid")
    np.testing.assert_allclose(
        sigmoid.probabilities, 1 / (1 + np.exp(-given[COLUMNS].to_numpy())), atol=1e-12
    )


def test_folds_are_averaged_and_said(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    other = given.assign(**{name: given[name].to_numpy()[::-1] for name in COLUMNS})
    both = pd.concat([given.assign(fold=0), other.assign(fold=1)])
    run = import_predictions(written(both), dataset)
    wanted = (given[COLUMNS].to_numpy() + other[COLUMNS].to_numpy()) / 2
    np.testing.assert_allclose(run.probabilities, wanted, atol=1e-15)
    assert "The mean of 2 folds was taken of each image." in import_summary(run)
    out_of_fold = import_predictions(written(given.assign(fold=range(12)), "oof.csv"), dataset)
    assert not any("mean" in line for line in import_summary(out_of_fold))


REFUSED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], dict[str, Any], str]] = {
    "an image twice": (lambda t: pd.concat([t, t]), {}, "2 rows for the image ISIC_0000000"),
    "a fold twice": (
        lambda t: pd.concat([t, t]).assign(fold=1),
        {},
        "2 rows of one fold for the image ISIC_0000000",
    ),
    "hard predictions": (
        lambda t: t[["image"]].assign(pred=["nv", "mel", "bcc"] * 4),
        {},
        "Predicted classes alone are not enough",
    ),
    "numbers of classes": (
        lambda t: t[["image"]].assign(pred=[0, 1, 2] * 4),
        {"classes": ["nv", "mel"]},
        "holds predicted classes, no scores",
    ),
    "no class names": (
        lambda t: t.rename(columns={name: f"logit_{i}" for i, name in enumerate(COLUMNS)}),
        {},
        r"no class names \(logit_0 … logit_2\); give them in their order, .* --classes bcc,mel,nv",
    ),
    "the predicted class and its confidence": (
        lambda t: t[["image"]].assign(pred=["nv", "mel", "bcc"] * 4, confidence=0.75),
        {"classes": ["nv", "mel"]},
        "in confidence the number of one class alone, which pred names",
    ),
    "two classes and the confidence": (
        lambda t: t[["image"]].assign(pred=["nv", "mel"] * 6, confidence=0.75),
        {"classes": ["nv", "mel"]},
        "in confidence the number of one class alone, which pred names",
    ),
    "the best two": (
        lambda t: t[["image"]].assign(
            label_0=["nv", "mel", "bcc"] * 4, label_1="df", prob_0=0.75, prob_1=0.125
        ),
        {"classes": ["nv", "mel"]},
        "in prob_0 the number of one class alone, which label_0 names",
    ),
    "one score": (
        lambda t: t[["image"]].assign(score=t["prob_mel"]),
        {},
        "one number for each image .score.; give the two classes",
    ),
    "other images": (
        lambda t: t.assign(image=[f"X{i}" for i in range(12)]),
        {},
        "No column of predictions.csv names images of the dataset",
    ),
    "no such column": (lambda t: t, {"ids": "name"}, "has no column 'name'; it has image"),
    "other classes": (
        lambda t: t,
        {"classes": ["nv", "mel", "df"]},
        "no outputs of the 3 classes nv, mel, df",
    ),
    "ambiguous": (
        lambda t: t.rename(columns=lambda n: n.removeprefix("prob_")).assign(nv=5.0, mel=7.0),
        {},
        "nobody can tell logits from percentages; say --as",
    ),
    "probabilities beyond": (
        lambda t: t.assign(prob_mel=-3.0),
        {},
        "called probabilities, but range from -3",
    ),
    "two of one class": (
        lambda t: t.assign(prob_NV=0.1)[["image", "prob_nv", "prob_NV", "prob_mel"]],
        {"numbers": "logits", "classes": ["nv", "nv"]},
        "expected two or more, each once",
    ),
    "nothing but blanks": (
        lambda t: t.assign(**dict.fromkeys(COLUMNS, np.nan)),
        {},
        "has no outputs of a network",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_nobody_can_tell_is_refused_and_leaves_nothing(
    case: str, dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    change, options, said = REFUSED[case]
    with pytest.raises(InputError, match=said):
        import_predictions(written(change(given)), dataset, **options)
    assert find_runs() == ([], [])
    assert not list(paths.runs().glob("*"))


def test_two_classes_by_one_number(dataset: Dataset, given: pd.DataFrame, written: Written) -> None:
    table = given[["image"]].assign(score=np.linspace(0, 1, 12))
    run = import_predictions(written(table), dataset, classes=["MN", "mel"])
    assert run.classes == ("MN", "mel")
    assert run.probabilities[:, 1].tolist() == table["score"].tolist()


def test_the_same_file_again_is_the_same_run(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    first = import_predictions(written(given), dataset)
    before = {file.name: file.stat().st_mtime_ns for file in first.root.iterdir()}
    again = import_predictions(written(given, "renamed.csv"), dataset)
    assert again.id == first.id and len(list_runs()) == 1
    assert {file.name: file.stat().st_mtime_ns for file in again.root.iterdir()} == before


def test_an_import_that_is_stopped_leaves_nothing_half(
    dataset: Dataset, given: pd.DataFrame, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dermxai.runs.assembly._write_manifest", stop)
        with pytest.raises(KeyboardInterrupt):
            import_predictions(written(given), dataset)
    assert find_runs() == ([], [])
    assert len(import_predictions(written(given), dataset)) == 12


def test_a_manifest_says_where_it_comes_from(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    run = import_predictions(written(given), dataset)
    manifest = json.loads(RunFiles(run.root).manifest.read_text("utf-8"))
    assert "checkpoint" not in manifest
    told = manifest["predictions"]
    assert told["name"] == "predictions.csv" and len(told["file"]) == 16
    assert run.imported and run.info is None and run.leaks is None
    with pytest.raises(InputError, match=r"imported from predictions\.csv, without a network"):
        _ = run.checkpoint


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_an_archive_with_heads_folds_embeddings_and_concepts(
    dataset: Dataset, given: pd.DataFrame, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    names, logits = np.array(given["image"].tolist()), rng.standard_normal((12, 2, 3))
    run = import_predictions(
        archive(
            tmp_path / "heads.npz",
            ids=names,
            logits=logits,
            classes=np.array(NAMES),
            heads=np.array(["block 1", "final"]),
            embeddings=rng.random((12, 5)),
        ),
        dataset,
    )
    assert run.heads == ("block 1", "final")
    np.testing.assert_allclose(run.scores, logits.sum(axis=1), atol=1e-12)

    folds = rng.standard_normal((12, 4, 3))
    run = import_predictions(
        archive(tmp_path / "folds.npz", ids=names, fold_logits=folds, classes=np.array(NAMES)),
        dataset,
    )
    np.testing.assert_allclose(run.scores, folds.mean(axis=1), atol=1e-12)
    assert "The mean of 4 folds was taken of each image." in import_summary(run)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"logits": np.zeros((12, 3)), "classes": np.array(NAMES)}, "holds no ids"),
        ({"ids": np.arange(12)}, "holds no logits or probabilities"),
        (
            {"ids": np.array(["a"] * 12), "logits": np.zeros((11, 3)), "classes": np.array(NAMES)},
            r"has logits \(11, 3\) for 12 ids",
        ),
        ({"ids": np.array(["a"] * 12), "logits": np.zeros((12, 3))}, "names no classes for its 3"),
        (
            {"ids": np.array(["a"], dtype=object), "logits": np.zeros((1, 3))},
            "has objects in ids, which could run code",
        ),
        (
            {"ids": np.array(["a"]), "logits": np.zeros((1, 3)), "classes": np.array(["x", "y"])},
            "has 3 outputs and 2 classes came",
        ),
    ],
)
def test_an_archive_that_does_not_fit_is_refused(
    arrays: dict[str, Any], said: str, dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        import_predictions(archive(tmp_path / "odd.npz", **arrays), dataset)
    assert find_runs() == ([], [])


@pytest.mark.parametrize("name", ["a.docx", "a.npz", "a.parquet", "a.csv", "gone.csv"])
def test_files_that_are_something_else_are_refused(
    name: str, dataset: Dataset, tmp_path: Path
) -> None:
    if not name.startswith("gone"):
        (tmp_path / name).write_bytes(b"PK\x03\x04\0\xff nothing of the kind")
    with pytest.raises(InputError, match=name):
        import_predictions(tmp_path / name, dataset)
    assert find_runs() == ([], [])


def test_a_large_file_is_refused_before_it_is_opened(
    dataset: Dataset, given: pd.DataFrame, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dermxai.runs.predictions.table.MOST_BYTES", 100)
    with pytest.raises(InputError, match="expected at most"):
        import_predictions(written(given), dataset)
    monkeypatch.setattr("dermxai.core.parquet.MOST_ROWS", 10)
    with pytest.raises(InputError, match="has 12 rows and 4 columns"):
        import_predictions(written(given, "large.parquet"), dataset)


def test_a_server_reads_no_file_outside_its_folders(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    file = written(given)
    with paths.confining(), pytest.raises(InputError, match="lies outside the folders"):
        import_predictions(file, dataset)


def test_kept_runs_without_either_origin_are_damaged(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    run = import_predictions(written(given), dataset)
    file = RunFiles(run.root).manifest
    manifest = json.loads(file.read_text("utf-8"))
    del manifest["predictions"]
    file.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="neither 'checkpoint' nor 'predictions'"):
        open_run(run.root)


def test_numbers_with_commas_and_signs_of_percent(
    dataset: Dataset, given: pd.DataFrame, tmp_path: Path
) -> None:
    lines = ["Bild;nv;mel;bcc"]
    lines += [
        f"{row.image}.jpg;" + ";".join(f"{100 * value:.3f}%".replace(".", ",") for value in row[2:])
        for row in given.itertuples()
    ]
    file = tmp_path / "german.csv"
    file.write_text("\n".join(lines), "utf-8")
    run: Run = import_predictions(file, dataset)
    np.testing.assert_allclose(run.probabilities, given[COLUMNS], atol=1e-5)


def test_suffixes_are_those_that_the_form_takes() -> None:
    from dermxai.ui.app import predictions

    assert {f".{suffix}" for suffix in predictions._TYPES} <= set(importing.SUFFIXES)


def test_concepts_become_columns_and_a_space(
    dataset: Dataset, given: pd.DataFrame, written: Written, tmp_path: Path
) -> None:
    from dermxai.runs import feature_spaces

    scores = {"pigment network": np.arange(12) / 12, "blue veil": np.ones(12)}
    table = given.assign(**{f"concept_{name}": values for name, values in scores.items()})
    other = archive(
        tmp_path / "concepts.npz",
        ids=np.array(given["image"].tolist()),
        probabilities=given[COLUMNS].to_numpy(),
        classes=np.array(NAMES),
        concepts=np.column_stack(list(scores.values())),
        concept_names=np.array(list(scores)),
    )
    for file in (written(table.sample(frac=1, random_state=0)), other):
        run = import_predictions(file, dataset)
        assert feature_spaces.names(run) == ("concepts", "scores")
        for name, values in scores.items():
            assert run.samples[f"concept {name}"].tolist() == pytest.approx(values.tolist())
        assert run.classes == ("MN", "mel", "BCC")


def test_a_dataset_that_has_moved_is_followed(
    dataset: Dataset, given: pd.DataFrame, written: Written, tmp_path: Path
) -> None:
    import shutil

    from dermxai.data import load_dataset

    first = import_predictions(written(given), dataset)
    shutil.move(dataset.source, tmp_path / "elsewhere" / "skin")
    moved = load_dataset(tmp_path / "elsewhere" / "skin")
    again = import_predictions(written(given), moved)
    assert again.id == first.id
    assert again.manifest["dataset"]["path"] == str(moved.source)
    assert all(Path(path).is_file() for path in again.samples["path"])
    assert not again.has_changed("ISIC_0000000")


def test_a_column_that_counts_is_no_id(tmp_path: Path, given: pd.DataFrame) -> None:
    """Where images are called by numbers, a column of row numbers names as many as the right one,
    and would shuffle all."""
    from dermxai.data import load_dataset
    from tests.runs.predictions import examples

    examples.images(tmp_path / "numbered")
    data = load_dataset(tmp_path / "numbered")
    order = np.random.default_rng(0).permutation(12)
    table = given.assign(image=[f"{index}.png" for index in order])
    table = table.rename(columns={"image": "Bild"})
    table.insert(0, "Unnamed: 0", range(12))
    table.to_csv(tmp_path / "p.csv", index=False)
    run = import_predictions(tmp_path / "p.csv", data)
    assert run.made_by["read"]["ids"] == "Bild"
    row = {Path(path).stem: row for row, path in enumerate(run.samples["path"])}
    at = [row[str(index)] for index in order]
    assert run.probabilities[at].tolist() == given[COLUMNS].to_numpy().tolist()


def two_classes(dataset: Dataset) -> Dataset:
    from dataclasses import replace

    labels = ["MN" if label == "MN" else "mel" for label in dataset.samples["label"]]
    samples = dataset.samples.assign(label=labels).drop(columns="source_label")
    return replace(dataset, samples=samples, fingerprint="two")


def test_a_score_beside_its_thresholded_class_is_a_score(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    score = [0.25, 0.75] * 6
    both = given[["image"]].assign(pred=["nv", "mel"] * 6, prob=score)
    run = import_predictions(written(both), two_classes(dataset), classes=["nv", "mel"])
    assert run.probabilities[:, 1].tolist() == score


def test_one_number_for_two_classes(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    share = given["prob_mel"]
    named = given[["image"]].assign(prob_mel=share)
    run = import_predictions(written(named), two_classes(dataset))
    assert run.classes == ("MN", "mel")
    assert run.probabilities[:, 1].tolist() == share.tolist()
    with pytest.raises(InputError, match="such as --classes other,mel"):
        import_predictions(written(named), dataset)
    target = given[["image"]].assign(target=share)  # as ISIC 2020 is handed in
    with pytest.raises(InputError, match=r"one number for each image \(target\)"):
        import_predictions(written(target, "target.csv"), two_classes(dataset))
    run = import_predictions(
        written(target, "target.csv"), two_classes(dataset), classes=["nv", "melanoma"]
    )
    assert run.classes == ("MN", "mel")
    assert run.probabilities[:, 1].tolist() == share.tolist()


def test_an_output_of_no_class_belongs_to_the_others(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    """ISIC 2019's submissions have UNK: without it rows would not add up to 1."""
    shares = given[COLUMNS] * 0.8
    shares.columns = ["NV", "MEL", "BCC"]
    table = shares.assign(image=given["image"], UNK=0.2)
    run = import_predictions(written(table), dataset)
    assert run.classes == ("MN", "mel", "BCC", "UNK")
    assert run.manifest.get("activation", "softmax") == "softmax"
    assert run.probabilities[:, 3].tolist() == [0.2] * 12


def test_the_truth_in_the_table_is_no_output(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    truth = np.eye(3)[np.arange(12) % 3]
    table = given.assign(**{f"true_{name}": truth[:, i] for i, name in enumerate(NAMES)})
    table = table.assign(**{f"{name}_target": truth[:, i] for i, name in enumerate(NAMES)})
    run = import_predictions(written(table.assign(dx="nv", age=30)), dataset)
    assert run.made_by["read"]["columns"] == COLUMNS


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.parquet", "p.xlsx", "p.jsonl"])
def test_tables_of_any_kind(
    name: str, dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    run = import_predictions(written(given, name), dataset)
    np.testing.assert_allclose(run.probabilities, given[COLUMNS], atol=1e-9)
    assert run.classes == ("MN", "mel", "BCC")


def test_an_index_names_images_too(dataset: Dataset, given: pd.DataFrame, tmp_path: Path) -> None:
    table = given.set_index("image").rename_axis(None)
    table.to_parquet(tmp_path / "p.parquet")
    table.to_csv(tmp_path / "p.csv")
    for file in sorted(tmp_path.glob("p.*")):
        run = import_predictions(file, dataset)
        np.testing.assert_allclose(run.probabilities, given[COLUMNS], atol=1e-15)


def test_a_workbook_of_several_sheets_is_refused(
    dataset: Dataset, given: pd.DataFrame, tmp_path: Path
) -> None:
    with pd.ExcelWriter(tmp_path / "p.xlsx") as book:
        for sheet in ("first", "second"):
            given.to_excel(book, sheet_name=sheet, index=False)
    with pytest.raises(InputError, match=r"p\.xlsx holds 2 tables; save the one"):
        import_predictions(tmp_path / "p.xlsx", dataset)


@pytest.mark.parametrize("places", [1, 2, 3, 7])
def test_rounded_probabilities_are_still_those_of_a_softmax(
    places: int, dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    rounded = given.round(dict.fromkeys(COLUMNS, places))
    run = import_predictions(written(rounded), dataset)
    assert run.activation == "softmax" and len(run) == 12
    assert run.probabilities.tolist() == rounded[COLUMNS].to_numpy().tolist()


def test_rows_that_do_not_add_up_are_listed_where_others_do(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    given.loc[5, COLUMNS] = 0.0
    run = import_predictions(written(given), dataset)
    assert run.activation == "softmax" and len(run) == 11
    assert [problem.reason for problem in run.problems] == [
        "its probabilities add up to 0, not to 1"
    ]


@pytest.mark.parametrize("name", ["class_{}", "{}", "logit{}", "output.{}", "pred_{}"])
@pytest.mark.parametrize("start", [0, 1])
def test_numbered_outputs_take_the_classes_in_their_order(
    name: str, start: int, dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    given.columns = ["image", *(name.format(start + index) for index in range(3))]
    run = import_predictions(written(given), dataset, classes=NAMES, numbers="probabilities")
    assert run.classes == ("MN", "mel", "BCC")
    assert run.probabilities.tolist() == given.iloc[:, 1:].to_numpy().tolist()


def test_names_with_their_codes_in_brackets(
    dataset: Dataset, given: pd.DataFrame, written: Written
) -> None:
    given.columns = ["image", "prob-nevus (NV)", "prob-Melanoma (MEL)", "prob-BCC (basal)"]
    assert import_predictions(written(given), dataset).classes == ("MN", "mel", "BCC")


@pytest.mark.parametrize("text", ["image,prob_mel,prob_nv\n", "image,mel,nv\nISIC_0000001,1,0,9\n"])
def test_a_table_without_a_row_is_refused(text: str, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match="holds no rows"):
        import_predictions(tmp_path / "p.csv", dataset)


def test_one_output_needs_two_classes(
    dataset: Dataset, given: pd.DataFrame, tmp_path: Path
) -> None:
    names, logits = np.array(given["image"].tolist()), np.linspace(-3, 3, 12)[:, None]
    one = archive(tmp_path / "one.npz", ids=names, logits=logits, classes=np.array(["mel"]))
    with pytest.raises(InputError, match="has 1 outputs and 1 classes came"):
        import_predictions(one, dataset)
    run = import_predictions(one, dataset, classes=["nv", "mel"])
    np.testing.assert_allclose(run.probabilities[:, 1], 1 / (1 + np.exp(-logits[:, 0])), atol=1e-12)


@pytest.mark.parametrize("write", [str, np.array2string, json.dumps, lambda x: str([*np.array(x)])])
def test_outputs_may_be_lists_in_one_column(
    dataset: Dataset, given: pd.DataFrame, written: Written, write: Callable[..., str]
) -> None:
    shares = given.iloc[:, 1:].to_numpy().round(6)
    cells = [write(row if write is np.array2string else row.tolist()) for row in shares]
    file = written(pd.DataFrame({"image": given["image"], "probs": cells}))
    run = import_predictions(file, dataset, classes=["nv", "mel", "bcc"])
    assert run.imported_probabilities is not None
    np.testing.assert_allclose(run.imported_probabilities, shares, atol=1e-6)
    with pytest.raises(InputError, match="classes"):
        import_predictions(file, dataset)


@pytest.mark.parametrize("cell", ["[0.1, 0.2]", "[]", "[0.1, x, 0.2]", "0.5"])
def test_lists_of_other_lengths_are_no_outputs(
    dataset: Dataset, given: pd.DataFrame, written: Written, cell: str
) -> None:
    cells = [cell, *["[0.2, 0.3, 0.5]"] * (len(given) - 1)]
    file = written(pd.DataFrame({"image": given["image"], "probs": cells}))
    with pytest.raises(InputError, match="no outputs"):
        import_predictions(file, dataset, classes=["nv", "mel", "bcc"])
