"""Labels in XML as tables: Pascal VOC's files, one an image, and CVAT's of all images.

Of what is drawn only the names count. Files with a document type are refused: it may define
entities that grow without bound or lie elsewhere, and annotations have none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
import pandas as pd

from dermxai.core import entries
from dermxai.core.entries import UnusableError, shown
from dermxai.core.errors import InputError
from dermxai.data.json_tables import BY_NAME, one_or_list
from dermxai.data.table import Problem

SUFFIXES = frozenset({".xml"})
MOST_BYTES = 200_000_000  # of a file, or of all files of one image each together
_DEEPEST = 100  # elements within each other
_LONGEST = 1_000  # characters of a name
_VOC, _CVAT = "annotation", "annotations"
_EXPECTED = "expected annotations of Pascal VOC or CVAT (for images)"
_FILE = (_VOC, "filename")
_NAME = (_VOC, "object", "name")
_DRAWN = frozenset(
    {"box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton", "tag"}
)


@dataclass
class _Annotations:
    """
    Attributes:
        root: the outermost element.
        images: file name → names of what is drawn or said, in the order of the file; "" for an
            image whose name the file does not say.
    """

    root: str = ""
    images: dict[str, list[str]] = field(default_factory=dict)


def read_xml_table(path: Path) -> pd.DataFrame:
    """``file`` and ``label`` of each image of one file: the only name of what is drawn in it, else
    all as JSON.

    Raises:
        InputError: it is not XML, larger than is read, has a document type, or is neither Pascal
            VOC's nor CVAT's.
    """
    try:
        found = _parsed(entries.read_bytes(path, MOST_BYTES))
    except UnusableError as error:
        raise InputError(f"{path.name} {error}; {_EXPECTED}.") from error
    if not any(found.images.values()):
        raise InputError(f"{path.name} {_nothing(found)}; {_EXPECTED}.")
    return _table([(name or path.stem, labels) for name, labels in found.images.items()])


def read_xml_files(files: Sequence[Path]) -> tuple[pd.DataFrame, list[Problem]]:
    """Pascal VOC's files, named as their images are, as one table: a row a file, ``file`` its name
    without suffix; and files that cannot be used.

    Raises:
        InputError: none names anything, or together they are larger than is read.
    """
    rows: list[tuple[str, list[str]]] = []
    problems, left = [], MOST_BYTES
    for file in files:
        try:
            content = entries.read_bytes(file, MOST_BYTES)
            left -= len(content)
            if left < 0:
                raise InputError(f"{file.name} and those beside it hold more XML than is read.")
            found = _parsed(content)
            if found.root != _VOC:
                raise UnusableError(_nothing(found))
        except UnusableError as error:
            problems.append(Problem(file.name, f"{error}; left out"))
            continue
        rows.append((file.stem, [label for each in found.images.values() for label in each]))
    if not any(labels for _, labels in rows):
        told = problems[0].reason.removesuffix("; left out") if problems else "names no object"
        raise InputError(f"{files[0].name} {told}; {_EXPECTED}.")
    return _table(rows), problems


def _table(rows: Sequence[tuple[str, list[str]]]) -> pd.DataFrame:
    table = pd.DataFrame(
        {"file": [name for name, _ in rows], "label": [one_or_list(each) for _, each in rows]},
        dtype="str",
    )
    table.attrs[BY_NAME] = True
    return table.where(table != "", np.nan)


def _nothing(found: _Annotations) -> str:
    if found.root == _VOC:
        return "names no object"
    if found.root == _CVAT:
        return "holds no image with a label; tracks of videos are not read"
    return f"is XML of {shown(found.root)}"


def _parsed(content: bytes) -> _Annotations:
    """
    Raises:
        UnusableError: it is not XML, has a document type, or elements too deep within each other.
    """
    found = _Annotations()
    path: list[str] = []
    text, image = [""], [""]

    def start(name: str, attributes: Mapping[str, str]) -> None:
        path.append(name)
        text[0] = ""
        if len(path) > _DEEPEST:
            raise UnusableError(f"has more than {_DEEPEST} elements within each other")
        found.root = found.root or name
        if path == [_CVAT, "image"]:
            image[0] = attributes.get("name", "")[:_LONGEST]
            found.images.setdefault(image[0], [])
        elif len(path) == 3 and path[:2] == [_CVAT, "image"] and name in _DRAWN:
            found.images[image[0]].append(attributes.get("label", "")[:_LONGEST])

    def end(_: str) -> None:
        said = text[0].strip()
        if tuple(path) == _FILE and not found.images:
            found.images[said] = []
        elif tuple(path) == _NAME and said:
            _last(found.images).append(said)
        path.pop()
        text[0] = ""

    def characters(some: str) -> None:
        text[0] = (text[0] + some)[:_LONGEST]

    def document_type(*_: object) -> None:
        raise UnusableError("has a document type (DTD), which is not read")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = document_type
    _parse(parser.Parse, content)
    return found


def _parse(parse: Callable[[bytes, bool], int], content: bytes) -> None:
    """
    Raises:
        UnusableError: it is not XML.
    """
    try:
        parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two of encodings
        raise UnusableError(f"is not XML that can be read ({error})") from None


def _last(images: dict[str, list[str]]) -> list[str]:
    """The labels of the image that is spoken of, whose name may come later or never."""
    return images[next(reversed(images))] if images else images.setdefault("", [])
