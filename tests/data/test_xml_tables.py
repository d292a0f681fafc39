"""Labels in XML: bounded, without document types, and refused by what was found."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.data import xml_tables
from dermxai.data.xml_tables import read_xml_files, read_xml_table

VOC = "<annotation><filename>{0}.jpg</filename><object><name>{1}</name></object></annotation>"


def written(folder: Path, *texts: str, encoding: str = "utf-8") -> Sequence[Path]:
    files = [folder / f"{number}.xml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding=encoding)
    return files


BOMBS = [
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation>&b;</annotation>',
    '<!DOCTYPE a SYSTEM "https://example.org/a.dtd"><annotation/>',
]


@pytest.mark.parametrize("bomb", BOMBS, ids=["growing", "a file", "a server"])
def test_document_types_are_refused(bomb: str, tmp_path: Path) -> None:
    bad, good = written(tmp_path, bomb, VOC.format("1", "nevus"))
    with pytest.raises(InputError, match="document type"):
        read_xml_table(bad)
    rows, problems = read_xml_files([bad, good])
    assert rows.to_dict("list") == {"file": ["1"], "label": ["nevus"]}
    assert [each.item for each in problems] == ["0.xml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<ImageProperties/>", "is XML of ImageProperties"),
        ("<annotation/>", "names no object"),
        (
            '<annotations><track label="nevus"><box frame="0"/></track></annotations>',
            "tracks of videos are not read",
        ),
        ("<annotation><object>", "is not XML that can be read"),
        ("", "is not XML that can be read"),
        ("\0\1", "is not XML that can be read"),
        ('<?xml version="1.0" encoding="no-such"?><annotation/>', "is not XML"),
        ("<a>" * 200, "within each other"),
    ],
)
def test_what_was_found_is_said(text: str, told: str, tmp_path: Path) -> None:
    (file,) = written(tmp_path, text)
    for read in (read_xml_table, lambda one: read_xml_files([one])):
        with pytest.raises(InputError, match=told):
            read(file)


def test_names_are_text_in_any_encoding_and_bounded(tmp_path: Path) -> None:
    head = '<?xml version="1.0" encoding="iso-8859-1"?>'
    (file,) = written(
        tmp_path, head + VOC.format("münster", " Nævus\n &amp; co "), encoding="latin-1"
    )
    pd.testing.assert_frame_equal(
        read_xml_table(file),
        pd.DataFrame({"file": ["münster.jpg"], "label": ["Nævus\n & co"]}, dtype="str"),
    )
    (long,) = written(tmp_path, VOC.format("a", "nevus " * 100_000))
    (label,) = read_xml_table(long)["label"]
    assert 0 < len(label) <= 1_000


def test_more_than_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = written(tmp_path, *[VOC.format(name, "nevus") for name in "ab"])
    monkeypatch.setattr(xml_tables, "MOST_BYTES", files[0].stat().st_size + 10)
    assert len(read_xml_table(files[0])) == 1
    with pytest.raises(InputError, match="more XML than is read"):
        read_xml_files(files)
    monkeypatch.setattr(xml_tables, "MOST_BYTES", 20)
    with pytest.raises(InputError, match="CVAT"):
        read_xml_table(files[0])
