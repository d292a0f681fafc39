import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermxai.core.errors import InputError
from dermxai.slices import Operation, Slice, combined, find_slices, keep, open_slice, remove
from dermxai.slices.files import SliceFiles

ids = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9), max_size=20)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(name=st.text(min_size=1, max_size=100), sample_ids=ids)
def test_what_is_kept_is_opened_or_refused(
    tmp_path: Path, name: str, sample_ids: list[str]
) -> None:
    try:
        made = Slice.of(name, sample_ids, made_by="anna", origin="x")
        keep(tmp_path, made, replace=True)
    except InputError as error:
        assert not name.strip() or name != name.strip() or not name.isprintable() or not sample_ids
        assert str(error).endswith(".")
        return
    assert open_slice(tmp_path, name) == made
    remove(tmp_path, name)


def test_slices_are_those_of_their_dataset(tmp_path: Path) -> None:
    one, other, link = (tmp_path / each for each in ("one", "other", "link"))
    one.mkdir()
    link.symlink_to(one)
    keep(one, Slice.of("B", "ab"))
    keep(link, Slice.of("a", "c"))
    assert [each.name for each in find_slices(one)[0]] == ["a", "B"]
    assert find_slices(other) == ([], [])
    with pytest.raises(InputError, match="no slice 'B'; there are: none"):
        open_slice(other, "B")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    keep(tmp_path, Slice.of("A", "ab"))
    with pytest.raises(InputError, match="There is a slice 'A'"):
        keep(tmp_path, Slice.of("A", "c"))
    assert open_slice(tmp_path, "A").sample_ids == ("a", "b")
    keep(tmp_path, Slice.of("A", "c"), replace=True)
    assert open_slice(tmp_path, "A").sample_ids == ("c",)
    with pytest.raises(InputError, match="no image"):
        keep(tmp_path, Slice.of("empty", []))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"name": "A"}', '{"name": 3}', "\xff"])
def test_a_damaged_file_is_left_out_with_its_reason(tmp_path: Path, content: str) -> None:
    keep(tmp_path, Slice.of("A", "ab"))
    keep(tmp_path, Slice.of("B", "ab"))
    SliceFiles.of(tmp_path).slice("A").write_bytes(content.encode("latin-1"))
    found, odd = find_slices(tmp_path)
    assert [each.name for each in found] == ["B"] and len(odd) == 1
    with pytest.raises(InputError, match="The slice 'A' "):
        open_slice(tmp_path, "A")


def test_a_file_of_another_name_is_not_taken_for_a_slice(tmp_path: Path) -> None:
    keep(tmp_path, Slice.of("A", "ab"))
    files = SliceFiles.of(tmp_path)
    told = json.loads(files.slice("A").read_text()) | {"name": "Z"}
    files.slice("A").write_text(json.dumps(told))
    found, odd = find_slices(tmp_path)
    assert not found and "called otherwise" in odd[0].reason


@given(ids, ids)
def test_combinations_are_those_of_sets(one: list[str], other: list[str]) -> None:
    expected = {
        Operation.AND: set(one) & set(other),
        Operation.OR: set(one) | set(other),
        Operation.NOT: set(one) - set(other),
    }
    for operation, wanted in expected.items():
        made = combined(operation, one, other)
        assert len(made) == len(set(made)) and set(made) == wanted
        first = [each for each in dict.fromkeys(one) if each in wanted]
        assert list(made[: len(first)]) == first
