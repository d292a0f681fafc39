import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import dicom, image_kinds, load_dataset
from dermxai.data.images import decode, image_shape, read_image

pydicom = pytest.importorskip("pydicom")
from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.uid import (  # noqa: E402
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

NAME = "Tester^Wilhelmina"
ID = "MRN-4711"
Pixels = NDArray[Any]


def about(**values: object) -> Dataset:
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.3"
    found.PatientName, found.PatientID, found.PatientBirthDate = NAME, ID, "19500102"
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def written(
    path: Path, pixels: Pixels, photometric: str = "RGB", packing: UID = ExplicitVRLittleEndian,
    packed: bytes | None = None, **values: object,
) -> Path:  # fmt: skip
    found = about()
    found.Rows, found.Columns = pixels.shape[:2]
    found.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    found.PhotometricInterpretation = photometric
    if pixels.ndim == 3:
        found.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    found.BitsAllocated = found.BitsStored = bits
    found.HighBit = bits - 1
    found.PixelRepresentation = int(pixels.dtype.kind == "i")
    found.PixelData = pixels.tobytes() if packed is None else encapsulate([packed])
    for keyword, value in values.items():
        setattr(found, keyword, value)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = packing
    path.parent.mkdir(parents=True, exist_ok=True)
    found.save_as(path, enforce_file_format=True)
    return path


COLOURS = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def test_colours_are_what_they_are_pixel_by_pixel(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dcm", COLOURS)
    np.testing.assert_array_equal(read_image(path), COLOURS)
    assert image_shape(path) == (6, 8)
    np.testing.assert_array_equal(decode(path.read_bytes(), "sent.dcm"), COLOURS)
    np.testing.assert_array_equal(decode(path.read_bytes(), "sent"), COLOURS)


def test_a_plane_a_colour(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(COLOURS.transpose(2, 0, 1))
    path = written(tmp_path / "a.dcm", COLOURS, PlanarConfiguration=1, PixelData=planes.tobytes())
    np.testing.assert_array_equal(read_image(path), COLOURS)


def test_sixteen_bits_a_colour_are_scaled(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dcm", COLOURS.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_image(path), COLOURS)


def test_luminance_and_chroma_become_rgb(tmp_path: Path) -> None:
    ybr = np.asarray(Image.fromarray(COLOURS).convert("YCbCr"))
    image = read_image(written(tmp_path / "a.dcm", ybr, "YBR_FULL"))
    assert np.abs(image.astype(int) - COLOURS).max() <= 3


@pytest.mark.parametrize(
    ("packing", "kind", "photometric", "within"),
    [
        (JPEGBaseline8Bit, "JPEG", "YBR_FULL_422", 12),
        (JPEG2000Lossless, "JPEG2000", "RGB", 1),
        (JPEG2000Lossless, "JPEG2000", "YBR_RCT", 1),
    ],
)
def test_packed_pixels(
    tmp_path: Path, packing: UID, kind: str, photometric: str, within: int
) -> None:
    smooth = np.asarray(Image.fromarray(COLOURS).resize((64, 48), Image.Resampling.BICUBIC))
    buffer = io.BytesIO()
    options: dict[str, Any] = (
        {"quality": 98, "subsampling": 0} if kind == "JPEG" else {"no_jp2": True}
    )
    Image.fromarray(smooth).save(buffer, kind, **options)
    path = written(tmp_path / "a.dcm", smooth, photometric, packing, buffer.getvalue())
    assert np.abs(read_image(path).astype(int) - smooth).max() <= within


def as_lossless_jpeg(pixels: Pixels) -> bytes:
    """ITU-T T.81, process 14: differences to the left, all lengths in four bits."""
    height, width, samples = pixels.shape
    bits = []
    for y, x, k in np.ndindex(height, width, samples):
        before = pixels[y, x - 1, k] if x else pixels[y - 1, 0, k] if y else 128
        difference = int(pixels[y, x, k]) - int(before)
        length = abs(difference).bit_length()
        value = difference if difference > 0 else difference + (1 << length) - 1
        bits.append(f"{length:04b}" + (f"{value:0{length}b}" if length else ""))
    whole = "".join(bits)
    whole += "1" * (-len(whole) % 8)
    data = bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))

    def segment(mark: int, body: bytes) -> bytes:
        return bytes([0xFF, mark]) + (len(body) + 2).to_bytes(2, "big") + body

    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame = bytes([8]) + size + bytes([samples])
    frame += b"".join(bytes([k + 1, 0x11, 0]) for k in range(samples))
    codes = bytes([0, 0, 0, 0, 9, *[0] * 12, *range(9)])
    scan = bytes([samples]) + b"".join(bytes([k + 1, 0]) for k in range(samples)) + bytes([1, 0, 0])
    head = b"\xff\xd8" + segment(0xC3, frame) + segment(0xC4, codes) + segment(0xDA, scan)
    return head + data.replace(b"\xff", b"\xff\0") + b"\xff\xd9"


@pytest.mark.parametrize("packing", [JPEGLossless, JPEGLosslessSV1])
def test_lossless_jpeg(tmp_path: Path, packing: UID) -> None:
    packed = as_lossless_jpeg(COLOURS)
    path = written(tmp_path / "a.dcm", COLOURS, packing=packing, packed=packed)
    np.testing.assert_array_equal(read_image(path), COLOURS)
    grey = COLOURS[..., 0]
    packed = as_lossless_jpeg(grey[..., None])
    for kind, expected in (("MONOCHROME2", grey), ("MONOCHROME1", 255 - grey)):
        path = written(tmp_path / "b.dcm", grey, kind, packing, packed)
        np.testing.assert_array_equal(read_image(path)[..., 1], expected)
    ybr = np.asarray(Image.fromarray(COLOURS).convert("YCbCr"))
    path = written(tmp_path / "c.dcm", ybr, "YBR_FULL", packing, as_lossless_jpeg(ybr))
    assert np.abs(read_image(path).astype(int) - COLOURS).max() <= 3


@pytest.mark.parametrize("change", [{"Rows": 5}, {"Columns": 80}, {"packed": b"\xff\xd8"}])
def test_lossless_jpeg_that_is_other_than_said(tmp_path: Path, change: dict[str, Any]) -> None:
    told = {"packed": as_lossless_jpeg(COLOURS), **change}
    path = written(tmp_path / "a.dcm", COLOURS, packing=JPEGLossless, **told)
    with pytest.raises(InputError, match=r"the DICOM file (is packed otherwise|has pixels)"):
        read_image(path)


GREY = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels", [np.stack([GREY, GREY // 2, 255 - GREY], axis=2), GREY, RAMP], ids=["rgb", "8", "12"]
)
def test_jpeg_ls(tmp_path: Path, pixels: Pixels) -> None:
    kind = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    plain = written(tmp_path / "a.dcm", pixels, kind)
    found = pydicom.dcmread(plain)
    found.compress(JPEGLSLossless)
    found.save_as(tmp_path / "b.dcm")
    np.testing.assert_array_equal(read_image(tmp_path / "b.dcm"), read_image(plain))


def test_run_lengths(tmp_path: Path) -> None:
    found = pydicom.dcmread(written(tmp_path / "a.dcm", COLOURS))
    found.compress(RLELossless)
    found.save_as(tmp_path / "b.dcm")
    np.testing.assert_array_equal(read_image(tmp_path / "b.dcm"), COLOURS)


def test_a_palette_of_sixteen_bits(tmp_path: Path) -> None:
    tables: dict[str, object] = {}
    palette = np.array([[255, 128, 0], [10, 20, 30]], np.uint16)
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        tables[f"{colour}PaletteColorLookupTableData"] = (palette[:, channel] * 257).tobytes()
    index = np.array([[0, 1], [1, 0]], np.uint8)
    path = written(tmp_path / "a.dcm", index, "PALETTE COLOR", **tables)
    np.testing.assert_array_equal(read_image(path), palette[index].astype(np.uint8))


def linear(values: NDArray[Any], centre: float, width: float) -> NDArray[np.uint8]:
    """PS3.3, C.11.2.1.2.1, as it is written there."""
    shown = np.empty(values.shape)
    for at, x in np.ndenumerate(values.astype(float)):
        if x <= centre - 0.5 - (width - 1) / 2:
            shown[at] = 0
        elif x > centre - 0.5 + (width - 1) / 2:
            shown[at] = 255
        else:
            shown[at] = ((x - (centre - 0.5)) / (width - 1) + 0.5) * 255
    return np.rint(shown).astype(np.uint8)


@pytest.mark.parametrize(("centre", "width"), [(2048, 4096), (1000, 500), (500, 1), (100, 2)])
def test_twelve_bits_through_their_window(tmp_path: Path, centre: int, width: int) -> None:
    path = written(
        tmp_path / "a.dcm", RAMP, "MONOCHROME2",
        BitsStored=12, HighBit=11, WindowCenter=[centre, 7], WindowWidth=[width, 7],
    )  # fmt: skip
    np.testing.assert_array_equal(read_image(path)[..., 0], linear(RAMP, centre, width))


def test_other_functions_of_windows(tmp_path: Path) -> None:
    for function in ("LINEAR_EXACT", "SIGMOID"):
        path = written(
            tmp_path / "a.dcm", RAMP, "MONOCHROME2", BitsStored=12, HighBit=11,
            WindowCenter=2048, WindowWidth=1000, VOILUTFunction=function,
        )  # fmt: skip
        shades = read_image(path)[..., 0].ravel().astype(int)
        assert (np.diff(shades) >= 0).all() and abs(shades[2048] - 128) <= 1
        expected = 255 * 0.75 if function == "LINEAR_EXACT" else 255 / (1 + np.exp(-1))
        assert abs(shades[2298] - expected) <= 1


def test_without_a_window_the_stored_bits_span_black_to_white(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dcm", RAMP, "MONOCHROME2", BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_image(path)[..., 0], np.rint(RAMP / 4095 * 255))


def test_rescaled_and_signed_values(tmp_path: Path) -> None:
    values = RAMP.astype(np.int16) - 2048
    path = written(
        tmp_path / "a.dcm", values, "MONOCHROME2", BitsStored=12, HighBit=11,
        RescaleSlope=2, RescaleIntercept=-24, WindowCenter=40, WindowWidth=400,
    )  # fmt: skip
    np.testing.assert_array_equal(read_image(path)[..., 0], linear(values * 2.0 - 24, 40, 400))


def test_monochrome_1_is_white_at_zero(tmp_path: Path) -> None:
    grey = np.array([[0, 255, 100]], np.uint8)
    assert read_image(written(tmp_path / "a.dcm", grey, "MONOCHROME1"))[0, :, 0].tolist() == [
        255, 0, 155,
    ]  # fmt: skip


def test_bits_beside_the_stored_ones_do_not_count(tmp_path: Path) -> None:
    plain = read_image(written(tmp_path / "a.dcm", RAMP, "MONOCHROME2", BitsStored=12, HighBit=11))
    overlaid = RAMP | np.uint16(0xF000)
    path = written(tmp_path / "b.dcm", overlaid, "MONOCHROME2", BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_image(path), plain)
    high = written(tmp_path / "c.dcm", RAMP << 4, "MONOCHROME2", BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(read_image(high), plain)


def test_a_file_that_is_a_tiff_as_well_is_read_as_dicom(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dcm", COLOURS)
    decoy = io.BytesIO()
    Image.new("RGB", (2, 2)).save(decoy, "TIFF")
    content = path.read_bytes()
    start = decoy.getvalue()[:8]
    path.write_bytes(start + content[len(start) :])
    np.testing.assert_array_equal(read_image(path), COLOURS)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"NumberOfFrames": 3}, "holds 3 frames"),
        ({"Rows": 60000, "Columns": 60000}, "million pixels, refused before decoding"),
        ({"Rows": 0}, "without pixels"),
        ({"Rows": 7}, "damaged or truncated"),
        ({"PhotometricInterpretation": "CMYK"}, "colours of the kind 'CMYK'"),
        ({"SamplesPerPixel": 4}, "4 values a pixel"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "32 of 32 bits"),
        ({"BitsStored": 9}, "9 of 8 bits"),
    ],
)
def test_what_is_no_image_that_can_be_read_is_refused(
    tmp_path: Path, values: dict[str, object], said: str
) -> None:
    path = written(tmp_path / "a.dcm", COLOURS, **values)
    with pytest.raises(InputError, match=said) as error:
        read_image(path)
    assert str(error.value).startswith("a.dcm: ")


