"""All that is kept, of all visitors."""

from dermxai.ui.session.caches import memory
from dermxai.ui.session.caches.workspace import left_out


def clear() -> None:
    """Forgets everything."""
    from dermxai.explain.attribution import pass_cache

    pass_cache.clear()
    memory.forget()
    left_out.clear()
