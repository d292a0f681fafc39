"""A document as one HTML file that needs nothing else: for a screen, a printer and a reviewer.

Every text is escaped by the template engine, images are data in it, and the file's own security
policy forbids scripts and anything from elsewhere.
"""

import base64
import re

from dermxai.report.document.content import Block, Document
from dermxai.report.document.guidelines import counts
from dermxai.report.html import TEMPLATES


def page(document: Document) -> str:
    """The file's text."""
    titles = {section.key: section.title for section in document.sections}
    return TEMPLATES.get_template("document.html").render(
        document=document,
        titles=titles,
        kind=_kind,
        jpeg=_jpeg,
        svg=_svg,
        counts=counts,
        unbroken=_unbroken,
    )


def _unbroken(cell: object) -> str:
    """A cell's text, in which no line ends between a number and its unit."""
    return re.sub(r" (?=%|pp\b)", "\N{NO-BREAK SPACE}", str(cell))


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def _jpeg(content: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _svg(content: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