def test_a_report_holds_no_image(tmp_path: Path) -> None:
    report = about()
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="holds no image"):
        read_image(tmp_path / "a.dcm")


def test_what_is_packed_otherwise_is_named(tmp_path: Path) -> None:
    nothing = b"\xff\xd8\xff\xd9"
    path = written(tmp_path / "a.dcm", RAMP, "MONOCHROME2", JPEGLossless, nothing)
    with pytest.raises(InputError, match=r"JPEG Lossless.*not read here; save it uncompressed"):
        read_image(path)
    bad = written(tmp_path / "b.dcm", COLOURS, packing=JPEGBaseline8Bit, packed=b"\xff\xd8\xff\xd9")
    with pytest.raises(InputError, match="pixels that are damaged"):
        read_image(bad)


def test_a_deflated_file_is_not_inflated(tmp_path: Path) -> None:
    path = written(tmp_path / "a.dcm", np.zeros((4000, 4000), np.uint8), "MONOCHROME2")
    found = pydicom.dcmread(path)
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    found.save_as(tmp_path / "b.dcm")
    assert (tmp_path / "b.dcm").stat().st_size < 100_000
    with pytest.raises(InputError, match="deflated"):
        read_image(tmp_path / "b.dcm")


def nested(depth: int) -> Dataset:
    inner = Dataset()
    inner.CodeMeaning = "x"
    for _ in range(depth):
        outer = Dataset()
        outer.ContentSequence = [inner]
        inner = outer
    return inner


