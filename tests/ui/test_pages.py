import pytest
import streamlit as st

from dermxai.ui import pages


def test_pages_are_found_in_order_and_say_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(st, "Page", lambda file, **options: options)
    (explore,) = pages.sections().values()
    assert list(pages.sections()) == ["Explore"]
    assert [page["title"] for page in explore] == [
        "Dataset",
        "Performance",
        "Image",
        "Feature map",
    ]
    assert [page["url_path"] for page in explore] == [
        "dataset",
        "performance",
        "image",
        "feature_map",
    ]
    assert all(page["icon"].startswith(":material/") for page in explore)
    assert all(page["help"].endswith(".") for page in explore)


def test_the_image_page_is_where_links_go() -> None:
    assert pages.IMAGE.is_file()
