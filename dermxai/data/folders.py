"""What the folders around images say: class, patient, split, or nothing.

A folder's name is asked first (a diagnosis, a word for a split, a word for a container such as
``images``); then what lies beside it and below. What was told by no name is a guess, which a person
can change (`Options.levels`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dermxai.core.errors import InputError
from dermxai.data.icd10 import are_codes
from dermxai.data.split_words import meanings, split_name
from dermxai.data.synonyms import is_disease, is_no_class, key, synonym
from dermxai.data.table import LEVEL_ROLES, Level

_SHOWN = 5  # folders of a level that are named
_SITES = frozenset(
    (
        *("arm", "arms", "leg", "legs", "face", "head", "neck", "trunk", "back", "chest", "torso"),
        *("abdomen", "scalp", "hand", "hands", "foot", "feet", "shoulder", "shoulders", "thigh"),
        *("upper", "lower", "extremity", "extremities", "anterior", "posterior", "lateral", "left"),
        *("right", "nose", "ear", "ears", "cheek", "cheeks", "forehead", "chin", "knee", "knees"),
        *("elbow", "elbows", "ankle", "wrist", "finger", "fingers", "toe", "toes", "palm", "palms"),
        *("sole", "soles", "buttock", "buttocks", "groin", "axilla", "flank", "eyelid", "breast"),
        *(
            "bein",
            "beine",
            "kopf",
            "gesicht",
            "hals",
            "rumpf",
            "bauch",
            "rucken",
            "links",
            "rechts",
        ),
        *("nase", "ohr", "ohren", "wange", "stirn", "kinn", "knie", "fuss", "fusse", "brust"),
        *("schulter", "hande", "arme", "visage", "bras", "jambe", "dos", "main", "pied", "cou"),
        *("tronc", "nez", "oreille", "joue"),
    )
)
"""Places on the body, as `synonyms.key` writes them."""
_CONTAINERS = frozenset(
    (
        *("image", "images", "img", "imgs", "photo", "photos", "picture", "pictures", "data"),
        *("dataset", "datasets", "part", "parts", "raw", "export", "exports", "output", "input"),
        *("inputs", "challenge", "task", "isic", "isbi", "ham10000", "ham", "bcn20000", "ph2"),
        *("derm7pt", "pad", "ufes", "ddi", "scin", "milk10k", "fitzpatrick17k", "dermnet", "sd"),
        *("jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp", "dcm", "dicom", "original"),
        *("originals", "orig", "resized", "cropped", "crop", "crops", "augmented", "downsampled"),
        *("dermoscopic", "dermoscopy", "dermatoscopic", "dermatoscopy", "clinical", "clinic"),
        *("close", "up", "closeup", "macro", "overview", "files", "file", "upload", "uploads"),
        *("download", "downloads", "archive", "folder", "folders", "batch", "chunk", "shard"),
        *("set", "all", "public", "release", "version", "v", "final", "new", "old", "of", "and"),
        *("the", "for", "from", "with", "px", "x", "full", "hd", "small", "large", "size", "fold"),
        *("bilder", "bild", "fotos", "foto", "aufnahmen", "daten", "datensatz", "teil", "export"),
        *("kopie", "copy", "donnees", "jeu", "partie", "photographies", "fichiers", "tmp", "temp"),
        *("labeled", "labelled", "unlabeled", "unlabelled", "sample", "samples", "source", "src"),
        *("dermoscopicimages", "root", "media", "assets", "content", "db", "database", "skin"),
        *("lesion", "lesions", "disease", "diseases", "class", "classes", "category", "categories"),
        *("training", "train", "test", "testing", "validation", "val", "collection", "collections"),
        # where images come from
        *("dermquest", "dermis", "dermatlas", "dermweb", "danderm", "mednode", "kaggle", "camera"),
        *_SITES,
    )
)
_ILL = frozenset(("disease", "diseases", "diseased", "lesion", "lesions", "skin"))
"""Containers, but not beside a folder that is a diagnosis, as ``disease`` beside ``normal``."""
_MONTHS = (
    r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|ene|abr|ago|dic|gen|giu|lug"
    r"|set|ott|avr|f[eé]v|juin|juil|ao[uû]t|d[eé]c)[a-zäéûç]*\.?"
)
_YEAR = r"(?:19[89]\d|20[0-4]\d)"
_DATE = re.compile(
    rf"{_YEAR}[-_. ]?(?:0[1-9]|1[0-2])(?:[-_. ]?(?:0[1-9]|[12]\d|3[01]))?"
    r"(?:[-_ t]+\d\d[-_:.]?\d\d.*)?"
    rf"|(?:0?[1-9]|[12]\d|3[01])[-_. ](?:0?[1-9]|1[0-2])[-_. ]{_YEAR}"
    rf"|(?:0?[1-9]|1[0-2])[-_.](?:0?[1-9]|[12]\d|3[01])[-_.]{_YEAR}"
    rf"|(?:\d{{1,2}}[-_. ]+)?{_MONTHS}[-_. ]*{_YEAR}|{_YEAR}[-_. ]*{_MONTHS}(?:[-_. ]*\d{{1,2}})?"
    rf"|{_YEAR}[-_ ]?[qh][1-4]|{_YEAR}年(?:\d{{1,2}}月(?:\d{{1,2}}日)?)?",
    re.IGNORECASE,
)
_CONTAINERS_UNSPACED = ("图片", "图像", "数据", "照片", "影像")
_NUMBER = re.compile(r"\d+")
_SPLIT_UP = re.compile(r"[^\W\d_]+|\d+")
_ID = re.compile(r"(?P<word>[^\W\d]*?)[\s_-]*(?P<number>\d[\d\s_-]*)[a-z]?", re.IGNORECASE)
_CLASS_WORDS = frozenset(
    ("class", "klasse", "classe", "label", "category", "type", "c", "cls", "grade")
)
_PATIENT_WORDS = frozenset(
    ("patient", "patients", "pat", "subject", "case", "person", "patientin", "fall", "患者", "病人")
)
_NUMBERED_THINGS = _CLASS_WORDS | {"lesion", "lesions", "sample", "samples", "case", "patient"}
_COARSE = frozenset(("benign", "malignant", "benigne", "maligne", "gutartig", "bosartig", "malin"))
_MOST_NUMBERED = 100  # classes that are called 0, 1, 2 …


@dataclass(frozen=True)
class Folders:
    """
    Attributes:
        described: by the folders around an image (a tuple of names) its ``split``, ``label`` and
            ``patient_id``, as far as they say one.
        levels: how each level was read.
    """

    described: Mapping[tuple[str, ...], Mapping[str, str]]
    levels: tuple[Level, ...]


def interpret(images: Sequence[tuple[str, ...]], said: Mapping[str, str]) -> Folders:
    """
    Args:
        images: (n,) the folders around each image, the outermost first.
        said: level, from "1", → role, as a person has said it.

    Raises:
        InputError: a level that is not there, or no role of `LEVEL_ROLES`.
    """
    counts = Counter(images)
    deepest = max(map(len, counts), default=0)
    for level, role in said.items():
        if not level.isdecimal() or not 1 <= int(level) <= deepest:
            raise InputError(
                f"There is no level {level!r} of folders; there are {deepest or 'none'}, counted "
                "from 1, the outermost."
            )
        if role not in LEVEL_ROLES:
            raise InputError(f"A level is {', '.join(LEVEL_ROLES)}; came {role!r}.")
    own = {int(level) - 1: role for level, role in said.items()}
    roles, sure = _roles(counts, own)
    described = {around: _described(around, roles) for around in counts}
    return Folders(described, tuple(_levels(counts, roles, sure, own)))


def is_container(name: str) -> bool:
    """Whether a folder of this name says nothing of its images: ``data``,
    ``Challenge_Training_Data`` or ``HAM10000_images_part_1``."""
    if is_no_class(name) or synonym(name):
        return False
    parts = _SPLIT_UP.findall(key(name))
    words = [word for word in parts if not word.isdecimal()]
    if len(words) < len(parts) and _NUMBERED_THINGS & set(words):  # class 1, lesion 12
        return False
    if words and all(word in _CONTAINERS for word in words):
        return True
    return any(word in name for word in _CONTAINERS_UNSPACED) and not is_disease(name)


def is_site(name: str) -> bool:
    """Whether a folder's name is a place on the body, such as ``left arm``."""
    words = _SPLIT_UP.findall(key(name))
    return bool(words) and all(word in _SITES for word in words)


