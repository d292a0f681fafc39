"""Maps to take away: pictures as they are seen, as PNG, SVG or PDF, and their numbers as ``.npz``.

A picture whose map is missing is left out, and named beneath the others with the reason. All carry
the same description (`described`): the PNG as a text chunk, the SVG as metadata, the PDF as its
subject.
"""

import io
import json
import re
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from functools import cache

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from dermxai.core.formatting import jsonable, rounded
from dermxai.figures.overlay import Picture, colour_bar, two_sided

_WIDTH = 3.4  # inches of a picture
_BENEATH = 0.72  # inches: colour bar, its numbers, its unit
_ABOVE = 0.3  # a picture's title
_HEAD = 0.45  # the sheet's title
_GAP = 0.25
_LINE = 0.14  # of the foot
_FOOT = 6.5  # points
_DPI = 200
_INK, _MUTED = "#1f2933", "#5b6773"
# Families with Chinese letters, those first of which a PDF takes the letters it needs alone.
_CHINESE = (
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
    "PingFang SC",
    "Hiragino Sans GB",
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
)
_ABOUT = ("method", "target", "against", "head", "unit", "signed", "complete", "settings", "notes")
_ORIGIN = ("run", "checkpoint", "checkpoint_hash", "dataset")
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # of XML 1.0
DESCRIPTION = "Description"
"""Key of the PNG's text chunk, and of the SVG's Dublin Core metadata (in lower case)."""


def png(
    pictures: Sequence[Picture],
    title: str,
    columns: int = 3,
    about: Mapping[str, object] | None = None,
) -> bytes:
    """Pictures side by side on white, each with its colour bar, its numbers and unit. Letters that
    no font of `families` has are boxes; in SVG they are not.

    Args:
        about: as for `npz`.
    """
    sheet, told = _sheet(pictures, title, columns, about or {}), described(pictures, about or {})
    metadata = {"Title": _NO_TEXT.sub("\ufffd", title), DESCRIPTION: told, "Software": "DermXAI"}
    return saved(sheet, "png", dpi=_DPI, metadata=metadata)


def svg(
    pictures: Sequence[Picture],
    title: str,
    columns: int = 3,
    about: Mapping[str, object] | None = None,
) -> bytes:
    """The same, titles and numbers as text that can be edited; the same bytes for the same data."""
    sheet, told = _sheet(pictures, title, columns, about or {}), described(pictures, about or {})
    metadata = {
        "Date": None,
        "Title": _NO_TEXT.sub("\ufffd", title),
        DESCRIPTION: told,
        "Creator": "DermXAI",
    }
    return saved(sheet, "svg", metadata=metadata)


def pdf(
    pictures: Sequence[Picture],
    title: str,
    columns: int = 3,
    about: Mapping[str, object] | None = None,
) -> bytes:
    """The same for LaTeX, its fonts embedded, titles and numbers as text; letters as for `png`."""
    sheet, told = _sheet(pictures, title, columns, about or {}), described(pictures, about or {})
    metadata = {
        "CreationDate": None,
        "Title": _NO_TEXT.sub("\ufffd", title),
        "Subject": told,
        "Creator": "DermXAI",
    }
    return saved(sheet, "pdf", metadata=metadata)


def described(pictures: Sequence[Picture], about: Mapping[str, object]) -> str:
    """JSON: what was given; under ``maps``, in the order of the pictures that have one, each one's
    title, image, method, target, settings, unit, notes, and value of full colour with its unit; and
    under ``missing`` the titles of those that are left out, each with the reason."""
    maps = []
    for each in pictures:
        if (made := each.attribution) is not None:
            told = {part: getattr(made, part) for part in _ABOUT}
            scale = {"full_colour": each.scale, "full_colour_unit": made.density_unit}
            maps.append({"title": each.title, "image": each.name, **told, **scale})
    missing = {each.title: each.missing for each in pictures if each.missing}
    told = jsonable({**about, "maps": maps, "missing": missing})
    written = json.dumps(told, default=str, ensure_ascii=False, allow_nan=False)
    return _NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


@cache
def families() -> list[str]:
    """matplotlib's own font, and after it one of this machine that has Chinese letters, if any."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in _CHINESE if name in installed][:1]]


def saved(
    made: Figure, kind: str, metadata: Mapping[str, str | None], dpi: float | None = None
) -> bytes:
    """A figure's file, texts as texts, fonts embedded; the same bytes for the same figure."""
    buffer = io.BytesIO()
    if kind != "svg":
        for text in made.findobj(Text):
            text.set_fontfamily(families())
    with (
        mpl.rc_context(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": "dermxai",
                "pdf.fonttype": 42,
                "text.parse_math": False,
            }
        ),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph")
        made.savefig(buffer, format=kind, metadata=metadata, dpi=dpi or "figure")
    return buffer.getvalue()


