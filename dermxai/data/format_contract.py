"""What every dataset format keeps to, as checks that an author of one can run::

for fault in format_faults(MINE, Path("a-small-dataset-of-it")):
    print(fault)
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dermxai.core.components import error_text, faults_as_sentences
from dermxai.core.errors import InputError
from dermxai.data.formats import FORMATS, LAST, Format
from dermxai.data.images import SUFFIXES
from dermxai.data.table import Options, Table

FILES = 10  # of an example, no images, in whose place something odd is laid one by one
LARGEST = 1_000_000  # bytes of such a file


def _class_folders(root: Path) -> Path:
    for name in ("nevus/1.jpg", "melanoma/2.jpg"):
        (root / name).parent.mkdir()
        (root / name).touch()
    return root


def _ham10000(root: Path) -> Path:
    (root / "images").mkdir()
    (root / "images" / "ISIC_1.jpg").touch()
    (root / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nH1,ISIC_1,nv\n")
    return root


def _isic(root: Path) -> Path:
    (root / "ISIC_1.jpg").touch()
    classes = "MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"
    (root / "GroundTruth.csv").write_text(f"image,{classes}\nISIC_1,0,1,0,0,0,0,0,0,0\n")
    return root


def _medmnist(root: Path) -> Path:
    images, labels = np.zeros((2, 28, 28), np.uint8), np.zeros((2, 1), np.uint8)
    np.savez(root / "dermamnist.npz", train_images=images, train_labels=labels)
    return root / "dermamnist.npz"


def _table(root: Path) -> Path:
    (root / "a.jpg").touch()
    (root / "samples.csv").write_text("path,label\na.jpg,MEL\n")
    return root


def _yolo(root: Path) -> Path:
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    (root / "images" / "a.jpg").touch()
    (root / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    return root


DATASETS: Mapping[str, Callable[[Path], Path]] = {
    "class_folders": _class_folders,
    "ham10000": _ham10000,
    "isic": _isic,
    "medmnist": _medmnist,
    "table": _table,
    "yolo": _yolo,
}
"""A small dataset of a format, made in an empty folder, by the format's name; its images are empty
files."""

CONTENTS: Mapping[str, bytes] = {
    "empty": b"",
    "bytes": b"\xff\xfe\x00nothing\x80" * 50,
    "zeros": bytes(5000),
    "Latin 1": '{"id": "é"}'.encode("latin-1"),
    "half of some JSON": b'{"id": "a", "check',
    "a list": b"[]",
    "null": b"null",
    "a large number": b'{"id": 1e999, "number": 1' + b"0" * 400 + b"}",
    "a deep list": b"[" * 100_000,
    "half a character": b'{"id": "\\ud800"}',
    "numbers by name": b'{"a.jpg": 5}',
    "a header alone": b"path,label\n",
    "a row too long": b"a,b\n1,2,3,4\n",
    "nothing but separators": b",,,\n,,,\n",
}
"""What may stand in a file, by what it is."""
ENDINGS = ("", ".csv", ".json", ".npz", ".jpg", ".parquet", "_metadata.csv")
STRANGERS = ("a.docx", "a.rar", "a.parquet.bak", "README", "<i>.json")


@faults_as_sentences
def format_faults(made: Format, example: Path | None = None) -> Iterator[str]:
    """What is wrong with a format, a sentence each.

    Args:
        example: a small dataset of it, a file or folder; it is copied. Without one, reading is
            tried for the formats of `DATASETS` alone.
    """
    if told := list(FORMATS.faults_of(made, {})):
        yield from told
        return
    with TemporaryDirectory() as name:
        yield from dict.fromkeys(_tried(made, example, Path(name)))


def _tried(made: Format, example: Path | None, folder: Path) -> Iterator[str]:
    yield from _of_others(made, _new(folder, "others"))
    yield from _of_nobody(made, _new(folder, "nobody"))
    if example is None and made.name in DATASETS:
        example = DATASETS[made.name](_new(folder, "example"))
    if example is not None:
        yield from _of_its_own(made, example, _new(folder, "own"))


def _new(folder: Path, name: str) -> Path:
    (place := folder / name).mkdir()
    return place


def _claims(made: Format, path: Path, what: str) -> tuple[bool, list[str]]:
    """Whether it recognises a dataset, and what is wrong with the answer."""
    try:
        found: object = made.recognises(path)
    except Exception as error:
        return False, [f"Of {what}: recognises raises {error_text(error)}."]
    if not isinstance(found, bool):
        kind = type(found).__name__
        return False, [f"Of {what}: recognises gives a {kind}; expected True or False."]
    return found, []


def _of_others(made: Format, folder: Path) -> Iterator[str]:
    for name, make in DATASETS.items():
        claimed, wrong = _claims(made, make(_new(folder, name)), f"a dataset of {name}")
        yield from wrong
        if claimed and name != made.name and made.priority < LAST:
            yield f"It recognises a dataset of {name}; expected its own alone."


def _of_nobody(made: Format, folder: Path) -> Iterator[str]:
    empty = _new(folder, "empty")
    (empty / "more" / "and more").mkdir(parents=True)
    places = {"an empty folder": empty}
    for name in STRANGERS:
        place = folder / name
        place.write_bytes(b"\0\1nothing of ours")
        places[f"a file {name}"] = place
    for what, place in places.items():
        claimed, wrong = _claims(made, place, what)
        yield from wrong
        if claimed:
            yield f"It recognises {what}; expected its own alone."
    for ending in ENDINGS:
        what = (
            f'a folder of odd files that end in "{ending}"' if ending else "a folder of odd files"
        )
        odd = _new(folder, f"odd{ending}")
        for number, content in enumerate(CONTENTS.values()):
            (odd / f"{number}{ending}").write_bytes(content)
        for place in (odd, *sorted(odd.iterdir())):
            yield from _read_or_refused(made, place, what)


def _read_or_refused(made: Format, path: Path, what: str) -> Iterator[str]:
    """Of what may be a dataset of it, and broken."""
    claimed, wrong = _claims(made, path, what)
    yield from wrong
    if not claimed:
        return
    try:
        found: object = made.read(path, Options())
    except InputError as error:
        if "\n" in str(error):
            yield f"Of {what}: the InputError has several lines; expected a sentence."
    except Exception as error:
        yield f"Of {what}: read raises {error_text(error)}; expected an InputError."
    else:
        if not isinstance(found, Table):
            yield f"Of {what}: read gives a {type(found).__name__}; expected a Table."


def _of_its_own(made: Format, example: Path, folder: Path) -> Iterator[str]:
    own = _copied(example, folder)
    claimed, wrong = _claims(made, own, "its own example")
    yield from wrong
    if not claimed:
        if not wrong:
            yield "It does not recognise its own example."
        return
    before = _listed(folder)
    try:
        found: object = made.read(own, Options())
        again: object = made.read(own, Options())
    except InputError as error:
        yield f"read refuses its own example: {str(error).rstrip('.')}."
        return
    if not (isinstance(found, Table) and isinstance(again, Table)):
        yield f"read gives a {type(found).__name__}; expected a Table."
        return
    if not len(found.rows) or not {"sample_id", "path"} <= set(found.rows):
        columns = ", ".join(map(str, found.rows.columns))
        yield (
            f"read gives {len(found.rows)} rows of {columns or 'no column'}; expected a row an "
            "image, sample_id and path among its columns."
        )
    elif not found.rows.equals(again.rows):
        yield "read gives other rows the second time."
    if _listed(folder) != before:
        yield "It changes the files of a dataset, which are not its own."
    yield from _broken(made, own)


def _broken(made: Format, own: Path) -> Iterator[str]:
    """Where one file holds something odd."""
    files = [own] if own.is_file() else sorted(each for each in own.rglob("*") if each.is_file())
    tables = [file for file in files if file.suffix.lower() not in SUFFIXES]
    for file in tables[:FILES]:
        if 0 < file.stat().st_size <= LARGEST:
            kept = file.read_bytes()
            for what, content in CONTENTS.items():
                file.write_bytes(content)
                yield from _read_or_refused(made, own, f"{file.name} that holds {what}")
            file.write_bytes(kept)


def _copied(example: Path, folder: Path) -> Path:
    copy = folder / example.name
    if example.is_dir():
        shutil.copytree(example, copy)
    else:
        shutil.copyfile(example, copy)
    return copy


def _listed(folder: Path) -> list[tuple[str, int, int]]:
    found = [(each, each.stat()) for each in sorted(folder.rglob("*")) if each.is_file()]
    return [(str(each), about.st_size, about.st_mtime_ns) for each, about in found]
