"""What is exported is what was answered, is no formula, and is imported as it was."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from scipy.special import softmax

from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import to_csv, write_csv
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.readers import importing, pictures, sitting, stored_answers, studies
from dermxai.readers.definition import StudySettings
from dermxai.readers.sitting import Given, Shown
from dermxai.readers.store.database import Database
from dermxai.runs import infer, open_run
from tests.generated import generated_run, rewrite
from tests.readers.conftest import a_case, entered


def answer_all(db: Database, shown: str) -> dict[str, str]:
    """Class by token, the classes in turn."""
    given = {}
    while isinstance(screen := sitting.go_on(db, shown), Shown):
        given[screen.token] = screen.classes[len(given) % 3]
        sitting.give(db, shown, Given(screen.token, "a", given[screen.token], 4, True))
    return given


def test_every_finished_answer_is_a_row(db: Database, shown: str) -> None:
    given = answer_all(db, shown)
    other = entered(db, "First")
    case = a_case(db, other)
    sitting.give(db, other, Given(case.token, "a", case.classes[0], 1, False))  # not finished
    table = stored_answers.answers(db, "First")
    assert list(table["choice"]) == list(given.values())
    assert set(table["reader"]) == {"1"} and list(table["position"]) == [1, 2, 3, 4, 5, 6]
    assert not table.duplicated(["reader", "case", "arm", "stage"]).any()
    assert len(stored_answers.changes(db, "First")) == 7


def network_study(db: Database, tmp_path: Path, **values: object) -> StudySettings:
    run = generated_run(tmp_path / "run", 12, classes=("MN", "BCC", "SK", "mel"))
    rewrite(run, label=["MN", "BCC", "SK"] * 4)
    table = pd.read_csv(tmp_path / "run" / "dataset.csv")
    table.assign(label=["MN", "BCC", "SK"] * 4).to_csv(
        tmp_path / "run" / "dataset.csv", index=False
    )
    settings = StudySettings(
        name="With", dataset=str(tmp_path / "run" / "dataset.csv"), run=str(run.root),
        sample_ids=tuple(run.samples["sample_id"]), **values,
    )  # fmt: skip
    studies.make(db, settings)
    return settings


def test_the_network_takes_the_same_exam(db: Database, tmp_path: Path) -> None:
    """Logits of the classes offered alone; authority: scipy's softmax of them."""
    network_study(db, tmp_path)
    table = stored_answers.answers(db, "With").set_index("case")
    run = open_run(tmp_path / "run")
    columns = [run.classes.index(each) for each in ("MN", "BCC", "SK")]
    rows = run.index(table.index)
    expected = softmax(run.scores[rows][:, columns], axis=1)
    told = table[[f"probability:{each}" for each in ("MN", "BCC", "SK")]].to_numpy(float)
    assert (expected > 0.01).sum() > 12 and np.abs(told - expected).max() < 1e-12
    best = np.array(["MN", "BCC", "SK"])[expected.argmax(axis=1)]
    assert list(table["choice"]) == list(best)
    assert set(table["reader"]) == {"network"} and len(table) == 12
    assert (run.predicted[rows] != best).any()  # unrestricted, it would answer otherwise


def test_a_run_that_lacks_a_class_is_refused(db: Database, tmp_path: Path) -> None:
    settings = network_study(db, tmp_path)
    other = generated_run(tmp_path / "other", 12, classes=("MN", "BCC", "mel"))
    with pytest.raises(InputError, match="does not know class 'SK'"):
        studies.make(db, settings.replaced(name="x", run=str(other.root)))


def test_a_faulty_ai_is_wrong_for_its_share_and_only_in_its_arm(
    db: Database, tmp_path: Path
) -> None:
    arms = ("with", "with-faulty", "without-then-with")
    network_study(db, tmp_path, arms=arms, faulty_share=0.5, design="crossed")
    shown, advised = entered(db, "With"), []
    while isinstance(screen := sitting.go_on(db, shown), Shown):
        assert (screen.advice is None) == (screen.stage == "alone")
        if screen.advice:
            probabilities = dict(screen.advice.probabilities)
            assert sum(probabilities.values()) == pytest.approx(1)
            assert screen.advice.shown == max(probabilities, key=probabilities.__getitem__)
            advised.append(screen.advice.shown)
        if screen.several_stages and screen.stage == "with AI":
            assert screen.earlier == "MN"
        sitting.give(db, shown, Given(screen.token, "a", "MN", 1, True))
    table = stored_answers.answers(db, "With")
    mine = table[table["reader"] == "1"]
    assert list(mine.loc[mine["ai_class"].notna(), "ai_class"]) == advised
    faulty = mine[mine["ai_faulty"] == True]  # noqa: E712
    assert set(faulty["arm"]) == {"with-faulty"} and len(faulty) == 6
    assert (faulty["ai_class"] != faulty["label"]).all()
    network = table[table["reader"] == "network"].set_index("case")["choice"]
    honest = mine[mine["ai_faulty"] == False]  # noqa: E712
    assert (honest["ai_class"].to_numpy() == network[honest["case"]].to_numpy()).all()
    assert mine.loc[mine["stage"] == "alone", "ai_class"].isna().all()


