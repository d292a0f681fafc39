from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.core.errors import InputError
from dermxai.data.delimited import decode, header, read_delimited

CHINESE = "编号,诊断\n痤疮一号,寻常痤疮\n玫瑰痤疮,毛细血管扩张\n"
WESTERN = (
    *("Gesäß", "Füße", "Müßiggänger", "GESÄßE", "Rücken", "Müller", "Körper", "groß", "MÜLLER"),
    *("créée", "créées", "Créée", "tête", "bébé", "été", "lésion bénigne", "MÉNIÈRE", "naïf"),
    *("uña", "riñón", "cigüeña", "AÑO", "pää", "hääyö", "blåøjet", "coração", "lesões", "MÃO"),
)
GERMAN = "Datei,Körperstelle\nMüller.jpg,Rücken\nGrün.jpg,Gesäß\n"


def written(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((CHINESE, name) for name in ("utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030")),
        *((GERMAN, name) for name in ("utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")),
        ("id,label\na,Ménière\nb,Lübeck\nc,naïve\n", "latin-1"),
        ("id,label\na,“curly”\n", "cp1252"),
        ("file,label\nIMG_0001.jpg,痤疮\n" + "IMG_2.jpg,AV\n" * 50, "gbk"),
        ("image;site\n1.png;Gesäß\n", "cp1252"),
        ("image;Größe\n1.png;3\n", "cp1252"),
        ("image;GRÖßE\n1.png;3\n", "cp1252"),
        ("fichier;note\n1.png;lésion créée là\n2.png;créées\n", "cp1252"),
        ("arquivo,nota\n1.png,infecção\n2.png,INFECÇÃO\n3.png,lesões\n", "latin-1"),
        ("archivo,sitio\n1.png,uña\n2.png,riñón\n", "latin-1"),
        ("kuva,kohta\n1.png,pää\n2.png,Hääyö\n", "latin-1"),
        ("id,label\n1,EAD湿疹\n2,Spitz痣\n", "gbk"),
        ("id,sex\n1,男\n2,女\n", "gbk"),
        ("id,stage\n1,I期\n2,II期\n3,III期\n", "gbk"),
        ("id,group\n1,A组\n2,B组\n", "gbk"),
        ("id,exam\n1,B超\n2,X光\n3,X线片\n", "gbk"),
        ("id,name,site\n1,王珺,面部\n2,李堃,躯干\n", "gbk"),
        ("id,Temp °C\n1,36\n", "cp1252"),
    ],
)
def test_the_usual_encodings_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_any_utf8_is_read_as_utf8(text: str) -> None:
    assert decode(text.encode()) == text


@given(st.text("痤疮玫瑰银屑病扁平苔藓脂溢性皮炎湿疹痣血管瘤患者男女面部躯干左右", min_size=2))
def test_chinese_words_in_gb18030_are_read(text: str) -> None:
    """Unless the same bytes are UTF-8, as those of 女女 are."""
    text = f"id,label\na.jpg,{text}\n"
    try:
        text.encode("gb18030").decode()
    except UnicodeDecodeError:
        assert decode(text.encode("gb18030")) == text


