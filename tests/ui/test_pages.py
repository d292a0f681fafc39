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


@pytest.mark.parametrize("content", ['"""It lacks an icon."""', "ICON = ", ""])
def test_a_page_that_cannot_be_used_takes_no_other_down(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for section in ("1_explore", "2_mine"):
        (tmp_path / section).mkdir()
    (tmp_path / "1_explore" / "1_dataset.py").write_text('"""Looks."""\nICON = ":material/home:"\n')
    (tmp_path / "2_mine" / "1_own.py").write_text(content)
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    monkeypatch.setattr(st, "Page", lambda file, **options: options)
    assert list(pages.sections()) == ["Explore"]