def test_what_readers_write_is_no_formula(db: Database, settings: StudySettings) -> None:
    evil = '=HYPERLINK("http://x")'
    studies.make(db, settings.replaced(background=("years",), name="=1+1"))
    shown = entered(db, "=1+1")
    sitting.agree(db, shown, False, {"years": evil})
    answer_all(db, shown)
    text = to_csv(stored_answers.answers(db, "=1+1"))
    cells = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    assert set(cells["background:years"]) == {f"'{evil}"} and set(cells["study"]) == {"'=1+1"}


def test_an_export_is_imported_as_it_was(db: Database, shown: str, tmp_path: Path) -> None:
    answer_all(db, shown)
    answer_all(db, entered(db, "First"))
    before = stored_answers.answers(db, "First")
    write_csv(before, tmp_path / "a.csv", digits=17)
    made = importing.import_answers(db, "Again", tmp_path / "a.csv")
    assert (made.readers, made.answered, made.is_open) == (2, 12, False)
    after = stored_answers.answers(db, "Again")
    same = ["reader", "arm", "stage", "case", "unit", "label", "choice", "confidence", "seconds"]
    pd.testing.assert_frame_equal(before[same], after[same])
    with pytest.raises(InputError, match="already"):
        importing.import_answers(db, "Again", tmp_path / "a.csv")


HEAD = "reader,case,label,choice,arm,stage,confidence,seconds\n"
GOOD = "r1,c1,MN,BCC,without,alone,3,1.5\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("reader,case,label\nr,c,MN\n", "no column choice"),
        (HEAD, "no answer"),
        (HEAD + GOOD + GOOD, "two answers of reader 'r1' to case 'c1'"),
        (HEAD + GOOD + "r2,c1,SK,BCC,,,,\n", "gives case 'c1' 2 labels"),
        (HEAD + GOOD + "r2,c1,,BCC,,,,\n", "line 3: label is ''"),
        (HEAD + "r1,c1,MN,BCC,best,,,\n", "line 2: arm is 'best'"),
        (HEAD + "r1,c1,MN,BCC,without,with AI,,\n", "line 2: stage is 'with AI'"),
        (HEAD + "r1,c1,MN,BCC,,,1.5,\n", "confidence is '1.5'"),
        (HEAD + "r1,c1,MN,BCC,,,11,\n", "confidence is '11'"),
        (HEAD + "r1,c1,MN,BCC,,,,-1\n", "seconds is '-1'"),
        (HEAD + "r1,c1,MN,BCC,,,,nan\n", "seconds is 'nan'"),
        (HEAD + "r1,c1,MN,BCC,,,,1e400\n", "seconds is '1e400'"),
        (HEAD + "r1,c1,MN,MN,,,,\n", "1 classes; expected 2 to"),
        (HEAD + "r1,c1,MN," + "x" * 101 + ",,,,\n", "choice is"),
        ("", "no CSV table"),
        (HEAD + 'r1,"c1\n', "no CSV table"),
    ],
)
def test_what_is_no_table_of_answers_is_refused_and_nothing_kept(
    db: Database, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=told):
        importing.import_answers(db, "x", file)
    assert studies.all_of(db) == []


def test_files_that_are_none_are_refused(db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "a.csv", tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError):
            importing.import_answers(db, "x", file)


