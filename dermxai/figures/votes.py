"""The heads' votes for one class against another, which add up to the decision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from dermxai import taxonomy
from dermxai.core.formatting import signed_logit
from dermxai.figures.template import Palette, figure, palette, shortened

_ROW = 27
_BAR = 0.62  # of a row
_GAP = 0.3  # rows between the steps and their sum


@dataclass(frozen=True)
class _Steps:
    """Bars of a waterfall: where each begins and how far it goes."""

    names: list[str]
    lengths: NDArray[np.float64]
    begins: NDArray[np.float64]

    @property
    def ends(self) -> NDArray[np.float64]:
        return self.begins + self.lengths

    @property
    def total(self) -> float:
        return float(self.lengths.sum())


def votes(
    margins: ArrayLike,
    heads: Sequence[str],
    classes: Sequence[str],
    target: str,
    against: str | None = None,
    *,
    biases: ArrayLike | None = None,
    dark: bool = False,
) -> go.Figure:
    """A waterfall of the heads' votes, first to last, down to their sum: the margin by which the
    model prefers ``target`` to ``against``, or the logit of ``target`` alone.

    Args:
        margins: (h,) each head's logit for the target, less that for the other, bias included.
        heads: h names, first to last.
        classes: codes of the model.
        target: one of them; bars to the right speak for it.
        against: another one; bars to the left speak for it.
        biases: (h,) the part of each vote that no image changes. Where given, it stands as one bar
            before the heads, and their bars are what they saw in the image.
        dark: colours for a dark page.

    Bars carry the head's name as ``customdata``; it is empty where a bar is not one head's.
    """
    steps = _steps(np.asarray(margins, dtype=np.float64), heads, biases)
    colours, look = taxonomy.colours(classes, dark), palette(dark)
    short = shortened(target, 16)
    other = None if against is None else shortened(against, 16)
    places = np.array([*range(len(steps.names)), len(steps.names) + _GAP])
    reach = [min(0.0, *steps.ends), max(0.0, *steps.ends)]
    room = 0.24 * max(reach[1] - reach[0], 1e-6)
    made = figure(
        f"Why {short}" if other is None else f"Why {short} rather than {other}",
        _how_to_read(short, other, biases is not None, len(heads)),
        height=round(_ROW * (places[-1] + 1.6)),
        dark=dark,
        xaxis={"visible": False, "range": [reach[0] - room, reach[1] + room], "fixedrange": True},
        yaxis={
            "range": [places[-1] + 0.6, -0.6],
            "tickvals": places.tolist(),
            "ticktext": [*(shortened(name, 20) for name in steps.names), f"<b>{_sum(against)}</b>"],
            "tickfont": {"color": look.ink, "size": 13},
            "showgrid": False,
            "fixedrange": True,
        },
        shapes=[
            {
                "type": "line",
                "layer": "below",
                "line": {"color": look.line, "width": 1},
                "yref": "paper",
                "x0": 0,
                "x1": 0,
                "y0": 0,
                "y1": 1,
            }
        ],
        bargap=1 - _BAR,
        showlegend=False,
    )
    _connect(made, steps, places, look)
    lengths = np.append(steps.lengths, steps.total)
    others = look.muted if against is None else colours[against]
    made.add_bar(
        x=lengths,
        base=[*steps.begins.tolist(), 0.0],
        y=places,
        orientation="h",
        marker={
            "color": [colours[target] if value >= 0 else others for value in lengths],
            "line": {"width": 0},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        text=[signed_logit(value) for value in lengths],
        textposition="outside",
        textfont={"color": look.ink, "size": 12},
        cliponaxis=False,
        customdata=[name if name in heads else "" for name in [*steps.names, ""]],
        hovertext=[
            *_hover(steps, heads, biases),
            f"<b>{_sum(against)}</b>: {signed_logit(steps.total)}",
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return made


def _steps(margins: NDArray[np.float64], heads: Sequence[str], biases: ArrayLike | None) -> _Steps:
    names, lengths = list(heads), margins
    if biases is not None:
        constant = np.asarray(biases, dtype=np.float64)
        names, lengths = ["biases", *names], np.array([constant.sum(), *(margins - constant)])
    return _Steps(names, lengths, np.cumsum(lengths) - lengths)


def _how_to_read(target: str, other: str | None, split: bool, heads: int) -> str:
    sides = f"right for {target}, left against it"
    if other is not None:
        sides = f"right for {target}, left for {other}"
    start = "From the biases, the same for every image, h" if split else "H"
    steps = "ead by head" if heads > 1 else "ow its only head leads"
    return f"{start}{steps} to the {_sum(other)}, in logits: {sides}."


def _connect(made: go.Figure, steps: _Steps, places: NDArray[np.float64], look: Palette) -> None:
    """Thin lines from the end of a bar to the beginning of the next."""
    x: list[float | None] = []
    y: list[float | None] = []
    for end, here, there in zip(steps.ends, places[:-1], places[1:], strict=True):
        x += [end, end, None]
        y += [here + _BAR / 2, there - _BAR / 2, None]
    made.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": look.muted, "width": 1},
        hoverinfo="skip",
    )


def _hover(steps: _Steps, heads: Sequence[str], biases: ArrayLike | None) -> list[str]:
    lines = []
    for name, length in zip(steps.names, steps.lengths, strict=True):
        line = f"<b>{shortened(name, 40)}</b>: {signed_logit(length)}"
        if biases is not None and name in heads:
            bias = float(np.asarray(biases)[list(heads).index(name)])
            line += f" in the image, {signed_logit(bias)} bias"
            line += f"<br>vote {signed_logit(length + bias)}"
        lines.append(line)
    return lines


def _sum(against: str | None) -> str:
    return "logit" if against is None else "margin"
