"""A forest plot: a measure in groups of images, with intervals, beside the measure on all."""

import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from dermxai.core.formatting import count, fixed, percent
from dermxai.figures.template import blank, figure, palette, shortened, text
from dermxai.metrics.subgroups import Subgroups

_ROW = 24
_LONGEST = 30
SIGNIFICANT = 0.05


def forest(found: Subgroups, title: str, dark: bool = False) -> go.Figure:
    """A line a group, columns one below the other.

    Args:
        found: the groups; ``customdata`` of a point is the number of its row.
        title: of the measure; safe to show.
        dark: colours for a dark page.
    """
    table = found.table
    if not np.isfinite(table["value"]).any():
        return blank(title, "The measure is defined in no group.", dark)
    look, share = palette(dark), found.measure != "auc"
    scale = 100 if share else 1
    ticks, places, at = [], [], []
    place = 0
    for column, rows in table.groupby("column", sort=False):
        ticks.append(f"<b>{shortened(column, _LONGEST)}</b>")
        places.append(place)
        for index in rows.index:
            place += 1
            at.append(place)
            ticks.append(shortened(table.at[index, "group"], _LONGEST))
            places.append(place)
        place += 1
    value, low, high = (
        scale * table[name].to_numpy(np.float64) for name in ("value", "low", "high")
    )
    made = figure(
        title,
        f"Lines: {percent(found.level, 0)} intervals over {found.clusters}. Dotted: all images. "
        f"Filled: differs from its rest, p ≤ {SIGNIFICANT} after Holm's correction for "
        f"{count(found.tests, 'test')}. Grey: small groups. Larger points hold more images.",
        height=_ROW * (place + 1) + 48,
        dark=dark,
        xaxis={
            "title": {"text": "%" if share else "area"},
            "fixedrange": True,
            "zeroline": False,
            "range": _range(value, low, high, (0, scale)),
        },
        yaxis={
            "tickvals": places,
            "ticktext": ticks,
            "range": [place - 0.4, -0.6],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"color": look.ink, "size": 12},
        },
        showlegend=False,
    )
    if math.isfinite(found.whole[0]):
        made.add_vline(x=scale * found.whole[0], line={"color": look.muted, "dash": "dot"})
    significant = (table["p_holm"] <= SIGNIFICANT).to_numpy()
    small = table["small"].to_numpy(bool)
    most = max(float(table["counted"].max()), 1.0)
    sizes = 7 + 8 * np.sqrt(table["counted"].to_numpy(np.float64) / most)
    for faint in (True, False):
        chosen = np.flatnonzero((small == faint) & np.isfinite(value))
        colour = look.muted if faint else look.accent
        made.add_scatter(
            x=value[chosen],
            y=np.array(at)[chosen],
            customdata=[str(row) for row in chosen],
            mode="markers",
            marker={
                "size": sizes[chosen],
                "color": colour,
                "symbol": ["circle" if significant[row] else "circle-open" for row in chosen],
                "line": {"width": 2, "color": colour},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(high - value)[chosen],
                "arrayminus": np.nan_to_num(value - low)[chosen],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            hovertext=[_hover(table.iloc[row].to_dict(), share) for row in chosen],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return made


def _range(
    value: np.ndarray, low: np.ndarray, high: np.ndarray, whole: tuple[float, float]
) -> list[float]:
    """From below the lowest end to above the highest, within the measure's own range."""
    ends = np.concatenate([value, low, high])
    ends = ends[np.isfinite(ends)]
    room = 0.04 * (whole[1] - whole[0])
    return [
        max(float(ends.min()) - room, whole[0] - room / 2),
        min(float(ends.max()) + room, whole[1] + room / 2),
    ]


def _hover(row: Mapping[object, object], share: bool) -> str:
    def number(name: str) -> str:
        value = float(str(row[name]))
        return percent(value) if share else fixed(value, 3)

    return "<br>".join(
        [
            f"<b>{text(row['column'])}: {text(row['group'])}</b>",
            f"{number('value')} ({number('low')} to {number('high')})",
            f"rest {number('rest')}, p {fixed(float(str(row['p'])), 3)}, Holm "
            f"{fixed(float(str(row['p_holm'])), 3)}",
            f"{count(int(str(row['counted'])), 'image')} counted of {int(str(row['images'])):,}",
        ]
    )
