"""Who and what reaches the server: ASGI middleware around all that Streamlit answers."""

from starlette.middleware import Middleware

from dermxai.ui.access.headers import SecurityHeaders
from dermxai.ui.access.hosts import TrustedHosts, trusted_hosts
from dermxai.ui.access.login import Login, check_address
from dermxai.ui.access.routes import ClosedRoutes
from dermxai.ui.lessons.door import Lessons
from dermxai.ui.readers.door import Readers


def middleware() -> list[Middleware]:
    """Asked in this order: refusals bear the headers too, and what comes under a foreign name or
    from a foreign page is answered by nothing that lies further in, the login neither.

    Raises:
        InputError: anybody on the network could come in, the login is not set up well, or
            ``DERMXAI_HOSTS`` names what is no host.
    """
    check_address()
    return [
        Middleware(SecurityHeaders),
        Middleware(TrustedHosts, named=trusted_hosts()),
        Middleware(ClosedRoutes),
        Middleware(Lessons),
        Middleware(Readers),
        Middleware(Login),
    ]
