"""What every file in ``data/formats`` must hold to."""

from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from dermxai import plugins
from dermxai.data.table import Options
from dermxai.errors import InputError

FORMATS = plugins.modules("dermxai.data.formats")


@pytest.fixture(params=FORMATS.values(), ids=FORMATS)
def data_format(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def test_it_says_what_it_expects_in_one_line(data_format: ModuleType) -> None:
    name, _, expected = data_format.EXPECTS.partition(": ")
    assert name
    assert expected
    assert "\n" not in data_format.EXPECTS


def test_its_turn_is_its_own() -> None:
    assert len({module.PRIORITY for module in FORMATS.values()}) == len(FORMATS)


@pytest.mark.parametrize("name", ["a.docx", "a.zip", "a.parquet.bak", "README", "<i>.json"])
def test_it_leaves_foreign_files_alone(data_format: ModuleType, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0\1nothing of ours")
    assert not data_format.recognises(tmp_path / name)


def test_an_empty_folder_gives_no_row(data_format: ModuleType, tmp_path: Path) -> None:
    if data_format.recognises(tmp_path):
        with suppress(InputError):
            assert data_format.read(tmp_path, Options()).rows.empty
