"""What leaks: images that the model has seen in training, and near-duplicates between splits, side
by side; and what they add to the measures."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dermxai.data.picture_hash import BITS
from dermxai.metrics.leakage import Premium
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.evaluated import AS_IT_IS
from dermxai.report.leakage import KINDS
from dermxai.report.sentences import OVERALL, sentences
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look
from dermxai.ui.components.text import (
    PREMIUM_INTERVAL,
    SHARE_INTERVAL,
    count,
    fixed,
    interval,
    percent,
    plain,
    shortened,
    signed,
)
from dermxai.ui.components.thumbnails import thumbnails
from dermxai.ui.session import state
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_PAIRS = 9  # on a page
_SIDE = 128  # pixels of a picture
_CARD = 270  # of two side by side


class Beside(NamedTuple):
    """Two images that are alike; ``second`` is "" where it is not in the dataset."""

    first: str
    second: str
    words: str


def ask(scene: Scene, split: str | None) -> bool:
    """Whether to measure with the images that leak from training; asked where some do, and others
    do not."""
    found = scene.run.leaks
    if found is None:
        return True
    leaking = found.any[scene.run.in_split(split)]
    if not leaking.any() or leaking.all():
        return True
    return not st.toggle(
        f"Without the {count(int(leaking.sum()), 'image')} that leak from training",
        key=Key.LEAKS,
        bind="query-params",
        persist_state="session",
    )


def premium(scene: Scene, split: str | None, merging: Regrouping = AS_IT_IS) -> None:
    """What leaks into a split, by kind, what that adds to each overall measure, and the images
    beside those of the training.

    Args:
        merging: classes that are taken as one.
    """
    found = scene.run.leaks
    if found is None:
        return
    rows = scene.run.in_split(split)
    counts = found.counts(rows)
    if not counts or len(rows) == sum(counts.values()):
        return
    leaking = rows[found.any[rows]]
    ids = scene.run.samples["sample_id"].to_numpy(dtype=object)
    look.heading(
        "Leakage",
        f"{count(len(leaking), 'image')} of this split were seen in training: "
        + ", ".join(f"{number:,} {KINDS[kind]}" for kind, number in counts.items())
        + ".",
    )
    made = evaluated.premium(scene.run_id, split, merging)
    if made is not None:
        shown, drawn = _measures(made)
        st.dataframe(shown, column_config=drawn, hide_index=True, height=look.height(shown))
        look.notes(sentences(made.notes))
    st.button(
        "Make them the selection",
        key=Key.SELECT.of("leaks"),
        type="tertiary",
        icon=":material/select_all:",
        on_click=callback(state.select),
        args=("Leaks from training", tuple(ids[leaking])),
    )
    table = found.table.iloc[leaking]
    pairs = [
        Beside(str(ids[row]), str(entry["of"]), _words(found.kind[row], entry))
        for row, (_, entry) in zip(leaking, table.iterrows(), strict=True)
    ]
    with st.expander("The images beside those of the training", icon=":material/compare:"):
        beside("leaks", pairs, scene, "not in this dataset")


def between_splits(scene: Scene) -> None:
    """Near-duplicates in different splits of the dataset, side by side."""
    if scene.source.run is None:
        return
    if scene.run.picture_hashes is None:
        look.notes(
            ["This run was made before near-duplicates were looked for: run inference again."]
        )
        return
    found = evaluated.near_duplicates(scene.run_id)
    if found.empty:
        return
    with st.expander(
        f"{count(len(found), 'near-duplicate')} between splits: what is measured on one split has "
        "been seen in another",
        icon=":material/warning:",
        expanded=True,
    ):
        pairs = [
            Beside(
                str(row["first"]),
                str(row["second"]),
                f"{row['splits']} · {_near(row['kind'], row['bits'], row['cosine'])}",
            )
            for row in found.to_dict("records")
        ]
        st.button(
            "Make them the selection",
            key=Key.SELECT.of("near"),
            type="tertiary",
            icon=":material/select_all:",
            on_click=callback(state.select),
            args=(
                "Near-duplicates between splits",
                tuple(dict.fromkeys([*found["first"], *found["second"]])),
            ),
        )
        beside("near", pairs, scene)


def beside(name: str, pairs: Sequence[Beside], scene: Scene, absent: str = "") -> None:
    """One page of pairs of images, with a pager."""
    pages = -(-len(pairs) // _PAIRS)
    key = Key.PAGE.of(name)
    if state.page(key) > pages:
        state.put(key, 1)
    grid = st.container()
    number = (
        st.pagination(pages, key=key, bind="query-params", persist_state="session")
        if pages > 1
        else 1
    )
    shown = pairs[(number - 1) * _PAIRS : number * _PAIRS]
    with grid, st.grid("auto", min_column_width=_CARD, gap="small") as cells:
        for pair in shown:
            with cells.cell(), st.container(gap="xsmall"):
                with st.container(horizontal=True, gap="xsmall", horizontal_alignment="center"):
                    for sample_id in pair[:2]:
                        _picture(scene, sample_id, absent)
                names = " · ".join(shortened(name, 20) for name in pair[:2] if name)
                st.caption(
                    f"{plain(names)}  \n{plain(pair.words)}",
                    text_alignment="center",
                    help=plain(" · ".join(filter(None, pair[:2]))),
                )


def _picture(scene: Scene, sample_id: str, absent: str) -> None:
    picture = thumbnails([scene.path(sample_id)])[0] if sample_id else None
    if picture is not None:
        st.image(picture, width=_SIDE)
    else:
        words = "cannot be read" if sample_id else plain(absent)
        st.caption(f":material/hide_image: {words}", width=_SIDE)


def _words(kind: str, entry: pd.Series) -> str:
    near = {"picture": _bits(entry["bits"]), "features": _cosine(entry["cosine"])}
    return " · ".join(filter(None, (KINDS[kind], near.get(kind, ""))))


def _near(kind: str, bits: float, cosine: float) -> str:
    return _bits(bits) if kind == "picture" else _cosine(cosine)


def _bits(bits: float) -> str:
    return f"{bits:.0f} of {BITS} bits of the hash differ"


def _cosine(cosine: float) -> str:
    return f"features alike, cosine {fixed(cosine)}"


def _measures(made: Premium) -> tuple[pd.DataFrame, dict[str, ColumnConfig]]:
    """Overall measures for people, in percent, areas as they are."""
    rows = []
    for row in made.table.to_dict("records"):
        area = row["measure"] == "mean_auc"
        ends = (row["difference_low"], row["difference_high"])
        rows.append(
            {
                "Measure": OVERALL[row["measure"]],
                "All images": _value(row["value"], area),
                "Without": _value(row["without"], area),
                "Without CI": _ends(row["without_low"], row["without_high"], area),
                "Premium": _difference(row["difference"], area),
                "Premium CI": "–" if math.isnan(ends[0]) else _span(*ends, area),
            }
        )
    right = st.column_config.TextColumn
    drawn: dict[str, ColumnConfig] = {"Measure": right(width=310)}
    drawn |= {name: right(alignment="right") for name in ("All images", "Without", "Premium")}
    of = f"{percent(made.level, 0)} CI"
    drawn |= {
        f"{name} CI": right(of, alignment="right", help=help_)
        for name, help_ in (("Without", SHARE_INTERVAL), ("Premium", PREMIUM_INTERVAL))
    }
    return pd.DataFrame(rows), drawn


def _value(value: float, area: bool) -> str:
    return fixed(value, 3) if area else percent(value)


def _ends(low: float, high: float, area: bool) -> str:
    return (
        interval(low, high)
        if not area
        else "–"
        if np.isnan(low)
        else f"{fixed(low, 3)}–{fixed(high, 3)}"
    )


def _difference(value: float, area: bool) -> str:
    if math.isnan(value):
        return "–"
    return signed(value, 3) if area else f"{signed(100 * value, 1)} pp"


def _span(low: float, high: float, area: bool) -> str:
    return " to ".join(_difference(each, area).removesuffix(" pp") for each in (low, high))
