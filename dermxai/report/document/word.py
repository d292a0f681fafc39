"""A document's methods paragraph and tables as one Word file, to be edited."""

import io
import zipfile
from datetime import datetime

import docx
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.shared import Mm, Pt

from dermxai.core.escaping import one_line
from dermxai.report.document.content import Document, Table, Text

_EPOCH = (1980, 1, 1, 0, 0, 0)
_WIDE = 6  # columns from which letters are smaller
_NAME = "DermXAI"


def word(document: Document) -> bytes:
    """The file; the same bytes for the same document."""
    made = docx.Document()
    _described(made, document.title)
    page = made.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Mm(297), Mm(210)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(page, side, Mm(18))
    made.add_heading(one_line(document.title), level=1)
    made.add_paragraph("For research and teaching, not for diagnosis.")
    for block in document.blocks:
        if isinstance(block, Text) and block.kind == "draft":
            made.add_paragraph(one_line(block.words))
    shown = [table for table in document.tables if table.embedded]
    for number, table in enumerate(shown, 1):
        _add(made, table, number)
    made.add_paragraph(f"Digest of the contents (SHA-256): {document.digest}")
    buffer = io.BytesIO()
    made.save(buffer)
    return _dated_alike(buffer.getvalue())


def _described(made: WordDocument, title: str) -> None:
    of = made.core_properties
    of.title, of.author, of.last_modified_by, of.comments = one_line(title)[:255], _NAME, _NAME, ""
    of.created = of.modified = datetime(*_EPOCH)


def _add(made: WordDocument, table: Table, number: int) -> None:
    shown = table.shown
    caption = made.add_paragraph(style="Caption")
    caption.add_run(one_line(f"Table {number}. {table.title}"))
    caption.paragraph_format.keep_with_next = True
    grid = made.add_table(rows=1, cols=shown.shape[1], style="Light List")
    size = Pt(7.5 if shown.shape[1] >= _WIDE else 9)
    rows = [[str(name) for name in shown.columns], *shown.astype(str).to_numpy().tolist()]
    for place, cells in enumerate(rows):
        row = grid.rows[0] if not place else grid.add_row()
        for cell, told in zip(row.cells, cells, strict=True):
            cell.text = ""
            run = cell.paragraphs[0].add_run(one_line(told))
            run.font.size = size
    if table.note:
        made.add_paragraph(one_line(table.note))


def _dated_alike(content: bytes) -> bytes:
    """The same archive whose members bear no time, which would make two files differ."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in sorted(before.namelist()):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(member, before.read(name))
    return buffer.getvalue()
