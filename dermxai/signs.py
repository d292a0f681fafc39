"""Dermoscopic signs of the 14 classes: what is seen, in the terms of the International Dermoscopy
Society, and who has described it. For teaching; no list is complete, and no sign is proof."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["SIGNS", "Sign", "Source", "signs_of", "sources_of"]


@dataclass(frozen=True)
class Source:
    """
    Attributes:
        text: authors, year, title.
        doi: empty for a textbook.
    """

    text: str
    doi: str = ""

    @property
    def short(self) -> str:
        """Authors and year."""
        return self.text.split(",", 1)[0]


@dataclass(frozen=True)
class Sign:
    """
    Attributes:
        name: the term of the consensus where it has one.
        text: one sentence: what is seen, where, and what it tells apart.
    """

    name: str
    text: str
    sources: tuple[Source, ...]


_TERMS = Source(
    "Kittler et al. 2016, Standardization of terminology in dermoscopy/dermatoscopy: results of "
    "the third consensus conference of the International Society of Dermoscopy",
    "10.1016/j.jaad.2015.12.038",
)
_INFLAMED_TERMS = Source(
    "Errichetti et al. 2020, Standardization of dermoscopic terminology and basic dermoscopic "
    "parameters to evaluate in general dermatology (non-neoplastic dermatoses): an expert "
    "consensus on behalf of the International Dermoscopy Society",
    "10.1111/bjd.18125",
)
_GENERAL = Source(
    "Errichetti and Stinco 2016, Dermoscopy in general dermatology: a practical overview",
    "10.1007/s13555-016-0141-6",
)
_PAPULOSQUAMOUS = Source(
    "Lallas et al. 2012, Accuracy of dermoscopic criteria for the diagnosis of psoriasis, "
    "dermatitis, lichen planus and pityriasis rosea",
    "10.1111/j.1365-2133.2012.10868.x",
)
_FACE = Source(
    "Lallas et al. 2014, Dermoscopic patterns of common facial inflammatory skin diseases",
    "10.1111/jdv.12146",
)
_WARTS = Source(
    "Al Rudaisat and Cheng 2021, Dermoscopy features of cutaneous warts", "10.2147/IJGM.S335276"
)
_TEXTBOOK = Source("Bolognia et al. 2018, Dermatology (textbook, 4th edition)")
_SCARS = Source(
    "Yoo and Kim 2014, Keloids and hypertrophic scars: characteristic vascular structures "
    "visualized by using dermoscopy",
    "10.5021/ad.2014.26.5.603",
)
_DERMATOFIBROMA = Source(
    "Zaballos et al. 2008, Dermoscopy of dermatofibromas: a prospective morphological study of "
    "412 cases",
    "10.1001/archdermatol.2007.8",
)
_KERATOSIS = Source(
    "Braun et al. 2002, Dermoscopy of pigmented seborrheic keratosis: a morphological study",
    "10.1001/archderm.138.12.1556",
)
_NEVI = Source(
    "Hofmann-Wellenhof et al. 2001, Dermoscopic classification of atypical melanocytic nevi "
    "(Clark nevi)",
    "10.1001/archderm.137.12.1575",
)
_VASCULAR = Source(
    "Piccolo et al. 2018, Dermatoscopy of vascular lesions", "10.1016/j.det.2018.05.006"
)
_PORT_WINE = Source(
    "Vázquez-López et al. 2007, Dermoscopy of port-wine stains", "10.1001/archderm.143.7.962"
)
_PIGMENTED_BCC = Source(
    "Menzies et al. 2000, Surface microscopy of pigmented basal cell carcinoma",
    "10.1001/archderm.136.8.1012",
)

SIGNS: Mapping[str, tuple[Sign, ...]] = {
    "LP": (
        Sign(
            "Wickham striae",
            "Pearly white lines that cross to a net or radiate from a centre over a dull red to "
            "violet plaque; of the plaques that look alike, only this one has them.",
            (_PAPULOSQUAMOUS, _INFLAMED_TERMS),
        ),
        Sign(
            "Peripheral vessels",
            "Red dots and short lines that stand at the edge of the plaque, often between the "
            "rays of the white lines.",
            (_PAPULOSQUAMOUS, _GENERAL),
        ),
    ),
    "Rosa": (
        Sign(
            "Polygonal vessels",
            "Linear vessels that join around the follicles to a coarse net of polygons; the sign "
            "that sets rosacea apart from other red faces.",
            (_FACE, _INFLAMED_TERMS),
        ),
        Sign(
            "Follicular plugs",
            "Whitish or yellowish contents of follicle openings, less frequent than the vessels "
            "and not specific.",
            (_FACE, _GENERAL),
        ),
    ),
    "VW": (
        Sign(
            "Papillae",
            "Densely packed pale knobs with whitish rims, which are compared with frogspawn.",
            (_WARTS,),
        ),
        Sign(
            "Vessels within papillae",
            "A red dot or a small loop in the middle of a knob, where the capillary of the "
            "papilla comes up.",
            (_WARTS, _TERMS),
        ),
        Sign(
            "Haemorrhages",
            "Red-brown to black dots and short streaks: capillaries that have bled or clotted.",
            (_WARTS,),
        ),
    ),
    "AV": (
        Sign(
            "Open comedones",
            "Widened follicle openings with a brown to black plug of keratin.",
            (_TEXTBOOK,),
        ),
        Sign(
            "Closed comedones",
            "Small whitish to skin-coloured domes whose opening is hardly seen.",
            (_TEXTBOOK,),
        ),
        Sign(
            "Pustules in a red halo",
            "Round white to yellow centres within a red area, beside papules without pus.",
            (_TEXTBOOK,),
        ),
    ),
    "KAHS": (
        Sign(
            "Structureless pink-white area",
            "A smooth field without lines, dots or follicles: collagen beneath a stretched "
            "surface.",
            (_SCARS, _TERMS),
        ),
        Sign(
            "Arborizing and linear vessels",
            "Branching, irregular linear or comma-shaped vessels; they were seen in nine of ten "
            "keloids, but in about one of four hypertrophic scars.",
            (_SCARS,),
        ),
    ),
    "EAD": (
        Sign(
            "Patchy dotted vessels",
            "Red dots like those of psoriasis, but in clusters with free skin between them.",
            (_PAPULOSQUAMOUS, _INFLAMED_TERMS),
        ),
        Sign(
            "Yellow scales and serocrusts",
            "Yellow to orange crusts of dried serum, alone or among white scales; they speak for "
            "dermatitis rather than psoriasis.",
            (_PAPULOSQUAMOUS, _GENERAL),
        ),
    ),
    "DF": (
        Sign(
            "Central white patch",
            "A scar-like white area in the middle; with the network around it the most frequent "
            "pattern, though most lesions show another one.",
            (_DERMATOFIBROMA,),
        ),
        Sign(
            "Peripheral pigment network",
            "Delicate light brown lines that surround the centre and fade into the skin.",
            (_DERMATOFIBROMA, _TERMS),
        ),
        Sign(
            "Dotted vessels",
            "Small red dots, seen in about a third of the lesions; other vessels are rarer.",
            (_DERMATOFIBROMA,),
        ),
    ),
    "SD": (
        Sign(
            "Vessels in patches",
            "Red dots and thin, blurred, branching lines, unevenly spread; they form no polygons "
            "as in rosacea.",
            (_FACE, _GENERAL),
        ),
        Sign(
            "Fine yellow scales",
            "Greasy-looking yellow scale in small pieces; with the dots it stands against the "
            "polygons of rosacea.",
            (_FACE, _GENERAL),
        ),
    ),
    "SK": (
        Sign(
            "Milia-like cysts",
            "Round white to yellow bodies, starry and bright or larger and cloudy: keratin "
            "enclosed in the epidermis.",
            (_KERATOSIS, _TERMS),
        ),
        Sign(
            "Comedo-like openings",
            "Sharply bounded brown to black plugs, which are enclosed keratin that reaches the "
            "surface.",
            (_KERATOSIS, _TERMS),
        ),
        Sign(
            "Fissures and ridges",
            "Furrows and folds that together look like the surface of a brain.",
            (_KERATOSIS, _TERMS),
        ),
        Sign(
            "Sharp demarcation",
            "A border that ends abruptly on all sides, in places as if eaten by moths.",
            (_KERATOSIS, _TERMS),
        ),
    ),
    "MN": (
        Sign(
            "Typical pigment network",
            "Brown lines of even width about even holes, which thin out towards the edge.",
            (_NEVI, _TERMS),
        ),
        Sign(
            "Globules",
            "Round brown bodies of like size and shape, spread evenly or in the centre.",
            (_NEVI, _TERMS),
        ),
        Sign(
            "Symmetric pattern",
            "Network, globules or a homogeneous brown, alone or two of them, arranged alike on "
            "both sides.",
            (_NEVI,),
        ),
    ),
    "Hem": (
        Sign(
            "Red-purple lacunae",
            "Well-bounded round to oval red, purple or blue areas: widened vessels high in the "
            "dermis; black ones are clotted.",
            (_TERMS, _VASCULAR),
        ),
        Sign(
            "Pale septa",
            "Whitish lines of connective tissue that part the lacunae from each other.",
            (_VASCULAR,),
        ),
    ),
    "Pso": (
        Sign(
            "Regular dotted vessels",
            "Red dots of like size spread evenly over the whole plaque; their distribution tells "
            "psoriasis from dermatitis, not their shape.",
            (_PAPULOSQUAMOUS, _INFLAMED_TERMS),
        ),
        Sign(
            "White scales",
            "White scale, in patches or all over, that may hide the vessels beneath it.",
            (_PAPULOSQUAMOUS, _GENERAL),
        ),
        Sign(
            "Light red background",
            "A light to dull red without structure, on which the dots stand.",
            (_PAPULOSQUAMOUS, _GENERAL),
        ),
    ),
    "PWS": (
        Sign(
            "Dotted and globular vessels",
            "Red dots and round bodies: widened capillaries of the papillae, high in the skin.",
            (_PORT_WINE, _VASCULAR),
        ),
        Sign(
            "Linear vessels",
            "Red lines, straight or winding, some joined to a net: widened vessels that run "
            "deeper, parallel to the surface.",
            (_PORT_WINE, _VASCULAR),
        ),
    ),
    "BCC": (
        Sign(
            "Arborizing vessels",
            "Sharp, bright red trunks that branch like a tree into ever finer vessels.",
            (_PIGMENTED_BCC, _TERMS),
        ),
        Sign(
            "Blue-grey ovoid nests",
            "Well-bounded blue-grey bodies, larger than globules: pigmented nests of the tumour.",
            (_PIGMENTED_BCC, _TERMS),
        ),
        Sign(
            "Leaf-like areas",
            "Brown to grey-blue lobes, joined at a base like the parts of a maple leaf, without a "
            "pigment network.",
            (_PIGMENTED_BCC, _TERMS),
        ),
        Sign(
            "Ulceration",
            "Red to black-red areas without structure, where the surface is lost or crusted.",
            (_PIGMENTED_BCC, _TERMS),
        ),
    ),
}
"""By code of the class, those first that tell most."""


def signs_of(code: str) -> tuple[Sign, ...]:
    """The signs of a class; none where they are not told of."""
    return SIGNS.get(code, ())


def sources_of(signs: tuple[Sign, ...]) -> tuple[Source, ...]:
    """Each source once, in the order in which the signs name them."""
    return tuple(dict.fromkeys(source for sign in signs for source in sign.sources))