def is_patient(name: str) -> bool:
    """Whether a folder's name is an id: a number, perhaps with a word before it."""
    found = _ID.fullmatch(name.strip())
    return found is not None and found["word"].casefold() not in _CLASS_WORDS


Place = tuple[int, str]
"""A folder: its depth and name."""


def _roles(
    counts: Mapping[tuple[str, ...], int], own: Mapping[int, str]
) -> tuple[dict[Place, str], set[Place]]:
    """The role of each folder, "split:test" of a split; and those that their name tells."""
    places = {place for around in counts for place in enumerate(around)}
    roles = {place: own[place[0]] for place in places if place[0] in own}
    taken = set(own.values())
    sure: dict[Place, str] = {}
    if "split" not in taken:
        sure |= {place: f"split:{split}" for place, split in _splits(counts).items()}
    sure |= {place: "nothing" for place in _containers(counts) if place not in sure}
    roles = sure | roles
    open_levels = _open_levels(counts, roles)
    at = None if "class" in taken else _class_level(open_levels)
    for number, level in enumerate(open_levels):
        role = _role(number, level, at, "class" in taken)
        if role in taken:
            role = "nothing"
        for place in level:
            roles.setdefault(place, role)
            if (role == "class" and is_disease(place[1])) or (
                role == "patient" and _says_patient(place[1])
            ):
                sure[place] = role
    return roles, set(sure)


