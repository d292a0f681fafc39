"""How trainings went: what they reached after each epoch, which layers learnt, what they used."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from dermxai import taxonomy
from dermxai.figures.template import blank, figure, palette, shortened
from dermxai.training.loop.validation import CONFUSION

_HEIGHT, _AXIS, _LEGEND_ROW = 240, 48, 19  # pixels
_SERIES = ("#0f6fa8", "#c2410c", "#2fa36b", "#8d5fb0", "#b08900", "#d33fb0", "#5b6773", "#4aa8dd")
_SENSITIVITY = "sensitivity:"
_GIGABYTE = 2**30

Histories = Mapping[str, pd.DataFrame]
"""By the name of a training: its history, a row an epoch."""


def training_loss(histories: Histories, dark: bool = False) -> go.Figure:
    """Validation and training loss over epochs, a colour a training."""
    made = _over_epochs("Loss", "Solid on the validation images, dotted on those trained on.", dark)
    for index, (name, history) in enumerate(histories.items()):
        _line(made, name, history, "validation_loss", _colour(index))
        _line(made, f"{name}, training", history, "loss", _colour(index), dash="dot", legend=False)
    return _ended(made, histories)


def training_measure(
    histories: Histories, column: str, title: str, *, percent: bool = True, dark: bool = False
) -> go.Figure:
    """A measure between 0 and 1 over epochs, a line a training.

    Args:
        column: of the histories; those that lack it are left out.
        percent: whether people say it in percent.
    """
    made = _over_epochs(title, "On the validation images, after each epoch.", dark)
    made.update_yaxes(
        tickformat=".3~p" if percent else ".3~f",
        autorangeoptions={"clipmin": 0, "clipmax": 1},
    )
    for index, (name, history) in enumerate(histories.items()):
        _line(made, name, history, column, _colour(index), form=".1%" if percent else ".3f")
    return _ended(made, histories)


def learning_rates(histories: Histories, dark: bool = False) -> go.Figure:
    """The learning rate of each epoch, on a logarithmic scale."""
    made = _over_epochs("Learning rate", "On a logarithmic scale.", dark)
    made.update_yaxes(type="log", exponentformat="e")
    for index, (name, history) in enumerate(histories.items()):
        _line(made, name, history, "learning_rate", _colour(index), form=".2e")
    return _ended(made, histories)


def learning_stages(
    history: pd.DataFrame, stages: int, epochs: int, dark: bool = False
) -> go.Figure:
    """Which of the network's stages learnt in which epoch.

    Args:
        history: ``learning_stages`` of each epoch: so many, counted from the heads.
        stages: of the network.
        epochs: of the whole training; those to come are left empty.
    """
    title, colours = "Layers that learn", palette(dark)
    if history.empty:
        return blank(title, "Drawn after the first epoch.", dark)
    learnt = history["learning_stages"].astype(int).tolist()
    # (stage, epoch), heads first
    cells = [[1 if stage < number else 0 for number in learnt] for stage in range(stages)]
    names = ["heads", *(f"stage {stage}" for stage in range(stages - 1, 0, -1))]
    made = figure(
        title,
        "Coloured: learns; grey: frozen. First layers at the bottom.",
        height=max(120, 100 + 18 * stages),
        dark=dark,
        xaxis={"title": {"text": "Epoch"}, "range": [0.5, epochs + 0.5], "showgrid": False},
        yaxis={"autorange": "reversed", "showgrid": False, "dtick": 1},
    )
    made.add_heatmap(
        x=history["epoch"].tolist(),
        y=names,
        z=cells,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        colorscale=[[0, colours.line], [1, colours.accent]],
        showscale=False,
        customdata=[["learns" if cell else "frozen" for cell in row] for row in cells],
        hovertemplate="Epoch %{x}, %{y}: %{customdata}<extra></extra>",
    )
    return made


def class_sensitivities(history: pd.DataFrame, dark: bool = False) -> go.Figure:
    """The sensitivity of each class over the epochs of one training."""
    codes = _named(history, _SENSITIVITY)
    colours = taxonomy.colours(codes, dark)
    made = _over_epochs("Sensitivity of each class", "On the validation images.", dark)
    made.update_yaxes(tickformat=".0%", range=[-0.02, 1.02])
    made.update_layout(
        height=max(_HEIGHT, 150 + 20 * len(codes)),  # all classes in the legend
        legend={
            "orientation": "v",
            "yref": "paper",
            "y": 1,
            "yanchor": "top",
            "x": 1.02,
            "xanchor": "left",
        },
    )
    for code in codes:
        _line(made, code, history, _SENSITIVITY + code, colours[code], form=".0%")
    return _ended(made, {"": history})


def watched_confusion(histories: Histories, dark: bool = False) -> go.Figure:
    """How often the watched classes were predicted as each other, over epochs."""
    made = _over_epochs(
        "Watched confusion",
        "Share of the first class's validation images predicted as the second.",
        dark,
    )
    made.update_yaxes(tickformat=".3~p", rangemode="tozero")
    for index, (name, history) in enumerate(histories.items()):
        for pair, dash in zip(_named(history, CONFUSION), ("solid", "dot"), strict=False):
            label = pair if len(histories) == 1 else f"{pair} · {name}"
            _line(made, label, history, CONFUSION + pair, _colour(index), dash=dash, form=".1%")
    return _ended(made, histories)


def loss_by_step(figures: pd.DataFrame, dark: bool = False) -> go.Figure:
    """The loss as it was reported while training.

    Args:
        figures: ``step`` and ``loss``, in the order of time.
    """
    title = "Loss of each step"
    if figures.empty:
        return blank(title, "Drawn once training has begun.", dark)
    colours = palette(dark)
    made = figure(
        title,
        "Of single batches, and their running mean.",
        height=_HEIGHT,
        dark=dark,
        xaxis={"title": {"text": "Step"}, "showgrid": False},
    )
    smooth = figures["loss"].ewm(span=max(2, len(figures) // 20)).mean()
    for values, colour, width in ((figures["loss"], colours.line, 1), (smooth, colours.accent, 2)):
        made.add_scatter(
            x=figures["step"].tolist(),
            y=values.tolist(),
            mode="lines",
            line={"color": colour, "width": width},
            hovertemplate="Step %{x}: %{y:.4g}<extra></extra>",
            showlegend=False,
        )
    return made


def hardware_use(samples: pd.DataFrame, dark: bool = False) -> go.Figure:
    """Processors, memory and GPU that a job used, over its time.

    Args:
        samples: columns as `dermxai.jobs.hardware` writes them.
    """
    title = "Hardware"
    if samples.empty:
        return blank(title, "Drawn once the job has worked for some seconds.", dark)
    minutes = ((samples["time"] - samples["time"].iloc[0]) / 60).tolist()
    drawn = [
        ("Processors busy", samples["processors"], "%{y:.1f}"),
        ("Memory, GB", samples["memory"] / _GIGABYTE, "%{y:.1f} GB"),
        ("GPU, %", samples["gpu"], "%{y:.0f} %"),
        ("GPU memory, GB", samples["gpu_memory"] / _GIGABYTE, "%{y:.1f} GB"),
    ]
    drawn = [(name, values, form) for name, values, form in drawn if values.notna().any()]
    made = figure(
        title,
        "Every few seconds, with all processes of the job.",
        height=130 * len(drawn),
        dark=dark,
        showlegend=False,
        grid={"rows": len(drawn), "columns": 1, "pattern": "coupled", "ygap": 0.25},
    )
    for index, (name, values, form) in enumerate(drawn, 1):
        axis = "" if index == 1 else str(index)
        made.add_scatter(
            x=minutes,
            y=values.tolist(),
            yaxis=f"y{axis}",
            mode="lines+markers" if len(minutes) < 3 else "lines",
            line={"color": palette(dark).accent, "width": 1.5},
            hovertemplate=f"%{{x:.1f}} min: {form}<extra>{name}</extra>",
        )
        made.update_layout(
            {f"yaxis{axis}": {"title": {"text": name}, "rangemode": "tozero", "nticks": 4}}
        )
    made.update_xaxes(title={"text": "Minutes"}, showgrid=False)
    return made


def _over_epochs(title: str, help_: str, dark: bool) -> go.Figure:
    return figure(
        title,
        help_,
        height=_HEIGHT,
        dark=dark,
        xaxis={"title": {"text": "Epoch"}, "showgrid": False},
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
    )


def _line(
    made: go.Figure,
    name: str,
    history: pd.DataFrame,
    column: str,
    colour: str,
    *,
    dash: str = "solid",
    form: str = ".4g",
    legend: bool = True,
) -> None:
    if column not in history:
        return
    made.add_scatter(
        x=history["epoch"].tolist(),
        y=history[column].tolist(),
        name=shortened(name, 40),
        mode="lines+markers" if len(history) < 60 else "lines",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 5},
        showlegend=legend,
        hovertemplate=f"%{{y:{form}}}",
    )


def _ended(made: go.Figure, histories: Histories) -> go.Figure:
    """Whole epochs on the axis, and a legend only where names tell something apart."""
    last = max(
        (history["epoch"].max() for history in histories.values() if len(history)), default=1
    )
    made.update_xaxes(range=[0.5, max(2, last) + 0.5], dtick=max(1, round(last / 12)), tick0=1)
    named = sum(bool(trace.showlegend and trace.name) for trace in made.data)
    made.update_layout(showlegend=named > 1)
    if made.layout.legend.orientation == "h" and named > 1:
        below = _LEGEND_ROW * (1 if named == 2 else named)  # long names take a row each
        made.update_layout(height=made.layout.height + below, margin_b=_AXIS + below)
    return made


def _colour(index: int) -> str:
    return _SERIES[index % len(_SERIES)]


def _named(history: pd.DataFrame, prefix: str) -> list[str]:
    return [str(name)[len(prefix) :] for name in history if str(name).startswith(prefix)]
