"""A figure that was made for a dark page, in the colours of light ones."""

from collections.abc import Mapping
from functools import cache

import plotly.graph_objects as go

from dermxai import taxonomy
from dermxai.figures.template import DARK, LIGHT

_Plain = Mapping[str, object] | list[object] | tuple[object, ...] | str | object


def in_light(made: go.Figure) -> go.Figure:
    """A copy in the light set; a figure that is no dark one as it is."""
    if made.layout.template.layout.font.color != DARK.ink:
        return made
    layout = made.layout.to_plotly_json()
    template = layout.pop("template")
    lit = go.Figure(
        [_lit(trace.to_plotly_json()) for trace in made.data], _lit(layout), skip_invalid=False
    )
    lit.layout.template = template
    return lit


def _lit(value: _Plain) -> _Plain:
    if isinstance(value, Mapping):
        return {name: _lit(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        if tuple(value) == DARK.scale:
            return LIGHT.scale
        return [_lit(each) for each in value]
    return _of_light(value) if isinstance(value, str) else value


def _of_light(text: str) -> str:
    found = _pairs().get(text.lower())
    if found is None and text.startswith("rgba("):
        red, green, blue, opacity = text[5:-1].split(",")
        solid = "#" + "".join(f"{int(each):02x}" for each in (red, green, blue))
        lit = _pairs().get(solid, solid)
        return f"rgba({int(lit[1:3], 16)},{int(lit[3:5], 16)},{int(lit[5:], 16)},{opacity})"
    return found or text


@cache
def _pairs() -> Mapping[str, str]:
    """Each colour of dark pages → the one in its place on light ones."""
    pairs = {each.dark_colour.lower(): each.colour for each in taxonomy.DISEASES}
    for name, dark in vars(DARK).items():
        light = getattr(LIGHT, name)
        several = not isinstance(dark, str)
        pairs |= dict(zip(dark, light, strict=True)) if several else {dark: light}
    return pairs