def test_sequences_within_each_other_and_headers_of_many_parts_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 3,000 sequences of undefined length, each within the last
    path = written(tmp_path / "a.dcm", COLOURS)
    content = path.read_bytes()
    at = content.index(b"\x28\x00\x02\x00US")
    opening = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    (tmp_path / "deep.dcm").write_bytes(content[:at] + opening * 3000 + content[at:])
    with pytest.raises(InputError, match=r"nested too deeply|damaged"):
        read_image(tmp_path / "deep.dcm")
    monkeypatch.setattr(dicom, "MOST_READS", 20)
    with pytest.raises(InputError, match="header of more than 20 parts"):
        read_image(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_named(tmp_path: Path, kept: float) -> None:
    content = written(tmp_path / "a.dcm", COLOURS).read_bytes()
    (tmp_path / "a.dcm").write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match=r"^a\.dcm: the DICOM file"):
        read_image(tmp_path / "a.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    region = Dataset()
    region.CodeMeaning = "Lower Limb"
    root = tmp_path / "clinic"
    written(
        root / "LP/1.dcm", COLOURS, PatientAge="045Y", PatientSex="F",
        AnatomicRegionSequence=[region],
    )  # fmt: skip
    written(root / "LP/IM_0002", COLOURS, PatientAge="006M", BodyPartExamined="TRUNK")
    written(root / "Pso/1.2.840.7", COLOURS, PatientID="Other^Person", PatientSex="O")
    Image.fromarray(COLOURS).save(root / "Pso/photo.png")
    return root


def test_age_sex_and_site_become_columns_and_a_patient_a_number(folder: Path) -> None:
    rows = load_dataset(folder).samples.set_index("sample_id")
    assert sorted(rows.index) == ["LP/1.dcm", "LP/IM_0002", "Pso/1.2.840.7", "Pso/photo.png"]
    assert rows["age"].fillna(-1).tolist() == [45, 0.5, -1, -1]
    assert rows["sex"].fillna("").tolist() == ["female", "", "", ""]
    assert rows["site"].fillna("").tolist() == ["lower limb", "trunk", "", ""]
    assert rows["patient_id"].fillna("").tolist() == ["1", "1", "2", ""]


def test_names_are_kept_nowhere(
    folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder / "LP/frames.dcm", COLOURS, NumberOfFrames=2, PatientID=NAME)
    odd = written(folder / "LP/odd.dcm", COLOURS, PatientSex="F")
    content = odd.read_bytes().replace(b"19500102", NAME[:8].encode())  # no date
    odd.write_bytes(content[:-30])
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        dataset = load_dataset(folder)
        for path in dataset.samples["path"]:
            try:
                read_image(path)
            except InputError as error:
                assert "Tester" not in str(error)
    captured = capsys.readouterr()
    seen = [
        dataset.samples.to_csv(), repr(dataset.problems), caplog.text, captured.out, captured.err,
        *(str(each.message) for each in warned if "pydicom" in each.filename),
    ]  # fmt: skip
    for secret in ("Tester", "Wilhelmina", ID, "Other^Person", "19500102"):
        assert not any(secret in text for text in seen)
    assert any("2 frames" in problem.reason for problem in dataset.problems)


def test_a_table_says_what_it_says(folder: Path) -> None:
    (folder / "samples.csv").write_text("path,label,age\nLP/1.dcm,LP,50\nPso/photo.png,Pso,\n")
    rows = load_dataset(folder).samples
    assert rows["age"].fillna(-1).tolist() == [50, -1]
    assert rows["site"].fillna("").tolist() == ["lower limb", ""]


def test_without_the_extra_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_kinds, "has_reader", lambda kind: kind != "DICOM")
    with pytest.raises(InputError, match=r'pip install "dermxai\[dicom\]"'):
        read_image(folder / "LP/1.dcm")
