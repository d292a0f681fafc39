"""Parts of the Counterfactuals page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from dermxai import figures
from dermxai.core.components import lower_first
from dermxai.core.errors import InputError
from dermxai.data.transforms import fit_mask
from dermxai.explain.attribution.method import Progress
from dermxai.figures import overlay
from dermxai.runs import Run, feature_spaces
from dermxai.ui.app import probes
from dermxai.ui.app.probes import Pair
from dermxai.ui.components import forms, look
from dermxai.ui.components.gallery import opener
from dermxai.ui.components.text import count, interval, percent, plain, shortened, signed_logit
from dermxai.ui.components.thumbnails import jpeg
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.caches import explanations, models
from dermxai.ui.session.requested import on_request
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain.counterfactual.search import (
        Counterfactual,
        CounterfactualSettings,
        Donor,
    )

_CELL = 180  # pixels of a picture, the narrowest
_SET = (255, 208, 0)
_FILLS = {"inpaint": "Inpaint them", "paste": "Paste the other class"}


def body(scene: Scene, subject: Subject) -> None:
    """The question, and its answer where it has been asked for."""
    from dermxai.explain.counterfactual import search as counterfactuals

    run = scene.run
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pair = probes.ask_pair(run, subject, "Counterfactual class")
        if pair is None:
            return
        fill = st.segmented_control(
            "Replace superpixels",
            list(_FILLS),
            key=Key.FILL,
            default="inpaint",
            required=True,
            format_func=_FILLS.__getitem__,
            help="Inpainting fills them from their surroundings: it takes evidence away. Patches "
            "of the nearest image of the other class bring its evidence in.",
            persist_state="session",
        )
        with st.popover("", icon=":material/tune:", help="Settings of the search"):
            settings = forms.settings(counterfactuals.CounterfactualSettings, "flip")
    picture = subjects.shown(subject)
    donor = _donor(scene, subject, pair) if fill == "paste" else None
    key = (
        "flip",
        run.made_by["hash"],
        subject.key,
        pair,
        donor and donor.key,
        settings,
    )
    found = explanations.counterfactuals().get(key)
    if found is None:
        place = st.container()
        _columns([picture], ["Original"])
        with place:
            made = on_request(
                run,
                "flip",
                f"Search a counterfactual from {plain(pair.prediction)} to {plain(pair.against)}",
                [("flip", counterfactuals.passes(settings))],
                _search(run, subject, donor, pair.against, settings),
                at_most=True,
            )
        if made is None:
            return
        explanations.counterfactuals().put(key, made)
        st.rerun()
    _answer(found, picture, donor, settings.most)


def _donor(scene: Scene, subject: Subject, pair: Pair) -> Subject:
    """The nearest image of the other class that is predicted as such, of another patient.

    Raises:
        InputError: the dataset has none.
    """
    from dermxai.runs.nearest_neighbours import nearest

    near = nearest(
        scene.run,
        pair.against,
        sample_id=subject.sample_id,
        features=probes.features(scene.run, subject),
        count=1,
        typical=True,
    )
    if not near.found:
        raise InputError(f"{near.notes[0]} Inpaint instead, or choose another class.")
    first = near.found[0]
    features = lower_first(feature_spaces.title(scene.run, feature_spaces.NETWORK))
    source = (
        f"Patches come from {first.sample_id}: of the images of {pair.against} that are "
        "predicted as "
        f"such, of other {near.others}, the nearest in the {features} (Euclidean "
        f"distance {first.distance:.3g})."
    )
    look.notes([source, *near.notes])
    return subjects.of_sample(scene, first.sample_id)


def _search(
    run: Run, subject: Subject, donor: Subject | None, into: str, settings: "CounterfactualSettings"
) -> "Callable[[Progress], Counterfactual]":
    def work(progress: Progress) -> "Counterfactual":
        from dermxai.explain.counterfactual.search import find_counterfactual

        pixels = subject.pixels()
        return find_counterfactual(
            models.classifier(run),
            pixels,
            into,
            donor=None if donor is None else _as_donor(donor),
            mask=_lesion(subject, pixels),
            settings=settings,
            progress=progress,
        )

    return work


def _as_donor(subject: Subject) -> "Donor":
    from dermxai.explain.counterfactual.search import Donor

    pixels = subject.pixels()
    return Donor(str(subject.sample_id), pixels, _lesion(subject, pixels))


def _lesion(subject: Subject, pixels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    return subjects.masks(subject, (pixels.shape[0], pixels.shape[1])).get("Lesion")


def _answer(
    found: "Counterfactual", picture: NDArray[np.uint8], donor: Subject | None, most: float
) -> None:
    st.markdown(_verdict(found, most))
    st.markdown(_against_chance(found))
    mask = fit_mask(found.mask, (picture.shape[0], picture.shape[1]))
    after = (
        f"Edited: predicted as {plain(found.into)}"
        if found.flipped
        else "Edited: prediction unchanged"
    )
    pictures = [overlay.outline(picture, mask, _SET, 3), found.laid_on(picture)]
    captions = [f"Original: predicted as {plain(found.prediction)}; the set is outlined", after]
    if donor is not None:
        pictures.append(subjects.shown(donor))
        captions.append("")
    columns = _columns(pictures, captions)
    if donor is not None:
        with columns[-1]:
            opener(
                f"Patches from {plain(shortened(donor.name, 24))}",
                str(donor.sample_id),
                Key.STEP.of("donor"),
                icon=":material/center_focus_strong:",
            )
    drawn = figures.counterfactual_path(
        found.areas,
        found.leads,
        found=(found.area, found.lead),
        random_areas=found.random.areas,
        band=found.random.band,
        prediction=found.prediction,
        into=found.into,
        dark=look.dark(),
    )
    look.plot(look.Plot.of(drawn), Key.FIGURE.of("probe"))
    look.notes(found.notes)


def _columns(pictures: list[NDArray[np.uint8]], captions: list[str]) -> list[DeltaGenerator]:
    grid = st.grid(max(3, len(pictures)), min_column_width=_CELL)
    cells = [grid.cell() for _ in pictures]
    for cell, picture, words in zip(cells, pictures, captions, strict=True):
        with cell:
            st.image(jpeg(picture), width="stretch", alt=words or "Image of the other class")
            if words:
                st.caption(words)
    return cells


def _verdict(found: "Counterfactual", most: float) -> str:
    size = f"{count(len(found.chosen), 'superpixel')}, {found.area:.1f} % of the image"
    a, b = plain(found.prediction), plain(found.into)
    before, after = signed_logit(float(found.leads[0])), signed_logit(found.lead)
    way = f"margin against {b} from {before} to {after} logits"
    if found.flipped:
        verb = "changes" if len(found.chosen) == 1 else "change"
        return f"**{size}, {verb} the prediction from {a} to {b}** ({way})."
    closest = (
        f"The closest: {size} ({way})."
        if found.chosen
        else "Every replacement increases the margin."
    )
    return (
        f"**No set of up to {most:g} % of the image was found that changes the prediction from {a} "
        f"to {b}.** {closest}"
    )


def _against_chance(found: "Counterfactual") -> str:
    share, low, high = found.random.flip_rate
    ends = found.random.band[:, -1]
    return (
        f"Random sets of about the same area: {found.random.flipped} of "
        f"{len(found.random.leads)} change it ({percent(share, 0)}, 95 % CI "
        f"{interval(low, high, 0)}); they leave a margin of "
        f"{signed_logit(ends[1])} (median; 95 % of them {signed_logit(ends[0])} to "
        f"{signed_logit(ends[2])})."
    )