def npz(pictures: Sequence[Picture], about: Mapping[str, object]) -> bytes:
    """The numbers behind a sheet, for `numpy.load`.

    Args:
        pictures: those without a map are left out.
        about: what holds for all of them (image, checkpoint, versions); plain values.

    Returns:
        Arrays ``map_1``, ``native_1``, … (the map at the picture's size and at the method's own
        resolution) and ``about``, as `described`.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    made = [each.attribution for each in pictures if each.attribution is not None]
    for number, each in enumerate(made, 1):
        arrays[f"map_{number}"], arrays[f"native_{number}"] = each.map, each.native
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, about=described(pictures, about), **arrays)
    return buffer.getvalue()


def _listed(value: object) -> Sequence[Mapping[str, object]]:
    return value if isinstance(value, list | tuple) else ()


def _foot(pictures: Sequence[Picture], about: Mapping[str, object], width: float) -> list[str]:
    """Lines beneath the pictures: what is left out, and where the others come from.

    Args:
        width: of the sheet, in inches.
    """
    images = [
        ", ".join(
            [
                str(each["name"]),
                f"label {each['label']}" if each.get("label") else "no label",
                f"predicted {each['predicted']}" if each.get("predicted") else "",
            ]
        ).rstrip(", ")
        for each in _listed(about.get("images"))
    ]
    left_out: dict[str, list[str]] = {}
    for each in pictures:
        if each.missing:
            left_out.setdefault(each.missing.rstrip("."), []).append(each.title)
    parts = [
        *(f"Left out ({why}): {', '.join(titles)}" for why, titles in left_out.items()),
        " · ".join([*images, *(f"{name} {about[name]}" for name in _ORIGIN if name in about)]),
    ]
    letters = max(20, int(width * 72 / (0.55 * _FOOT)))
    return [line for part in parts for line in textwrap.wrap(part, letters)]


def _sheet(
    pictures: Sequence[Picture], title: str, columns: int, about: Mapping[str, object] | None = None
) -> Figure:
    foot_of, pictures = pictures, [each for each in pictures if not each.missing]
    columns = max(1, min(columns, len(pictures)))
    heights = [_WIDTH * each.image.shape[0] / each.image.shape[1] for each in pictures]
    rows = [max(heights[start : start + columns]) for start in range(0, len(pictures), columns)]
    width = _GAP + columns * (_WIDTH + _GAP)
    foot = _foot(foot_of, about or {}, width - 2 * _GAP)
    height = _HEAD + sum(rows) + len(rows) * (_ABOVE + _BENEATH) + _GAP + len(foot) * _LINE
    made = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(made)
    room = width - 2 * _GAP
    _write(made, title, _GAP / width, 1 - 0.5 * _HEAD / height, size=12, weight="bold", room=room)
    for index, each in enumerate(pictures):
        row, column = divmod(index, columns)
        left = _GAP + column * (_WIDTH + _GAP)
        top = height - _HEAD - sum(rows[:row]) - row * (_ABOVE + _BENEATH)
        _draw(made, each, (left / width, top / height), (width, height))
    for number, line in enumerate(reversed(foot)):
        y = (0.6 * _GAP + number * _LINE) / height
        _write(made, line, _GAP / width, y, size=_FOOT, colour=_MUTED, room=room)
    return made


def _draw(
    made: Figure, picture: Picture, place: tuple[float, float], size: tuple[float, float]
) -> None:
    """One picture, its upper left corner at ``place`` in shares of the sheet's size (inches)."""
    left, top = place
    width, height = size
    tall = _WIDTH * picture.image.shape[0] / picture.image.shape[1]
    bottom = top - (_ABOVE + tall) / height
    above = top - 0.5 * _ABOVE / height
    _write(made, picture.title, left, above, size=9.5, weight="bold", room=_WIDTH)
    axes = made.add_axes((left, bottom, _WIDTH / width, tall / height))
    axes.imshow(picture.image, aspect="auto", interpolation="none")
    axes.set_axis_off()
    attribution = picture.attribution
    if attribution is None:
        return
    bar = made.add_axes((left, bottom - 0.14 / height, _WIDTH / width, 0.07 / height))
    bar.imshow(colour_bar(signed=two_sided(attribution)), aspect="auto", interpolation="none")
    bar.set_axis_off()
    line, right = bottom - 0.25 / height, left + _WIDTH / width
    if two_sided(attribution):
        _write(made, f"−{rounded(picture.scale)} {picture.low}", left, line)
        _write(made, "0", (left + right) / 2, line, align="center")
    else:
        _write(made, "0", left, line)
    _write(made, f"+{rounded(picture.scale)} {picture.high}", right, line, align="right")
    _write(made, attribution.density_unit, left, bottom - 0.42 / height, colour=_MUTED)


def legible(words: str) -> str:
    """On one line, with a mark for each character that no text may hold."""
    return " ".join(_NO_TEXT.sub("\ufffd", words).split())


def _write(
    made: Figure,
    words: str,
    x: float,
    y: float,
    *,
    size: float = 8,
    weight: str = "normal",
    align: str = "left",
    colour: str = _INK,
    room: float | None = None,
) -> None:
    """Words on one line, smaller where they are wider than ``room`` (inches)."""
    text = made.text(
        x,
        y,
        legible(words),
        fontsize=size,
        fontweight=weight,
        ha=align,
        va="center",
        color=colour,
        parse_math=False,
    )
    if room is not None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")
            wide = text.get_window_extent().width / made.dpi
        text.set_fontsize(size * 0.95 * room / max(wide, 0.95 * room))
