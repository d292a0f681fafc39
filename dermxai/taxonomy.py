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


# Each group has its hues: inflammatory diseases of trunk and limbs blue, those of the face green,
# benign neoplasms brown and ochre, vascular red, malignant purple. Within them the colours were
# searched for the largest smallest CIEDE2000 difference of any pair, to normal and to colour-blind
# eyes, at a contrast that shows on light and on dark pages (tests/test_taxonomy.py measures both).
DISEASES: tuple[Disease, ...] = (
    Disease("LP", "Lichen planus", "Inflammatory, trunk and limbs", "#7079a6"),
    Disease("Rosa", "Rosacea", "Inflammatory, face", "#19b7b0"),
    Disease("VW", "Viral warts", "Infectious", "#9865ef"),
    Disease("AV", "Acne vulgaris", "Inflammatory, face", "#178e72"),
    Disease("KAHS", "Keloid and hypertrophic scar", "Benign neoplasm", "#a36846"),
    Disease("EAD", "Eczema and dermatitis", "Inflammatory, trunk and limbs", "#3f4ecc"),
    Disease("DF", "Dermatofibroma", "Benign neoplasm", "#d59665"),
    Disease("SD", "Seborrheic dermatitis", "Inflammatory, face", "#1d6456"),
    Disease("SK", "Seborrheic keratosis", "Benign neoplasm", "#9e8900"),
    Disease("MN", "Melanocytic nevus", "Benign neoplasm", "#6c5701"),
    Disease("Hem", "Hemangioma", "Vascular", "#ac164b"),
    Disease("Pso", "Psoriasis", "Inflammatory, trunk and limbs", "#8ba0f1"),
    Disease("PWS", "Port wine stain", "Vascular", "#dd607d"),
    Disease("BCC", "Basal cell carcinoma", "Malignant", "#922f7f"),
)
BY_CODE: Mapping[str, Disease] = {disease.code: disease for disease in DISEASES}
CODES: tuple[str, ...] = tuple(BY_CODE)

# Seborrheic dermatitis is a kind of dermatitis: part of the confusion of these two is definition.
OVERLAPPING = ("EAD", "SD")

# DermaMNIST numbers HAM10000's classes.
DERMAMNIST: tuple[str, ...] = ("akiec", "BCC", "SK", "DF", "mel", "MN", "Hem")
# Classes of other data sets that have a name and a colour of their own.
OTHERS: tuple[Disease, ...] = (
    Disease("mel", "Melanoma", "Malignant", "#a08dc3"),
    Disease("akiec", "Actinic keratosis and intraepithelial carcinoma", "Malignant", "#87968f"),
    Disease("SCC", "Squamous cell carcinoma", "Malignant", "#70656e"),
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


def colours(codes: Iterable[str]) -> dict[str, str]:
    """A colour for each code, in the order of `ordered`: the class's own; unknown classes get, in
    the order given, colours that no class here has. More classes than colours share them."""
    codes = list(dict.fromkeys(codes))
    unknown = [code for code in codes if code not in _KNOWN]
    free = [disease.colour for disease in _KNOWN.values() if disease.code not in codes]
    palette = free or [disease.colour for disease in _KNOWN.values()]
    given = {code: palette[i % len(palette)] for i, code in enumerate(unknown)}
    return {code: _KNOWN[code].colour if code in _KNOWN else given[code] for code in ordered(codes)}


def canonical(label: str) -> str:
    """A class code for a label written in another case or by its full name, else the label, its
    accented letters as one character each (a Macintosh's folders have them as two)."""
    label = unicodedata.normalize("NFC", label).strip()
    wanted = label.casefold()
    for disease in DISEASES:
        if wanted in (disease.code.casefold(), disease.name.casefold()):
            return disease.code
    return label
