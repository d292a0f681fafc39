from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st

from dermxai.ui.app import pages
from dermxai.ui.app.redirects import MOVED


def test_pages_are_found_in_order_and_say_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(st, "Page", lambda file, **options: options)
    found = pages.sections()
    assert list(found)[:2] == ["Explore", "Explain"]
    explore = [page for page in found["Explore"] if page.get("visibility") != "hidden"]
    lead = next(page for page in found["Explore"] if page["url_path"] == "dataset")
    assert [page["title"] for page in explore] == [
        "Dataset",
        "Performance",
        "Image",
        "Feature map",
        "Slices",
        "Model comparison",
        "Subgroups",
        "Distribution shift",
    ]
    assert [page["url_path"] for page in explore] == [
        "start",
        "performance",
        "image",
        "feature_map",
        "slices",
        "model_comparison",
        "subgroups",
        "distribution_shift",
    ]
    assert (lead["url_path"], lead["visibility"]) == ("dataset", "hidden")
    every = [page for section in found.values() for page in section]
    shown = [page for page in every if page.get("visibility") != "hidden"]
    assert all(page["icon"].startswith(":material/") for page in shown)
    assert all(page["help"].endswith(".") for page in shown)


def test_earlier_addresses_lead_to_the_present_pages_with_their_query(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    led = []
    monkeypatch.setattr(st, "Page", lambda file, **options: options | {"body": file})
    monkeypatch.setattr(st, "query_params", SimpleNamespace(to_dict=lambda: {"run": "mine"}))
    monkeypatch.setattr(st, "switch_page", lambda page, **options: led.append((page, options)))
    every = {page["url_path"]: page for section in pages.sections().values() for page in section}
    for old, new in MOVED.items():
        assert every[old]["visibility"] == "hidden"
        every[old]["body"]()
        assert led.pop() == (every[new], {"query_params": {"run": "mine"}})


def test_a_page_at_an_earlier_address_is_shown_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("1_explore/1_dataset.py", "2_mine/1_flip.py", "2_mine/2_counterfactuals.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(GOOD)
    monkeypatch.setattr("dermxai.pages.FOLDER", tmp_path)
    monkeypatch.setattr(st, "Page", lambda file, **options: options)
    addresses = [page["url_path"] for section in pages.sections().values() for page in section]
    assert addresses.count("flip") == 1


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
