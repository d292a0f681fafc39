"""The images in which models differ, and their maps under each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dermxai.figures import overlay
from dermxai.metrics.regrouping import Per
from dermxai.report.comparison import Compared
from dermxai.runs.run import NO_NETWORK, Run
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components import explained, look, maps, question
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.maps import Wanted
from dermxai.ui.components.question import Question, Wish
from dermxai.ui.components.text import count, percent, plain, shortened
from dermxai.ui.components.thumbnails import jpeg
from dermxai.ui.session import state
from dermxai.ui.session import subject as subjects
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

if TYPE_CHECKING:
    from dermxai.explain import Attribution

_LONGEST = 512  # pixels of a picture's longer side
_CELL = 230


def ask_images(scene: Scene, made: Compared, pair: tuple[str, str], per: Per) -> None:
    """Which images the first alone predicts correctly, the second alone, and none of all models;
    a click selects them."""
    found = made.found
    look.heading(
        "Images",
        "By the class with the highest score. A click makes them the selection of all pages; those "
        "first in which the label's probabilities differ most.",
    )
    kinds = [
        (f"{pair[0]} right, {pair[1]} wrong", found.select([pair[0]], [pair[1]])),
        (f"{pair[1]} right, {pair[0]} wrong", found.select([pair[1]], [pair[0]])),
        ("All models wrong", found.select(wrong=found.names)),
    ]
    if per != Per.IMAGE:
        said = "; ".join(f"{plain(title)}: {count(len(ids), str(per))}" for title, ids in kinds)
        st.caption(f"{said}. Images are selected where single images are compared.")
        return
    selected = scene.selection.title if scene.selection else None
    with st.container(gap=None):
        for index, (title, ids) in enumerate(kinds):
            words = f"{plain(title)} · {count(len(ids), 'image')}"
            st.button(
                f"**{words}**" if selected == title else words,
                key=Key.SELECT.of("models", index),
                type="tertiary",
                disabled=not ids,
                on_click=callback(state.select),
                args=(title, ids),
            )
    if scene.selection and selected in [title for title, _ in kinds]:
        notes = _predictions(made, scene.selection.sample_ids)
        gallery("selection", scene.selection.sample_ids, scene, notes)


def _predictions(made: Compared, sample_ids: Sequence[str]) -> dict[str, str]:
    """What each model predicts, as Markdown, by image."""
    place = {str(name): at for at, name in enumerate(made.found.sample_ids)}
    predicted = made.found.predicted
    return {
        name: " · ".join(plain(shortened(each, 10)) for each in predicted[:, place[name]])
        for name in sample_ids
        if name in place
    }


def same_image(scene: Scene, made: Compared) -> None:
    """The primary image, or the first of the selection, under the same map of each model."""
    sample_id = scene.primary or scene.path_through[0]
    look.heading(
        "The same image under each model",
        f"{sample_id}. Choose another in a gallery; class and method as on the Image page.",
    )
    subject = subjects.of_sample(scene, sample_id)
    picture = subjects.shown(subject, _LONGEST)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        drawn = explained.ask_look([subject])
    asked = _question(scene, made, sample_id)
    with st.grid(min(len(made.runs), 3), min_column_width=_CELL, gap="medium") as grid:
        for name, run in made.runs.items():
            with grid.cell(), guard():
                st.markdown(f"**{plain(shortened(name, 40))}**")
                place, legend = st.empty(), st.container()
                place.image(jpeg(picture), width="stretch", alt=sample_id, output_format="JPEG")
                with legend:
                    made_ = _map(run, asked, subject, picture)
                if made_ is not None:
                    scale = overlay.full_colour(made_.density)
                    shown = drawn.over(subject, picture, made_, scale, sample_id)
                    content = jpeg(shown.image)
                    place.image(content, width="stretch", alt=sample_id, output_format="JPEG")
                    with legend:
                        explained.legend(made_, scale)


def _question(scene: Scene, made: Compared, sample_id: str) -> tuple[str, str | None]:
    """Class and other class that every model is asked of: as the address says, else the label, or
    what the first predicts, against what a model predicts otherwise."""
    view = state.view()
    # a map is of a class as the networks have it, not of several taken as one
    classes = set.intersection(*(set(run.classes) for run in made.runs.values()))
    predicted = [
        str(run.predicted[run.index([sample_id])[0]])
        for run in made.runs.values()
        if sample_id in set(run.samples["sample_id"])
    ]
    label = scene.label(sample_id)
    ranked = [view.target, label, *predicted]
    target = next(code for code in ranked if code in classes)
    others = [view.against, *predicted]
    against = next((code for code in others if code in classes and code != target), None)
    return target, against


def _map(
    run: Run, asked: tuple[str, str | None], subject: Subject, picture: NDArray[np.uint8]
) -> "Attribution | None":
    """The model's map by the method of the address, else by its first; what it predicts, and why
    there is no map."""
    if run.imported or subject.sample_id is None:
        st.caption(plain(NO_NETWORK.format(run.made_by["name"])))
        return None
    row = int(run.index([subject.sample_id])[0])
    share = percent(run.probabilities[row].max(), 0)
    st.caption(f"Predicted as {plain(str(run.predicted[row]))}, {share}.")
    name, known = state.view().method or "", question.methods()
    if name not in known or name in question.unavailable(run):
        name = question.first(run)
    wish = Wish(Question(asked[0], asked[1], None), name, known[name].settings())
    found = maps.at_hand(run, Wanted(subject, wish), (picture.shape[0], picture.shape[1]))
    title = known[name].title
    if found is None:
        st.caption(f"{plain(title)}: not computed yet; ask for it on the Image page.")
    else:
        st.caption(plain(f"{title}: why {wish.question.text}."))
    return found
