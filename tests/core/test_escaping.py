"""In a browser it is seen in tests/e2e/test_wall.py; here what is made of each text."""

import pytest

from dermxai.core.escaping import LONGEST, markdown, one_line, pseudo_html

JOINER = "\u2060"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a.jpg", "a.jpg"),
        ("https://evil.example", rf"https\:{JOINER}//evil.example"),
        ("www.evil.example", f"www{JOINER}.evil.example"),
        ("a@evil.example", f"a@{JOINER}evil.example"),
        (":material/delete:", rf"\:{JOINER}material/delete\:"),
        (":red[x]", r"\:red\[x\]"),
        ("Sentence: words", r"Sentence\: words"),
        ("a -> b", rf"a -{JOINER}\> b"),
        ("1. item", r"1\. item"),
        ("- item", r"\- item"),
        ("−0.3", "−0.3"),
        ("1986", "1986"),
    ],
)
def test_nothing_is_left_for_markdown_or_what_looks_at_it_afterwards(
    given: str, shown: str
) -> None:
    assert markdown(given) == shown


def test_what_cannot_be_seen_or_sent_is_marked() -> None:
    assert one_line("a\ud800b\u202egnp.exe\0\x1b[31m") == "a�b�gnp.exe��[31m"
    assert one_line("one\r\n two\u2028three") == "one two three"
    one_line("\ud800").encode()


@pytest.mark.parametrize("escape", [one_line, markdown, pseudo_html])
def test_a_megabyte_is_no_name(escape) -> None:
    assert len(escape("a" * 10**6)) == LONGEST
    assert escape("<" * 10**6).endswith("…")


def test_plotly_gets_no_tags_and_no_entities() -> None:
    assert pseudo_html("<b>x</b> &amp;\n1") == "&lt;b&gt;x&lt;/b&gt; &amp;amp; 1"