def test_too_many_rows_are_refused(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_TURNS", 3)
    (tmp_path / "a.csv").write_text(HEAD + "".join(f"r{n},c,MN,BCC,,,,\n" for n in range(4)))
    with pytest.raises(InputError, match="more than 3 rows"):
        importing.import_answers(db, "x", tmp_path / "a.csv")


def test_the_networks_rows_are_left_out(db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + GOOD + "network,c1,MN,MN,network,alone,,\n")
    assert importing.import_answers(db, "x", tmp_path / "a.csv").answered == 1


@given(text=st.text(max_size=200) | st.text("r1,c\n\"'=;MN").map(lambda rows: HEAD + rows))
@profile(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_whatever_is_imported_is_taken_or_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text, "utf-8", "surrogatepass", newline="")
    try:
        table = importing.read(tmp_path / "a.csv")
    except InputError as error:
        assert str(error).endswith((".", "”"))
        return
    assert len(table)


def test_maps_are_of_the_class_that_the_ai_shows_and_seen_with_it_alone(
    db: Database, images: Path, tiny_checkpoint: Path
) -> None:
    run = infer(load_classifier(tiny_checkpoint), load_dataset(images), device="cpu", workers=0)
    settings = StudySettings(
        name="Maps", dataset=str(images), run=str(run.root), per_class=1, faulty_share=1.0,
        arms=("without-then-with-maps", "with-faulty-maps", "with"),
    )  # fmt: skip
    told: list[tuple[str, int, int]] = []
    studies.make(db, settings, progress=lambda *step: told.append(step))
    assert told == [("images", n, 3) for n in (1, 2, 3)] + [("maps", n, 3) for n in (0, 1, 2)]
    shown, seen = entered(db, "Maps"), []
    while isinstance(screen := sitting.go_on(db, shown), Shown):
        found = sitting.shown_map(db, shown, screen.token)
        seen.append((screen.stage.value, found is not None))
        assert (found is not None) == (screen.advice is not None and screen.advice.has_map)
        if found:
            values = pictures.unpacked(found[1], (24, 32))
            assert values.shape == (24, 32) and np.isfinite(values).all() and np.ptp(values) > 0
        sitting.give(db, shown, Given(screen.token, "a", screen.classes[0], 1, True))
    assert (
        seen
        == [("alone", False), ("with AI", True)] * 3
        + [("with AI", True)] * 3
        + [("with AI", False)] * 3
    )


@pytest.mark.parametrize("shape", [(10, 20), (700, 300), (1, 900)])
def test_a_map_is_laid_out_as_it_was(shape: tuple[int, int]) -> None:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    values = np.sin(rows / 300) + np.cos(columns / 300)
    back = pictures.unpacked(pictures.packed(values), shape)
    assert np.abs(back - values).max() < 0.05


def test_the_long_form_has_a_row_each_reader_case_and_arm(db: Database, tmp_path: Path) -> None:
    asked = ("years", "training")
    network_study(db, tmp_path, arms=("without-then-with", "with-faulty"), background=asked)
    shown = entered(db, "With")
    screen = sitting.agree(db, shown, False, {"years": "7", "training": "=x"})
    given = 0
    while isinstance(screen, Shown):
        choice = "BCC" if screen.stage == "alone" else "SK"
        sitting.give(db, shown, Given(screen.token, "a", choice, 1 + given % 5, True))
        given += 1
        screen = sitting.go_on(db, shown)
    entered(db, "With")  # has answered nothing
    table, rows = stored_answers.long_form(db, "With"), stored_answers.answers(db, "With")
    assert not table.duplicated(["reader", "case", "arm"]).any()
    assert table["reader"].value_counts().to_dict() == {"1": 24, "network": 12}
    mine = table[table["reader"] == "1"]
    after = mine[mine["arm"] == "without-then-with"]
    assert set(after["first"]) == {"BCC"} and set(after["answer"]) == {"SK"}
    assert set(after["help"]) == {"after"} and set(after["faulty"]) == {"no"}
    start = mine[mine["arm"] == "with-faulty"]
    assert start["first"].isna().all() and set(start["help"]) == {"start"}
    assert set(start["faulty"]) == {"yes"} and set(mine["years"]) == {"7"}
    assert mine["shown"].notna().all() and mine["confidence"].between(0, 1).all()
    assert set(mine["confidence"]) > {0.25, 0.75}
    both = rows[(rows["reader"] == "1") & (rows["arm"] == "without-then-with")]
    total = both.groupby("case")["seconds"].sum()
    assert np.allclose(after.set_index("case")["seconds"], total[after["case"]])
    truth = rows.drop_duplicates("case").set_index("case")["label"]
    assert (table["truth"].to_numpy() == truth[table["case"]].to_numpy()).all()
    network = table[table["reader"] == "network"]
    assert network["first"].isna().all() and set(network["help"]) == {"none"}
