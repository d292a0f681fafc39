"""Parts of the Robustness page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dermxai import figures
from dermxai.data.transforms import fitted
from dermxai.explain.attribution.method import Progress
from dermxai.runs import Run
from dermxai.ui.app import probes
from dermxai.ui.app.probes import Pair
from dermxai.ui.components import look
from dermxai.ui.components.text import percent, plain, shortened, signed_logit
from dermxai.ui.components.thumbnails import SIDE, jpeg
from dermxai.ui.session.caches import explanations, models
from dermxai.ui.session.requested import on_request
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain.robustness.evaluate import Robustness

_SEED = 0
_CARD = 132  # pixels, the narrowest


def body(scene: Scene, subject: Subject) -> None:
    """The question, and the card where it has been asked for."""
    from dermxai.explain.robustness.evaluate import passes

    run = scene.run
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pair = probes.ask_pair(run, subject, "Margin against")
    if pair is None:
        return
    key = ("fragility", run.made_by["hash"], subject.key, pair)
    found = explanations.robustness().get(key)
    if found is None:
        st.markdown(
            "Flips and rotations, colour constancy, blur, JPEG, brightness; hair, a ruler, ink and "
            "gel bubbles drawn over it: none of these changes the diagnosis. Do they change the "
            "prediction?"
        )
        found = on_request(
            run,
            "fragility",
            "Test its robustness",
            [("fragility", passes(models.classifier(run).info.preprocessing))],
            _work(run, subject, pair),
        )
        if found is None:
            return
        explanations.robustness().put(key, found)
        st.rerun()
    _card(found)
    if st.toggle("Show the perturbed images", key=Key.SHOWN.of("changed"), persist_state="session"):
        _pictures(run, subject, found, key)
    look.notes(found.notes)


def _work(run: Run, subject: Subject, pair: Pair) -> "Callable[[Progress], Robustness]":
    def work(progress: Progress) -> "Robustness":
        from dermxai.explain.robustness.evaluate import robustness

        return robustness(
            models.classifier(run), subject.pixels(), pair.against, seed=_SEED, progress=progress
        )

    return work


def _card(found: "Robustness") -> None:
    st.markdown(_verdict(found))
    margins = found.table["margin"]
    with st.container(horizontal=True, gap="large"):
        for name, value, help_ in (
            (
                "Flip rate",
                percent(found.flip_rate, 0),
                f"{int(found.table['flipped'].sum())} of {len(found.table)} perturbations are "
                "predicted as "
                "another class. The perturbations are chosen, not sampled: there is no interval.",
            ),
            (
                "Margin",
                signed_logit(found.margin),
                f"Logit of {plain(found.prediction)} less that of {plain(found.against)}, "
                "unchanged.",
            ),
            (
                "SD of the margin",
                f"± {found.spread:.2f}",
                "Standard deviation over the perturbations, from "
                f"{signed_logit(margins.min())} to {signed_logit(margins.max())} logits.",
            ),
            (
                "Rank correlation",
                _median(found.table["rank_correlation"]),
                "Of the vote map with the unchanged one, brought back to its geometry: Spearman's "
                "ρ over positions, median (Ghorbani et al. 2019).",
            ),
            (
                "Relevance overlap",
                _median(found.table["overlap"], share=True),
                "How much of the strongest tenth of the map stays among the strongest tenth, "
                "median (Ghorbani et al. 2019).",
            ),
        ):
            st.metric(name, value, help=help_, width="content")
    left, right = st.columns([6, 5], gap="large")
    with left:
        table = found.table
        drawn = figures.margins(
            table["group"].tolist(),
            table["name"].tolist(),
            table["margin"],
            predictions=table["prediction"].tolist(),
            unchanged=found.margin,
            prediction=found.prediction,
            against=found.against,
            dark=look.dark(),
        )
        look.plot(look.Plot.of(drawn), Key.FIGURE.of("probe"))
    with right:
        look.heading("By kind of perturbation", "Similarity of the map: medians.")
        _groups(found.groups)


def _verdict(found: "Robustness") -> str:
    flipped, weakest = found.table[found.table["flipped"]], found.weakest
    a, b = plain(found.prediction), plain(found.against)
    at = plain(weakest["name"])
    closest = f"closest to {b}: {at}, margin {signed_logit(weakest['margin'])}"
    if flipped.empty:
        return (
            f"**Prediction unchanged under all {len(found.table)} perturbations: {a}**; {closest}."
        )
    into = flipped["prediction"].value_counts()
    others = ", ".join(f"{plain(code)} {number}×" for code, number in into.items())
    return (
        f"**{len(flipped)} of {len(found.table)} perturbations change the prediction from {a}** "
        f"(to {others}); {closest}."
    )


def _groups(groups: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Perturbation": groups.index,
            "Changed": [
                f"{flipped} of {number}"
                for flipped, number in zip(groups["flipped"], groups["count"], strict=True)
            ],
            "Margin": [
                f"{signed_logit(low)} … {signed_logit(high)}"
                for low, high in zip(groups["lowest"], groups["highest"], strict=True)
            ],
            "Rank ρ": groups["rank_correlation"].to_numpy().round(2) + 0.0,
            "Overlap": 100 * groups["overlap"].to_numpy(),
        }
    )
    column = st.column_config
    st.dataframe(
        shown,
        hide_index=True,
        height=look.height(shown),
        column_config={
            "Changed": column.TextColumn(alignment="right"),
            "Margin": column.TextColumn(alignment="right"),
            "Rank ρ": column.NumberColumn(format="%.2f"),
            "Overlap": column.NumberColumn(format="%.0f %%"),
        },
    )


def _pictures(run: Run, subject: Subject, found: "Robustness", key: tuple[object, ...]) -> None:
    """Every perturbed image with its prediction."""
    pictures = explanations.perturbed().get(key)
    if pictures is None:
        from dermxai.explain.robustness.evaluate import perturbed

        way = models.classifier(run).info.preprocessing
        made = perturbed(way, subject.pixels(), _SEED)
        pictures = explanations.perturbed().put(
            key, [jpeg(fitted(each, SIDE), 82) for each in made]
        )
    rows = found.table.to_dict("records")
    with st.grid("auto", min_column_width=_CARD, gap="small") as cells:
        for picture, row in zip(pictures, rows, strict=True):
            with cells.cell(), st.container(gap="xsmall"):
                st.image(picture, width="stretch", alt=str(row["name"]))
                margin = signed_logit(float(row["margin"]))
                prediction = f"{plain(shortened(str(row['prediction']), 14))} {margin}"
                words = f":orange[{prediction}]" if row["flipped"] else prediction
                st.caption(f"{plain(row['name'])}  \n{words}")


def _median(values: pd.Series, share: bool = False) -> str:
    middle = float(values.median())
    return percent(middle, 0) if share else signed_logit(middle)
