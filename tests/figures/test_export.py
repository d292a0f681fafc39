import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from dermxai.explain.attribution.method import Attribution
from dermxai.figures import export
from dermxai.figures.overlay import Picture
from tests.figures.examples import HOSTILE

IMAGE = np.full((60, 80, 3), 120, np.uint8)


def attribution(signed: bool = True) -> Attribution:
    native = np.arange(12, dtype=np.float32).reshape(3, 4) - 5
    return Attribution(
        map=np.kron(native, np.ones((20, 20), np.float32)),
        native=native,
        method="occlusion",
        target="EAD",
        against="SD",
        head=None,
        unit="change of the logit",
        signed=signed,
        complete=False,
        settings={"side": 32},
        notes=("A note.",),
    )


def sheet(number: int = 4) -> list[Picture]:
    shown = [
        Picture(f"{HOSTILE} $x$ {i}", IMAGE, attribution(bool(i % 2)), 0.25, "for SD", "for EAD")
        for i in range(number)
    ]
    return [*shown, Picture("图像", IMAGE)]


@pytest.mark.parametrize(("number", "columns"), [(0, 3), (1, 1), (4, 3)])
def test_png_holds_all_pictures(number: int, columns: int):
    made = Image.open(io.BytesIO(export.png(sheet(number), "Title", columns)))
    wide = min(columns, number + 1)
    assert made.width / 200 == pytest.approx(0.25 + wide * 3.65, abs=0.02)
    pixels = np.asarray(made.convert("RGB")).reshape(-1, 3)
    grey = (pixels == 120).all(axis=1).sum() / 200**2  # square inches
    assert grey == pytest.approx((number + 1) * 3.4 * 3.4 * 60 / 80, rel=0.03)


def test_svg_says_everything_as_text_and_is_the_same_every_time():
    made = export.svg(sheet(), "Why <b>")
    assert made == export.svg(sheet(), "Why <b>")
    words = " ".join(ElementTree.fromstring(made).itertext())
    for said in (
        "Why <b>",
        "图像",
        "$x$ 3",
        "−0.25 for SD",
        "+0.25 for EAD",
        "change of the logit",
    ):
        assert said in words
    assert b"<a href" not in made


def test_pdf_tells_where_it_comes_from_and_is_the_same_every_time():
    made = export.pdf(sheet(), "Why <b>", about={"run": "abc (é)"})
    assert made == export.pdf(sheet(), "Why <b>", about={"run": "abc (é)"})
    assert made.startswith(b"%PDF-") and b"/CreationDate" not in made
    assert b"/Title (Why <b>)" in made and b"/FontFile2" in made, "TrueType, embedded"
    subject = re.search(rb"/Subject \((.*?[^\\])\)\n", made, re.DOTALL)
    assert subject
    meant = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
    text = re.sub(rb"(?s)\\(.)", lambda found: meant.get(found[1], found[1]), subject[1])
    told = text.removeprefix(b"\xfe\xff").decode("utf-16-be")
    assert json.loads(told) == json.loads(export.described(sheet(), {"run": "abc (é)"}))


def test_npz_holds_the_numbers_and_how_they_were_made():
    made = np.load(io.BytesIO(export.npz(sheet(2), {"image": HOSTILE})), allow_pickle=False)
    np.testing.assert_array_equal(made["native_2"], attribution().native)
    assert made["map_1"].shape == (60, 80)
    about = json.loads(str(made["about"]))
    assert about["image"] == HOSTILE
    assert [each["settings"] for each in about["maps"]] == [{"side": 32}] * 2
    assert about["maps"][0]["full_colour"] == 0.25
    assert about["maps"][0]["full_colour_unit"] == attribution().density_unit
    assert about["maps"][0]["against"] == "SD" and about["maps"][0]["notes"] == ["A note."]


def test_a_long_title_is_not_cut_off() -> None:
    made = export._sheet([Picture("one " * 12, IMAGE)], "ISIC_0024329 · Vote map: " * 3, 1)
    for text in made.texts:
        assert text.get_window_extent().x1 <= made.bbox.width


def test_what_is_missing_is_left_out_and_named_with_the_reason() -> None:
    """Of several, in one line; where all is there, nothing is said."""
    absent = [Picture(f"Absent {i}", IMAGE, missing="not computed") for i in range(2)]
    shown = [*sheet(2)[:2], *absent, Picture("Other", IMAGE, missing="It needs a ReLU.")]
    made = export.svg(shown, "T", about={"run": "<b>&", "images": [{"name": "a"}]})
    words = " ".join(ElementTree.fromstring(made).itertext())
    assert "Left out (not computed): Absent 0, Absent 1" in words
    assert "Left out (It needs a ReLU): Other" in words
    assert "a, no label · run <b>&" in words
    assert made.count(b"<image ") == 4  # two pictures with their colour bars
    assert b"Left out" not in export.svg(sheet(2), "T")
    numbers = np.load(io.BytesIO(export.npz(shown, {})))
    assert set(numbers.files) == {"about", "map_1", "map_2", "native_1", "native_2"}
    assert json.loads(str(numbers["about"]))["missing"]["Other"] == "It needs a ReLU."


def test_pictures_describe_themselves_as_the_numbers_do() -> None:
    about = {"run": HOSTILE, "images": [{"name": "图像", "label": "=1", "predicted": "SD"}]}
    told = export.described(sheet(1), about)
    assert Image.open(io.BytesIO(export.png(sheet(1), HOSTILE, about=about))).text == {
        "Title": HOSTILE,
        "Description": told,
        "Software": "DermXAI",
    }
    (found,) = ElementTree.fromstring(export.svg(sheet(1), HOSTILE, about=about)).iter(
        "{http://purl.org/dc/elements/1.1/}description"
    )
    assert found.text == told
    assert json.loads(told)["images"] == about["images"]


@pytest.mark.parametrize("name", ["a\x00b", "\x1b[1m", "\udce9", "\ufffe", "]]>&<", "", "\n", "💉"])
def test_names_that_no_xml_may_hold_are_told_all_the_same(name: str):
    shown = Picture(name, IMAGE, replace(attribution(), target=name), 0.2, name, name)
    left_out = Picture(f"{name} 2", IMAGE, missing=f"not computed: {name}")
    about = {"run": name, "images": [{"name": name, "label": name, "probability": float("nan")}]}
    drawn = Image.open(io.BytesIO(export.png([shown, left_out], name, about=about)))
    root = ElementTree.fromstring(export.svg([shown, left_out], name, about=about))
    (words,) = [each.text for each in root.iter() if each.tag.endswith("}description")]
    kept = np.load(io.BytesIO(export.npz([shown, left_out], about)))
    for written in (drawn.text[export.DESCRIPTION], words, str(kept["about"])):
        told = json.loads(written, parse_constant=pytest.fail)
        assert told["run"] == told["maps"][0]["target"] == name
        assert told["images"][0]["probability"] is None
        assert told["missing"] == {f"{name} 2": f"not computed: {name}"}


@pytest.mark.skipif(len(export.families()) < 2, reason="no font with Chinese letters is installed")
def test_chinese_letters_are_drawn() -> None:
    def drawn(letters: str) -> np.ndarray:
        made = Figure(figsize=(2, 1))
        made.text(0.1, 0.5, letters)
        return np.asarray(Image.open(io.BytesIO(export.saved(made, "png", {}))))

    one, other = drawn("\u6e7f"), drawn("\u75b9")  # both would be the same box
    assert (one != other).any()


def test_families_are_installed() -> None:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    assert installed.issuperset(export.families())
