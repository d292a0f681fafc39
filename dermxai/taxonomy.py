"""The 14 classes of Zhu et al. 2021 (Table 1): code, name, kind of disease, colour; and those of
other data sets that have a name and a colour of their own. How labels are written elsewhere stands
in ``data/synonyms.py``."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Disease:
    code: str
    name: str
    group: str
    colour: str
    """On light pages."""
    dark_colour: str
    """On dark pages."""


# Groups keep near hues where the other demands leave them: 3:1 against the page, and the largest
# smallest CIEDE2000 difference of any pair to normal and to colour-blind eyes
# (tests/test_taxonomy.py measures both).
DISEASES: tuple[Disease, ...] = (
    Disease("LP", "Lichen planus", "Inflammatory, trunk and limbs", "#3c335e", "#3969cb"),
    Disease("Rosa", "Rosacea", "Inflammatory, face", "#156770", "#1db6af"),
    Disease("VW", "Viral warts", "Infectious", "#8054d8", "#8578a1"),
    Disease("AV", "Acne vulgaris", "Inflammatory, face", "#278d81", "#39f1c2"),
    Disease("KAHS", "Keloid and hypertrophic scar", "Benign neoplasm", "#612b05", "#90651a"),
    Disease("EAD", "Eczema and dermatitis", "Inflammatory, trunk and limbs", "#0138b7", "#b077ff"),
    Disease("DF", "Dermatofibroma", "Benign neoplasm", "#ae8565", "#e88d36"),
    Disease("SD", "Seborrheic dermatitis", "Inflammatory, face", "#054736", "#258e65"),
    Disease("SK", "Seborrheic keratosis", "Benign neoplasm", "#756500", "#dadd3e"),
    Disease("MN", "Melanocytic nevus", "Benign neoplasm", "#939004", "#c4b085"),
    Disease("Hem", "Hemangioma", "Vascular", "#a25c60", "#bc3c7e"),
    Disease("Pso", "Psoriasis", "Inflammatory, trunk and limbs", "#788ada", "#a9b6fd"),
    Disease("PWS", "Port wine stain", "Vascular", "#990541", "#f13457"),
    Disease("BCC", "Basal cell carcinoma", "Malignant", "#ee559b", "#fcc8ea"),
)
BY_CODE: Mapping[str, Disease] = {disease.code: disease for disease in DISEASES}
CODES: tuple[str, ...] = tuple(BY_CODE)

# Seborrheic dermatitis is a kind of dermatitis: part of the confusion of these two is definition.
OVERLAPPING = ("EAD", "SD")
# Diagnoses that readers of the paper's study chose from.
READER_STUDY = ("Rosa", "VW", "EAD", "SD", "SK", "MN", "Pso", "BCC")

# DermaMNIST numbers HAM10000's classes.
DERMAMNIST: tuple[str, ...] = ("akiec", "BCC", "SK", "DF", "mel", "MN", "Hem")
# Classes of other data sets that have a name and a colour of their own.
OTHERS: tuple[Disease, ...] = (
    Disease("mel", "Melanoma", "Malignant", "#4f3f25", "#a08dc4"),
    Disease(
        "akiec",
        "Actinic keratosis and intraepithelial carcinoma",
        "Malignant",
        "#3b5276",
        "#8d9f96",
    ),
    Disease("SCC", "Squamous cell carcinoma", "Malignant", "#8f8599", "#94838f"),
)
_KNOWN: Mapping[str, Disease] = {disease.code: disease for disease in (*DISEASES, *OTHERS)}


def name(code: str) -> str:
    """Full name of a class; an unknown code names itself."""
    return _KNOWN[code].name if code in _KNOWN else code


def titled(code: str) -> str:
    """ "EAD · Eczema …"; a code without another name stands alone."""
    return code if name(code) == code else f"{code} · {name(code)}"


def ordered(codes: Iterable[str]) -> list[str]:
    """Distinct codes in the paper's order, foreign ones after them by name."""
    distinct = set(codes)
    known = [code for code in CODES if code in distinct]
    return known + sorted(distinct.difference(known))


def colours(codes: Iterable[str], dark: bool = False) -> dict[str, str]:
    """A colour for each code, in the order of `ordered`: the class's own; unknown classes get, in
    the order given, colours that no class here has. More classes than colours share them.

    Args:
        codes: of classes.
        dark: colours for a dark page.
    """
    codes = list(dict.fromkeys(codes))
    own = {code: each.dark_colour if dark else each.colour for code, each in _KNOWN.items()}
    free = [colour for code, colour in own.items() if code not in codes]
    palette = free or list(own.values())
    unknown = [code for code in codes if code not in own]
    given = {code: palette[i % len(palette)] for i, code in enumerate(unknown)}
    return {code: own.get(code) or given[code] for code in ordered(codes)}


def canonical(label: str) -> str:
    """A class code for a label written in another case or by its full name, else the label, its
    accented letters as one character each (a Macintosh's folders have them as two)."""
    label = unicodedata.normalize("NFC", label).strip()
    wanted = label.casefold()
    for disease in DISEASES:
        if wanted in (disease.code.casefold(), disease.name.casefold()):
            return disease.code
    return label
