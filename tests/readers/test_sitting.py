"""An answer is kept once, whatever the browser does, and before it is confirmed."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select

from dermxai.access import codes
from dermxai.core.errors import InputError
from dermxai.readers import clock, pictures, sitting, studies
from dermxai.readers.clock import Moment
from dermxai.readers.definition import StudySettings
from dermxai.readers.sitting import (
    ClosedError,
    Finished,
    FinishedError,
    Given,
    NotEnteredError,
    Ready,
    Shown,
)
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import CaseImage, Revision, Turn
from dermxai.readers.studies import StudyInfo
from tests.readers.conftest import a_case, entered


def turn(db: Database, token: str) -> Turn:
    with db.reading() as session:
        return session.scalars(select(Turn).where(Turn.token == token)).one()


def revisions(db: Database) -> list[tuple[str, int | None]]:
    with db.reading() as session:
        return [(each.choice, each.confidence) for each in session.scalars(select(Revision))]


def finish(db: Database, shown: str, case: Shown) -> None:
    sitting.give(db, shown, Given(case.token, "last", case.classes[0], 2, True))


def test_all_cases_come_once_and_then_it_is_finished(db: Database, shown: str) -> None:
    seen = []
    while isinstance(screen := sitting.go_on(db, shown), Shown):
        assert screen.progress.answered == len(seen)
        seen.append(screen.token)
        finish(db, shown, screen)
    assert len(set(seen)) == len(seen) == 6
    assert isinstance(screen, Finished) and screen.progress.answered == 6
    assert sitting.look(db, shown) == screen


def test_a_case_tells_nothing_of_its_label_or_file(db: Database, shown: str) -> None:
    told = repr(a_case(db, shown))
    with db.reading() as session:
        paths = session.scalars(select(CaseImage.path)).all()
    assert "secret" not in told and ".png" not in told and paths[0] not in told


def test_it_goes_on_where_it_was_in_another_browser(db: Database, study: StudyInfo) -> None:
    (code,) = studies.make_codes(db, "First", 1)
    one, other = (sitting.enter(db, code.text) for _ in range(2))
    assert one and other and one != other
    case = a_case(db, one)
    sitting.give(db, one, Given(case.token, "a", case.classes[1], None, False))
    again = a_case(db, other)
    assert (again.token, again.choice) == (case.token, case.classes[1])


def test_changes_of_mind_are_kept(db: Database, shown: str) -> None:
    case = a_case(db, shown)
    first, second, _ = case.classes
    for press, choice, confidence in (("a", first, None), ("b", first, 3), ("c", second, 3)):
        sitting.give(db, shown, Given(case.token, press, choice, confidence, False))
    sitting.give(db, shown, Given(case.token, "d", second, 3, True))
    assert revisions(db) == [(first, None), (first, 3), (second, 3)]
    kept = turn(db, case.token)
    assert (kept.choice, kept.confidence, kept.changes) == (second, 3, 1)


def test_a_press_that_comes_again_is_kept_once(db: Database, shown: str) -> None:
    case = a_case(db, shown)
    first, second, _ = case.classes
    for _ in range(3):
        sitting.give(db, shown, Given(case.token, "a", first, 1, False))
    sitting.give(db, shown, Given(case.token, "b", second, 1, False))
    sitting.give(db, shown, Given(case.token, "a", first, 1, False))  # late, on a slow way
    assert revisions(db) == [(first, 1), (second, 1)]
    assert turn(db, case.token).choice == second
    for _ in range(2):
        sitting.give(db, shown, Given(case.token, "c", second, 1, True))
    assert turn(db, case.token).closed_at is not None


def test_a_second_tab_does_not_change_what_is_finished(db: Database, shown: str) -> None:
    case = a_case(db, shown)
    finish(db, shown, case)
    with pytest.raises(FinishedError, match="another window"):
        sitting.give(db, shown, Given(case.token, "x", case.classes[2], 2, True))
    assert turn(db, case.token).choice == case.classes[0]
    assert len(revisions(db)) == 1


def test_a_closed_study_takes_no_answer_and_keeps_those_before(db: Database, shown: str) -> None:
    case = a_case(db, shown)
    sitting.give(db, shown, Given(case.token, "a", case.classes[0], 1, False))
    studies.set_open(db, "First", False)
    with pytest.raises(ClosedError, match="What you answered before is kept"):
        sitting.give(db, shown, Given(case.token, "b", case.classes[1], 1, True))
    with pytest.raises(ClosedError):
        sitting.go_on(db, shown)
    assert turn(db, case.token).choice == case.classes[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("a", "mel", 1, False), "class is not offered"),
        (("a", "", 1, False), "class is not offered"),
        (("a", None, 0, False), "confidence is not offered"),
        (("a", None, 6, False), "confidence is not offered"),
        (("a", None, None, True), "how confident"),
        (("", None, 1, False), "no name"),
        (("x" * 65, None, 1, False), "no name"),
        (("\ud800", None, 1, False), "no name"),
    ],
)
def test_what_is_no_answer_is_refused(
    db: Database, shown: str, given: tuple[str, str | None, int | None, bool], told: str
) -> None:
    case = a_case(db, shown)
    press, choice, confidence, done = given
    chosen = case.classes[0] if choice is None else choice
    with pytest.raises(InputError, match=told):
        sitting.give(db, shown, Given(case.token, press, chosen, confidence, done))
    assert turn(db, case.token).choice is None and revisions(db) == []


def test_no_case_of_another_reader_or_that_was_not_shown_can_be_answered(
    db: Database, shown: str
) -> None:
    other = entered(db, "First")
    case = a_case(db, other)
    with pytest.raises(InputError, match="no case of yours"):
        finish(db, shown, case)
    assert sitting.picture(db, shown, case.token, 0) is None
    assert sitting.picture(db, other, case.token, 0) is not None
    with db.reading() as session:
        later = session.scalars(select(Turn).where(Turn.views == 0)).all()
    with pytest.raises(InputError):
        sitting.give(db, other, Given(later[-1].token, "a", case.classes[0], 1, True))
    assert all(sitting.picture(db, other, each.token, 0) is None for each in later)


def test_changes_of_one_answer_are_bounded(
    db: Database, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitting, "MOST_REVISIONS", 4)
    case = a_case(db, shown)
    for index in range(4):
        sitting.give(db, shown, Given(case.token, str(index), case.classes[index % 2], 1, False))
    with pytest.raises(InputError, match="changed 4 times"):
        sitting.give(db, shown, Given(case.token, "x", case.classes[0], 1, False))
    sitting.give(db, shown, Given(case.token, "y", case.classes[1], 1, True))


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.boot, self.seconds = "boot", 100.0
        monkeypatch.setattr(Moment, "now", lambda: Moment(self.boot, self.seconds))


def test_time_is_what_the_case_was_looked_at(
    db: Database, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    case = a_case(db, shown)
    clock.seconds += 4
    sitting.pause(db, shown, case.token)
    clock.seconds += 1000
    assert a_case(db, shown).token == case.token
    clock.seconds += 3
    monkeypatch.setattr(time, "time", lambda: 0.0)  # the wall clock jumps
    sitting.give(db, shown, Given(case.token, "a", case.classes[0], None, False))
    clock.seconds += 5
    sitting.give(db, shown, Given(case.token, "b", case.classes[0], 4, True))
    assert turn(db, case.token).seconds == 7


@pytest.mark.parametrize("how", ["lost connection", "started again", "clock behind"])
def test_a_time_of_which_a_part_is_not_known_is_none(
    db: Database, shown: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    clock = Clock(monkeypatch)
    case = a_case(db, shown)
    clock.seconds += 4
    if how == "lost connection":
        a_case(db, shown)
    clock.boot = "another" if how == "started again" else clock.boot
    clock.seconds = 3 if how == "clock behind" else clock.seconds
    sitting.give(db, shown, Given(case.token, "a", case.classes[0], 1, True))
    assert turn(db, case.token).seconds is None and turn(db, case.token).lost == 1


def test_processes_share_the_clock() -> None:
    a, b = Moment.now(), Moment.now()
    assert a.boot == clock._boot() and 0 <= (b.since(a.boot, a.seconds) or -1) < 60
    assert a.since("", 0.0) is None and a.since(a.boot, None) is None


def test_an_image_that_has_changed_is_left_out_and_comes_when_it_is_back(
    db: Database, study: StudyInfo
) -> None:
    with db.reading() as session:
        path = Path(session.scalars(select(CaseImage.path)).first() or "")
    before = path.read_bytes()
    others = [each for each in path.parent.glob("*.png") if each != path]
    path.write_bytes(others[0].read_bytes())
    shown = entered(db, "First")
    for _ in range(5):
        finish(db, shown, a_case(db, shown))
    screen = sitting.go_on(db, shown)
    assert isinstance(screen, Finished)
    assert (screen.progress.answered, screen.progress.faults) == (5, 1)
    assert studies.find(db, "First").faults == 1
    path.unlink()
    assert isinstance(sitting.go_on(db, shown), Finished)
    path.write_bytes(before)
    finish(db, shown, a_case(db, shown))
    assert studies.find(db, "First").faults == 0


def test_an_image_that_changes_while_it_is_shown_is_not_sent(db: Database, shown: str) -> None:
    case = a_case(db, shown)
    picture = sitting.picture(db, shown, case.token, 0)
    assert picture and pictures.jpeg(picture)[:2] == b"\xff\xd8"
    path = Path(picture.path)
    other = next(each for each in path.parent.glob("*.png") if each != path)
    path.write_bytes(other.read_bytes())
    with pytest.raises(InputError, match="changed since the study began"):
        pictures.jpeg(picture)


def test_consent_and_background_come_first(db: Database, settings: StudySettings) -> None:
    asks = {"consent": "Agree?", "background": ("years", "training")}
    studies.make(db, settings.replaced(**asks))
    shown = entered(db, "First")
    screen = sitting.go_on(db, shown)
    assert isinstance(screen, Ready)
    assert (screen.consent, screen.background) == ("Agree?", ("years", "training"))
    for consents, told in ((False, {"years": "3", "training": "x"}), (True, {"years": "3"})):
        with pytest.raises(InputError):
            sitting.agree(db, shown, consents, told)
        assert isinstance(sitting.go_on(db, shown), Ready)
    with pytest.raises(InputError, match="too long"):
        sitting.agree(db, shown, True, {"years": "3", "training": "x" * 201})
    answered = {"years": "3", "training": "<b>", "other": "y"}
    assert isinstance(sitting.agree(db, shown, True, answered), Shown)
    assert isinstance(sitting.look(db, shown), Ready) and not sitting.look(db, shown).consent


def test_codes_that_are_none_withdrawn_or_old_open_nothing(
    db: Database, study: StudyInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = studies.make_codes(db, "First", 1)
    for wrong in ("", code.text[:-1], code.text[:6], code.code_id, "x" * 10_000, codes.draw().text):
        assert sitting.enter(db, wrong) is None
    shown = sitting.enter(db, code.text.upper().replace("-", " "))
    assert shown
    with monkeypatch.context() as later:
        now = time.time()
        later.setattr(time, "time", lambda: now + sitting.LASTS + 1)
        with pytest.raises(NotEnteredError):
            sitting.look(db, shown)
    studies.withdraw(db, code.code_id)
    assert sitting.enter(db, code.text) is None
    with pytest.raises(NotEnteredError):
        sitting.go_on(db, shown)
    with pytest.raises(InputError, match="no reader's code"):
        studies.withdraw(db, "none")


def test_browsers_of_one_code_are_bounded(
    db: Database, study: StudyInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitting, "MOST_VISITS", 2)
    (code,) = studies.make_codes(db, "First", 1)
    visits = [sitting.enter(db, code.text) for _ in range(3)]
    with pytest.raises(NotEnteredError):
        sitting.look(db, visits[0] or "")
    assert sitting.look(db, visits[2] or "") == sitting.look(db, visits[1] or "")