def is_date(name: str) -> bool:
    """Whether a folder's name is a day or month, which tells no class and no patient."""
    return _DATE.fullmatch(name.strip()) is not None


def _containers(counts: Iterable[tuple[str, ...]]) -> Iterable[Place]:
    """Folders whose own name says nothing, such as a date, or says again the name of the folder
    around them."""
    beside: dict[tuple[str, ...], set[str]] = {}
    of_depth: dict[int, set[str]] = {}
    for around in counts:
        for depth, name in enumerate(around):
            beside.setdefault(around[:depth], set()).add(name)
            of_depth.setdefault(depth, set()).add(name)
    years = {depth for depth, names in of_depth.items() if _are_years(names)}
    for around in counts:
        for depth, name in enumerate(around):
            outer = around[depth - 1] if depth else ""
            rest = name.removeprefix(outer).strip("_- ") if outer else name
            if set(key(rest).split()) <= _ILL and any(map(is_disease, beside[around[:depth]])):
                continue
            if (
                not rest
                or is_container(rest)
                or is_date(name)
                or (depth in years and name.isdigit())
            ):
                yield depth, name


def _are_years(names: Iterable[str]) -> bool:
    """Whether all numbers among names are years."""
    numbers = [name for name in names if name.isdigit()]
    return bool(numbers) and all(re.fullmatch(_YEAR, name) for name in numbers)


def _open_levels(counts: Iterable[tuple[str, ...]], roles: Mapping[Place, str]) -> list[set[Place]]:
    """Folders without a role: the first of each image's, the second …"""
    levels: list[set[Place]] = []
    for around in counts:
        rest = [place for place in enumerate(around) if place not in roles]
        for number, place in enumerate(rest):
            if number == len(levels):
                levels.append(set())
            levels[number].add(place)
    return levels


