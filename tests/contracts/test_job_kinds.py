"""What every kind of job must hold to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, described, setting
from dermxai.jobs.kinds import KINDS, JobKind, Report, Share, check_arguments, check_types

ODD: tuple[Any, ...] = (
    *(None, True, -1, 10**400, float("nan"), "", "\0", "\ud800", "<b>", "../../etc", "x" * 9999),
    *([], [[]], ["a"], {}, {"a": 1}, {"epochs": "x"}, {"recipe": {"recipe": []}}),
)


@pytest.fixture(params=KINDS.all().values(), ids=list(KINDS.all()))
def kind(request: pytest.FixtureRequest) -> JobKind[Any]:
    made: JobKind[Any] = request.param
    return made


def test_all_are_used() -> None:
    assert KINDS.left_out() == ()
    assert {"infer", "explain", "train", "estimate", "demo"} <= set(KINDS.all())


@pytest.mark.parametrize("value", ODD, ids=[repr(each)[:20] for each in ODD])
def test_its_title_raises_nothing_whatever_it_is_asked(kind: JobKind[Any], value: Any) -> None:
    names = list(kind.arguments.model_fields)
    for arguments in ({}, dict.fromkeys(names, value), *({name: value} for name in names)):
        assert isinstance(kind.title(arguments), str)


@pytest.mark.parametrize("value", ODD, ids=[repr(each)[:20] for each in ODD])
def test_arguments_are_taken_or_refused_in_a_sentence(kind: JobKind[Any], value: Any) -> None:
    needed = {
        name: ["x"] if name == "images" else "x"
        for name, field in kind.arguments.model_fields.items()
        if field.is_required()
    }
    for name in kind.arguments.model_fields:
        try:
            given = kind.checked({**needed, name: value})
        except InputError as error:
            assert name in str(error) and len(str(error)) < 3000
        else:
            kept = given.model_dump(exclude_unset=True)
            assert kind.checked(json.loads(json.dumps(kept))) == given


def test_what_is_missing_or_unknown_is_named(kind: JobKind[Any]) -> None:
    with pytest.raises(InputError, match="does not know 'nonsense'; it takes "):
        kind.run(lambda *_, **__: None, nonsense=1)
    needed = [name for name, each in kind.arguments.model_fields.items() if each.is_required()]
    for name in needed:
        with pytest.raises(InputError, match="needs "):
            check_arguments(kind, {other: "x" for other in needed if other != name})


def test_jobs_of_other_versions_open_whatever_else_they_were_asked(kind: JobKind[Any]) -> None:
    needed = {
        name: ["x"] if name == "images" else "x"
        for name, each in kind.arguments.model_fields.items()
        if each.is_required()
    }
    check_types(kind.name, {**needed, "of_another_version": [1], "recipe": {"gone": 1}})
    check_types("gone", {"anything": None})
    for name in needed:
        with pytest.raises(InputError, match=f"{name} is missing"):
            check_types(kind.name, {other: "x" for other in needed if other != name})
        if name == "images":  # of lists another version may have held anything
            check_types(kind.name, {**needed, name: 5})
            continue
        with pytest.raises(InputError, match=f"{name} is 5; expected"):
            check_types(kind.name, {**needed, name: 5})


def test_every_argument_has_a_line_of_help(kind: JobKind[Any]) -> None:
    assert all(each.help.endswith(".") for each in described(kind.arguments))


def test_what_cannot_be_shared_says_so() -> None:
    with pytest.raises(InputError, match="of kind 'project' cannot be shared"):
        KINDS.find("project").share(lambda *_, **__: None, 0, 2, "", run="x")


class Arguments(Settings):
    folder: str = setting(..., "A folder.")


class Helpless(Settings):
    folder: str = ""


class Shared(Arguments):
    shares: int = setting(1, "Processes.")


@dataclass(frozen=True, kw_only=True)
class Count(JobKind[Any]):
    def title(self, arguments: Mapping[str, Any]) -> str:
        return f"Count {len(arguments)}"

    def work(self, report: Report, arguments: Any) -> dict[str, Any]:
        report("counting", 1, 1)
        return {}


class Sharing(Count):
    def work_on_share(self, report: Report, share: Share, arguments: Any) -> None:
        report("counting", share.index, share.of)


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Count(name="count", lane="gpu", arguments=Arguments), "lane is 'gpu': input should be"),  # type: ignore[arg-type]
        (Count(name="count", lane="device", arguments=dict), "arguments is <class 'dict'>: "),  # type: ignore[type-var]
        (Count(name="count", lane="device", arguments=Helpless), "folder has no line of help"),
        (Count(name="count", lane="device", arguments=Shared), "expected both or neither"),
        (Sharing(name="count", lane="device", arguments=Arguments), "expected both or neither"),
        (Count(name="train", lane="device", arguments=Arguments), "another job kind 'train'"),
    ],
)
def test_a_wrong_one_is_found_as_it_is_loaded(made: JobKind[Any], fault: str) -> None:
    faults = []
    try:
        faults += KINDS.faults_of(made, KINDS.all())
    except AttributeError:  # of what is no settings at all
        faults += list(_until_it_fails(made))
    assert any(fault in each for each in faults), faults


def _until_it_fails(made: JobKind[Any]) -> list[str]:
    found = []
    try:
        for each in KINDS.faults_of(made, {}):
            found.append(each)
    except AttributeError:
        pass
    return found


def test_a_right_one_has_no_fault() -> None:
    for made in (
        Count(name="count", lane="device", arguments=Arguments),
        Sharing(name="count", lane="aside", arguments=Shared),
    ):
        assert list(KINDS.faults_of(made, KINDS.all())) == []
