"""The files of a document: the page, and beside it an archive with its figures and tables."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from dermxai.core import disk
from dermxai.core.spreadsheet import to_csv
from dermxai.report import latex
from dermxai.report.document.content import Document, Text
from dermxai.report.document.material import Options
from dermxai.report.document.page import page
from dermxai.report.document.word import word

_EPOCH = (1980, 1, 1, 0, 0, 0)
_ABOUT = """\
{title}

report.html         the whole report
figures/*.svg       figures whose texts can be edited; letters of any language
figures/*.pdf       the same for LaTeX, fonts embedded
tables/*.csv        tables in full, each row with where it comes from
tables/*.tex        the tables of the report for LaTeX; they need
                    {packages};
                    names in Chinese letters XeLaTeX or LuaLaTeX and a font that has them
tables/tables.docx  the same, and the methods paragraph, for Word
methods.txt         the methods paragraph, a draft
SHA256SUMS          a checksum of each file (sha256sum -c SHA256SUMS)

Digest of the contents (SHA-256): {digest}
For research and teaching, not for diagnosis.
"""


@dataclass(frozen=True)
class ReportFiles:
    """Reports that a run keeps, one for each choice of options."""

    run: Path

    def page(self, options: Options) -> Path:
        asked = json.dumps(asdict(options), sort_keys=True)
        return self.run / "reports" / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.html"

    def archive(self, options: Options) -> Path:
        return self.page(options).with_suffix(".zip")


def write(document: Document, output: Path) -> tuple[Path, Path]:
    """Writes the page, and an archive of the same name beside it, each whole or not at all.

    Returns:
        The absolute paths of both.
    """
    file = output.absolute()
    archive = file.with_suffix(".zip")
    text = page(document)
    packed = packed_files(document, text)
    for path, content in ((file, text.encode()), (archive, packed)):
        with disk.replacing(path) as temporary:
            temporary.write_bytes(content)
    return file, archive


def packed_files(document: Document, text: str) -> bytes:
    """The archive; the same bytes for the same document.

    Args:
        text: of its page.
    """
    held = dict(_files(document, text))
    sums = "".join(f"{hashlib.sha256(held[name]).hexdigest()}  {name}\n" for name in sorted(held))
    held["SHA256SUMS"] = sums.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(held):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, held[name])
    return buffer.getvalue()


def _about(document: Document) -> str:
    return _ABOUT.format(title=document.title, digest=document.digest, packages=latex.PACKAGES)


def _files(document: Document, text: str) -> Iterator[tuple[str, bytes]]:
    yield "report.html", text.encode()
    yield "README.txt", _about(document).encode()
    for figure in document.drawings:
        yield f"figures/{figure.name}.svg", figure.svg
        yield f"figures/{figure.name}.pdf", figure.pdf
    for table in document.tables:
        yield f"tables/{table.name}.csv", to_csv(table.numbers).encode()
        if table.embedded:
            told = latex.table(table.shown, table.title, table.name, table.note)
            yield f"tables/{table.name}.tex", told.encode()
    yield "tables/tables.docx", word(document)
    drafts = [b.words for b in document.blocks if isinstance(b, Text) and b.kind == "draft"]
    yield "methods.txt", ("\n\n".join(drafts) + "\n").encode()
