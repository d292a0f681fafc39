"""Coverage of prediction sets, class by class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai import taxonomy
from dermxai.core.formatting import percent
from dermxai.figures.template import blank, figure, palette, shortened, text

_WIDE, _ROW = 520, 26
_TITLE = "Coverage by class"


def coverage(
    table: pd.DataFrame,
    classes: Sequence[str],
    asked: float,
    level: float = 0.95,
    dark: bool = False,
) -> go.Figure:
    """Share of the images of each class whose set holds it, with intervals.

    Args:
        table: `metrics.conformal.MeasuredSets.by_class`.
        classes: k codes, one a row.
        asked: the coverage asked for.
        level: of the intervals.
        dark: colours for a dark page.
    """
    rows = table.assign(code=list(classes))[table["images"].to_numpy() > 0].set_index("code")
    if rows.empty:
        return blank(_TITLE, "No image here has a label that the model knows.", dark)
    rows = rows.loc[taxonomy.ordered(rows.index)]
    look, places = palette(dark), list(range(len(rows)))
    made = figure(
        _TITLE,
        f"Images of a class whose set holds it; dotted: {percent(asked, 0)}, as asked for. "
        f"{percent(level, 0)} intervals.",
        height=_ROW * (len(rows) + 2),
        width=_WIDE,
        dark=dark,
        xaxis={"range": [-0.02, 1.02], "tickformat": ".0%", "title": "Coverage"},
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": places,
            "ticktext": [shortened(code, 16) for code in rows.index],
            "tickfont": {"color": look.ink, "size": 13},
            "showgrid": False,
        },
        showlegend=False,
    )
    value = rows["coverage"].to_numpy(dtype=np.float64)
    low, high = (rows[end].to_numpy(dtype=np.float64) for end in ("low", "high"))
    made.add_scatter(
        x=value,
        y=places,
        mode="markers",
        marker={"size": 9, "color": look.accent},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(high - value),
            "arrayminus": np.nan_to_num(value - low),
            "thickness": 1.5,
            "width": 4,
            "color": look.accent,
        },
        customdata=np.column_stack([rows["images"], rows["size"], low, high]),
        hovertext=[text(taxonomy.titled(code)) for code in rows.index],
        hovertemplate="<b>%{hovertext}</b><br>%{x:.1%} [%{customdata[2]:.1%}–%{customdata[3]:.1%}] "
        "of %{customdata[0]:,} images<br>%{customdata[1]:.2f} classes in a set<extra></extra>",
    )
    made.add_vline(asked, line={"color": look.muted, "width": 1, "dash": "dot"})
    return made
