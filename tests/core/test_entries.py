import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

import pytest

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from tests.odd import KINDS, NAMES, NOT_UTF8, ordinary


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", [entries.read_json, entries.read_text, entries.check_folder])
def test_whatever_lies_there_is_said_in_a_line_and_not_waited_for(
    tmp_path: Path, kind: str, read: Callable[[Path], object]
) -> None:
    place = tmp_path / "a"
    KINDS[kind](place)
    told: list[object] = []

    def work() -> None:
        try:
            with ordinary():
                entries.read_json(place, {}) if read is entries.read_json else read(place)
            told.append(None)
        except Exception as error:
            told.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)
    assert told, "it waits"
    (error,) = told
    assert error is None or isinstance(error, UnusableError)
    if read is entries.read_json:
        assert isinstance(error, UnusableError)
    assert "\n" not in str(error)
    assert len(str(error)) < 300


def test_names_that_are_no_text_are_told_and_left_out(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).touch()
    (tmp_path / ".hidden").touch()
    found, odd = entries.listed(tmp_path)
    assert {path.name for path in found} == set(NAMES) - {NOT_UTF8}
    assert [each.path.name for each in odd] == [NOT_UTF8]
    odd[0].name.encode()
    assert "caf\\xe9" in odd[0].name


def test_a_folder_that_is_none_and_one_that_may_not_be_seen(tmp_path: Path) -> None:
    assert entries.listed(tmp_path / "gone") == ([], [])
    (tmp_path / "file").touch()
    (tmp_path / "shut").mkdir(mode=0)
    with ordinary():
        for name in ("file", "shut"):
            found, odd = entries.listed(tmp_path / name)
            assert not found
            assert "cannot be looked into" in odd[0].reason


def test_json_of_64_levels_is_read_and_no_deeper(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("[" * entries.DEEPEST + "]" * entries.DEEPEST)
    entries.read_json(file)
    file.write_text("[" * (entries.DEEPEST + 1) + "]" * (entries.DEEPEST + 1))
    with pytest.raises(UnusableError, match="more than 64 levels"):
        entries.read_json(file)


@pytest.mark.parametrize(
    "text",
    ['{"\\uDC00": 1}', '["\\uD83D"]', '["a\\u0000b"]', '{"a": {"b": ["\\udfff"]}}'],
)
def test_half_characters_are_no_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UnusableError, match="half a character"):
        entries.read_json(tmp_path / "a.json")


def test_whole_characters_are(tmp_path: Path) -> None:
    content = {"图像": "\U0001f600", "é": ["ü", None, True, 1.5]}
    (tmp_path / "a.json").write_text(json.dumps(content))  # as pairs of escapes
    assert entries.read_json(tmp_path / "a.json") == content
    (tmp_path / "a.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8-sig")
    assert entries.read_json(tmp_path / "a.json") == content


def test_a_shape_is_what_it_says() -> None:
    shape = {"a": int, "b?": [float], "c": {"d": (str, type(None))}}
    assert entries.fits({"a": 1, "c": {"d": None}, "more": ...}, shape)
    assert entries.fits({"a": 1, "b": [1, 2.5], "c": {"d": "x"}}, shape)
    for wrong, said in (
        ([], "it is a list where an object"),
        ({"c": {"d": ""}}, "has no 'a'"),
        ({"a": True, "c": {"d": ""}}, "a is true or false where a whole number"),
        ({"a": 1.0, "c": {"d": ""}}, "a is a number where a whole number"),
        ({"a": 1, "c": {}}, "c lacks 'd'"),
        ({"a": 1, "b": [1, "x"], "c": {"d": ""}}, r"b\[1\] is a text where a number"),
    ):
        with pytest.raises(UnusableError, match=said):
            entries.check_shape(wrong, shape)


class Part(TypedDict):
    size: int
    name: NotRequired[str | None]


class Whole(TypedDict):
    parts: list[Part]
    free: NotRequired[Annotated[Part, dict]]
    table: NotRequired[dict[str, float]]
    more: NotRequired[object]


def test_a_typed_dict_is_a_shape() -> None:
    part = {"size": 1}
    for right in (
        {"parts": []},
        {"parts": [part, {"size": 2, "name": None}], "unknown": 1},
        {"parts": [], "free": {"size": "large"}, "table": {"a": "b"}, "more": [None]},
    ):
        assert entries.fits(right, Whole)
        assert entries.parse_json(json.dumps(right).encode(), Whole) == right
    for wrong, said in (
        ({}, "has no 'parts'"),
        ([part], "it is a list where an object"),
        ({"parts": part}, "parts is an object where a list"),
        ({"parts": [part, {}]}, r"parts\[1\] lacks 'size'"),
        ({"parts": [{"size": True}]}, r"parts\[0\].size is true or false where a whole number"),
        ({"parts": [{"size": 1, "name": 2}]}, r"parts\[0\].name is a whole number where a text"),
        ({"parts": [], "free": []}, "free is a list where an object"),
        ({"parts": [], "table": []}, "table is a list where an object"),
    ):
        with pytest.raises(UnusableError, match=said):
            entries.parse_json(json.dumps(wrong).encode(), Whole)
    assert entries.parse_json(b'["a"]', list[str]) == ["a"]
    with pytest.raises(UnusableError, match=r"it\[0\] is a whole number where a text"):
        entries.parse_json(b"[1]", list[str])


def test_a_file_is_read_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(11))
    assert len(entries.read_bytes(tmp_path / "a", 11)) == 11
    with pytest.raises(UnusableError, match="longer"):
        entries.read_bytes(tmp_path / "a", 10)


def test_descriptors_are_closed(tmp_path: Path) -> None:
    for kind in KINDS:
        KINDS[kind](tmp_path / kind)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for kind in KINDS:
        with suppress(UnusableError):
            entries.read_json(tmp_path / kind)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
