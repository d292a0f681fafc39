"""Writes docs/glossary.md from the package's glossary: `python -m docs.make_glossary`."""

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill

from dermxai.glossary import ENTRIES, Entry

DOCUMENT = Path(__file__).resolve().parent / "glossary.md"
WIDTH = 100

_HEAD = """# Glossary

Written by `python -m docs.make_glossary` from `dermxai/glossary.py`; do not edit. The dashboard
shows the same text (**Glossary** in the sidebar), without a network.
"""


def document(entries: Iterable[Entry]) -> str:
    """The whole page, a section an entry."""
    sections = (
        f"## {entry.term}\n\n{fill(entry.text, WIDTH)}\n\n"
        f"*{entry.source}*, [doi:{entry.doi}](<https://doi.org/{entry.doi}>)\n"
        for entry in entries
    )
    return "\n".join([_HEAD, *sections])


if __name__ == "__main__":
    DOCUMENT.write_text(document(ENTRIES), encoding="utf-8")
