"""Who and what reaches the server: ASGI middleware around all that Streamlit answers."""

from starlette.middleware import Middleware

from dermxai.ui.access.login import Login, check_address


def middleware() -> list[Middleware]:
    """
    Raises:
        InputError: anybody on the network could come in, or the login is not set up well.
    """
    check_address()
    return [Middleware(Login)]
