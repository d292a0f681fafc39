import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermxai.core.errors import InputError
from dermxai.data import selection
from dermxai.data.places import selection_file
from dermxai.data.selection import Selection

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(title=texts, ids=st.lists(texts, max_size=20))
def test_what_is_kept_is_read_again(title: str, ids: list[str]) -> None:
    made = Selection.of(title, ids)
    assert selection.read(selection.keep(made)) == made


def test_the_key_is_of_title_and_content() -> None:
    one = Selection.of("A", ["1", "2"])
    assert one.key == Selection.of("A", ["1", "2", "1"]).key
    assert len({one.key, Selection.of("A", ["2", "1"]).key, Selection.of("B", ["1", "2"]).key}) == 3


def test_within_keeps_the_order() -> None:
    assert Selection.of("A", "cab").within("abd").sample_ids == ("a", "b")


@pytest.mark.parametrize("key", ["", "0" * 16, "../../etc/passwd", "g" * 16, "a" * 64])
def test_unknown_keys(key: str) -> None:
    with pytest.raises(InputError, match="not known here"):
        selection.read(key)


@pytest.mark.parametrize("content", ["", "[", "{}", '["A"]', '["A", 3]'])
def test_damaged_files(content: str) -> None:
    key = selection.keep(Selection.of("A", "ab"))
    selection_file(key).write_text(content)
    with pytest.raises(InputError, match="damaged"):
        selection.read(key)


def test_changed_files() -> None:
    key = selection.keep(Selection.of("A", "ab"))
    selection_file(key).write_text('["A", ["a", "c"]]')
    with pytest.raises(InputError, match="changed"):
        selection.read(key)
