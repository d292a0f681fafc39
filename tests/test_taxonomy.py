from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, xyz2lab

from benchmarks.overlay_contrast import EYES
from dermxai import taxonomy
from dermxai.figures.template import DARK, LIGHT

TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# Of .streamlit/config.toml: page and what lies on it.
PAGES = {False: ("#ffffff", "#f7f9fa"), True: ("#0f1319", "#13181f", "#1b212b")}
HAM10000 = ("MN", "BCC", "DF", "SK", "Hem", "mel", "akiec")
EVERY = [*taxonomy.CODES, "mel", "akiec", "SCC"]
COLOURS = {dark: taxonomy.colours(EVERY, dark) for dark in (False, True)}


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def seen(colour: str, eyes: str) -> np.ndarray:
    """CIELAB of a colour as these eyes see it."""
    return xyz2lab((TO_XYZ @ np.clip(EYES[eyes] @ linear(colour), 0, 1))[None])[0]


def smallest_difference(codes: tuple[str, ...], eyes: str, dark: bool) -> float:
    labs = {code: seen(COLOURS[dark][code], eyes) for code in codes}
    return min(float(deltaE_ciede2000(labs[a], labs[b])) for a, b in combinations(codes, 2))


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    low, high = sorted(float(linear(colour) @ TO_XYZ[1]) + 0.05 for colour in (one, other))
    return high / low


@pytest.mark.parametrize(
    ("eyes", "least"),
    [("normal", 16), ("protanopia", 11), ("deuteranopia", 11), ("tritanopia", 11)],
)
@pytest.mark.parametrize("dark", PAGES)
def test_fourteen_colours_stay_apart_for_all_eyes(eyes, least, dark):
    assert smallest_difference(taxonomy.CODES, eyes, dark) >= least


@pytest.mark.parametrize("dark", PAGES)
@pytest.mark.parametrize("eyes", EYES)
def test_classes_of_ham10000_stay_apart_for_all_eyes(eyes, dark):
    assert smallest_difference(HAM10000, eyes, dark) >= 11


@pytest.mark.parametrize("dark", PAGES)
@pytest.mark.parametrize("code", EVERY)
def test_every_colour_shows_on_its_page(code, dark):
    """WCAG 2.2, 1.4.11: 3:1 for what carries meaning."""
    assert all(contrast(COLOURS[dark][code], page) >= 3 for page in PAGES[dark])


@pytest.mark.parametrize(("look", "page"), [(LIGHT, "#ffffff"), (DARK, "#13181f")])
def test_words_and_accents_are_readable(look, page):
    assert contrast(look.ink, page) >= 7
    assert contrast(look.muted, page) >= 4.5
    assert contrast(look.accent, page) >= 4.5
    assert contrast(look.ink, look.surface) >= 7


def test_a_class_keeps_its_colour_whatever_stands_beside_it():
    for codes in (("BCC",), ("BCC", "own"), ("own", "mel", "BCC"), taxonomy.CODES):
        assert taxonomy.colours(codes)["BCC"] == taxonomy.BY_CODE["BCC"].colour


def test_unknown_classes_get_colours_of_their_own():
    codes = ["z", "a", *taxonomy.CODES[:6], "mel"]
    colours = taxonomy.colours(codes)
    assert len(set(colours.values())) == len(codes)
    assert list(colours) == [*taxonomy.CODES[:6], "a", "mel", "z"]
    more = taxonomy.colours([*codes, "b"])
    assert {code: more[code] for code in codes} == colours


def test_any_number_of_classes_gets_colours():
    colours = taxonomy.colours([f"class {i}" for i in range(60)])
    assert len(colours) == 60
    assert taxonomy.colours([]) == {}


def test_labels_have_names_and_find_their_codes():
    assert taxonomy.name("EAD") == "Eczema and dermatitis"
    assert taxonomy.name("mel") == "Melanoma"
    assert taxonomy.name("own class") == "own class"
    assert taxonomy.canonical(" psoriasis ") == "Pso"
    assert taxonomy.canonical("bcc") == "BCC"
    assert taxonomy.canonical("Own Class") == "Own Class"
