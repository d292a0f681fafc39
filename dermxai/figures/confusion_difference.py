"""Two confusion matrices of the same images: how many more one of them has in each cell."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dermxai.figures.confusion import Grid, write_cells
from dermxai.figures.template import blank, figure, palette

_TITLE = "Difference of confusion matrices"
_HELP = (
    "Rows: true class. Columns: predicted class. Outlined: predicted correctly. Blue: more images; "
    "red: fewer."
)
_MORE, _FEWER = "#2f7fc1", "#c8553d"


def confusion_difference(table: pd.DataFrame, less: str, dark: bool = False) -> go.Figure:
    """True classes as rows, predicted ones as columns.

    Args:
        table: of images; index true codes, columns predicted codes.
        less: what is subtracted from what, such as "after less before".
        dark: colours for a dark page.
    """
    if table.empty:
        return blank(_TITLE, "No image here has a label to compare with.", dark)
    colours = palette(dark)
    grid = Grid.of([str(code) for code in table.index], [str(code) for code in table.columns])
    change = table.to_numpy(dtype=np.int64)
    most = max(int(np.abs(change).max()), 1)
    made = figure(_TITLE, f"Images {less}. {_HELP}", dark=dark, **grid.layout())
    made.add_heatmap(
        z=change / most,
        zmin=-1,
        zmax=1,
        colorscale=[[0, _FEWER], [0.5, colours.surface], [1, _MORE]],
        showscale=False,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )
    words = np.where(change != 0, np.char.replace(np.char.mod("%+d", change), "-", "−"), "")
    pale = np.abs(change) < 0.6 * most
    light = np.where(pale, 0.0 if dark else 1.0, 0.1)
    write_cells(made, words, light, int(np.clip(0.34 * grid.cell, 10, 14)))
    made.update_layout(
        shapes=grid.lines(colours.ink, colours.muted), annotations=grid.names(colours.ink)
    )
    return made
