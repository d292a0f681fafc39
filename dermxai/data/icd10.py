"""Codes of the ICD-10 as labels: those of diagnoses that have a class here, and those that hold
several diagnoses, which stay classes of their own.

Categories are WHO's (ICD-10, version 2019, chapters I, II, XII and XVII); of ICD-10-CM come the
subdivisions of C44, D18.0 and L82. A code means what its longest beginning in the table means.
"""

import re
from collections.abc import Collection, Mapping

from dermxai.data.synonyms import Relation, Synonym, synonym

SOURCE = "ICD-10 (WHO 2019)"
_CODE = re.compile(
    r"\s*(?:icd[\s_-]*10(?:[\s_-]*(?:cm|gm))?[\s_:-]*)?"
    r"(?P<category>[A-TV-Z]\d\d)(?P<rest>\.\d[0-9A-Z]{0,3}|\d\d?|\.?-)?[+*!†]?(?P<text>(?:\s|[-–:,]\s).*)?",
    re.IGNORECASE,
)
_TABLE: Mapping[str, tuple[str, Relation]] = {
    "B07": ("VW", "same"),
    "C43": ("mel", "same"),
    "D03": ("mel", "kind"),  # in situ
    "D04": ("akiec", "kind"),  # carcinoma in situ of skin
    "D18": ("Hem", "group"),  # and lymphangioma
    "D180": ("Hem", "same"),
    "D22": ("MN", "same"),
    "L20": ("EAD", "kind"),
    "L21": ("SD", "same"),
    "L22": ("EAD", "kind"),
    "L23": ("EAD", "kind"),
    "L24": ("EAD", "kind"),
    "L25": ("EAD", "kind"),
    "L30": ("EAD", "kind"),
    "L40": ("Pso", "same"),
    "L43": ("LP", "same"),
    "L570": ("akiec", "kind"),
    "L70": ("AV", "group"),  # acne of all kinds
    "L700": ("AV", "same"),
    "L711": ("Rosa", "kind"),
    "L718": ("Rosa", "kind"),
    "L719": ("Rosa", "same"),
    "L82": ("SK", "same"),
    "L910": ("KAHS", "same"),
}
_CARCINOMA = re.compile(r"C44\d([12])\d*")
"""Of ICD-10-CM: basal cell and squamous cell carcinomas, whatever the site."""
_SEVERAL: Mapping[str, str] = {
    "C44": "basal cell and squamous cell carcinomas, among others",
    "D23": "dermatofibromas and other benign neoplasms",
    "Q825": "port wine stains and other congenital nevi",
}
"""Codes that hold several diagnoses, of which some have a class; by site if subdivided."""
_UNDIVIDED: Mapping[str, str] = {
    "L57": "actinic keratoses and other damage by light",
    "L71": "rosacea and perioral dermatitis",
    "L91": "keloids and other hypertrophic disorders",
}
"""Likewise, where nothing stands behind the category."""


def icd10(label: str) -> Synonym | None:
    """What a code means, with or without a text behind it (``L40.0 Psoriasis vulgaris``), else what
    that text means (``C44.9 Basal cell carcinoma``); None of other labels."""
    code = _code(label)
    if found := _CARCINOMA.fullmatch(code):
        return Synonym("BCC" if found[1] == "1" else "SCC", "same", "ICD-10-CM")
    start = next((code[:end] for end in range(len(code), 2, -1) if code[:end] in _TABLE), "")
    if not start:
        return synonym(text) if (text := _text(label)) else None
    ours, relation = _TABLE[start]
    narrower = relation == "same" and len(code) > len(start)
    return Synonym(ours, "kind" if narrower else relation, SOURCE)


def several(label: str) -> tuple[str, str] | None:
    """The class of its own, such as C44, of a code that holds several diagnoses, and these; None of
    all other labels."""
    code = _code(label)
    if icd10(label) is not None:
        return None
    if code in _UNDIVIDED:
        return code, _UNDIVIDED[code]
    start = next((start for start in _SEVERAL if code.startswith(start)), None)
    if start is None:
        return None
    return f"{start[:3]}.{start[3:]}".rstrip("."), _SEVERAL[start]


def are_codes(labels: Collection[str]) -> bool:
    """Whether all of several labels look like codes, and the table knows half of them."""
    known = sum(icd10(each) is not None or several(each) is not None for each in labels)
    return len(labels) > 1 and all(map(_code, labels)) and 2 * known >= len(labels)


def _text(label: str) -> str:
    """What stands behind a code."""
    found = _CODE.fullmatch(label)
    return (found["text"] or "").strip(" \t-–:,") if found else ""


def _code(label: str) -> str:
    """A label's code without its point, such as C439; "" where it has none."""
    found = _CODE.fullmatch(label)
    if found is None:
        return ""
    return found["category"].upper() + (found["rest"] or "").upper().strip(".-")