@given(st.lists(st.sampled_from(WESTERN), min_size=1, unique=True))
def test_accented_words_in_windows_latin_1_are_read(words: list[str]) -> None:
    text = "id;site\n" + "".join(f"{number}.jpg;{word}\n" for number, word in enumerate(words))
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("画像,診断\na.jpg,悪性黒色腫\n", "shift_jis"),
        ("a,b\n1,lésion à ç\n", "mac_roman"),
        ("снимок,диагноз\na.jpg,меланома\nb.jpg,родинка\n", "cp1251"),
        ("снимок,диагноз\na.jpg,меланома\nb.jpg,родинка\n", "koi8_r"),
        ("εικόνα,διάγνωση\na.jpg,ψωρίαση\nb.jpg,ακμή ροδόχρους\n", "cp1253"),
    ],
)
def test_text_of_an_encoding_that_is_not_read_is_no_mojibake(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = written(tmp_path, text.encode(encoding))
    with pytest.raises(InputError, match=r"of an encoding that is not read; expected .* in UTF-8"):
        read_delimited(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_comments_above_the_header_are_left_out(tmp_path: Path, end: str) -> None:
    lines = ["# exported 2024-01-01, by hand", "#", "", "image;label", "a.jpg;nevus"]
    rows, problems = read_delimited(written(tmp_path, end.join(lines)))
    assert list(rows) == ["image", "label"] and len(rows) == 1 and not problems


@pytest.mark.parametrize("text", ["#,image\n1,a.jpg\n", "#image,label\na.jpg,nevus\n", "#\n"])
def test_a_header_may_begin_with_a_number_sign(tmp_path: Path, text: str) -> None:
    rows, _ = read_delimited(written(tmp_path, text))
    assert str(rows.columns[0]).startswith("#")


def test_bytes_that_are_no_text() -> None:
    assert decode(b"PK\x03\x04\0\0") is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = [["id", "label", "note"], ["a", "MN", 'says "x"'], ["b", "BCC", ""]]
    text = "\n".join(delimiter.join(line) for line in lines).replace('"x"', "x")
    rows, problems = read_delimited(written(tmp_path, text))
    assert rows.columns.tolist() == lines[0]
    assert rows["label"].tolist() == ["MN", "BCC"]
    assert rows["note"].isna().tolist() == [False, True]
    assert not problems


def test_a_single_column(tmp_path: Path) -> None:
    rows, _ = read_delimited(written(tmp_path, "path\na.jpg\nb.jpg\n"))
    assert rows["path"].tolist() == ["a.jpg", "b.jpg"]


def test_quotes_line_ends_and_blank_lines(tmp_path: Path) -> None:
    text = '\r\nid,note\r\na,"one, two"\r\n\r\nb,"two\r\nlines"\r\n'
    rows, _ = read_delimited(written(tmp_path, text))
    assert rows["note"].tolist() == ["one, two", "two\r\nlines"]


def test_short_lines_are_filled_and_long_ones_listed(tmp_path: Path) -> None:
    rows, problems = read_delimited(written(tmp_path, "id,a,b\nx,1\ny,1,2,3\nz,1,2,,\n"))
    assert rows["id"].tolist() == ["x", "z"]
    assert [problem.item for problem in problems] == ["a.csv, line 3"]
    assert "4 cells" in problems[0].reason


def test_repeated_and_empty_column_names_stay_apart(tmp_path: Path) -> None:
    rows, _ = read_delimited(written(tmp_path, "id,label,label,\nx,1,2,3\n"))
    assert rows.columns.tolist() == ["id", "label", "label (3)", "column 4"]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not text"):
        read_delimited(written(tmp_path, b"\x89PNG\0\0"))


def test_header_reads_only_the_start(tmp_path: Path) -> None:
    path = written(tmp_path, "image_id;dx\n" + "a;nv\n" * 50_000)
    assert header(path) == ["image_id", "dx"]
    assert header(tmp_path / "none.csv") == []
    assert header(written(tmp_path, b"\0\1\2")) == []
    assert header(written(tmp_path, "")) == []


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"a\.csv is empty"):
        read_delimited(written(tmp_path, text))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_header_in_utf16_is_read_from_the_start(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff".encode(encoding)
    path = written(tmp_path, mark + ("image_id,dx\n" + "ñ,nv\n" * 50_000).encode(encoding))
    assert header(path) == ["image_id", "dx"]


def test_a_line_of_any_length_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1"):
        read_delimited(written(tmp_path, "a" * 200_000 + ",b\n"))


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_first_line_of_excel_names_the_delimiter(tmp_path: Path, first: str) -> None:
    path = written(tmp_path, f"{first}\r\nimage;note\r\na;1,2,3\r\nb;x;y\r\n")
    table, problems = read_delimited(path)
    assert header(path) == ["image", "note"]
    assert table.to_numpy().tolist() == [["a", "1,2,3"]]
    assert [problem.item for problem in problems] == ["a.csv, line 4"]


def test_a_header_may_stand_beneath_blank_lines(tmp_path: Path) -> None:
    assert header(written(tmp_path, "\n\nimage,label\na,LP\n")) == ["image", "label"]


@pytest.mark.parametrize("first", ["", "sep=;\r"])
def test_lines_may_end_as_on_old_macintoshes(tmp_path: Path, first: str) -> None:
    path = written(tmp_path, f"{first}image;label\ra;LP\rb;MN\r")
    assert header(path) == ["image", "label"]
    assert read_delimited(path)[0].to_numpy().tolist() == [["a", "LP"], ["b", "MN"]]
