"""The files need nothing else, never take a name for markup, and are the same for the same run."""

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import docx
import numpy as np
import pandas as pd
import pytest

from dermxai.core.spreadsheet import read_csv
from dermxai.report import latex
from dermxai.report.document.collect import collect
from dermxai.report.document.content import Document, Facts, Section, Table, Text
from dermxai.report.document.files import packed_files, write
from dermxai.report.document.material import Options
from dermxai.report.document.page import page
from dermxai.report.document.word import word
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from tests.exported import check_json, check_rows
from tests.report.document.conftest import confused
from tests.report.test_html import HOSTILE, TAGS, Seen

MORE = TAGS | {"a", "nav", "ol", "pre", "blockquote"}


@pytest.fixture(scope="module")
def text(document: Document) -> str:
    return page(document)


@pytest.fixture(scope="module")
def archive(document: Document, text: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(packed_files(document, text)))


def test_the_page_needs_nothing_else(text: str) -> None:
    seen = Seen(text)
    assert set(seen.tags) <= MORE and "script" not in seen.tags
    bare = re.sub(r"data:image/[a-z+]+;base64,[\w+/=]+", "", text)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|javascript:", bare)
    assert all(source.startswith("data:image/") for source in seen.images) and seen.images
    assert not any(name.startswith("on") for _, name, _ in seen.attributes)
    assert "default-src 'none'" in text and "color-scheme: light" in text
    assert "size: A4" in text
    assert text.count("For research and teaching, not for diagnosis") == 2


def test_each_link_leads_to_a_section(document: Document, text: str) -> None:
    seen = Seen(text)
    links = {value for tag, name, value in seen.attributes if (tag, name) == ("a", "href")}
    ids = {value for _, name, value in seen.attributes if name == "id"}
    assert ids == {each.key for each in document.sections}
    assert links == {f"#{key}" for key in ids}


def test_the_page_says_its_digest_and_holds_every_table(document: Document, text: str) -> None:
    said = " ".join(Seen(text).words).replace("\N{NO-BREAK SPACE}", " ")
    assert document.digest in said
    for table in document.tables:
        cells = table.shown.to_numpy().ravel() if table.embedded else []
        assert all(str(cell) in said for cell in (*cells, *([table.title] if len(cells) else [])))
    assert sum("svg+xml" in source for source in Seen(text).images) == len(document.drawings) == 6


def test_the_archive_holds_figures_and_tables_with_their_sums(
    document: Document, archive: zipfile.ZipFile
) -> None:
    names = set(archive.namelist())
    for table in document.tables:
        assert f"tables/{table.name}.csv" in names
        assert (f"tables/{table.name}.tex" in names) == table.embedded
    for figure in document.drawings:
        assert archive.read(f"figures/{figure.name}.pdf")[:5] == b"%PDF-"
        root = ElementTree.fromstring(archive.read(f"figures/{figure.name}.svg"))
        assert root.tag.endswith("}svg")
        assert b"<text" in archive.read(f"figures/{figure.name}.svg")  # letters, no outlines
    lines = archive.read("SHA256SUMS").decode().splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(told) == names - {"SHA256SUMS"}
    for name, digest in told.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert all(each.date_time == (1980, 1, 1, 0, 0, 0) for each in archive.infolist())
    assert b"methods" not in archive.read("methods.txt")[:10]
    assert document.digest in archive.read("README.txt").decode()


def test_tables_say_where_they_come_from_and_what_intervals_rest_on(
    document: Document, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    archive.extractall(tmp_path)
    with_intervals = 0
    for table in document.tables:
        rows = read_csv(tmp_path / "tables" / f"{table.name}.csv").astype(str)
        assert set(rows["run"]) == {str(document.origin["run"])}
        assert len(set(rows["dataset_fingerprint"])) == 1
        with_intervals += check_rows(rows.to_dict("records"), "patients")
    assert with_intervals >= 9
    assert check_json(document.as_json(), "patients") > 100


def test_both_files_are_written_whole_and_the_same_again(
    document: Document, text: str, tmp_path: Path
) -> None:
    first, again = (write(document, tmp_path / name) for name in ("a.html", "b.html"))
    assert [each.read_bytes() for each in first] == [each.read_bytes() for each in again]
    assert first[0].read_text("utf-8") == text
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        *("a.html", "a.zip", "b.html", "b.zip")
    ]


def test_word_holds_the_tables_and_the_methods(document: Document) -> None:
    content = word(document)
    assert content == word(document)
    opened = docx.Document(io.BytesIO(content))
    tables = [each for each in document.tables if each.embedded]
    assert len(opened.tables) == len(tables) < len(document.tables)
    for made, table in zip(opened.tables, tables, strict=True):
        told = [[cell.text for cell in row.cells] for row in made.rows]
        assert told[0] == [" ".join(str(name).split()) for name in table.shown.columns]
        assert told[1:] == [
            [" ".join(str(c).split()) for c in row] for row in table.shown.to_numpy()
        ]
    texts = [paragraph.text for paragraph in opened.paragraphs]
    drafts = [b.words for b in document.blocks if isinstance(b, Text) and b.kind == "draft"]
    assert len(drafts) == 3 and set(drafts) <= set(texts)


