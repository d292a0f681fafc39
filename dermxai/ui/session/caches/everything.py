"""All that is kept, of all visitors."""

from dermxai.ui.session.caches import rooms
from dermxai.ui.session.caches.workspace import left_out


def clear() -> None:
    """Forgets everything."""
    from dermxai.explain.attribution import recent

    recent.forget()
    rooms.forget()
    left_out.clear()
