"""How many images and patients each class has."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from dermxai import taxonomy
from dermxai.figures.template import blank, figure, palette, shortened, text

_TITLE = "Class balance"
_NO_LABEL, _NO_SPLIT = "No label", "no split"
_ORDER = ("train", "validation", "val", "test")
_OPACITY = (1.0, 0.55, 0.3, 0.18)
_ROW = 26


def balance(
    labels: Sequence[object],
    patient_ids: Sequence[object] | None = None,
    splits: Sequence[object] | None = None,
    *,
    colours: Mapping[str, str] | None = None,
    dark: bool = False,
) -> go.Figure:
    """Horizontal bars of images, and of patients where they are known; splits are shades.

    ``customdata`` of each bar is its class code, "" for images without a label.

    Args:
        labels: (n,) class codes; None, NaN or "" where unknown.
        patient_ids: (n,)
        splits: (n,)
        colours: by class code; those of the labels where not given.
        dark: colours for a dark page.
    """
    table = pd.DataFrame(
        {
            "label": _filled(labels, len(labels), ""),
            "patient": _filled(patient_ids, len(labels), ""),
            "split": _filled(splits, len(labels), _NO_SPLIT),
        }
    )
    if table.empty:
        return blank(_TITLE, "There is no image here.", dark)
    with_patients = bool((table["patient"] != "").any())
    codes = taxonomy.ordered(table.loc[table["label"] != "", "label"])
    rows = [*codes, *([""] if (table["label"] == "").any() else [])]
    present = sorted(set(table["split"]), key=_split_order)
    look = palette(dark)
    colours = taxonomy.colours(codes, dark) if colours is None else colours
    images = table.pivot_table(index="label", columns="split", aggfunc="size", fill_value=0)
    panels = {"Images": images.loc[rows, present]}
    if with_patients:
        known = table[table["patient"] != ""]
        patients = known.pivot_table("patient", "label", "split", "nunique", fill_value=0)
        panels["Patients"] = patients.reindex(index=rows, columns=present, fill_value=0)
    made = figure(
        f"{' and '.join(panels)} of each class".capitalize(),
        height=_ROW * (len(rows) + 2),
        dark=dark,
        barmode="stack",
        bargap=0.25,
        yaxis={
            "range": [len(rows) - 0.5, -1.5],
            "tickvals": list(range(len(rows))),
            "ticktext": [_name(code) for code in rows],
            "tickfont": {"color": look.ink, "size": 13},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        legend={"orientation": "h", "x": 0, "y": 0, "yanchor": "top", "traceorder": "normal"},
    )
    fills = [colours.get(code, look.missing) for code in rows]
    for number, (unit, counts) in enumerate(panels.items()):
        start = number * 0.52
        axis = {
            "domain": [start, start + (0.48 if with_patients else 1)],
            "range": [0, 1.55 * max(counts.sum(axis=1).max(), 1)],
            "visible": False,
            "fixedrange": True,
        }
        name = f"x{number + 1}" if number else "x"
        made.update_layout({name.replace("x", "xaxis"): axis})
        made.add_annotation(
            x=0,
            y=-1,
            xref=name,
            yref="y",
            text=unit,
            showarrow=False,
            xanchor="left",
            font={"size": 13, "weight": 600},
        )
        _bars(made, counts, fills, name, unit.lower())
    if present != [_NO_SPLIT]:
        for split, opacity in zip(present, _shades(len(present)), strict=True):
            made.add_bar(
                x=[None],
                y=[None],
                name=text(split),
                marker=_fills([look.muted], opacity),
                hoverinfo="skip",
            )
    return made


def _bars(
    made: go.Figure, counts: pd.DataFrame, fills: Sequence[str], axis: str, unit: str
) -> None:
    """Bars of ``counts`` (row, split), one trace a split, and the rows' totals at their ends."""
    places = list(range(len(counts)))
    totals = counts.sum(axis=1)
    for split, opacity in zip(counts, _shades(counts.shape[1]), strict=True):
        made.add_bar(
            x=counts[split].tolist(),
            y=places,
            xaxis=axis,
            orientation="h",
            marker=_fills(fills, opacity),
            customdata=list(counts.index),
            hovertext=[
                _said(code, count, unit, str(split))
                for code, count in zip(counts.index, counts[split], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
        )
    made.add_scatter(
        x=totals.tolist(),
        y=places,
        xaxis=axis,
        mode="text",
        text=[f" {total:,}" for total in totals],
        textposition="middle right",
        hoverinfo="skip",
        showlegend=False,
    )


def _shades(count: int) -> list[float]:
    return [_OPACITY[min(i, len(_OPACITY) - 1)] for i in range(count)]


def _fills(colours: Sequence[str], opacity: float) -> dict[str, object]:
    """Bars in a shade of their class, with its outline, so that pale ones can be seen."""
    faded = [
        f"rgba({int(c[1:3], 16)},{int(c[3:5], 16)},{int(c[5:], 16)},{opacity})" for c in colours
    ]
    return {"color": faded, "line": {"width": 1, "color": list(colours)}}


def _said(code: str, count: int, unit: str, split: str) -> str:
    of = "" if split == _NO_SPLIT else f", {text(split)}"
    return f"{_name(code)}<br>{count:,} {unit}{of}"


def _filled(values: Sequence[object] | None, length: int, missing: str) -> list[str]:
    if values is None:
        return [missing] * length
    column = pd.Series(list(values), dtype=object)
    stated = column.notna()
    return [
        str(value) if there and value != "" else missing
        for value, there in zip(column, stated, strict=True)
    ]


def _split_order(split: str) -> tuple[int, str]:
    return (_ORDER.index(split) if split in _ORDER else len(_ORDER), split)


def _name(code: str) -> str:
    return shortened(taxonomy.name(code), 30) if code else _NO_LABEL
