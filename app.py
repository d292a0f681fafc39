"""DermXAI: `python -m streamlit run app.py`.

Streamlit takes a folder `pages` beside its script for the pages of an older kind, and tells the
first visitor who follows a link that there is no such page. So the server imports this file and
runs `dermxai/ui/app/script.py`. What that needs is imported while the browser loads Streamlit.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import iter_modules
from threading import Thread

from starlette.middleware import Middleware
from streamlit import App

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.ui.access import middleware
from dermxai.ui.app import collector, warming
from dermxai.ui.app.link import LinkScript
from dermxai.ui.app.preload import Preload
from dermxai.ui.session import caches, uploads
from dermxai.ui.session.uploads import Uploads

# Threads that wait for each other in a forward pass sleep rather than spin: where anything else
# wants the cores, spinning takes ten times the pass itself. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

paths.share()
SCRIPT = paths.PACKAGE / "ui" / "app" / "script.py"


@asynccontextmanager
async def importing(_app: App) -> AsyncIterator[None]:
    """The server's life, begun with the imports."""
    Thread(target=_import, daemon=True).start()
    with uploads.freeing():
        yield


def _import() -> None:
    import_module("dermxai.ui.app.frame")
    for module in iter_modules(caches.__path__, f"{caches.__name__}."):
        import_module(module.name)
    collector.start()
    warming.start()


paths.confine()
try:
    around = middleware()
except InputError as error:
    raise SystemExit(str(error)) from None
app = App(
    SCRIPT,
    lifespan=importing,
    middleware=[*around, Middleware(LinkScript), Middleware(Preload), Middleware(Uploads)],
)
