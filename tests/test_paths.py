from pathlib import Path

import pytest

from dermxai import paths
from dermxai.data import load_dataset
from dermxai.errors import InputError

IMPOSSIBLE = ["~nouser/x", "\0", "x" * 400]


@pytest.mark.parametrize("opened", [paths.named, paths.inside_roots, load_dataset])
@pytest.mark.parametrize("path", IMPOSSIBLE)
def test_what_no_file_can_be_called_is_a_sentence(opened, path: str) -> None:
    with pytest.raises(InputError, match="is not the path of a file or folder") as refused:
        opened(path)
    assert len(str(refused.value)) < 300


def test_a_named_path_is_absolute_and_its_links_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert paths.named("~/link") == tmp_path / "link"
    assert paths.named("~/absent/deeper") == tmp_path / "absent" / "deeper"


def test_a_link_out_of_the_roots_or_in_a_circle_opens_nothing(tmp_path: Path) -> None:
    paths.home().mkdir()
    (paths.home() / "out").symlink_to(tmp_path)
    (paths.home() / "circle").symlink_to(paths.home() / "circle")
    with pytest.raises(InputError, match="outside the folders"):
        paths.inside_roots(paths.home() / "out")
    with pytest.raises(InputError, match="no file or folder"):
        load_dataset(paths.home() / "circle", confine=True)
