"""An error tree: what is asked of images, and how many errors each answer has."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from dermxai.core.formatting import count, interval, percent
from dermxai.figures.template import blank, figure, palette, shortened, text
from dermxai.metrics.error_tree import ErrorTree

_ROW = 118
_LONGEST = 26


def error_tree(tree: ErrorTree, names: Sequence[str], dark: bool = False) -> go.Figure:
    """A point a node, its parent above it; ``customdata`` is the number of the node.

    Args:
        tree: the tree.
        names: what each node is called.
        dark: colours for a dark page.
    """
    title = "Error tree"
    if len(tree.nodes) == 1:
        return blank(title, "The pruned tree is its root: nothing tells errors apart.", dark)
    look = palette(dark)
    across = places([node.parent for node in tree.nodes])
    depth = max(node.depth for node in tree.nodes)
    rates = [0.0 if math.isnan(node.value) else node.value for node in tree.nodes]
    made = figure(
        title,
        "Error rates of patients who have not grown the tree. "
        f"{'Brighter' if dark else 'Darker'}: more errors. Larger: more images. A click shows a "
        "node's images below.",
        height=_ROW * (depth + 1),
        dark=dark,
        xaxis={"visible": False, "fixedrange": True, "range": [-0.6, max(across) + 0.6]},
        yaxis={"visible": False, "fixedrange": True, "range": [-depth - 0.75, 0.3]},
        showlegend=False,
    )
    for number, node in enumerate(tree.nodes):
        if node.parent >= 0:
            made.add_scatter(
                x=[across[node.parent], across[number]],
                y=[-tree.nodes[node.parent].depth, -node.depth],
                mode="lines",
                line={"color": look.line, "width": 2},
                hoverinfo="skip",
            )
    most = max(int(tree.members.sum(axis=0).max()), 1)
    made.add_scatter(
        x=across,
        y=[-node.depth for node in tree.nodes],
        customdata=[str(number) for number in range(len(tree.nodes))],
        mode="markers+text",
        marker={
            "size": [14 + 26 * math.sqrt(of / most) for of in tree.members.sum(axis=0).tolist()],
            "color": rates,
            "cmin": 0,
            "cmax": max(*rates, 0.01),
            "colorscale": [[i / (len(look.ramp) - 2), c] for i, c in enumerate(look.ramp[1:])],
            "line": {"width": [2 if node.leaf else 1 for node in tree.nodes], "color": look.muted},
        },
        text=[
            f"{shortened(name, _LONGEST)}<br><b>{percent(node.value)}</b>"
            for name, node in zip(names, tree.nodes, strict=True)
        ],
        textposition="bottom center",
        textfont={"color": look.ink, "size": 12},
        hovertext=[
            f"<b>{text(name)}</b><br>errors {percent(node.value)} "
            f"({interval(node.low, node.high)})<br>{count(node.images, 'image')} estimate, "
            f"{int(tree.members[:, number].sum()):,} in all"
            for number, (name, node) in enumerate(zip(names, tree.nodes, strict=True))
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return made


def places(parents: Sequence[int]) -> list[float]:
    """Where nodes stand from left to right: leaves beside each other, a node amid what is below it.

    Args:
        parents: of each node; −1 of the first, the root.
    """
    below: dict[int, list[int]] = {}
    for number, parent in enumerate(parents):
        below.setdefault(parent, []).append(number)
    across = [0.0] * len(parents)
    leaves = iter(range(len(parents)))

    def place(number: int) -> float:
        held = [place(child) for child in below.get(number, [])]
        across[number] = sum(held) / len(held) if held else float(next(leaves))
        return across[number]

    place(0)
    return across
