from pathlib import Path

import pytest
import streamlit as st

from dermxai.ui import pages


def test_pages_are_found_in_order_and_say_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(st, "Page", lambda file, **options: options)
    found = pages.sections()
    assert list(found)[:2] == ["Explore", "Explain"]
    *explore, lead = found["Explore"]
    assert [page["title"] for page in explore] == [
        "Dataset",
        "Performance",
        "Image",
        "Feature map",
    ]
    assert [page["url_path"] for page in explore] == [
        "start",
        "performance",
        "image",
        "feature_map",
    ]
    assert (lead["url_path"], lead["visibility"]) == ("dataset", "hidden")
    shown = [page for section in found.values() for page in section if page is not lead]
    assert all(page["icon"].startswith(":material/") for page in shown)
    assert all(page["help"].endswith(".") for page in shown)


def test_the_image_page_is_where_links_go() -> None:
    assert pages.IMAGE.is_file()


GOOD = '"""Looks."""\nICON = ":material/home:"\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("2_mine/1_own.py", b'"""It lacks an icon."""'),
        ("2_mine/1_own.py", b"ICON = "),
        ("2_mine/1_own.py", b""),
        ("2_mine/1_own.py", b'"""Na\xefve."""\nICON = ":material/home:"'),
        ("2_mine/1_own.py", b'"""Half."""\nICON = ":material/home:"\nTITLE = "\\ud800"'),
        ("2_mine/1_dataset.py", GOOD.encode()),
        ("2_mine/1_start.py", GOOD.encode()),
        ("0_first/1_own.py", b"ICON = "),
    ],
)
def test_a_page_that_cannot_be_used_takes_no_other_down(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file, text in {"1_explore/1_dataset.py": GOOD.encode(), name: content}.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(text)
    monkeypatch.setattr("dermxai.pages.FOLDER", tmp_path)
    monkeypatch.setattr(st, "Page", lambda file, **options: options)
    found = pages.sections()
    assert list(found) == ["Explore"]
    assert [page["url_path"] for page in found["Explore"]] == ["start", "dataset"]
