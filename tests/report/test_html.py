"""The file must need nothing else, hold its images, and never take a name for markup."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.data.inventory import file_fingerprint
from dermxai.explain.confusion.pair_maps import SIDE, PairMaps, cells_of
from dermxai.report.html import pair_page
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles

HOSTILE = '<script>alert(\'x\')</script>"><img src=x onerror="alert(1)">{{ 7 * 7 }}'
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "section", "footer", "div"),
    *("h1", "h2", "h3", "p", "dl", "dt", "dd", "ul", "li", "b", "br", "span", "figure"),
    *("figcaption", "table", "thead", "tbody", "tr", "th", "td", "img", "svg", "line", "circle"),
    "text",
}


class Seen(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def images(self) -> list[str]:
        return [value for tag, name, value in self.attributes if (tag, name) == ("img", "src")]


def maps(first="EAD", second="SD") -> PairMaps:
    shape = (2, 4, SIDE, SIDE)
    rng = np.random.default_rng(0)
    return PairMaps(
        first=first,
        second=second,
        cells=cells_of(first, second),
        maps=rng.normal(size=shape).astype(np.float32),
        pictures=rng.integers(0, 255, (*shape, 3), dtype=np.uint8),
        images=np.array([[3, 2, 0, 5], [3, 2, 0, 5]]),
        in_cell=np.array([3, 9, 0, 5]),
        problems=(),
    )


def test_it_says_model_dataset_date_and_what_it_is_for(analysed):
    made = analysed()
    page = pair_page(made)
    words = " ".join(Seen(page).words)
    checkpoint, dataset = made.run.manifest["checkpoint"], made.run.manifest["dataset"]
    assert f"generated ({checkpoint['hash']})" in words
    assert f"generated ({dataset['fingerprint']}), all images" in words
    assert f"{made.run.id} of 2024-01-01" in words
    assert words.count("For research and teaching, not for diagnosis") == 2
    assert page == pair_page(made)  # the same bytes for the same analysis


def test_it_needs_nothing_else(analysed):
    page = pair_page(analysed(), maps())
    seen = Seen(page)
    assert set(seen.tags) <= TAGS
    text = re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|javascript:", text)
    assert all(source.startswith("data:image/jpeg;base64,") for source in seen.images)
    assert not any(name.startswith("on") for _, name, _ in seen.attributes)
    assert "default-src 'none'" in page


def test_errors_and_suspects_are_there_with_their_images(analysed):
    made = analysed()
    seen = Seen(pair_page(made, most=1000))
    words = " ".join(seen.words)
    for sample_id in [*made.pair.errors["sample_id"], *made.suspects["sample_id"]]:
        assert sample_id in words
    assert len(seen.images) == len(made.pair.errors) + len(made.suspects)
    content = base64.b64decode(seen.images[0].partition(",")[2])
    assert Image.open(io.BytesIO(content)).size == (128, 96)


def test_what_is_left_out_is_said(analysed):
    made = analysed()
    words = " ".join(Seen(pair_page(made, most=2)).words)
    total = (made.pair.errors["true"] == "EAD").sum()
    assert f"The first 2 of {total}." in words
    assert f"The first 2 of {len(made.suspects)}." in words


def test_maps_are_there_where_they_have_been_computed(analysed):
    made = analysed()
    assert "averaged vote maps have not been computed" in pair_page(made)
    page = pair_page(made, maps())
    words = " ".join(Seen(page).words)
    assert "EAD predicted as SD, 2 of 9 images" in words and "aligned to the box" in words
    assert "not been computed" not in words and "could not be used" not in words
    less = replace(maps(), problems=("s1: gone",))
    assert "Averaged without 1 image that could not be used." in pair_page(made, less)
    assert len(Seen(page).images) - len(Seen(pair_page(made)).images) == 6  # a cell is empty


def test_names_from_data_stay_words(analysed, confused_run):
    run = confused_run(classes=("EAD", HOSTILE, "Pso"))
    samples = run.samples.copy()
    samples["sample_id"] = [f"{HOSTILE} {i}" for i in range(len(samples))]
    samples["patient_id"] = samples["site"] = samples["sex"] = HOSTILE
    samples.loc[::2, "sex"] = "female"
    samples[HOSTILE] = np.where(np.arange(len(samples)) % 3, HOSTILE, "b")
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    manifest = RunFiles(run.root).manifest
    manifest.write_text(manifest.read_text().replace('"name": "generated"', '"name": "<b>g</b>"'))
    page = pair_page(analysed(open_run(run.root), second=HOSTILE), maps(second=HOSTILE))
    seen = Seen(page)
    assert set(seen.tags) <= TAGS
    assert not any(name.startswith("on") for _, name, _ in seen.attributes)
    assert all(source.startswith("data:") for source in seen.images)
    assert "49" not in re.findall(r"\{\{ (\d+)", page) and "{{ 7 * 7 }}" in page
    assert any(HOSTILE in words for words in seen.words)
    assert "<b>g</b>" in " ".join(seen.words)


def test_no_image_stands_under_the_reading_of_the_one_it_replaced(analysed, confused_run):
    run = confused_run()
    seen = np.array([file_fingerprint(path) for path in run.samples["path"]], dtype=np.bytes_)
    np.save(RunFiles(run.root).fingerprints, seen)
    assert Seen(pair_page(analysed(open_run(run.root)))).images
    for path in set(run.samples["path"]):
        Image.new("RGB", (64, 64), "tan").save(path)
    page = pair_page(analysed(open_run(run.root)))
    assert not Seen(page).images and "cannot be read or has changed" in page


def test_images_that_cannot_be_read_leave_a_word(analysed, confused_run):
    run = confused_run()
    for path in set(run.samples["path"]):
        Path(path).unlink()
    page = pair_page(analysed(run))
    assert not Seen(page).images and "cannot be read" in page


@pytest.mark.parametrize("options", [{"labelled": False}, {"images": 1}, {"images": 3}])
def test_little_data_is_a_page_too(analysed, options):
    words = " ".join(Seen(pair_page(analysed(**options))).words)
    assert "EAD predicted as SD" in words and "nan" not in words.lower().split()
