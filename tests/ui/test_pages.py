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
