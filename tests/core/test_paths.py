import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import load_dataset

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


@pytest.mark.parametrize(
    ("names", "folder"),
    [(paths.named_run, paths.runs), (paths.named_checkpoint, paths.checkpoints)],
)
def test_a_name_is_that_of_a_path_else_of_one_in_the_workspace(
    names: Callable[[str], Path],
    folder: Callable[[], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder() / "mine").mkdir(parents=True)
    assert names("mine") == folder() / "mine"
    (tmp_path / "mine").mkdir()
    assert names("mine") == tmp_path / "mine"
    assert names("absent") == tmp_path / "absent"


def test_a_checkpoint_of_the_workspace_goes_before_the_projects() -> None:
    embedded = paths.EMBEDDED_CHECKPOINT
    assert paths.named_checkpoint(embedded.name) == embedded
    (paths.checkpoints() / embedded.name).mkdir(parents=True)
    assert paths.named_checkpoint(embedded.name) == paths.checkpoints() / embedded.name


def test_a_link_out_of_the_roots_or_in_a_circle_opens_nothing(tmp_path: Path) -> None:
    paths.home().mkdir()
    (paths.home() / "out").symlink_to(tmp_path)
    (paths.home() / "circle").symlink_to(paths.home() / "circle")
    with pytest.raises(InputError, match="outside the folders"):
        paths.inside_roots(paths.home() / "out")
    with pytest.raises(InputError, match="no file or folder"):
        load_dataset(paths.home() / "circle", confine=True)


def test_folders_of_the_environment_may_begin_at_home_or_lead_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DERMXAI_HOME", "~/work")
    monkeypatch.setenv("DERMXAI_ROOTS", "~/skin:~/circle")
    assert paths.home() == tmp_path / "work"
    assert paths.roots()[2:] == (tmp_path / "skin", tmp_path / "circle")


def test_a_workspace_at_home_needs_no_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DERMXAI_HOME", "~/skin")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert paths.home() == tmp_path / "skin"


def test_no_file_of_an_upper_layer_is_spelled_here() -> None:
    """Folders of the workspace only; what lies in them is told by whose it is."""
    tree = ast.parse(Path(paths.__file__).read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    named = {text for text in texts if isinstance(text, str) and text.isascii() and " " not in text}
    kept = {text for text in named if Path(text).suffix not in ("", ".py")}
    assert "workspace" in named and not kept
