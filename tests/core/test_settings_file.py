from collections.abc import Callable
from pathlib import Path

import pytest

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.core.settings_file import read_settings

SECRET = "token-123"


class Inner(Settings):
    word: str = setting("", "A word")


class Held(Settings):
    count: int = setting(3, "How many", 1, 9)
    key: str = setting("", "A key", secret=True)
    keys: tuple[str, ...] = setting((), "Keys", secret=True, words="a list of texts")
    inner: Inner = setting(Inner(), "More", words="a table")


def read(content: str, path: Path) -> Held:
    path.write_text(content, "utf-8")
    return read_settings(Held, path, "docs/x.md")


def test_without_a_file_all_is_as_usual(tmp_path: Path) -> None:
    assert read_settings(Held, tmp_path / "none.toml", "docs/x.md") == Held()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = read(f"\ufeffcount = 4.0\nkeys = ['{SECRET}']\n[inner]\nword = 'a'", tmp_path / "x.toml")
    assert made == Held(count=4, keys=(SECRET,), inner=Inner(word="a"))
    assert SECRET not in repr(made) + str(made)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("count = 10", "count of {} is 10; expected a whole number from 1 to 9."),
        ("count = '3'", "count of {} is '3'; expected a whole number from 1 to 9."),
        ("count = nan", "count of {} is nan; expected a whole number from 1 to 9."),
        ("cuont = 3", "There is no setting 'cuont' of {}; there are count, key, keys, inner."),
        (f"key = ['{SECRET}']", "key of {} is something else than a text."),
        (f"keys = '{SECRET}'", "keys of {} is something else than a list of texts."),
        (f"keys = [['{SECRET}']]", "keys of {} is something else than a list of texts."),
        ("[inner]\nword = 5", "inner.word of {} is 5; expected a text."),
        ("[inner]\nwrod = 'a'", "{}: inner: There is no setting 'wrod'; there are word."),
        ("inner = 5", "inner of {} is 5; expected a table."),
        (f"key = '{SECRET}", "{} is not TOML (at end of document); see docs/x.md."),
        (f"{SECRET} = 1\n{SECRET} = 2", "{} is not TOML (at end of document); see docs/x.md."),
        ("count = " + "[" * 5000, "{} is not TOML (RecursionError); see docs/x.md."),
        ("count = " + "9" * 5000, "{} is not TOML (ValueError); see docs/x.md."),
    ],
)
def test_what_is_not_understood_is_said_with_the_file_and_no_secret(
    content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.toml"
    with pytest.raises(InputError) as caught:
        read(content, path)
    assert str(caught.value) == said.format(path)
    assert SECRET not in str(caught.value)


def _broken(path: Path) -> None:
    path.write_bytes(b"\xff")


@pytest.mark.parametrize("anywhere", [False, True])
@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path), _broken])
def test_what_is_no_file_is_a_sentence(
    make: Callable[[Path], None], anywhere: bool, tmp_path: Path
) -> None:
    path = tmp_path / "x.toml"
    make(path)
    with pytest.raises(InputError, match=str(path)):
        read_settings(Held, path, "docs/x.md", anywhere=anywhere)
