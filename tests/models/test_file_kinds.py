import pickle
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

from dermxai.core.errors import InputError
from dermxai.models import load_classifier
from dermxai.models.file_kinds import other_kind

STARTS = {
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "web page": b"\n <!DOCTYPE html><html><body>quota exceeded</body></html>",
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "gzip": b"\x1f\x8b\x08" + bytes(50),
    "PDF": b"%PDF-1.7\n",
    "text file": b"epoch loss accuracy\n1 0.3 0.8\n",
    "JSON": b'{"error": "not found"}',
    "XML": b"<Error><Code>AccessDenied</Code></Error>",
    "tar archive": b"a/weights.pth".ljust(257, b"\0") + b"ustar" + bytes(250),
    "zero bytes": bytes(4000),
    "TensorFlow Lite": b"\x1c\0\0\0TFL3" + bytes(40),
    "GGUF": b"GGUF\x03\0\0\0",
    "ONNX": b"\x08\x08\x12\x07pytorch\x1a\x052.1.0" + bytes(40),
    "NumPy array": b"\x93NUMPY\x01\0",
}


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("suffix", [".pth", ".ckpt", ".bin"])
def test_what_is_no_checkpoint_is_told_by_its_kind(tmp_path: Path, kind: str, suffix: str):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(STARTS[kind])
    with pytest.raises(InputError, match=kind) as raised:
        load_classifier(path)
    assert "run code" not in str(raised.value)


def test_images_and_estimators(tmp_path: Path):
    for name, kind in (("PNG", "PNG image"), ("JPEG", "JPEG image"), ("WEBP", "picture")):
        Image.new("RGB", (8, 8)).save(tmp_path / "a.pth", name)
        assert kind in str(other_kind(tmp_path / "a.pth"))
    fitted = LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(fitted))
    assert "scikit-learn" in str(other_kind(tmp_path / "b.pkl"))


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (["m/constants.pkl", "m/data.pkl", "m/code/a.py"], "TorchScript"),
        (["m/models/model.json", "m/archive_format", "m/data/weights/w.pt"], "torch.export"),
        (["config.json", "model.weights.h5"], "Keras"),
        (["[Content_Types].xml", "xl/workbook.xml"], "Office"),
        (["arr_0.npy", "arr_1.npy"], "NumPy arrays"),
        (["readme.txt", "best.pth"], r"zip archive of 2 files \(best.pth is in it\)"),
    ],
)
def test_archives(tmp_path: Path, members: list[str], kind: str):
    with ZipFile(tmp_path / "a.pth", "w") as archive:
        for member in members:
            archive.writestr(member, b"x")
    with pytest.raises(InputError, match=kind):
        load_classifier(tmp_path / "a.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_are_of_no_other_kind(tmp_path: Path, zipped: bool):
    state = {"sklearn.weight": torch.ones(2, 2), "onnx.bias": torch.zeros(2)}
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert other_kind(tmp_path / "a.pth") is None
