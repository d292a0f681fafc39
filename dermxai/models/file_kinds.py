"""What a file is that is no weights, told by how it begins and by what it holds; nothing is run."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from dermxai.core.entries import shown

START = 4096
"""Bytes of a file by which it is told."""
SHORTEST = 8  # characters of what is taken for text
MOST_NAMES = 100_000  # of an archive
TO_ONNX = "export the network to ONNX"
STATE_DICT = "save only the state dict (torch.save(model.state_dict(), …)), or a .safetensors file"
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # torch.save before 1.6
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the weights; run git lfs pull"),
    (b"version https://hawser", "a Git LFS pointer, not the weights; run git lfs pull"),
    (b"/annex/objects/", "a git-annex pointer, not the weights; run git annex get"),
    (b"\x89HDF\r\n", f"an HDF5 file, as Keras saves weights; {TO_ONNX}"),
    (b"GGUF", f"a GGUF file of a language model; expected {STATE_DICT}"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip file; unpack it"),
    (b"BZh", "a bzip2 file; unpack it"),
    (b"\xfd7zXZ", "an xz file; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"\xff\xd8\xff", "a JPEG image, not weights"),
    (b"\x89PNG", "a PNG image, not weights"),
    (b"GIF8", "a GIF image, not weights"),
    (b"II*\0", "a TIFF image, not weights"),
    (b"MM\0*", "a TIFF image, not weights"),
    (b"BM", "a BMP image, not weights"),
    (b"%PDF", "a PDF document, not weights"),
    (b"PAR1", "a Parquet table, not weights"),
    (b"\x93NUMPY", f"a NumPy array, not weights by name; {STATE_DICT}"),
    (b"MATLAB", f"a MATLAB file; {TO_ONNX}"),
    (b"\x7fELF", "a program, not weights"),
    (b"MZ", "a program, not weights"),
    (b"\xd0\xcf\x11\xe0", "an Office document, not weights"),
)
_PAGE = re.compile(rb"<(!doctype html|html|head|body|script|!--)", re.IGNORECASE)
_PROTOBUF = re.compile(rb"\x08[\x01-\x20][\x12\x1a\x22\x32\x3a]")
_MAKERS = (b"pytorch", b"onnx", b"tf2onnx", b"keras", b"backend-test", b"ai.onnx")
_WEIGHTS = (".pth", ".pt", ".safetensors", ".ckpt")
_ESTIMATORS = (b"sklearn", b"xgboost", b"lightgbm", b"catboost")


def other_kind(path: Path) -> str | None:
    """What a file is, and what to do, where it is surely no weights; None for all others.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(START)
    text = _as_text(start)
    if not start.strip(b"\0"):
        return "nothing but zero bytes; copy it again" if start else "an empty file; copy it again"
    for beginning, kind in _BEGINNINGS:
        if start.startswith(beginning) or text.startswith(beginning):
            return kind
    if start.startswith(b"PK\x03\x04"):
        return _archive(path)
    return _binary(start, path) or _named(path) or _written(text, path)


def _named(path: Path) -> str | None:
    """By a suffix that no weights of PyTorch have."""
    suffix = path.suffix.lower()
    kind = _SUFFIXES.get(suffix)
    return kind and f"{kind}; {TO_ONNX}"


_SUFFIXES = {
    ".pb": "a TensorFlow graph",
    ".pbtxt": "a TensorFlow graph",
    ".tflite": "a TensorFlow Lite model",
    ".mlmodel": "a Core ML model",
    ".pdparams": "PaddlePaddle's weights",
    ".pdmodel": "a PaddlePaddle model",
    ".msgpack": "Flax's weights",
    ".caffemodel": "Caffe's weights",
    ".engine": "a TensorRT engine",
    ".plan": "a TensorRT engine",
    ".trt": "a TensorRT engine",
    ".mar": "an archive of TorchServe",
    ".h5": "Keras's weights",
    ".keras": "a Keras model",
}
_PICKLES = (".pkl", ".pickle", ".joblib")


def _binary(start: bytes, path: Path) -> str | None:
    """Of what is told by more than its first bytes."""
    onnx = _PROTOBUF.match(start) and _has(start, _MAKERS)
    named = path.suffix.lower() == ".onnx"
    estimator = _has(start, _ESTIMATORS) and not start.startswith(_LEGACY)
    pickled = path.suffix.lower() in _PICKLES and not start.startswith(_LEGACY)
    kinds = {
        "a picture, sound or film (RIFF), not weights": start[:4] == b"RIFF",
        "a HEIC or AVIF picture, or a video, not weights": start[4:8] == b"ftyp",
        f"a TensorFlow Lite model; {TO_ONNX}": start[4:8] == b"TFL3",
        "a tar archive; unpack it and name the file of weights": start[257:262] == b"ustar",
        f"an ONNX model, a black box without weights by name; expected {STATE_DICT}": named,
        "an ONNX model; name it .onnx": onnx,
        f"a TensorFlow SavedModel; {TO_ONNX}": path.name == "saved_model.pb",
        "a pickled estimator such as scikit-learn's, no network; it was not unpickled": estimator,
        f"a pickle, which can run code as it is opened, and was not; {STATE_DICT}": pickled,
    }
    return next((kind for kind, here in kinds.items() if here), None)


def _written(text: bytes, path: Path) -> str | None:
    """Of text."""
    if _PAGE.match(text):
        return "a web page saved under this name, not the weights; download them again"
    if re.match(rb"<(\?xml|[a-zA-Z]+[ >])", text):
        return "XML, not weights"
    if path.name.endswith(".index.json"):
        return "a list of the parts of weights; name the folder that they lie in"
    if path.suffix.lower() == ".json" or re.match(rb"[{\[]\s*[\"{\[]", text):
        return "JSON, perhaps a description or the refusal of a server; name the file of weights"
    words = text.decode("utf-8", "ignore")
    if len(words) >= SHORTEST and all(each.isprintable() or each.isspace() for each in words):
        return f"a text file ({words[:30].strip()!r} …), not weights"
    return None


def _archive(path: Path) -> str | None:
    """Of zip archives, which torch.save makes, too."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MOST_NAMES]
    except Exception:  # damaged, of which torch.load says more
        return None
    last = {name.rpartition("/")[2] for name in names}
    program = last & {"constants.pkl", "serialized_exported_program.json", "archive_format"}
    arrays = bool(names) and all(name.endswith(".npy") for name in names)
    weights = sorted(name for name in names if name.endswith(_WEIGHTS))
    held = f" ({shown(weights[0])} is in it)" if weights else ""
    kinds = {
        "": "data.pkl" in last or program,  # `programs` reads their tensors
        f"a Keras model; {TO_ONNX}": "model.weights.h5" in last,
        "an Office document, not weights": "[Content_Types].xml" in last,
        f"an archive of NumPy arrays; {STATE_DICT}": arrays,
    }
    zipped = f"a zip archive of {len(names)} files{held}; unpack it and name the file of weights"
    return next((kind for kind, here in kinds.items() if here), zipped) or None


def _has(start: bytes, words: Iterable[bytes]) -> bool:
    return any(word in start for word in words)


def _as_text(start: bytes) -> bytes:
    """Without a byte order mark, blanks before it, and the zeros of UTF-16."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start[2:].replace(b"\0", b"")
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()
