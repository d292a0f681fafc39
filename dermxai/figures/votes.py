"""The heads' votes for one class against another, which add up to the decision."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from dermxai import taxonomy
from dermxai.figures.template import figure, palette, shortened

_ROW, _COMPACT_ROW = 30, 18


def votes(
    logits: ArrayLike,
    heads: Sequence[str],
    classes: Sequence[str],
    target: str,
    against: str,
    *,
    compact: bool = False,
    dark: bool = False,
) -> go.Figure:
    """One bar a head: its logit for ``target`` minus its logit for ``against``. Their sum is the
    margin by which the model prefers ``target``.

    Args:
        logits: (h, k) of one image.
        heads: h names, first to last.
        classes: k codes.
        target: a code; bars to the right speak for it.
        against: another code; bars to the left speak for it.
        compact: small, without the explanation.
        dark: colours for a dark page.
    """
    values = np.asarray(logits, dtype=np.float64)
    margins = values[:, classes.index(target)] - values[:, classes.index(against)]
    total = float(margins.sum())
    lengths, names = [*margins, total], [*(shortened(head, 20) for head in heads), "<b>Sum</b>"]
    places = [*range(len(heads)), len(heads) + 0.3]
    colours, palette_ = taxonomy.colours(classes), palette(dark)
    reach = 1.5 * max(np.abs(lengths).max(), 1e-6)
    short, other = shortened(target, 16), shortened(against, 16)
    made = figure(
        f"Votes of the heads: {short} against {other}",
        ""
        if compact
        else f"Logits. Right speaks for {short}, left for {other}; the bars add up to the sum.",
        height=(_COMPACT_ROW if compact else _ROW) * (len(places) + 1),
        dark=dark,
        xaxis={"visible": False, "range": [-reach, reach], "fixedrange": True},
        yaxis={
            "range": [places[-1] + 0.6, -0.6],
            "tickvals": places,
            "ticktext": names,
            "tickfont": {"color": palette_.ink, "size": 11 if compact else 13},
            "showgrid": False,
            "fixedrange": True,
        },
        bargap=0.35,
        showlegend=False,
    )
    made.add_bar(
        x=lengths,
        y=places,
        orientation="h",
        marker={"color": [colours[target if value >= 0 else against] for value in lengths]},
        text=[f"{value:+.2f}".replace("-", "−") for value in lengths],
        textposition="outside",
        textfont={"color": palette_.ink, "size": 11 if compact else 13},
        cliponaxis=False,
        hovertext=names,
        hovertemplate="%{hovertext}: %{text}<extra></extra>",
    )
    made.add_vline(x=0, line={"color": palette_.muted, "width": 1})
    return made
