import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import archives, load_dataset
from dermxai.data.archives import bounds, tarred, zipped
from dermxai.data.images import container, image_shape, read_image
from dermxai.data.inventory import file_fingerprint


def png(value: int, size: tuple[int, int] = (6, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


FOLDERS = {f"{label}/{number}.png": png(number) for label in ("LP", "Pso") for number in (1, 2)}
Files = dict[str, bytes]
Pack = Callable[[Path, Files], Path]


def zip_(at: Path, files: Files) -> Path:
    with zipfile.ZipFile(at, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return at


def tar(at: Path, files: Files) -> Path:
    mode = {".gz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(at.suffix, "w")
    with tarfile.open(at, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return at


def packed(at: Path, files: Files) -> Path:
    return (zip_ if at.suffix == ".zip" else tar)(at, files)


@pytest.fixture(autouse=True)
def own_workspace(workspace: Path) -> Path:
    return workspace


KINDS = ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.tar.bz2"]


@pytest.mark.parametrize("outer", ["", "export/"])
@pytest.mark.parametrize("name", KINDS)
def test_class_folders_in_an_archive(tmp_path: Path, name: str, outer: str) -> None:
    at = packed(tmp_path / name, {outer + each: content for each, content in FOLDERS.items()})
    dataset = load_dataset(at)
    assert dataset.problems == ()
    assert dataset.samples["label"].tolist() == ["LP", "LP", "Pso", "Pso"]
    for row in dataset.samples.itertuples():
        value = int(Path(str(row.path)).stem)
        image = dataset.image(str(row.sample_id))
        assert image.shape == (6, 8, 3) and (image == value).all()
        assert image_shape(str(row.path)) == (6, 8)
        assert container(str(row.path)) == str(at)


@pytest.mark.parametrize("name", KINDS[:3])
def test_a_table_and_masks_in_an_archive(tmp_path: Path, name: str) -> None:
    mask = png(255)
    table = b"image_id,dx,age\na,bcc,50\nb,nv,\nz,nv,3\n"
    files = {"images/a.png": png(1), "images/b.png": png(2), "masks/a.png": mask, "t.csv": table}
    dataset = load_dataset(packed(tmp_path / name, files))
    assert dataset.samples[["sample_id", "label"]].to_numpy().tolist() == [
        ["a", "BCC"],
        ["b", "MN"],
    ]
    found = dataset.mask("a")
    assert found is not None and dataset.mask("b") is None
    assert any(each.item == "z" and "no image" in each.reason for each in dataset.problems)


def test_nothing_is_left_in_the_workspace_but_what_is_unpacked(
    tmp_path: Path, workspace: Path
) -> None:
    load_dataset(zip_(tmp_path / "a.zip", FOLDERS))
    assert not [each for each in workspace.rglob("*") if each.is_file()]
    at = tar(tmp_path / "a.tar.gz", FOLDERS)
    load_dataset(at)
    (unpacked,) = (each for each in workspace.rglob("*") if each.is_file())
    assert unpacked.name.endswith(".tar")
    os.utime(at, ns=(1, 1))
    load_dataset(at)
    assert len(list(workspace.rglob("*.tar"))) == 1


def test_the_same_archive_elsewhere_is_the_same_data_and_another_image_another(
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    first = load_dataset(zip_(tmp_path / "a.zip", FOLDERS)).fingerprint
    assert load_dataset(zip_(tmp_path / "other/a.zip", FOLDERS)).fingerprint == first
    many = {f"LP/{number}.png": png(number % 250) for number in range(400)}
    at = zip_(tmp_path / "many.zip", many)
    before = file_fingerprint(str(at))
    changed = many | {"LP/150.png": png(7)}
    assert len(changed["LP/150.png"]) == len(many["LP/150.png"])
    assert file_fingerprint(str(zip_(at, changed))) != before


LEADING_OUT = [
    "../out.png",
    "/etc/out.png",
    "a/../../out.png",
    "C:\\out.png",
    "..\\out.png",
    "x\0.png",
]


@pytest.mark.parametrize("pack", [zip_, tar])
def test_names_that_lead_out_are_left_out(tmp_path: Path, workspace: Path, pack: Pack) -> None:
    at = tmp_path / ("a.zip" if pack is zip_ else "a.tar")
    names = [name for name in LEADING_OUT if "\0" not in name]
    dataset = load_dataset(pack(at, FOLDERS | {name: png(9) for name in names}))
    assert len(dataset) == len(FOLDERS)
    assert f"{len(names)} in the archive" in {each.item for each in dataset.problems}
    assert not list(tmp_path.rglob("out.png"))
    for name in names:
        with pytest.raises(InputError):
            read_image(archives.path_in(at, name))


def test_a_table_in_an_archive_names_nothing_outside(tmp_path: Path, workspace: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(66))
    up = "../" * 12 + str(tmp_path / "secret.png").lstrip("/")
    rows = f"path,label\n{tmp_path}/secret.png,LP\n{up},LP\na.png,Pso\n".encode()
    dataset = load_dataset(zip_(tmp_path / "a.zip", {"a.png": png(1), "samples.csv": rows}))
    assert dataset.samples["path"].tolist() == [f"{tmp_path}/a.zip#/a.png"]
    assert len(dataset.problems) == 2


def test_links_devices_and_encrypted_files_are_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in FOLDERS.items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("LP/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    at = zip_(tmp_path / "b.zip", {"LP/secret.png": png(3)})
    content = bytearray(at.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\1\2") + 8] |= 1
    at.write_bytes(content)
    found = load_dataset(tmp_path / "a.zip")
    assert len(found) == len(FOLDERS) and "a link" in found.problems[0].reason
    with pytest.raises(InputError, match="encrypted; save them without a password"):
        load_dataset(at)
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo(f"LP/{ord(kind)}.png")
            info.type, info.linkname = kind, "/etc/passwd"
            out.addfile(info)
        info = tarfile.TarInfo("LP/1.png")
        info.size = len(png(1))
        out.addfile(info, io.BytesIO(png(1)))
    found = load_dataset(tmp_path / "a.tar")
    assert len(found) == 1
    assert any(each.item == "4 in the archive" for each in found.problems)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_that_differ_are_both_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for value in (1, 2):
            archive.writestr("LP/twice.png", png(value))
            archive.writestr("LP/same.png", png(9))
    dataset = load_dataset(tmp_path / "a.zip")
    assert [Path(path).name for path in dataset.samples["path"]] == ["same.png"]
    assert "of one name" in dataset.problems[0].reason


def claim(at: Path, size: int) -> None:
    """The archive claims another size of its only file."""
    content = bytearray(at.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\1\2") + 24, size)
    at.write_bytes(content)


def test_bombs_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = zip_(tmp_path / "a.zip", {"LP/1.png": bytes(5_000_000)})
    claim(at, 1000)  # and unpacks to more
    with pytest.raises(InputError, match="more than it claims"):
        read_image(f"{at}#/LP/1.png")
    claim(at, 4_000_000_000)
    with pytest.raises(InputError, match="longer than 600 MB"):
        load_dataset(at)
    monkeypatch.setattr(tarred, "SMALL", 1_000_000)
    bomb = tar(tmp_path / "b.tar.gz", {"LP/1.png": bytes(50_000_000)})
    with pytest.raises(InputError, match="50 times its size"):
        load_dataset(bomb)
    monkeypatch.setattr(bounds, "MOST_MEMBERS", 3)
    with pytest.raises(InputError, match="more than 3 files"):
        load_dataset(zip_(tmp_path / "c.zip", FOLDERS))
    monkeypatch.setattr(zipped, "MOST_DIRECTORY", 100)
    with pytest.raises(InputError, match="list of files of more than"):
        load_dataset(zip_(tmp_path / "d.zip", FOLDERS))


def test_a_long_header_of_a_tar_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x" * 200)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136] = b"77777777777\0"  # the long name's length: 8 GB
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(10240))
    with pytest.raises(InputError, match=r"a\.tar (has a header|is damaged)"):
        load_dataset(tmp_path / "a.tar")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<html>403</html>", b"PK\3\4", b"\x1f\x8b\x08"]
)
@pytest.mark.parametrize("name", KINDS[:4])
def test_what_is_no_archive_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        load_dataset(tmp_path / name)


@pytest.mark.parametrize("kept", [slice(0, 0.5), slice(0, 0.9), slice(0.5, 1)])
@pytest.mark.parametrize("name", KINDS[:4])
def test_a_part_of_an_archive_is_told_or_named_when_it_is_read(
    tmp_path: Path, name: str, kept: slice
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    files = {f"LP/{number}.png": buffer.getvalue() for number in range(9)}
    at = packed(tmp_path / name, files)
    content = at.read_bytes()
    at.write_bytes(content[int(kept.start * len(content)) : int(kept.stop * len(content))])
    try:
        dataset = load_dataset(at)
        for sample_id in dataset.samples["sample_id"]:
            dataset.image(sample_id)
    except InputError as error:
        assert name in str(error)
    else:
        assert dataset.problems or len(dataset) == 9 or (name == "a.tar" and kept.start)


def test_a_damaged_file_in_an_archive_is_named_when_it_is_read(tmp_path: Path) -> None:
    at = zip_(tmp_path / "a.zip", {"LP/1.png": bytes(range(256)) * 99, "LP/2.png": png(2)})
    content = bytearray(at.read_bytes())
    content[60] ^= 255
    at.write_bytes(content)
    dataset = load_dataset(at)
    with pytest.raises(InputError, match=r"1\.png: a\.zip is damaged at LP/1\.png"):
        dataset.image("LP/1.png" if "LP/1.png" in set(dataset.samples["sample_id"]) else "1.png")
    with pytest.raises(InputError, match="holds no such file"):
        read_image(f"{at}#/LP/3.png")
    with pytest.raises(InputError, match="gone"):
        read_image(f"{tmp_path}/gone.zip#/LP/3.png")


def test_an_archive_that_changed_is_read_anew(tmp_path: Path) -> None:
    for value in (1, 2):
        at = zip_(tmp_path / "a.zip", {"LP/1.png": png(value, (6, 8 + value))})
        assert read_image(f"{at}#/LP/1.png").max() == value


def test_names_in_other_encodings(tmp_path: Path) -> None:
    dataset = load_dataset(
        zip_(tmp_path / "a.zip", {"痤疮/Müller 1.png": png(1), "LP/2.png": png(2)})
    )
    assert set(dataset.samples["label"]) == {"痤疮", "LP"} or "AV" in set(dataset.samples["label"])
    for sample_id in dataset.samples["sample_id"]:
        dataset.image(sample_id)


def test_archives_beside_a_table_hold_its_images(tmp_path: Path) -> None:
    zip_(tmp_path / "HAM10000_images_part_1.zip", {"ISIC_1.jpg": png(1), "__MACOSX/._a.jpg": b"x"})
    tar(tmp_path / "HAM10000_images_part_2.tar", {"x/ISIC_2.jpg": png(2)})
    (tmp_path / "HAM10000_metadata").write_text(
        "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
        "L1,ISIC_1,nv,histo,40,male,back\nL2,ISIC_2,mel,histo,50,female,face\n"
    )
    dataset = load_dataset(tmp_path)
    assert dataset.samples["sample_id"].tolist() == ["ISIC_1", "ISIC_2"]
    assert [int(dataset.image(name).max()) for name in ("ISIC_1", "ISIC_2")] == [1, 2]


def test_pointers_in_an_archive_are_told(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    dataset = load_dataset(zip_(tmp_path / "a.zip", FOLDERS | {"LP/p.jpg": pointer}))
    (problem,) = dataset.problems
    assert problem.item == "LP/p.jpg" and "Git LFS" in problem.reason
    assert len(dataset) == len(FOLDERS)


def test_compressed_tars_beside_a_table_are_named_and_not_unpacked(
    tmp_path: Path, workspace: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "samples.csv").write_text("path,label\na.png,LP\n")
    tar(tmp_path / "weights.tar.gz", {"w": bytes(99)})
    (problem,) = load_dataset(tmp_path).problems
    assert problem.item == "1 file .gz" and "open it" in problem.reason
    assert not list(workspace.rglob("*.tar"))


def test_archives_beside_class_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "LP").mkdir()
    (tmp_path / "LP/a.png").write_bytes(png(1))
    zip_(tmp_path / "Pso.zip", {"1.png": png(1)})
    problems = load_dataset(tmp_path).problems
    assert any(each.item == "1 file .zip" and "an archive" in each.reason for each in problems)


def test_outside_its_folders_a_server_opens_no_archive(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = zip_(tmp_path / "a.zip", FOLDERS)
    paths.datasets().mkdir(parents=True)
    zip_(paths.datasets() / "b.zip", FOLDERS)
    (paths.datasets() / "c.zip").symlink_to(at)
    monkeypatch.setenv(paths.CONFINED, "1")
    assert len(load_dataset(paths.datasets() / "b.zip")) == len(FOLDERS)
    for read in (
        lambda: load_dataset(at),
        lambda: load_dataset(paths.datasets() / "c.zip"),
        lambda: read_image(f"{at}#/LP/1.png"),
        lambda: image_shape(f"{paths.datasets()}/c.zip#/LP/1.png"),
    ):
        with pytest.raises(InputError, match="outside the folders"):
            read()


def test_dicom_in_an_archive(tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    from tests.data.test_dicom import COLOURS, written

    for name in ("LP/1.dcm", "LP/IM_2"):
        written(tmp_path / name, COLOURS, PatientAge="045Y")
    files = {name: (tmp_path / name).read_bytes() for name in ("LP/1.dcm", "LP/IM_2")}
    dataset = load_dataset(zip_(tmp_path / "a.zip", files | {"Pso/x.png": png(1)}))
    assert dataset.samples["age"].fillna(0).tolist() == [45, 45, 0]
    np.testing.assert_array_equal(dataset.image("LP/IM_2"), COLOURS)


class TestHdf5:
    @pytest.fixture
    def isic(self, tmp_path: Path) -> Path:
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / "train-image.hdf5", "w") as file:
            for number in range(3):
                file.create_dataset(f"ISIC_{number}", data=np.void(png(number)))
        (tmp_path / "train-metadata.csv").write_text(
            "isic_id,target,patient_id,age_approx,sex\nISIC_0,0,P1,40,male\nISIC_1,1,P1,40,male\n"
            "ISIC_2,0,P2,60,female\nISIC_9,0,P2,60,female\n"
        )
        return tmp_path

    def test_an_image_a_dataset_with_a_table(self, isic: Path) -> None:
        dataset = load_dataset(isic)
        assert dataset.samples["sample_id"].tolist() == ["ISIC_0", "ISIC_1", "ISIC_2"]
        assert [int(dataset.image(f"ISIC_{k}").max()) for k in range(3)] == [0, 1, 2]
        assert dataset.samples["path"][0] == f"{isic}/train-image.hdf5#/ISIC_0"

    def test_by_itself_it_is_images_without_labels(self, isic: Path) -> None:
        dataset = load_dataset(isic / "train-image.hdf5")
        assert dataset.samples["sample_id"].tolist() == ["ISIC_0", "ISIC_1", "ISIC_2"]
        assert dataset.samples["label"].isna().all()

    @pytest.mark.parametrize("kind", ["row", "packed row", "text", "group"])
    def test_other_ways_to_keep_bytes(self, tmp_path: Path, kind: str) -> None:
        h5py = pytest.importorskip("h5py")
        content = png(5)
        with h5py.File(tmp_path / "a.h5", "w") as file:
            row = np.frombuffer(content, np.uint8)
            if kind == "text":
                file.create_dataset("a", data=[content], dtype=h5py.special_dtype(vlen=bytes)) if (
                    b"\0" not in content
                ) else file.create_dataset("a", data=np.void(content))
            elif kind == "group":
                file.create_dataset("images/deep/a", data=row)
            else:
                file.create_dataset("a", data=row, compression="gzip" if "packed" in kind else None)
        (name,) = archives.contents(tmp_path / "a.h5").members
        assert (read_image(f"{tmp_path}/a.h5#/{name}") == 5).all()

    def test_nothing_outside_the_file_is_read(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        (tmp_path / "secret.png").write_bytes(png(66))
        size = len(png(66))
        with h5py.File(tmp_path / "other.h5", "w") as file:
            file.create_dataset("a", data=np.void(png(66)))
        layout = h5py.VirtualLayout((4,), np.uint8)
        layout[:] = h5py.VirtualSource("other.h5", "a", (4,))
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.create_dataset("a0", data=np.void(png(1)))
            file["a1"] = h5py.ExternalLink("other.h5", "a")
            file["a2"] = h5py.SoftLink("/a0")
            file.create_dataset(
                "a3", (size,), np.uint8, external=[(str(tmp_path / "secret.png"), 0, size)]
            )
            file.create_virtual_dataset("a4", layout)
            file.create_dataset("a5", data=np.zeros((3, 4, 4), np.float32))
        for number in range(1, 6):
            with pytest.raises(InputError, match=rf"a{number}"):
                read_image(f"{tmp_path}/a.h5#/a{number}")
        assert read_image(f"{tmp_path}/a.h5#/a0").max() == 1

    def test_what_holds_no_images_is_left_out(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / "weights.h5", "w") as file:
            file.create_dataset("layer/kernel", data=np.zeros((3, 3)))
        (tmp_path / "a.png").write_bytes(png(1))
        (tmp_path / "samples.csv").write_text("path,label\na.png,LP\n")
        assert len(load_dataset(tmp_path)) == 1
        (tmp_path / "broken.hdf5").write_bytes(b"no")
        assert "damaged or no HDF5" in repr(load_dataset(tmp_path).problems)

    def test_without_the_extra_it_is_named(
        self, isic: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from dermxai.data.archives import hdf5

        monkeypatch.setattr(hdf5, "has_reader", lambda: False)
        with pytest.raises(InputError, match=r'pip install "dermxai\[hdf5\]"'):
            load_dataset(isic)