def _class_level(levels: Sequence[set[Place]]) -> int | None:
    """Which of the levels holds the classes: that of most diagnoses, one of several folders before
    a single one; else the first of several folders whose names are no ids."""
    shares = [sum(_weight(name) for _, name in places) / len(places) for places in levels]
    if shares and max(shares) > 0:
        several = [len({name for _, name in places}) > 1 for places in levels]
        ranks = [(share > 0 and many, share) for share, many in zip(shares, several, strict=True)]
        return ranks.index(max(ranks))
    for number, places in enumerate(levels):
        names = [name for _, name in places]
        if len(set(names)) > 1 and (
            are_codes(set(names)) or _numbered(names) or not all(map(is_patient, names))
        ):
            return number
    return None


def _weight(name: str) -> float:
    """How much a name is a diagnosis."""
    if key(name) in _COARSE:
        return 0.25
    return float(is_disease(name) or is_no_class(name))


def _role(number: int, places: set[Place], at: int | None, said: bool) -> str:
    names = [name for _, name in places]
    if number == at:
        return "class"
    if all(map(is_disease, names)):
        return "nothing"
    ids = sum(map(is_patient, names)) > len(names) / 2
    below = at is not None and number == at + 1
    ids = ids and (len(set(names)) > 1 or not _says_much(names[0]))
    if ids and (at is None or number in (at - 1, at + 1)):
        return "patient"
    return "patient" if below and not said and len(set(names)) > 1 else "nothing"


def _says_patient(name: str) -> bool:
    return any(word in _PATIENT_WORDS for word in _SPLIT_UP.findall(name.casefold()))


def _says_much(name: str) -> bool:
    """Whether a name is of several words, as a collection's may be, and none is of patients."""
    words = [word for word in _SPLIT_UP.findall(name) if not word.isdecimal()]
    return len(words) > 1 and not _says_patient(name)


def _numbered(names: Iterable[str]) -> bool:
    """Whether folders are the classes 0, 1, 2 … or 1, 2, 3 …"""
    texts = set(names)
    if not all(_NUMBER.fullmatch(name) for name in texts):
        return False
    numbers = sorted(map(int, texts))
    return len(numbers) <= _MOST_NUMBERED and numbers in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )


def _splits(images: Iterable[tuple[str, ...]]) -> dict[Place, str]:
    """The split of each folder that stands for one, by its depth and name; where the words are not
    known its own name: such as a folder beside ``train`` with the same folders in it."""
    inside: dict[int, dict[str, set[str]]] = {}
    for folders in set(images):
        for depth, folder in enumerate(folders):
            inside.setdefault(depth, {}).setdefault(folder, set()).update(folders[depth + 1 :][:1])
    found: dict[Place, str] = {}
    for depth, within in inside.items():
        sure = {folder for folder in within if split_name(folder)}
        classes = {name for folder in sure for name in within[folder] if not is_container(name)}
        alike = {folder for folder in within if within[folder] & classes}
        meant = meanings(sorted(sure | alike)) if sure else {}
        found |= {(depth, folder): split or folder for folder, split in meant.items()}
    return found


def _described(around: tuple[str, ...], roles: Mapping[Place, str]) -> dict[str, str]:
    described: dict[str, str] = {}
    for depth, name in enumerate(around):
        role = roles[depth, name]
        if role.startswith("split"):
            described.setdefault("split", role.partition(":")[2] or name)
        elif role in ("class", "patient"):
            described.setdefault({"class": "label", "patient": "patient_id"}[role], name)
    return described


def _levels(
    counts: Mapping[tuple[str, ...], int],
    roles: Mapping[Place, str],
    sure: set[Place],
    own: Mapping[int, str],
) -> Iterable[Level]:
    for depth in range(max(map(len, counts), default=0)):
        of: dict[str, list[str]] = {}
        names = dict.fromkeys(around[depth] for around in counts if len(around) > depth)
        for name in sorted(names):
            of.setdefault(roles[depth, name].partition(":")[0], []).append(name)
        for role in (role for role in LEVEL_ROLES if role in of):
            folders = of[role]
            yield Level(
                level=depth + 1,
                role=role,
                folders=len(folders),
                examples=tuple(folders[:_SHOWN]),
                guessed=depth not in own and any((depth, name) not in sure for name in folders),
            )
