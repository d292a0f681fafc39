"""Texts from outside (names of files, classes, patients, columns, jobs; sentences of errors) made
safe for where they are shown: one function a language, and none of these texts goes around them.

HTML files escape by themselves (`report.html`), CSV files by `spreadsheet`.
"""

import html
import re

LONGEST = 2000  # characters; what is longer is no name and no sentence
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"  # turn what follows around
    "\ud800-\udfff]"  # halves of characters, which cannot be sent
)
_BREAKS = re.compile(r"\s+")
_MARKS = re.compile(r"([\\`*_\[\]#!|~<>:$&])")
_LISTED = re.compile(r"(?P<number>\d{1,9})(?=[.)](?:\s|$))|(?=[-+=])")
_JOINER = "\u2060"  # not seen, and not broken at
_FOUND_LATER = re.compile(
    r"(?P<address>:)(?=//)|(?P<host>\bwww)(?=\.)|(?P<mail>@)(?=[-\w])"
    r"|(?P<icon>:)(?=[\w+/-]+:)|(?P<arrow>[-<>~])(?=[-=>])",
    re.IGNORECASE,
)
"""What Streamlit and its Markdown look for in the text after it was parsed, where a backslash is of
no use: addresses, icons, arrows."""


def one_line(text: object) -> str:
    """The text on one line, at most `LONGEST` characters; what cannot be seen, or would turn
    around what follows, as "�"."""
    line = _BREAKS.sub(" ", _UNSEEN.sub("\ufffd", str(text)[: 2 * LONGEST])).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def markdown(text: object) -> str:
    """The text as it is, on one line, with nothing in it that Markdown would act upon: no image,
    link, address, colour, icon, formula or list."""
    joined = _FOUND_LATER.sub(rf"\g<0>{_JOINER}", one_line(text))
    marked = _MARKS.sub(r"\\\1", joined)
    return _LISTED.sub(r"\g<number>\\", marked, count=1) if _LISTED.match(marked) else marked


def pseudo_html(text: object) -> str:
    """The same for plotly, which reads tags and entities."""
    return html.escape(one_line(text), quote=False)
