"""Pages of thumbnails. A click makes an image primary and opens it."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.elements.lib.layout_utils import Width

from dermxai.ui.app import pages
from dermxai.ui.components.text import plain
from dermxai.ui.components.thumbnails import thumbnails
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import has_changed

PAGE_SIZE = 24
_ACROSS = 6  # of them in a row at most: rows are full, pictures not larger than their files
_CARD = 132  # pixels, the narrowest


def gallery(
    name: str,
    sample_ids: Sequence[str],
    scene: Scene,
    notes: Mapping[str, str] | None = None,
    *,
    across: int = _ACROSS,
    most: int = PAGE_SIZE,
) -> None:
    """One page of images, the primary one marked, with a pager beneath.

    Args:
        name: tells galleries apart.
        sample_ids: all images, in order.
        scene: what they are part of.
        notes: a line under an image, as Markdown.
        across: images in a row, where there is room.
        most: images of a page.
    """
    pages_in_all = -(-len(sample_ids) // most)
    key = Key.PAGE.of(name)
    if state.page(key) > pages_in_all:
        state.put(key, 1)
    grid = st.container(key=Key.THUMBNAIL.of(name))
    number = 1
    if pages_in_all > 1:
        number = st.pagination(pages_in_all, key=key, bind="query-params", persist_state="session")
    shown = sample_ids[(number - 1) * most : number * most]
    pictures = thumbnails([scene.path(sample_id) for sample_id in shown])
    with grid, st.grid(across, min_column_width=_CARD, gap="small") as cells:
        for index, (sample_id, picture) in enumerate(zip(shown, pictures, strict=True)):
            card = "card-primary" if sample_id == scene.primary else "card"
            with cells.cell(), st.container(key=f"{card}-{name}-{index}", gap="xsmall"):
                if picture is None:
                    st.caption(":material/hide_image: cannot be read")
                elif has_changed(scene, sample_id):
                    st.caption(":material/hide_image: changed since the run")
                else:
                    st.image(
                        picture,
                        width="stretch",
                        alt=scene.told(sample_id),
                        output_format="JPEG",
                    )
                opener(
                    scene.caption(sample_id),
                    sample_id,
                    Key.THUMBNAIL.of(name, sample_id),
                    width="stretch",
                )
                if notes and sample_id in notes:
                    st.caption(notes[sample_id], text_alignment="center")


def opener(
    label: str, sample_id: str, key: str, *, icon: str | None = None, width: Width = "content"
) -> None:
    """A quiet button that makes an image primary and goes to its page."""
    if st.button(label, key=key, help=plain(sample_id), type="tertiary", icon=icon, width=width):
        state.show(primary=sample_id)
        st.switch_page(pages.IMAGE, query_params=state.view().parameters)
