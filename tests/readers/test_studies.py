"""Studies are made once, closed, opened and removed; every reader has an order of their own."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from dermxai.core.errors import InputError
from dermxai.readers import studies
from dermxai.readers.definition import ArmKind, StudySettings
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import Reader, Revision, Table, Turn
from dermxai.readers.studies import StudyInfo
from tests.generated import generated_run


def test_a_study_is_found_as_it_was_made(db: Database, study: StudyInfo) -> None:
    assert studies.find(db, "First") == study
    assert (study.cases, study.readers, study.made_by, study.is_open) == (6, 0, "me", True)
    assert study.classes == ("MN", "BCC", "SK") or set(study.classes) == {"MN", "BCC", "SK"}


def test_two_of_one_name_are_refused(
    db: Database, study: StudyInfo, settings: StudySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="already; choose another name"):
        studies.make(db, settings)
    monkeypatch.setattr(studies, "check_free", lambda *_: None)  # made at the same moment
    with pytest.raises(InputError, match="already; choose another name"):
        studies.make(db, settings)
    assert len(studies.all_of(db)) == 1


@pytest.mark.parametrize("name", ["", " x", "x\ny", "a" * 101, "a\0b", "\u202eabc"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="name"):
        StudySettings(name=name, dataset="x")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"classes": ("a",)}, "one class"),
        ({"classes": ("a", "a")}, "twice"),
        ({"arms": ()}, "empty or names one twice"),
        ({"arms": ("with",)}, "an arm shows an AI"),
        ({"arms": ("none",)}, "expected some of"),
        ({"confidence": 1}, "one level"),
        ({"slice": "s", "sample_ids": ("a",)}, "one way"),
        ({"background": ("x" * 61,)}, "1 to 60 characters"),
        ({"per_class": 0}, "from 1 to 1000"),
    ],
)
def test_what_does_not_fit_together_is_refused(values: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        StudySettings(name="x", dataset="x", **values)


def order(db: Database, number: int) -> list[tuple[str, int, str]]:
    query = (
        select(Turn.arm, Turn.case_id, Turn.stage)
        .join(Reader)
        .where(Reader.number == number)
        .order_by(Turn.position)
    )
    with db.reading() as session:
        return [tuple(row) for row in session.execute(query)]


def test_each_reader_has_a_random_order(db: Database, study: StudyInfo) -> None:
    made = studies.make_codes(db, "First", 4)
    orders = [order(db, code.number) for code in made]
    assert len({tuple(each) for each in orders}) > 1
    assert {tuple(sorted(each)) for each in orders} == {tuple(sorted(orders[0]))}
    assert len({code.text for code in made}) == 4


def test_codes_are_kept_as_hashes(db: Database, study: StudyInfo) -> None:
    (code,) = studies.make_codes(db, "First", 1)
    secret = code.text.replace("-", "")[6:]
    with db.reading() as session:
        kept = session.scalars(select(Reader)).one()
        assert secret not in repr([kept.hash, kept.salt, kept.code_id])
    assert secret not in repr(code)


def with_network(settings: StudySettings, tmp_path: Path, **values: object) -> StudySettings:
    run = generated_run(tmp_path / "run", 12, classes=("MN", "BCC", "SK"))
    images = tuple(run.samples["sample_id"].head(6))
    return StudySettings(
        name="With", dataset=str(tmp_path / "run" / "dataset.csv"), run=str(run.root),
        sample_ids=images, **values,
    )  # fmt: skip


def test_arms_are_crossed_in_balanced_order_or_split(
    db: Database, settings: StudySettings, tmp_path: Path
) -> None:
    crossed = with_network(settings, tmp_path, arms=("without", "without-then-with"))
    studies.make(db, crossed)
    studies.make_codes(db, "With", 2)
    first, second = order(db, 1), order(db, 2)
    assert [arm for arm, _, _ in first] == ["without"] * 6 + ["without-then-with"] * 12
    assert [arm for arm, _, _ in second] == ["without-then-with"] * 12 + ["without"] * 6
    pairs = list(zip(first[6::2], first[7::2], strict=True))
    assert all(a[1] == b[1] and (a[2], b[2]) == ("alone", "with AI") for a, b in pairs)
    split = crossed.replaced(design="split")
    assert [studies.arms_of(split, number) for number in (1, 2, 3)] == [
        (ArmKind.WITHOUT,), (ArmKind.THEN_WITH,), (ArmKind.WITHOUT,)
    ]  # fmt: skip


def test_removing_a_study_removes_all_of_it(db: Database, study: StudyInfo) -> None:
    studies.make_codes(db, "First", 2)
    studies.remove(db, "First")
    with db.reading() as session:
        for table in Table.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)) == 0
    with pytest.raises(InputError, match="no study 'First'; there are: none"):
        studies.find(db, "First")


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_numbers_of_codes_are_bounded(db: Database, study: StudyInfo, count: int) -> None:
    with pytest.raises(InputError, match="codes were asked for"):
        studies.make_codes(db, "First", count)


def test_a_closed_study_gets_no_codes(db: Database, study: StudyInfo) -> None:
    assert not studies.set_open(db, "First", False).is_open
    with pytest.raises(InputError, match="closed"):
        studies.make_codes(db, "First", 1)
    assert studies.set_open(db, "First", True).is_open


def test_a_definition_is_a_toml_file(images: Path, tmp_path: Path) -> None:
    file = images.parent / "study.toml"
    file.write_text('name = "A <b>study</b>"\ndataset = "dataset.csv"\nper_class = 1\n')
    assert studies.read_definition(file).dataset == str(images)
    file.write_text('name = "x"\ndataset = "dataset.csv"\nper_clas = 1\n')
    with pytest.raises(InputError, match="no setting 'per_clas'"):
        studies.read_definition(file)
    with pytest.raises(InputError, match="not there"):
        studies.read_definition(tmp_path / "none.toml")


def test_nothing_points_to_what_is_gone(db: Database) -> None:
    """All tables but the first hang on another, so that removing leaves nothing."""
    assert {each.name for each in Table.metadata.sorted_tables if not each.foreign_keys} == {
        "study",
        "lesson",
    }
    assert Revision.__tablename__ in Table.metadata.tables
