"""Of every settings class of the package: it explains itself, and refuses in a sentence."""

import ast
import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticUndefined

import dermxai
from dermxai.core.errors import LONGEST, InputError
from dermxai.core.settings import Settings, checked, described

ROOT = Path(dermxai.__file__).parent
UNBOUNDED = "dermxai.jobs.kinds"  # what does the work has the bounds of a job's arguments
_NAMES = {"Settings"}


def _bases(node: ast.ClassDef) -> set[str]:
    return {each.id for each in node.bases if isinstance(each, ast.Name)}


def _found() -> list[type[Settings]]:
    """By their sources, so that no file is left out that nothing imports."""
    nodes = [
        (path, node)
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    names, before = set(_NAMES), 0
    while before != len(names):
        before = len(names)
        names |= {node.name for _, node in nodes if _bases(node) & names}
    modules = {path for path, node in nodes if _bases(node) & names}
    for path in sorted(modules):
        import_module(".".join(["dermxai", *path.relative_to(ROOT).with_suffix("").parts]))
    return sorted(_below(Settings), key=lambda kind: (kind.__module__, kind.__qualname__))


def _below(kind: type[Settings]) -> set[type[Settings]]:
    below = {
        each
        for each in kind.__subclasses__()
        if each.__module__.startswith("dermxai.") and "[" not in each.__name__
    }
    return below.union(*map(_below, below))


FOUND = _found()
TREE = [0]
for _ in range(50):
    TREE = [TREE]
SLOPE: Any = []
for _ in range(3000):
    SLOPE = [SLOPE]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 2000)
    | st.floats()
    | st.floats(0, 1)
    | st.text()
    | st.sampled_from(["", "30", "none", "EAD", "viewer", "64G", "http://x", "1,1,1", 1e400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
HOSTILE = [
    math.nan, -math.inf, 1e400, 10**400, -(10**400), 10**5000, "\ud800", "x" * 1_000_000,
    ["\ud800"], {"\ud800": 1}, {"EAD": math.nan}, {"EAD": 10**400}, {"EAD": 10**5000}, TREE, SLOPE,
    {"EAD": SLOPE}, ["x" * 1_000_000] * 3, {"x" * 1_000_000: 1}, {"admin": 5}, {"admin": TREE},
    [None], [[]], {"": {"": {}}}, "1" * 5000, b"x", object(), {1: 2},
]  # fmt: skip


def test_those_that_are_known_are_among_them() -> None:
    names = {kind.__name__ for kind in FOUND}
    assert {"Recipe", "SlurmSettings", "NoticeSettings", "AtlasSettings", "Rules"} <= names


@pytest.mark.parametrize("kind", FOUND, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_setting_explains_itself_and_its_default_is_allowed(kind: type[Settings]) -> None:
    for each in described(kind):
        assert each.help, each.name
        if each.kind in (int, float) and not each.choices and UNBOUNDED not in kind.__module__:
            assert each.low is not None and each.high is not None, f"{each.name} has no bounds"
            assert each.low < each.high
        if each.default not in (None, PydanticUndefined):
            kept = kind(**_needed(kind) | {each.name: each.default})
            assert getattr(kept, each.name) == each.default


@pytest.mark.parametrize("kind", FOUND, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_json_schema_allows_the_defaults_and_bounds_and_nothing_else(
    kind: type[Settings],
) -> None:
    schema = kind.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    usual = json.loads(json.dumps(kind(**_needed(kind)).model_dump()))
    judge.validate(usual)
    assert not judge.is_valid(usual | {"no such setting": 1})
    for each in described(kind):
        assert schema["properties"][each.name]["description"] == each.help
        if each.kind in (int, float) and each.high is not None:
            assert judge.is_valid(usual | {each.name: each.high})
            assert not judge.is_valid(usual | {each.name: each.high + 1})
            assert not judge.is_valid(usual | {each.name: str(each.high)})
        if each.choices:
            wrong = ["no such"] if isinstance(each.default, tuple) else "no such"
            assert not judge.is_valid(usual | {each.name: wrong})


@pytest.mark.parametrize("kind", FOUND, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_whatever_comes_is_taken_or_refused_in_a_sentence(kind: type[Settings]) -> None:
    @settings(
        max_examples=150,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from([*kind.model_fields, "no such setting"]), VALUES)
    def taken_or_refused(name: str, value: Any) -> None:
        _take(kind, name, value)

    taken_or_refused()
    for name in [*kind.model_fields, "\ud800"]:
        for value in HOSTILE:
            _take(kind, name, value)
    for whole in (*HOSTILE, [["epochs", 3]]):
        if whole is not None:
            _refused(lambda whole=whole: checked("what came", kind, whole))


def _take(kind: type[Settings], name: str, value: Any) -> None:
    needed = _needed(kind)
    try:
        made = checked("what came", kind, needed | {name: value})
    except InputError as error:
        _is_sentence(error)
        return
    text = json.dumps(made.model_dump())
    again = checked("what was kept", kind, json.loads(text))
    assert json.dumps(again.model_dump()) == text


def _refused(call: Any) -> None:
    with pytest.raises(InputError) as caught:
        call()
    _is_sentence(caught.value)


def _is_sentence(error: InputError) -> None:
    text = str(error)
    assert text.endswith(".") and len(text) <= LONGEST + 10 and text.isprintable(), text


def _needed(kind: type[Settings]) -> dict[str, Any]:
    """Values of those that have no default."""
    return {
        name: "/x" if field.annotation is str else ["/x"]
        for name, field in kind.model_fields.items()
        if field.is_required()
    }
