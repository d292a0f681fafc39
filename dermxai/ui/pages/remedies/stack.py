"""The stack: what is in it, and what is added."""

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.remedies import REMEDIES, Stack, Step
from dermxai.remedies.stack import MOST_STEPS, FittedStack
from dermxai.ui.app.guard import callback
from dermxai.ui.components import forms, look
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.session import state
from dermxai.ui.session.state import Key


def asked() -> Stack:
    """The stack in the address; an empty one, with its reason, where that is none."""
    text = state.view().stack or ""
    try:
        return Stack.parsed(text)
    except InputError as error:
        st.warning(plain(f"{error} Shown: the unchanged network."))
        return Stack()


def ask(stack: Stack) -> None:
    """Which remedy comes next, and its settings."""
    known = REMEDIES.all()
    with st.container(border=True):
        name = st.selectbox(
            "Remedy",
            list(known),
            index=list(known).index("logit_offset") if "logit_offset" in known else 0,
            key=Key.REMEDY,
            format_func=lambda each: known[each].title,
            bind="query-params",
            persist_state="session",
            width=320,
        )
        component = known.get(name or "")
        if component is None:
            return
        st.caption(plain(component.note))
        form = f"remedy-{component.name}"
        try:
            settings = forms.settings(component.settings, form)
        except InputError as error:
            st.warning(plain(str(error)))
            return
        st.button(
            "Add to the stack",
            key=Key.REMEDY.of("add"),
            type="primary",
            icon=":material/add:",
            disabled=len(stack.steps) >= MOST_STEPS,
            on_click=callback(_show),
            args=(Stack((*stack.steps, Step(component.name, settings))),),
        )


def show(stack: Stack, fitted: FittedStack | None) -> None:
    """Its steps, what became of each, and buttons that change their order."""
    look.heading("Stack", "Fitted from top to bottom, on training and validation patients alone.")
    if not stack.steps:
        st.caption("Nothing yet: add a remedy.")
        return
    for place, step in enumerate(stack.steps):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{place + 1}. **{plain(step.title)}**{_settings(step)}")
            st.button(
                "",
                key=Key.REMEDY.of("up", place),
                icon=":material/arrow_upward:",
                help="Earlier",
                type="tertiary",
                disabled=place == 0,
                on_click=callback(_show),
                args=(_earlier(stack, place),),
            )
            st.button(
                "",
                key=Key.REMEDY.of("out", place),
                icon=":material/close:",
                help="Take out",
                type="tertiary",
                on_click=callback(_show),
                args=(Stack((*stack.steps[:place], *stack.steps[place + 1 :])),),
            )
        if fitted is not None and place < len(fitted.told):
            told = fitted.told[place]
            skipped = (f"Skipped: {told.skipped}",) if told.skipped else ()
            with st.container(gap=None):
                for note in (*skipped, *told.notes):
                    st.caption(plain(shortened(note, 400)))


def _settings(step: Step) -> str:
    held = step.told().get("settings")
    settings = held if isinstance(held, dict) else {}
    shown = ", ".join(
        f"{name.replace('_', ' ')} {plain(shortened(str(value), 60))}"
        for name, value in settings.items()
    )
    return f" ({shown})" if shown else ""


def _earlier(stack: Stack, place: int) -> Stack:
    steps = list(stack.steps)
    if place:
        steps[place - 1 : place + 1] = steps[place - 1 : place + 1][::-1]
    return Stack(tuple(steps))


def _show(stack: Stack) -> None:
    state.show(stack=stack.text if stack.steps else None)
