"""The mean votes of the heads over a set of images, with their intervals."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.formatting import signed_logit
from dermxai.figures.template import figure, palette, shortened, text
from dermxai.metrics.set_decomposition import SetDecomposition

_ROW, _COMPACT_ROW = 34, 24
_APART = 0.16  # between the two sets of a row, in rows


def set_decomposition(
    decomposition: SetDecomposition,
    reference: SetDecomposition | None = None,
    *,
    name: str = "",
    reference_name: str = "",
    compact: bool = False,
    dark: bool = False,
) -> go.Figure:
    """One row a head: the mean of its logit for the target less that for the other class, with
    its interval. The rows add up to the sum beneath them.

    Args:
        decomposition: of the set, drawn as filled points.
        reference: of another set between the same classes, drawn as open grey points.
        name, reference_name: of the sets, for the legend.
        compact: small, with few words.
        dark: colours for a dark page.
    """
    look = palette(dark)
    target, against = shortened(decomposition.target, 16), shortened(decomposition.against, 16)
    colours = taxonomy.colours([decomposition.target, decomposition.against], dark)
    places = np.append(np.arange(len(decomposition.heads)), len(decomposition.heads) + 0.4)
    names = [*(shortened(head, 20) for head in decomposition.heads), "<b>Sum</b>"]
    reach = 1.12 * max(_reach(decomposition), _reach(reference) if reference else 0, 1e-6)
    made = figure(
        f"Votes of the heads on average: {target} against {against}",
        f"Mean logits{_intervals(decomposition)}: right for {target}, left for {against}."
        if compact
        else f"Mean logits with 95 % intervals. Right speaks for {target}, left for {against}; the "
        "heads add up to the sum.",
        height=(_COMPACT_ROW if compact else _ROW) * (len(places) + 2),
        dark=dark,
        xaxis={"range": [-reach, reach], "fixedrange": True, "nticks": 7, "zeroline": False},
        yaxis={
            "range": [places[-1] + 0.7, -0.7],
            "tickvals": places,
            "ticktext": names,
            "tickfont": {"color": look.ink, "size": 13},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        showlegend=reference is not None,
    )
    made.add_vline(x=0, line={"color": look.muted, "width": 1})
    made.add_hline(y=len(decomposition.heads) - 0.3, line={"color": look.line, "width": 1})
    if reference is not None:
        _points(
            made,
            reference,
            places + _APART,
            name=text(reference_name),
            marker={"symbol": "circle-open", "color": look.muted, "size": 8, "line": {"width": 2}},
            line=look.muted,
        )
    values = np.append(decomposition.votes, decomposition.margin)
    sides = [
        colours[decomposition.target if value >= 0 else decomposition.against] for value in values
    ]
    _points(
        made,
        decomposition,
        places - (_APART if reference is not None else 0),
        name=text(name),
        marker={"color": sides, "size": 10},
        line=look.ink,
    )
    return made


def _points(
    made: go.Figure,
    decomposition: SetDecomposition,
    places: NDArray[np.float64],
    *,
    name: str,
    marker: dict[str, object],
    line: str,
) -> None:
    values = np.append(decomposition.votes, decomposition.margin)
    low = np.append(decomposition.low, decomposition.margin_low)
    high = np.append(decomposition.high, decomposition.margin_high)
    heads = [*(shortened(head, 20) for head in decomposition.heads), "Sum"]
    flips = [f"{count}" for count in decomposition.flips] or [""] * len(decomposition.heads)
    hover = [
        f"<b>{head}</b><br>{signed_logit(value)} [{signed_logit(below)} to {signed_logit(above)}]"
        + (f"<br>alone decides {flip} of {decomposition.images}" if flip else "")
        for head, value, below, above, flip in zip(
            heads, values, low, high, [*flips, ""], strict=True
        )
    ]
    made.add_scatter(
        x=values,
        y=places,
        mode="markers",
        name=f"{name} ({decomposition.images:,})" if name else "",
        marker=marker,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(high - values),
            "arrayminus": np.nan_to_num(values - low),
            "color": line,
            "thickness": 1.5,
            "width": 4,
        },
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _intervals(decomposition: SetDecomposition) -> str:
    return "" if np.isnan(decomposition.margin_low) else " with 95 % intervals"


def _reach(decomposition: SetDecomposition) -> float:
    ends = [
        decomposition.votes,
        decomposition.low,
        decomposition.high,
        [decomposition.margin_low, decomposition.margin_high],
    ]
    return float(np.nanmax(np.abs(np.concatenate([*ends, [decomposition.margin]]))))
