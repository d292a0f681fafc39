"""Tables as LaTeX (booktabs), whatever names they hold."""

import re

import pandas as pd

from dermxai.core.escaping import one_line

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
    lines = [
        r"\begin{table}[tbp]",
        r"\centering\footnotesize",
        rf"\caption{{{escaped(caption)}}}",
        *([rf"\label{{tab:{label}}}"] if label else []),
        rf"\begin{{tabular}}{{{'l' * shown.shape[1]}}}",
        r"\toprule",
        " & ".join(escaped(name) for name in shown.columns) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        *([rf"\par\smallskip\parbox{{\linewidth}}{{{escaped(note)}}}"] if note else []),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"
