"""Tables as LaTeX, whatever names they hold, in the packages `PACKAGES`: columns of long texts are
broken into lines so that a page holds them, and long tables run over pages."""

import re

import pandas as pd

from dermxai.core.escaping import one_line

PACKAGES = r"\usepackage{array,booktabs,longtable}"
_LINE = 84  # letters of a line in this size, at the text width of an article
_GAP = 3  # letters that the space between two columns takes
_NARROWEST = 7  # letters of a column that is broken into lines
_MOST_ROWS = 40  # of a table on one page

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{character: f"{{{character}}}" for character in "[]*"},  # an option of the row's end before
    "−": r"$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\ge$",
    "≤": r"$\le$",
    "→": r"$\rightarrow$",
    "∪": r"$\cup$",
    "²": r"$^2$",
    "…": r"\ldots{}",
    "–": "--",
    "\N{NO-BREAK SPACE}": "~",
}
_FOUND = re.compile("[" + re.escape("".join(_SPECIAL)) + "]")


def escaped(text: object) -> str:
    """A text in which LaTeX finds no command; signs of mathematics as any engine sets them."""
    return _FOUND.sub(lambda found: _SPECIAL[found[0]], one_line(text))


def table(shown: pd.DataFrame, caption: str, label: str = "", note: str = "") -> str:
    """
    Args:
        shown: texts.
        caption: what it shows.
        label: to refer to it by; made of letters, digits and dashes.
        note: how to read it, beneath.
    """
    rows = [[escaped(cell) for cell in row] for row in shown.astype(object).to_numpy().tolist()]
    named = rf"\caption{{{escaped(caption)}}}" + (rf"\label{{tab:{label}}}" if label else "")
    head = [r"\toprule", " & ".join(map(escaped, shown.columns)) + r" \\", r"\midrule"]
    body = [" & ".join(row) + r" \\" for row in rows]
    columns = "".join(_columns(shown))
    close = r"\setlength{\tabcolsep}{3pt}" if "p{" in columns else ""
    beneath = [rf"\par\smallskip\parbox{{\linewidth}}{{{escaped(note)}}}"] if note else []
    if len(rows) > _MOST_ROWS:
        lines = [
            rf"{{\footnotesize{close}",
            rf"\begin{{longtable}}{{{columns}}}",
            rf"{named} \\",
            *head,
            r"\endhead",
            *body,
            r"\bottomrule",
            r"\end{longtable}",
            *beneath,
            "}",
        ]
    else:
        lines = [
            r"\begin{table}[tbp]",
            rf"\centering\footnotesize{close}",
            named,
            rf"\begin{{tabular}}{{{columns}}}",
            *head,
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *beneath,
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def _columns(shown: pd.DataFrame) -> list[str]:
    """How each column is set: on one line, or, of the widest, at a share of the line's width, where
    all on one line would be wider than it."""
    texts = [[str(name), *map(str, shown.iloc[:, at])] for at, name in enumerate(shown.columns)]
    widths = [max(map(len, column)) for column in texts]
    room = _LINE - _GAP * len(widths)
    if sum(widths) <= room:
        return ["l"] * len(widths)
    cap = next(
        (cap for cap in range(_LINE, _NARROWEST, -1) if sum(min(w, cap) for w in widths) <= room),
        _NARROWEST,
    )
    return [
        "l"
        if width <= cap
        else rf">{{\raggedright\arraybackslash}}p{{{cap / _LINE:.3f}\linewidth}}"
        for width in widths
    ]