ODD = (
    HOSTILE,
    r"\input{/etc/passwd} \write18{id} $x^2$ 50 % & # _ {a} ~ ^",
    "=HYPERLINK(1)",
    "湿疹 ünïcode\u202e\x07",
    "[x] *y",
)


def test_names_from_data_stay_words(tmp_path: Path) -> None:
    run = confused(tmp_path / "run", 120, classes=ODD, patients=60)
    rng = np.random.default_rng(0)
    samples = run.samples.assign(
        site=rng.choice(ODD[:3], len(run)),
        sex=HOSTILE,
        patient_id=[f"{HOSTILE}{i // 2}" for i in range(len(run))],
    )
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    manifest = RunFiles(run.root).manifest
    manifest.write_text(manifest.read_text().replace('"name": "generated"', '"name": "<b>$g$</b>"'))
    document = collect(open_run(run.root), Options(pairs=1, examples=2, images=True))
    shown = page(document)
    seen = Seen(shown)
    assert set(seen.tags) <= MORE
    assert not any(name.startswith("on") for _, name, _ in seen.attributes)
    assert all(source.startswith("data:") for source in seen.images)
    assert any(HOSTILE in each for each in seen.words) and "{{ 7 * 7 }}" in shown
    with zipfile.ZipFile(io.BytesIO(packed_files(document, shown))) as files:
        for name in files.namelist():
            content = files.read(name)
            if name.endswith(".svg"):
                root = ElementTree.fromstring(content)
                tags = {each.tag.rpartition("}")[2] for each in root.iter()}
                assert not tags & {"script", "foreignObject", "a", "iframe"}
                attributes = {key for each in root.iter() for key in each.attrib}
                assert not any(key.rpartition("}")[2].startswith("on") for key in attributes)
            elif name.endswith(".csv"):
                cells = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
                assert not any(
                    str(c).startswith(("=", "@", "\t")) for c in cells.to_numpy().ravel()
                )
            elif name.endswith(".tex"):
                told = content.decode()
                assert r"\input" not in told and r"\write" not in told
                body = told.partition(r"\midrule")[2].partition(r"\bottomrule")[0]
                assert not re.search(r"\\\\\s*[\[*]", body)
                assert not re.search(r"(?<!\\)[%#&_]", re.sub(r"(?<= )&(?= )", "", body))
    opened = docx.Document(io.BytesIO(word(document)))
    cells = {cell.text for table in opened.tables for row in table.rows for cell in row.cells}
    assert any("湿疹" in cell for cell in cells) and not any("\x07" in cell for cell in cells)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % & #1", r"50 \% \& \#1"),
        (r"a\b", r"a\textbackslash{}b"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("−0.3 – x", "$-$0.3 -- x"),
        ("[x]", "{[}x{]}"),
        ("{$x_1$}", r"\{\$x\_1\$\}"),
        ("two\nlines", "two lines"),
    ],
)
def test_latex_finds_no_command_in_a_text(text: str, expected: str) -> None:
    assert latex.escaped(text) == expected


def test_a_latex_table_is_whole() -> None:
    shown = pd.DataFrame({"A & B": ["x", "[y]"], "C": ["1", "2"]})
    made = latex.table(shown, "What it is", "name", "A note.")
    assert made.count(r"\begin") == made.count(r"\end") == 2
    assert r"A \& B & C \\" in made and r"{[}y{]} & 2 \\" in made
    assert r"\label{tab:name}" in made and "A note." in made


def test_wide_latex_tables_are_broken_into_lines_and_long_ones_over_pages() -> None:
    words = "a sentence that is too long to stand on one line beside another of its kind"
    shown = pd.DataFrame({"A": ["x"] * 3, "B": [words] * 3, "C": ["0.912"] * 3, "D": [words] * 3})
    made = latex.table(shown, "What it is")
    spec = re.search(r"begin{tabular}{(.*)}\n", made)[1]
    shares = [float(each) for each in re.findall(r"p{([\d.]+)", spec)]
    assert spec.startswith("l>") and len(shares) == 2 and shares[0] == shares[1]
    assert 0.3 < shares[0] < 0.5 and "longtable" not in made
    assert "p{" not in latex.table(shown[["A", "C"]], "What it is")
    many = latex.table(pd.concat([shown] * 20), "What it is", "many", "A note.")
    assert many.count(r"\begin{longtable}") == many.count(r"\end{longtable}") == 1
    assert many.count(r"\endhead") == 1 and "table}[tbp]" not in many
    assert many.count("{") == many.count("}") and r"\caption{What it is}\label{tab:many} \\" in many


def test_an_empty_table_is_a_table() -> None:
    empty = Table("empty", "Nothing", pd.DataFrame({"A": []}), pd.DataFrame({"a": []}))
    section = Section("x", "X", (empty, Facts((("a", "b"),))))
    document = Document("t", Facts(()), {"run": "r"}, (section,))
    assert "<th>A</th>" in page(document)
    assert len(docx.Document(io.BytesIO(word(document))).tables[0].rows) == 1
    assert replace(document, title="u").digest != document.digest
