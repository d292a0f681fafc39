"""Which image files are masks of which, told by their names and those of their folders."""

import re
from pathlib import Path

_MASK_NAME = re.compile(r"(?P<stem>.+)[_-](?:segmentation|mask)", re.IGNORECASE)
MASK_FOLDERS = frozenset({"mask", "masks", "segmentation", "segmentations"})
# Names that an image may have, too: a mask, or a drawing of regions, only where its image is there.
_WEAK_MASK = re.compile(
    r"(?P<stem>.+?)(?:[ _-](?:lesion|seg|gt|ground[ _-]?truth|contour|annotation|lesion[ _-]mask)"
    r"|mask)",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(r"(?P<stem>.+)[ _-]orig(?:inal)?", re.IGNORECASE)
_MARKS = re.compile(
    r"(?P<stem>.+?)[ _-](?:rois?\d*|superpixels?|attribute_\w+|r\d+_label\d+)", re.IGNORECASE
)
_WEAK_FOLDER_WORDS = frozenset(
    ("mask", "masks", "segmentation", "segmentations", "gt", "groundtruth", "annotations")
)
_MARKS_FOLDER_WORDS = frozenset(("roi", "rois", "superpixel", "superpixels"))
_WORDS = re.compile(r"[^\W_]+")


def kinds_of(files: list[Path], root: Path) -> dict[Path, str]:
    """Whether each file is an image, a mask of the lesion, or a mark: of other regions."""
    kinds: dict[Path, str] = {}
    weak: dict[Path, tuple[str, str]] = {}
    of_folder: dict[Path, str | None] = {}
    for path in files:
        if path.parent not in of_folder:
            of_folder[path.parent] = _weak_folder(path.parent.relative_to(root).parts)
        if _is_mask(path, root):
            kinds[path] = "mask"
        elif named := _MARKS.fullmatch(path.stem):
            weak[path] = ("mark", named["stem"])
        elif named := _WEAK_MASK.fullmatch(path.stem):
            weak[path] = ("mask", named["stem"])
        elif kind := of_folder[path.parent]:
            weak[path] = (kind, path.stem)
        else:
            kinds[path] = "image"
    plain = {path.stem for path, kind in kinds.items() if kind == "image"}
    plain |= {bare(stem) for stem in plain}
    for path, (kind, stem) in weak.items():
        kinds[path] = kind if stem in plain else "image"
    return kinds


def bare(stem: str) -> str:
    """Of an image beside whose mask it is called the original (``D1_orig``, ``D1_contour``)."""
    named = _ORIGINAL.fullmatch(stem)
    return named["stem"] if named else stem


def _weak_folder(folders: tuple[str, ...]) -> str | None:
    for name in folders:
        words = {word.casefold() for word in _WORDS.findall(name.replace("_", " "))}
        if words & _MARKS_FOLDER_WORDS:
            return "mark"
        if words & _WEAK_FOLDER_WORDS or {"ground", "truth"} <= words:
            return "mask"
    return None


def _is_mask(path: Path, root: Path) -> bool:
    folders = path.parent.relative_to(root).parts
    in_folder = any(name.casefold() in MASK_FOLDERS for name in folders)
    return in_folder or _MASK_NAME.fullmatch(path.stem) is not None


def image_stem(mask: Path) -> str:
    named = _MASK_NAME.fullmatch(mask.stem) or _WEAK_MASK.fullmatch(mask.stem)
    return named["stem"] if named else mask.stem
