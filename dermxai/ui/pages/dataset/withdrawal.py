"""For an admin of a server: withdrawing a dataset, after a look at what goes."""

import streamlit as st

from dermxai.jobs import withdrawal
from dermxai.ui.app import permissions
from dermxai.ui.app.guard import callback, guard
from dermxai.ui.components import thumbnails
from dermxai.ui.components.text import plain
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import everything
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

ACTION = "withdraw datasets"
_SHOWN = 50  # paths
_OPENED = Key.WITHDRAW.of("opened")


def button(view: Scene) -> None:
    """Opens the dialog; nothing where nobody logs in, which the command line is for."""
    if not (permissions.person().id and permissions.may(ACTION)):
        return
    st.button(
        "Withdraw this dataset",
        key=Key.WITHDRAW,
        type="tertiary",
        icon=":material/delete_forever:",
        on_click=callback(state.put),
        args=(_OPENED, _path(view)),
    )
    if opened := state.text(_OPENED):
        _dialog(opened)


def _close() -> None:
    state.take(_OPENED)


@st.dialog("Withdraw this dataset", width="large", on_dismiss=callback(_close))
def _dialog(dataset: str) -> None:
    with guard():
        permissions.check(ACTION)
        found = withdrawal.find(dataset)
        kinds = [f"{number:,} × {what}" for what, number in found.counts.items()]
        st.markdown(
            f"**{plain(found.dataset.name)}**: {plain(', '.join(kinds) or 'nothing')}, "
            f"{found.size / 1e6:,.1f} MB. They cannot be brought back."
        )
        with st.expander("Paths"):
            st.code("\n".join(str(part.path) for part in found.parts[:_SHOWN]), language=None)
            if len(found.parts) > _SHOWN:
                st.caption(f"and {len(found.parts) - _SHOWN:,} more")
        if found.studies:
            names = ", ".join(f"“{name}”" for name in found.studies)
            st.markdown(f"Reader studies that go with all their answers: {plain(names)}.")
        for sentence in found.stays:
            st.caption(plain(sentence))
        if st.button("Withdraw it", key=Key.WITHDRAW.of("now"), type="primary"):
            withdrawal.remove(found, permissions.person(), address=permissions.address())
            everything.clear()
            catalogue.forget()
            thumbnails.forget()
            _close()
            state.forget()
            st.rerun()


def _path(view: Scene) -> str:
    source = view.source
    return str(view.run.manifest["dataset"]["path"] if source.run else source.dataset)
